"""The exchange as a process: sockets, the market's clock, the ready line, a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from picows import (
    WSListener,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from synthcore.errors import ConfigError
from synthcore.exchange.admin import Admin
from synthcore.exchange.auth import Authenticator
from synthcore.exchange.batch import Event
from synthcore.exchange.certificate import Tls, certified
from synthcore.exchange.clock import ExchangeClock, MachineTime, Time
from synthcore.exchange.contract import contract_of
from synthcore.exchange.core import Exchange
from synthcore.exchange.delays import Delays
from synthcore.exchange.endpoint import Endpoint
from synthcore.exchange.endpoints_account import AccountEndpoints
from synthcore.exchange.endpoints_asset import AssetEndpoints
from synthcore.exchange.endpoints_history import HistoryEndpoints
from synthcore.exchange.endpoints_ledger import LedgerEndpoints
from synthcore.exchange.endpoints_market import MarketEndpoints
from synthcore.exchange.endpoints_risk import RiskEndpoints
from synthcore.exchange.endpoints_trade import TradeEndpoints
from synthcore.exchange.faults.engine import FaultEngine
from synthcore.exchange.faults.frames import FrameGate
from synthcore.exchange.faults.plan import read_plan
from synthcore.exchange.faults.reach import Reach
from synthcore.exchange.faults.trigger import Happening
from synthcore.exchange.http_edge import HttpEdge
from synthcore.exchange.http_protocol import ExchangeProtocol
from synthcore.exchange.ids import Ids
from synthcore.exchange.limits import RateLimiter
from synthcore.exchange.market.history import MarketHistory
from synthcore.exchange.market.state import MarketState
from synthcore.exchange.order_watch import OrderWatch
from synthcore.exchange.outbox import Outbox
from synthcore.exchange.parent import die_with_parent
from synthcore.exchange.private import PrivateStream
from synthcore.exchange.public import PublicStream
from synthcore.exchange.ready import AccountKey, Ready, write_ready_file
from synthcore.exchange.refusal import AMEND_UNCHANGED, Refusal
from synthcore.exchange.rest import RestApp
from synthcore.exchange.sessions import Sessions
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.source import MarketFrame, MarketSource, open_source
from synthcore.exchange.trade import TradeDesk, TradeStream
from synthcore.exchange.trades import read_trades
from synthcore.exchange.visibility import Visibility
from synthcore.venues.bybit.hosts import PRIVATE_PATH, PUBLIC_PATH, TRADE_PATH

UID = "1000001"  # of the first account; the others follow
PUBLIC_PATHS = tuple(f"/v5/public/{category}" for category in ("linear", "spot", "inverse", "option"))
SOCKETS = {PRIVATE_PATH: "private", TRADE_PATH: "trade"}  # any other path is public
FRAMES_A_TURN = 64  # market frames applied before the sockets are looked at again
GC_THRESHOLD = 20_000  # young objects between two collections; a full one takes milliseconds
OPEN_WITHIN_S = 2.0  # for every contract's first prices, before the exchange says that it is ready
GRACE_S = 1  # for connections to finish when the exchange ends

MACHINE = MachineTime()

NewKey = Callable[[], tuple[str, str]]


def random_key() -> tuple[str, str]:
    """A key and its secret that nobody can guess."""
    return secrets.token_urlsafe(14)[:18], secrets.token_urlsafe(27)[:36]


def unchanged_amendment(settings: ExchangeSettings) -> Refusal | None:
    """What an amendment that changes nothing is refused with, if it is."""
    code = settings.amend_unchanged_code
    return Refusal(code, AMEND_UNCHANGED.message) if code else None


class Venue:
    """One exchange with its edges wired together, still without sockets.

    Parameters
    ----------
    time
        What every clock of it reads.
    new_key
        Makes the key and the secret of an account.
    """

    def __init__(
        self,
        settings: ExchangeSettings,
        source: MarketSource,
        time: Time = MACHINE,
        new_key: NewKey = random_key,
    ) -> None:
        self.ids = Ids(settings.seed)
        self.market = MarketState()
        self.history = MarketHistory(self.market)
        contracts = {str(raw["symbol"]): contract_of(raw) for raw in source.instruments}
        self.core = Exchange(contracts, self.market, self.ids, unchanged_amendment(settings))
        self.authenticator = Authenticator()
        self.delays = Delays(settings.seed, settings.delays)
        self.visibility = Visibility(self.delays.visibility_s, lambda: self.delays.lags, time.monotonic_s)
        self.clock = ExchangeClock(time)
        self._new_key = new_key
        self.private = PrivateStream(self.authenticator, self.clock.now_ms, self.delays.private_s)
        topics = {*source.topics, *(f"allLiquidation.{symbol}" for symbol in contracts)}
        self.public = PublicStream(topics, self.market.snapshot, self.clock.now_ms)
        self.outbox = Outbox(self.private.deliver)
        self.opened = asyncio.Event()  # every contract has a price and a book
        self._unheard = set(contracts)
        endpoints = self._endpoints(source)
        limiter = RateLimiter(settings.rate_tier)
        # REST and the trade socket share everything: accounts, keys, limits.
        edge = (endpoints, self.core.accounts, self.authenticator, limiter, self.ids)
        self.rest = RestApp(*edge, self.clock.now_ms)
        self.trade = TradeStream(TradeDesk(*edge), self.clock.now_ms, self.delays, self.outbox)
        self.faults = self._faults(settings)
        admin = Admin(self.delays, self.faults, self.clock)
        self.http = HttpEdge(self.rest, admin, self.delays, self.faults, self.outbox)
        watch = OrderWatch(self.core, self.visibility, self.faults)
        self.outbox.tell(watch.look, lambda: watch.is_wanted)

    def _faults(self, settings: ExchangeSettings) -> FaultEngine:
        """The engine, and where it gets hold of things."""
        sockets: dict[str, Sessions[Any]] = {
            "private": self.private.sessions,
            "public": self.public.sessions,
            "trade": self.trade.sessions,
        }
        world = Reach(sockets, self.clock, self.visibility)
        engine = FaultEngine(settings.seed, world, self.clock.now_ms, self.clock.source.monotonic_s)
        self.core.fate_of = engine.fate
        self.private.gate = FrameGate(engine, "private")
        self.public.gate = FrameGate(engine, "public")
        for kind, sessions in sockets.items():
            sessions.tell_subscribed = partial(tell_subscribed, engine, kind)
        if settings.faults:
            engine.add(read_plan(Path(settings.faults)).faults)
        return engine

    def _endpoints(self, source: MarketSource) -> list[Endpoint]:
        return [
            *MarketEndpoints(source.instruments, self.market, self.clock.now_ns).endpoints(),
            *HistoryEndpoints(self.core.contracts, self.market, self.history, self.core.funding).endpoints(),
            *TradeEndpoints(self.core, self.outbox, self.visibility).endpoints(),
            *AccountEndpoints(self.core, self.authenticator).endpoints(),
            *LedgerEndpoints(self.core).endpoints(),
            *RiskEndpoints(self.core.contracts).endpoints(),
            *AssetEndpoints(self.core.contracts).endpoints(),
        ]

    def open_accounts(self, settings: ExchangeSettings) -> tuple[AccountKey, ...]:
        """Make the accounts, each with a key that no other instance has."""
        return tuple(self._open_account(str(int(UID) + i), settings) for i in range(settings.accounts))

    def _open_account(self, uid: str, settings: ExchangeSettings) -> AccountKey:
        hedge = settings.position_mode == "hedge"
        self.core.open_account(uid, settings.wallet_usdt, hedge=hedge, now_ms=self.clock.now_ms())
        key, secret = self._new_key()
        self.authenticator.add(uid, key, secret)
        return AccountKey(uid, key, secret)

    def session(self, request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener | None:
        """The session of a WebSocket path; None answers 404."""
        path = request.path.split(b"?", 1)[0].decode("latin-1")
        kind = SOCKETS.get(path, "public")
        status = self.faults.handshake(Happening(point="connect", socket=kind, path=path))
        if status is not None:
            return WSUpgradeResponseWithListener(WSUpgradeResponse.create_error_response(status), None)
        if path == PRIVATE_PATH:
            return self.private.session(self.ids.conn_id())
        if path == TRADE_PATH:
            return self.trade.session(self.ids.conn_id())
        if path in PUBLIC_PATHS:
            # Other categories are there too, as on Bybit; nothing is traded in them.
            return self.public.session(self.ids.conn_id(), is_traded=path == PUBLIC_PATH)
        return None

    def apply(self, frame: MarketFrame) -> None:
        """One market frame: state, then matching, then private events, then the public stream."""
        topic, text = frame.topic, frame.text
        self.outbox.flush()  # events of acts before this frame are written at the marks before it
        self.market.apply(topic, text)
        self.history.apply(topic, text, self.clock.now_ms())
        self.outbox.put(self._moved(topic, text))
        self.outbox.flush()
        self.public.publish(topic, text)
        for taken in self.core.liquidator.take_untold():
            self.public.publish(taken.topic, taken.frame())
        if self._unheard:
            self._hear(topic.rpartition(".")[2])

    def _hear(self, symbol: str) -> None:
        """Note a contract that can be traded from now on."""
        if self.market.mark(symbol) is not None and self.market.bids(symbol) and self.market.asks(symbol):
            self._unheard.discard(symbol)
        if not self._unheard:
            self.opened.set()

    def _moved(self, topic: str, text: bytes) -> Iterable[Event]:
        kind, _, rest = topic.partition(".")
        symbol = rest.rpartition(".")[2]
        if kind == "publicTrade":
            return self._traded(symbol, text)
        if kind == "tickers":
            return self.core.on_ticker(symbol, self.clock.now_ms())
        return self.core.on_book(symbol, self.clock.now_ms())

    def _traded(self, symbol: str, text: bytes) -> Iterable[Event]:
        if not self.core.wants_trades(symbol):
            return ()
        return self.core.on_trades(symbol, read_trades(text), self.clock.now_ms())


def tell_subscribed(engine: FaultEngine, socket: str, topics: list[str]) -> None:
    for topic in topics:
        engine.tell(Happening(point="subscribe", socket=socket, topic=topic))


class QuietServer(uvicorn.Server):
    """uvicorn without its signal handlers: the exchange has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(settings: ExchangeSettings) -> int:
    """Run an exchange until SIGTERM or SIGINT. Returns the process's exit code.

    Raises
    ------
    ConfigError
        A setting that can't work: a port that is taken, an unknown symbol.
    """
    if settings.die_with_parent and not die_with_parent(settings.parent_pid):
        return 0  # the parent is gone already: nobody would ever end us
    # What was imported lives for ever: the collector need not walk it, and seldom the rest.
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings))
    return 0


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.Loop


