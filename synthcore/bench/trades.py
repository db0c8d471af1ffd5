"""Questions about a whole tick: from the listener until both orders are with the socket, and acknowledged.

The tick comes over a real loopback WebSocket from another process, the orders go to the embedded exchange in
a third. Ours is the whole production path: parse, ring, qualification, gate, trade machine, budget, pricing,
histograms; every trade fills, leaves and ends flat before the next. `plain stack` is what one would write
with the same libraries: picows in Python, msgspec, two gathered httpx posts, no trade machine. `two bare
httpx posts` starts at the posts: no tick, no decision, nothing but the library.
"""

from __future__ import annotations

import asyncio
import gc
import hmac
import mmap
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from synthcore._core.kernel import EmittedDecision
from synthcore.bench.pairs import beside
from synthcore.bench.question import Contenders, Effort, Measure, Question, Reading, latencies
from synthcore.bench.rivals import Native
from synthcore.bench.tick_server import running
from synthcore.config import SyntheticConfig
from synthcore.engine.fast_lane import FastLaneParts
from synthcore.engine.market import MarketSide
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import Ready
from synthcore.exchange.settings import ExchangeSettings
from synthcore.execution.desk import Desk
from synthcore.execution.lane_record import lane_record
from synthcore.execution.paper import PaperTrade
from synthcore.feed.thread import new_event_loop
from synthcore.orders.bybit import BybitBackend
from synthcore.risk.budget import RateBudget
from synthcore.strategies.synthetic import SyntheticOpportunityGenerator

TICKS = 20
WARM_UP = 3
WAIT_S = 10.0
SYMBOL, TOPIC = "BTCUSDT", "tickers.BTCUSDT"
WINDOW_MS = 5000
ORDER_PATH = "/v5/order/create"
BODY_SENT = "http11.send_request_body.complete"
RUN = time.time_ns()
NUMBERS = count()
TICK_EVERY_S = 0.03  # about as long as a trade of ours takes
C_ENGINE = "C engine, epoll"
BARE_POSTS = "two bare httpx posts"
PLAIN_STACK = "plain stack: picows, msgspec, httpx"

# What a contender does with one tick: the stamps of the tick, of the last order sent, of the last answer.
Stamps = tuple[int, int, int]
OneTick = Callable[[], Coroutine[Any, Any, Stamps]]
Open = Callable[["Venue"], AbstractAsyncContextManager[OneTick]]
Topology = Literal["inline", "spin", "park"]
SENT, ACKED = 1, 2  # of the stamps


def questions(native: Native) -> list[Question]:
    by_socket, by_rest = {"trade socket": ours("park", by_socket=True)}, {"REST": ours("park")}
    by_lane = {"fast lane": ours("inline", by_socket=True, by_lane=True)}
    rivals = {PLAIN_STACK: plain_stack, BARE_POSTS: two_bare_posts}
    return [
        Question(
            name="tick.both-sent",
            asks="How long from a tick at the listener until both orders are with the socket?",
            unit="ns",
            contenders=lambda stack, effort: (
                contenders(stack, effort, by_lane | by_socket | by_rest | rivals, SENT)
                | c_engine(native, effort)
            ),
            at_most=30_000.0,
            p99_at_most=55_000.0,
            ratios={C_ENGINE: 1 / 1.2},
        ),
        Question(
            name="tick.both-acked",
            asks="… until both are acknowledged, by the trade socket?",
            unit="ns",
            contenders=lambda stack, effort: contenders(stack, effort, by_socket | by_lane | rivals, ACKED),
            p99_at_most=1_000_000.0,
        ),
        Question(
            name="tick.both-acked.rest",
            asks="… and where the venue has REST only?",
            unit="ns",
            contenders=lambda stack, effort: contenders(stack, effort, by_rest | rivals, ACKED),
            ratios={BARE_POSTS: 1 / 1.5},
        ),
    ]


