"""Trades whose hedge fails on purpose, over real sockets: from detection to proven flat, by the journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from time import monotonic_ns, time_ns
from typing import Literal, get_args

from control_client import ControlClient
from lane_side import LaneSide
from msgspec import Struct
from offers import offered

from synthcore.config import SyntheticConfig
from synthcore.environment import Credentials
from synthcore.exchange.faults.cut_socket import CutSocket
from synthcore.exchange.faults.delay_call import DelayCall
from synthcore.exchange.faults.fault import Fault
from synthcore.exchange.faults.partial_fill import PartialFill
from synthcore.exchange.faults.refuse import RefuseCall
from synthcore.exchange.faults.refuse_socket import RefuseSocket
from synthcore.exchange.faults.reject_later import RejectLater
from synthcore.exchange.ready import Ready
from synthcore.exchange.settings import ExchangeSettings
from synthcore.execution.desk import Desk
from synthcore.execution.driver import TradeDriver
from synthcore.execution.events import Finish
from synthcore.execution.journal import Journal, RunRecord
from synthcore.execution.journal_read import begun_of, time_line
from synthcore.execution.trade import begin, step
from synthcore.model import ArbitrageOpportunity, OrderRequest
from synthcore.orders.bybit import BybitBackend
from synthcore.orders.gateway import RateLimitSeen
from synthcore.risk.budget import RateBudget
from synthcore.secret import Secret

Entry = Literal[
    "rest", "socket", "fast lane"
]  # by the lane only what opens; the rest goes by the trade socket
Kind = Literal["refused", "rejected", "timed out", "partial"]
Condition = Literal["plain", "own window", "outside window", "stream down"]
ENTRIES: tuple[Entry, ...] = get_args(Entry)
BY_DESK: tuple[Entry, ...] = ("rest", "socket")
KINDS: tuple[Kind, ...] = get_args(Kind)

QUOTES = {"BTCUSDT": (60000.0, 60000.1), "ETHUSDT": (3000.0, 3000.01), "SOLUSDT": (150.0, 150.01)}  # steady
MS = 1_000_000
BURST = 12  # orders of somebody else: more than the window takes
BEFORE_TIME_OUT_S = 0.4  # of 0.5

# The hedge is leg 2, and comes when leg 1 has filled; where it should rest instead, it is priced passively.
LATE = DelayCall(ms=40, when="request link=*-S-e0 always")
FAULTS: dict[Kind, tuple[Fault, ...]] = {
    "refused": (LATE, RefuseCall(code=110007, when="request link=*-S-e* always")),
    "rejected": (LATE, RejectLater(when="accepted link=*-S-e* always")),
    "timed out": (),
    "partial": (PartialFill(share=0.3, when="accepted link=*-S-e* always"),),
}
# No order of the lane rests: one that is not filled in time comes after the 500 ms of the leg time-out.
TOO_LATE = DelayCall(ms=650, when="request path=/v5/order/create link=*-S-e0 always")
STREAM_DOWN = (
    CutSocket(when="fill link=*-L-e*"),
    RefuseSocket(when="connect socket=private always"),
)


class Closed(Struct, frozen=True):
    """One case: how long from detection to proven flat, or to balanced where the rest is hedged."""

    condition: Condition
    entry: Entry
    kind: Kind
    end: str
    reason: str  # by which it was left
    took_ns: int
    late_ns: int  # the same, but from the reset of a window that others had used up, where that came later


def faults(entry: Entry, kind: Kind) -> tuple[Fault, ...]:
    """What makes the hedge fail."""
    return (TOO_LATE,) if (entry, kind) == ("fast lane", "timed out") else FAULTS[kind]


def exchange_settings(condition: Condition) -> ExchangeSettings:
    """Of the exchange that a condition needs: limits where they are what is tried."""
    limited = condition in ("own window", "outside window")
    return ExchangeSettings(
        market="steady",
        symbols=tuple(QUOTES),
        position_mode="hedge",
        rate_tier="10" if limited else "off",
        delays="realistic",
        control_token="auto",
    )


class Account:
    """A desk with its journal on one exchange, and what the exchange told of its limits."""

    def __init__(self, ready: Ready, entry: Entry, path: Path, condition: Condition, kind: Kind) -> None:
        self.condition = condition
        self.entry = entry
        self.kind = kind
        self.path = path
        self.passive = kind == "timed out" and entry != "fast lane"
        self.reset_ns = 0  # monotonic: the last one told with a refusal
        self.backend = backend_of(ready, entry)
        self.journal = Journal(path)
        self.desk = Desk(
            self.backend,
            SyntheticConfig(
                symbols_to_trade=tuple(QUOTES) if condition == "own window" else ("BTCUSDT",),
                order_pricing="passive" if self.passive else "marketable",
                max_holding_ms=100,
                half_life_ms=50,
                cool_down_ms=0,
                max_concurrent_trades=3,
                max_consecutive_failures=1000,
            ),
            lambda symbol: (*QUOTES[symbol], monotonic_ns()),
            budget=None if condition in ("own window", "outside window") else RateBudget({}),
            journal=self.journal,
        )
        self.lane = LaneSide(ready.ws_trade, self.backend, self.desk) if entry == "fast lane" else None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything up, and the lane's first trade allowed."""
        await self.desk.start()
        self.backend.on_rate_limit(self._on_rate_limit)
        if self.lane is None:
            yield
            return
        async with self.lane.running():
            self.lane.parts.socket.on_rate_limit(self._on_rate_limit)
            self.lane.parts.keeper.start()
            while self.lane.state("BTCUSDT") != "ready":
                await asyncio.sleep(0.001)
            yield
            self.lane.parts.keeper.stop()

    def _on_rate_limit(self, seen: RateLimitSeen) -> None:
        if seen.is_refused:
            wait_ms = seen.reset_ms - self.backend.server_time_ms()
            self.reset_ns = max(self.reset_ns, monotonic_ns() + int(wait_ms * MS))
        self.desk.on_rate_limit(seen)

    def begin(self, symbol: str) -> TradeDriver | str:
        """Offer an opportunity: a trade, or why there is none."""
        if self.lane is None:
            return self.desk.try_begin(opportunity(symbol, self.passive))
        return self._begin_by(self.lane, symbol)

    def _begin_by(self, lane: LaneSide, symbol: str) -> TradeDriver | str:
        lane.parts.keeper.review()
        if not lane.tick(symbol, *QUOTES[symbol]):
            now_ns = monotonic_ns()
            return self.desk.gate.refusal(symbol, now_ns, now_ns) or "not allowed yet"
        lane.parts.keeper.heed()
        (driver,) = (driver for driver in self.desk.trades.values() if driver.symbol == symbol)
        return driver

    async def case(self, driver: TradeDriver) -> Closed:
        """Wait for a trade's end, and measure it."""
        trade = await driver.finished
        await self.journal.kept()
        assert begun_of(self.path, trade.trade)[1].by_fast_lane == (self.lane is not None)
        detected_ns, safe_ns = unwinding(self.path, trade.trade)
        late_ns = safe_ns - max(detected_ns, min(self.reset_ns, safe_ns))
        took_ns = safe_ns - detected_ns
        return Closed(self.condition, self.entry, self.kind, trade.end, trade.reason, took_ns, late_ns)