async def _serve(settings: ExchangeSettings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    start_ms = MACHINE.epoch_ns() // 1_000_000
    source = open_source(settings, start_ms)
    venue = Venue(settings, source)
    async with contextlib.AsyncExitStack() as stack:
        tls = stack.enter_context(certified(settings.host)) if settings.tls else None
        rest_port = await stack.enter_async_context(rest_server(venue, settings, tls))
        ws_port = await stack.enter_async_context(ws_server(venue, settings, tls))
        pump = stack.enter_context(running(pump_market(venue, source, start_ms)))
        await market_open(venue, pump)
        announce(ready_of(venue, settings, rest_port, ws_port, tls), settings)
        stack.callback(forget_ready_file, settings)
        await until_stopped(stopped, pump)


@contextlib.asynccontextmanager
async def rest_server(venue: Venue, settings: ExchangeSettings, tls: Tls | None) -> AsyncIterator[int]:
    """Serve REST; gives the port."""
    listening = bind(settings.host, settings.rest_port, "rest_port")
    config = uvicorn.Config(
        venue.http,
        http=ExchangeProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=600,
        timeout_graceful_shutdown=GRACE_S,
    )
    config.load()
    config.ssl = tls.context if tls is not None else None
    server = QuietServer(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield listening.getsockname()[1]
    finally:
        venue.http.end()
        server.should_exit = True
        await serving


@contextlib.asynccontextmanager
async def ws_server(venue: Venue, settings: ExchangeSettings, tls: Tls | None) -> AsyncIterator[int]:
    """Serve the WebSockets; gives the port."""
    listening = bind(settings.host, settings.ws_port, "ws_port")
    server = await ws_create_server(
        venue.session,
        sock=listening,
        disconnect_on_exception=False,
        ssl=tls.context if tls is not None else None,
    )
    try:
        yield listening.getsockname()[1]
    finally:
        server.close()
        venue.private.sessions.close()
        venue.public.sessions.close()
        venue.trade.sessions.close()
        await asyncio.sleep(0)


def bind(host: str, port: int, setting: str) -> socket.socket:
    """Listen on a port, or say which setting is in the way."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted sockets inherit it. asyncio's own loop would leave it off for them, and an answer in two
    # pieces would wait 40 ms for the peer's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"the exchange must be able to listen on {host}:{port}, but {error.strerror} "
            f"(setting {setting}); free the port or use 0 for a free one"
        ) from error
    listening.setblocking(False)
    return listening


async def pump_market(venue: Venue, source: MarketSource, start_ms: int) -> None:
    """Apply the market's frames when they are due, counted from the source's own start."""
    loop = asyncio.get_running_loop()
    start_s = loop.time() - (venue.clock.right_ms() - start_ms) / 1000
    for count, frame in enumerate(source.frames()):
        late_s = loop.time() - start_s - frame.due_ns / 1e9
        if late_s < 0:
            await asyncio.sleep(-late_s)
        elif count % FRAMES_A_TURN == 0:
            await asyncio.sleep(0)  # catching up: requests must not wait for it
        venue.apply(frame)


@contextlib.contextmanager
def running(coroutine: Coroutine[Any, Any, None]) -> Iterator[asyncio.Task[None]]:
    """Run a coroutine beside; it is cancelled at the end."""
    task = asyncio.create_task(coroutine)
    try:
        yield task
    finally:
        task.cancel()


async def market_open(venue: Venue, pump: asyncio.Task[None]) -> None:
    """Wait until every contract has a price and a book, so that whoever reads the ready line can trade.

    A recording may begin without some of them: after a while the exchange opens all the same.
    """
    opened = asyncio.create_task(venue.opened.wait())
    await asyncio.wait({opened, pump}, timeout=OPEN_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
    opened.cancel()


async def until_stopped(stopped: asyncio.Event, pump: asyncio.Task[None]) -> None:
    """Wait for the stop signal. A market that ends leaves the exchange up; one that fails ends it."""
    stop = asyncio.create_task(stopped.wait())
    await asyncio.wait({stop, pump}, return_when=asyncio.FIRST_COMPLETED)
    if pump.done():
        pump.result()
        await stop


def ready_of(
    venue: Venue, settings: ExchangeSettings, rest_port: int, ws_port: int, tls: Tls | None
) -> Ready:
    accounts = venue.open_accounts(settings)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    rest, sockets = f"http://{host}:{rest_port}", f"ws://{host}:{ws_port}"
    if tls is not None:
        rest, sockets = f"https://{host}:{rest_port}", f"wss://{host}:{ws_port}"
    return Ready(
        rest=rest,
        ws_public=sockets + PUBLIC_PATH,
        ws_private=sockets + PRIVATE_PATH,
        ws_trade=sockets + TRADE_PATH,
        ca_file=tls.ca_file if tls is not None else None,
        api_key=accounts[0].api_key,
        api_secret=accounts[0].api_secret,
        accounts=accounts,
        pid=os.getpid(),
        instance_id=secrets.token_hex(8),
    )


def announce(ready: Ready, settings: ExchangeSettings) -> None:
    """Tell whoever waits: the file first, so that it is there when the line is read."""
    if settings.ready_file:
        write_ready_file(Path(settings.ready_file), ready)
    sys.stdout.buffer.write(ready.line() + b"\n")
    sys.stdout.buffer.flush()


def forget_ready_file(settings: ExchangeSettings) -> None:
    """A ready file must not outlive the exchange that it names."""
    if settings.ready_file:
        Path(settings.ready_file).unlink(missing_ok=True)