class Venue(msgspec.Struct):
    """The exchange, and the process whose ticks only one contender hears."""

    exchange: Ready
    ticks: subprocess.Popen[str]
    ws_public: str

    def tick(self) -> None:
        assert self.ticks.stdin is not None
        self.ticks.stdin.write("\n")
        self.ticks.stdin.flush()


@contextmanager
def running_exchange() -> Iterator[Ready]:
    settings = ExchangeSettings(
        market="steady", symbols=(SYMBOL,), position_mode="hedge", rate_tier="off", realtime=True
    )
    with ExchangeProcess(settings) as ready:
        yield ready


def contenders(stack: ExitStack, effort: Effort, ways: dict[str, Open], stamp: int) -> Contenders:
    exchange = stack.enter_context(running_exchange())
    return {
        name: measured(stack.enter_context(one_tick_at_a_time(exchange, way)), stamp, effort)
        for name, way in ways.items()
    }


@contextmanager
def one_tick_at_a_time(exchange: Ready, way: Open) -> Iterator[Callable[[], Stamps]]:
    """Let a contender take one tick, from outside its event loop."""
    with running() as (ticks, url), asyncio.Runner(loop_factory=new_event_loop) as runner:
        opened = way(Venue(exchange, ticks, url))
        take = runner.run(opened.__aenter__())
        gc.collect()
        gc.freeze()  # as in a run
        try:
            for _ in range(WARM_UP):
                runner.run(take())
            yield lambda: runner.run(take())
        finally:
            gc.unfreeze()
            runner.run(opened.__aexit__(None, None, None))


def ignore(*what: object) -> None:
    """Whoever is told of a trade here counts it elsewhere."""


def measured(one_tick: Callable[[], Stamps], stamp: int, effort: Effort) -> Measure:
    def measure() -> Reading:
        one_tick()  # the loop stood still while others were measured: what is overdue comes first
        every = [one_tick() for _ in range(effort.count(TICKS))]
        return latencies([float(stamps[stamp] - stamps[0]) for stamps in every])

    return measure


# ── ours ──────────────────────────────────────────────────────────────────────────────────────────────────


class Ours:
    """A market side and a desk, wired as a run wires them."""

    def __init__(
        self, venue: Venue, config: SyntheticConfig, by_socket: bool, slots: mmap.mmap | None = None
    ) -> None:
        self.venue = venue
        self.config = config
        self.generator = SyntheticOpportunityGenerator(self.config)
        backend = BybitBackend(
            (venue.exchange.rest,),
            venue.exchange.ws_private,
            venue.exchange.credentials(),
            ws_trade_url=venue.exchange.ws_trade if by_socket else None,
        )
        self.desk = Desk(
            backend,
            self.config,
            self._quote,
            self,
            RateBudget({}),  # the exchange takes anything, too
            on_trade_finished=self._on_trade,
        )
        self.fast: FastLaneParts | None = None
        if slots is not None:
            self.fast = FastLaneParts(
                venue.exchange.ws_trade, backend, self.desk, self.generator.opportunity, ignore, slots
            )
        self.market = MarketSide(
            venue.ws_public,
            self.config,
            self.generator,
            self._on_decisions,
            self._on_failure,
            fast=self.fast,
        )
        self._latency_ns: dict[str, int] = {}
        self._ended: asyncio.Future[PaperTrade]
        self._acknowledged = asyncio.Event()

    async def one_tick(self) -> Stamps:
        self._ended = asyncio.get_running_loop().create_future()
        self._acknowledged.clear()
        await self._allowed()
        self.venue.tick()
        async with asyncio.timeout(WAIT_S):
            trade = await self._ended
            await self._acknowledged.wait()  # its fills may have come first, and have ended it
        assert trade.successful, trade
        return 0, self._latency_ns.pop("tick_to_order"), self._latency_ns.pop("end_to_end")

    async def _allowed(self) -> None:
        """Wait until the gate has allowed the next trade: to the fast lane it does so beforehand."""
        if self.fast is not None:
            self.fast.keeper.review()  # this loop stood still while others were measured
            async with asyncio.timeout(WAIT_S):
                while self.fast.lane.state(0) != "ready":
                    await asyncio.sleep(0.001)
        self.market.arm(SYMBOL, True)

    async def first_update(self) -> None:
        """Wait until the strategy has the snapshot: it is no tick, and must not be traded on."""
        async with asyncio.timeout(WAIT_S):
            while self._quote(SYMBOL) is None:
                await asyncio.sleep(0.001)

    def record_latency(self, stage: str, ns: int) -> None:
        self._latency_ns[stage] = ns
        if stage == "end_to_end":
            self._acknowledged.set()

    def record_event(self, name: str, count: int = 1) -> None:
        pass

    def _on_decisions(self, decisions: list[EmittedDecision]) -> None:
        if self.fast is not None:
            self.fast.keeper.heed()
        for made in decisions:
            opportunity = self.generator.opportunity(
                SYMBOL,
                made.bid,
                made.ask,
                recv_ns=made.recv_ns,
                decided_ns=made.decided_ns,
                sequence=made.sequence,
            )
            assert self.desk.offer(opportunity) is None

    def _quote(self, symbol: str) -> tuple[float, float, int] | None:
        update = self.market.store.latest(symbol)
        return None if update is None else (update.bid, update.ask, update.recv_ns)

    def _on_trade(self, trade: PaperTrade) -> None:
        self._ended.set_result(trade)

    def _on_failure(self, error: BaseException) -> None:
        self._ended.set_exception(error)