@asynccontextmanager
async def account(
    ready: Ready, entry: Entry, path: Path, condition: Condition, kind: Kind
) -> AsyncIterator[Account]:
    """A desk that is up; closed at the end."""
    found = Account(ready, entry, path, condition, kind)
    record = RunRecord(run=found.desk.run, account="a", venue=ready.rest, instance_id=None, pid=1)
    found.journal.run_begun(record)
    try:
        async with found.running():
            yield found
    finally:
        await found.desk.close()
        found.journal.close()


def backend_of(ready: Ready, entry: Entry) -> BybitBackend:
    credentials = Credentials(api_key=Secret(ready.api_key), api_secret=Secret(ready.api_secret))
    url = None if entry == "rest" else ready.ws_trade
    return BybitBackend((ready.rest,), ready.ws_private, credentials, ws_trade_url=url)


def opportunity(symbol: str, passive: bool) -> ArbitrageOpportunity:
    """At the book; a passive one is priced so that leg 1 fills at once and leg 2 rests."""
    bid, ask = QUOTES[symbol]
    long_price = ask * 1.0001 if passive else bid * 0.9975
    return offered(symbol, bid, ask, long_price=long_price, short_price=ask * 1.0025)


def unwinding(path: Path, trade: str) -> tuple[int, int]:
    """When a trade was seen to fail, and when nothing unhedged was left, by its journal (monotonic ns).

    It fails when the machine leaves `opening` for another phase than `active`; nothing is left when it is
    proven flat, or holds the same on both legs again.
    """
    _, first = begun_of(path, trade)
    state, _ = begin(first.key, first.symbol, Decimal(first.qty), first.rules, first.now_ns)
    detected_ns = 0
    for entry in time_line(path, trade):
        if entry.kind != "event":
            continue
        before = state.phase
        state, actions = step(state, entry.what, entry.now_ns)  # type: ignore[arg-type]
        if before == "opening" and state.phase not in ("opening", "active"):
            detected_ns = entry.now_ns
        is_over = state.phase == "active" or any(isinstance(action, Finish) for action in actions)
        if detected_ns and is_over:
            return detected_ns, entry.now_ns
    raise AssertionError(f"trade {trade} did not fail, or not to its end: {state.phase}")