def config_of(topology: Topology) -> SyntheticConfig:
    """A trade on each tick, which ends as soon as it can."""
    return SyntheticConfig(
        synthetic_spread_bps=50.0,
        synthetic_funding_delta=0.0075,
        symbols_to_trade=(SYMBOL,),
        topics=("tickers",),
        topology=topology,
        cool_down_ms=0,
        max_holding_ms=1,
    )


def ours(topology: Topology, by_socket: bool = False, by_lane: bool = False) -> Open:
    @asynccontextmanager
    async def opened(venue: Venue) -> AsyncIterator[OneTick]:
        async with wired(venue, config_of(topology), by_socket, by_lane) as parts:
            yield parts.one_tick

    return opened


@asynccontextmanager
async def wired(venue: Venue, config: SyntheticConfig, by_socket: bool, by_lane: bool) -> AsyncIterator[Ours]:
    """Ours, ready for ticks; flat at the end."""
    interval_s = sys.getswitchinterval()
    with TemporaryDirectory() as folder, ExitStack() as record:
        slots = record.enter_context(lane_record(Path(folder), 1)) if by_lane else None
        parts = Ours(venue, config, by_socket, slots)
        await parts.desk.start()
        try:
            with parts.market:
                await parts.market.ready()
                await parts.first_update()
                parts.market.resume()
                if parts.fast is not None:
                    parts.fast.keeper.start()
                yield parts
            assert (await parts.desk.stop()).flat
        finally:
            await parts.desk.close()
            sys.setswitchinterval(interval_s)


# ── rivals ────────────────────────────────────────────────────────────────────────────────────────────────


def c_engine(native: Native, effort: Effort) -> Contenders:
    """One thread in C: epoll, recv, our scanner, two sends to a process that reads; nothing of production."""
    if not native.has("tick_engine"):
        return {}

    def measure() -> Reading:
        with running() as (ticks, url), beside(partial(tick_on, ticks)):
            found = native.run("tick_engine", urlsplit(url).port, effort.count(TICKS))
        return latencies(found.samples_ns)

    return {C_ENGINE: measure}


def tick_on(ticks: subprocess.Popen[str], is_over: threading.Event) -> None:
    """Have ticks as far apart as those that ours is given."""
    assert ticks.stdin is not None
    while not is_over.wait(TICK_EVERY_S):
        ticks.stdin.write("\n")
        ticks.stdin.flush()


class PlainOrders:
    """Two orders by httpx as its documentation shows it; both far from the market, so that nothing fills."""

    def __init__(self, ready: Ready) -> None:
        self.http = httpx.AsyncClient(base_url=ready.rest)
        self._key, self._secret = ready.api_key, ready.api_secret.encode()
        self._sent_ns = 0

    async def place_both(self) -> Stamps:
        begun_ns = time.monotonic_ns()
        answers = await asyncio.gather(self._place("Buy", "59900", 1), self._place("Sell", "60100", 2))
        acked_ns = time.monotonic_ns()
        assert all(answer.json()["retCode"] == 0 for answer in answers)
        return begun_ns, self._sent_ns, acked_ns

    async def _place(self, side: str, price: str, idx: int) -> httpx.Response:
        order = {"category": "linear", "symbol": SYMBOL, "side": side, "orderType": "Limit", "price": price}
        rest = {"qty": "0.016", "timeInForce": "IOC", "positionIdx": idx}
        link_id = {"orderLinkId": f"plain-{RUN}-{next(NUMBERS)}"}
        body = msgspec.json.encode(order | rest | link_id)
        timestamp = str(time.time_ns() // 1_000_000)
        signed = f"{timestamp}{self._key}{WINDOW_MS}".encode() + body
        headers = {
            "Content-Type": "application/json",
            "X-BAPI-API-KEY": self._key,
            "X-BAPI-TIMESTAMP": timestamp,
            "X-BAPI-RECV-WINDOW": str(WINDOW_MS),
            "X-BAPI-SIGN": hmac.new(self._secret, signed, "sha256").hexdigest(),
        }
        return await self.http.post(
            ORDER_PATH, content=body, headers=headers, extensions={"trace": self._trace}
        )

    async def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event == BODY_SENT:
            self._sent_ns = time.monotonic_ns()


@asynccontextmanager
async def two_bare_posts(venue: Venue) -> AsyncIterator[OneTick]:
    orders = PlainOrders(venue.exchange)
    async with orders.http:
        yield orders.place_both


class Data(msgspec.Struct):
    bid1Price: str
    ask1Price: str


class Message(msgspec.Struct):
    topic: str = ""
    data: Data | None = None


class PlainListener(WSListener):
    """Decode, qualify, and let a task place the orders."""

    def __init__(self, orders: PlainOrders) -> None:
        self._decode = msgspec.json.Decoder(Message).decode
        self._orders = orders
        self.done: asyncio.Future[Stamps] | None = None
        self.subscribed = asyncio.Event()

    def on_ws_connected(self, transport: WSTransport) -> None:
        transport.send(WSMsgType.TEXT, msgspec.json.encode({"op": "subscribe", "args": [TOPIC]}))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        recv_ns = time.monotonic_ns()
        if frame.msg_type != WSMsgType.TEXT:
            return
        data = self._decode(frame.get_payload_as_memoryview()).data
        if data is None:
            return
        self.subscribed.set()
        if self.done is not None and 0 < float(data.bid1Price) < float(data.ask1Price):
            self._task = asyncio.create_task(self._trade(recv_ns, self.done))

    async def _trade(self, recv_ns: int, done: asyncio.Future[Stamps]) -> None:
        _, sent_ns, acked_ns = await self._orders.place_both()
        done.set_result((recv_ns, sent_ns, acked_ns))


@asynccontextmanager
async def plain_stack(venue: Venue) -> AsyncIterator[OneTick]:
    orders = PlainOrders(venue.exchange)
    listener = PlainListener(orders)
    async with orders.http:
        transport, _ = await ws_connect(lambda: listener, venue.ws_public)
        await asyncio.wait_for(listener.subscribed.wait(), WAIT_S)

        async def one_tick() -> Stamps:
            listener.done = asyncio.get_running_loop().create_future()
            venue.tick()
            return await asyncio.wait_for(listener.done, WAIT_S)

        yield one_tick
        transport.disconnect(graceful=False)
        await transport.wait_disconnected()