# The four conditions


async def plain(ready: Ready, entry: Entry, kind: Kind, path: Path, cases: int) -> list[Closed]:
    """Nothing else goes wrong."""
    found = []
    async with account(ready, entry, path, "plain", kind) as ours:
        with armed(ready, faults(entry, kind)):
            for _ in range(cases):
                driver = ours.begin("BTCUSDT")
                assert isinstance(driver, TradeDriver), driver
                found.append(await ours.case(driver))
    return found


async def own_window(ready: Ready, entry: Entry, kind: Kind, path: Path, cases: int) -> list[Closed]:
    """Trades are begun until the gate keeps the rest of the window for closes; all of them fail at once."""
    found: list[Closed] = []
    async with account(ready, entry, path, "own window", kind) as ours:
        with armed(ready, faults(entry, kind)):
            while len(found) < cases:
                drivers, refusal = [], ""
                for symbol in QUOTES:
                    begun = ours.begin(symbol)
                    if isinstance(begun, TradeDriver):
                        drivers.append(begun)
                    else:
                        refusal = begun
                assert refusal in ("rate_budget", ""), refusal
                if not drivers:
                    await asyncio.sleep(0.02)
                elif refusal:
                    found += await asyncio.gather(*(ours.case(driver) for driver in drivers))
                else:
                    await asyncio.gather(*(driver.finished for driver in drivers))
    return found[:cases]


async def outside_window(ready: Ready, entry: Entry, kind: Kind, path: Path, cases: int) -> list[Closed]:
    """Somebody else with the same account uses the window up while a leg is held."""
    found = []
    other = backend_of(ready, "rest")
    await other.start()
    async with account(ready, entry, path, "outside window", kind) as ours:
        with armed(ready, faults(entry, kind)):
            for _ in range(cases):
                driver = await begun(ours)
                await held(driver)
                if kind == "timed out":  # the window is to be used up when it is detected
                    await asyncio.sleep(BEFORE_TIME_OUT_S)
                await burst(other)
                found.append(await ours.case(driver))
    await other.close()
    return found


async def stream_down(ready: Ready, entry: Entry, kind: Kind, path: Path, cases: int) -> list[Closed]:
    """The private stream breaks at leg 1's fill, and stays away."""
    found = []
    for number in range(cases):
        own = path.with_suffix(f".{number}")
        async with account(ready, entry, own, "stream down", kind) as ours:
            with armed(ready, (*STREAM_DOWN, *faults(entry, kind))):
                driver = ours.begin("BTCUSDT")
                assert isinstance(driver, TradeDriver), driver
                found.append(await ours.case(driver))
    return found


CONDITIONS = {
    "plain": plain,
    "own window": own_window,
    "outside window": outside_window,
    "stream down": stream_down,
}


class armed:
    """Faults that are there for a while."""

    def __init__(self, ready: Ready, faults: Iterable[Fault]) -> None:
        self._client = ControlClient(ready)
        self._faults = tuple(faults)

    def __enter__(self) -> None:
        if self._faults:
            self._client.add(*self._faults)

    def __exit__(self, *_: object) -> None:
        self._client.clear()
        self._client.close()


async def begun(ours: Account) -> TradeDriver:
    """A trade, as soon as the window takes one again."""
    while not isinstance(driver := ours.begin("BTCUSDT"), TradeDriver):
        await asyncio.sleep(0.02)
    return driver


async def held(driver: TradeDriver) -> None:
    """Wait until a leg is known to have filled, or the trade is over."""
    while not driver.state.filled_qty(0) and not driver.finished.done():
        await asyncio.sleep(0)


async def burst(other: BybitBackend) -> None:
    """Use up the window of order creations: orders that rest far from the market, and are cancelled."""
    orders = [
        OrderRequest(
            symbol="BTCUSDT",
            side="Buy",
            qty=Decimal("0.001"),
            order_type="Limit",
            link_id=f"other-{time_ns()}-{number}",
            price=Decimal(50000),
            position_idx=1,
        )
        for number in range(BURST)
    ]
    await asyncio.gather(*map(other.place, orders), return_exceptions=True)


def flat_now(ready: Ready) -> bool:
    """Whether no account holds anything, as the exchange counts it."""
    client = ControlClient(ready)
    accounts = client.get("state")["accounts"]
    client.close()
    return not any(state["positions"] for state in accounts.values())
