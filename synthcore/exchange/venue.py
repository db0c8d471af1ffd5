"""One exchange wired together, still without sockets: a core, its market's state, its edges."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from time import monotonic_ns
from typing import Any

from picows import WSListener, WSUpgradeRequest, WSUpgradeResponse, WSUpgradeResponseWithListener

from synthcore.exchange.auth import Authenticator
from synthcore.exchange.batch import Event
from synthcore.exchange.category_sessions import SESSIONS
from synthcore.exchange.changes import Changes
from synthcore.exchange.clock import ExchangeClock, MachineTime, Time
from synthcore.exchange.clockwork import Clockwork
from synthcore.exchange.contract import contract_of
from synthcore.exchange.control.clock import ClockControl
from synthcore.exchange.control.door import ControlDoor
from synthcore.exchange.control.faults import FaultControl
from synthcore.exchange.control.latency import LatencyControl
from synthcore.exchange.control.log import LogControl
from synthcore.exchange.control.market import MarketControl
from synthcore.exchange.control.state import StateControl
from synthcore.exchange.control.token import AUTO, given_token, new_token
from synthcore.exchange.core import Exchange
from synthcore.exchange.dcp import DisconnectGuard
from synthcore.exchange.delays import Delays
from synthcore.exchange.display.display import Display
from synthcore.exchange.display.sequence import SequenceShift
from synthcore.exchange.endpoint import Endpoint
from synthcore.exchange.endpoints_account import AccountEndpoints
from synthcore.exchange.endpoints_asset import AssetEndpoints, coins_of
from synthcore.exchange.endpoints_balances import BalanceEndpoints
from synthcore.exchange.endpoints_collateral import CollateralEndpoints
from synthcore.exchange.endpoints_dcp import DcpEndpoints
from synthcore.exchange.endpoints_demo import DemoEndpoints
from synthcore.exchange.endpoints_empty import EmptyEndpoints
from synthcore.exchange.endpoints_history import HistoryEndpoints
from synthcore.exchange.endpoints_ledger import LedgerEndpoints
from synthcore.exchange.endpoints_margin import MarginEndpoints
from synthcore.exchange.endpoints_market import MarketEndpoints
from synthcore.exchange.endpoints_position_modes import PositionModeEndpoints
from synthcore.exchange.endpoints_pre_check import PreCheckEndpoints
from synthcore.exchange.endpoints_risk import RiskEndpoints
from synthcore.exchange.endpoints_statistics import StatisticsEndpoints
from synthcore.exchange.endpoints_system import SystemEndpoints
from synthcore.exchange.endpoints_trade import TradeEndpoints
from synthcore.exchange.faults.crossing import Crossing
from synthcore.exchange.faults.engine import FaultEngine
from synthcore.exchange.faults.frames import FrameGate
from synthcore.exchange.faults.plan import FaultPlan, read_plan
from synthcore.exchange.faults.reach import Reach
from synthcore.exchange.faults.tcp import TcpFault
from synthcore.exchange.faults.tcp_front import TcpLines
from synthcore.exchange.faults.trade_gate import TradeGate
from synthcore.exchange.faults.trigger import Happening
from synthcore.exchange.flavour import FLAVOURS, Flavour
from synthcore.exchange.http_edge import HttpEdge
from synthcore.exchange.idle import read_max_active_s
from synthcore.exchange.ids import Ids
from synthcore.exchange.ip_limits import IpLimits
from synthcore.exchange.key_terms import ALL, KeyTerms
from synthcore.exchange.limits import RateLimiter
from synthcore.exchange.market.bend import Bend
from synthcore.exchange.market.frames import trade_frame
from synthcore.exchange.market.history import MarketHistory
from synthcore.exchange.market.source import DueFrame, MarketSource
from synthcore.exchange.market.state import MarketState, parts_of
from synthcore.exchange.order_watch import OrderWatch
from synthcore.exchange.outbox import Outbox
from synthcore.exchange.pace import Pace
from synthcore.exchange.private import ALL_TOPICS, PLAIN_TOPICS, PrivateStream
from synthcore.exchange.public import PublicSession, PublicStream
from synthcore.exchange.ready import AccountKey
from synthcore.exchange.refusal import AMEND_UNCHANGED, Refusal
from synthcore.exchange.rest import RestApp
from synthcore.exchange.sessions import Session, Sessions
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.state.guard import guarded
from synthcore.exchange.state.store import Store
from synthcore.exchange.status import StatusStream
from synthcore.exchange.trade import TradeDesk, TradeStream
from synthcore.exchange.trades import read_trades
from synthcore.exchange.turn import Turn
from synthcore.exchange.visibility import Visibility
from synthcore.venues.bybit.hosts import PRIVATE_PATH, STATUS_PATH, TRADE_PATH

FORBIDDEN = 403
PUBLIC_PATHS = tuple(f"/v5/public/{category}" for category in ("linear", "spot", "inverse", "option"))
SOCKETS = {PRIVATE_PATH: "private", TRADE_PATH: "trade"}  # any other path is public

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
    flavour
        Which of Bybit's worlds it is.
    state
        The file in which it outlives its process; what it has is put back at once.

    Raises
    ------
    ConfigError
        It can't go on from its file.
    """

    def __init__(
        self,
        settings: ExchangeSettings,
        source: MarketSource,
        time: Time = MACHINE,
        new_key: NewKey = random_key,
        flavour: Flavour = FLAVOURS["mainnet"],
        state: Path | None = None,
    ) -> None:
        self.settings = settings
        self.flavour = flavour
        self.ids = Ids(settings.seed)
        self.market = MarketState()
        self.history = MarketHistory(self.market)
        self.bend = Bend()
        self.sequence = SequenceShift()
        self.pace = Pace()
        contracts = {str(raw["symbol"]): contract_of(raw) for raw in source.instruments}
        changes = Changes() if state is not None else None
        self.core = Exchange(contracts, self.market, self.ids, unchanged_amendment(settings), changes)
        self.guard = DisconnectGuard()
        self.store: Store | None = None
        if state is not None and changes is not None:
            self.store = Store(state, settings, self.core, self.ids, changes, self.guard)
        self.authenticator = Authenticator()
        self.delays = Delays(settings.seed, settings.delays)
        self.visibility = Visibility(self.delays.visibility_s, lambda: self.delays.lags, time.monotonic_s)
        self.clock = ExchangeClock(time)
        self._new_key = new_key
        topics = ALL_TOPICS if flavour.has_every_topic else PLAIN_TOPICS
        turn = Turn(lambda: self.faults.is_armed)
        self.private = PrivateStream(
            self.authenticator,
            self.clock.now_ms,
            turn,
            self.delays.private_s,
            lambda: self.delays.frames_wait,
            topics,
        )
        self.display = Display(
            self.core,
            self.market,
            self.history,
            source.topics,
            lambda topic: self.public.sessions.has(topic),
            lambda topic, text: self.public.publish(topic, text),
        )
        self.public = PublicStream(
            self.display.topics,
            self.display.snapshot,
            self.clock.now_ms,
            self.delays.private_s,
            self._show_rest,
        )
        # What is overdue is applied before a subscriber's first snapshot is made.
        self.public.sessions.tell_opened = lambda: self.pace.wake()
        self.outbox = Outbox(self.private.deliver, self.private.flush)
        self.outbox.then = self._show_watched
        self.push_awaited = asyncio.Event()  # something is to be pushed by and by
        self.opened = asyncio.Event()  # every contract has a price and a book
        self._unheard = set(contracts)
        endpoints = flavour.served(self._endpoints(source))
        if self.store is not None:
            endpoints = guarded(endpoints, self.store)
            self.outbox.wait_for(self.store.commit)
        if settings.stamp_frames:
            self.public.sending_ns = monotonic_ns
        limiter = RateLimiter(settings.rate_tier)
        # REST and the trade socket share everything: accounts, keys, limits.
        edge = (endpoints, self.core.accounts, self.authenticator, limiter, self.ids)
        self.rest = RestApp(*edge, self.clock.now_ms)
        self.rest.before_call = lambda: self.pace.catch_up()
        self.rest.before_look = self._show_rest
        desk = TradeDesk(*edge)
        self.ip_limits = self.rest.ip_limits = desk.ip_limits = IpLimits() if settings.ip_limits else None
        self.trade = TradeStream(desk, self.clock.now_ms, self.delays, self.outbox, turn)
        self.lines: TcpLines | None = None  # the wire, where it can be made worse
        self.faults = self._faults(settings)
        desk.gate = TradeGate(self.faults, self.outbox, lambda: self.delays.is_instant)
        self.control = self._control_door(settings)
        self.http = HttpEdge(self.rest, self.control, self.delays, self.faults, self.outbox, self.outage)
        self.status = StatusStream(self.outage, self.ids, self.clock.now_ms, self.delays.private_s)
        self.tick = Clockwork(
            self.clock,
            self.core,
            self.private,
            self.trade,
            self.guard,
            self.outbox,
            flavour.order_life_ms,
            self.status,
        ).tick
        watch = OrderWatch(self.core, self.visibility, self.faults)
        self.outbox.tell(watch.look, lambda: watch.is_wanted)
        self._kept = self.store.load() if self.store is not None else ()
        for one in self._kept:
            self.authenticator.add(one.uid, one.api_key, one.api_secret, one.terms or ALL)

    def _faults(self, settings: ExchangeSettings) -> FaultEngine:
        """The engine, and where it gets hold of things."""
        plan = read_plan(Path(settings.faults)) if settings.faults else FaultPlan()
        if settings.tcp_faults or any(isinstance(fault, TcpFault) for fault in plan.faults):
            self.lines = TcpLines()
        sockets: dict[str, Sessions[Any]] = {
            "private": self.private.sessions,
            "public": self.public.sessions,
            "trade": self.trade.sessions,
        }
        world = Reach(sockets, self.clock, self.public, self.visibility, self._liquidate, self.lines)
        self.world, self.outage = world, world.outage
        engine = FaultEngine(
            settings.seed,
            world,
            self.clock.now_ms,
            self.clock.source.monotonic_s,
            keeps_happenings=bool(given_token(settings.control_token)),
        )
        self.core.fate_of = engine.fate
        self.private.gate = FrameGate(engine, "private")
        self.public.gate = FrameGate(engine, "public")
        self.public.gate.crossing = Crossing(self.market)
        for kind, sessions in sockets.items():
            sessions.tell_subscribed = partial(tell_subscribed, engine, kind)
        engine.add(plan.faults)
        return engine

    def _control_door(self, settings: ExchangeSettings) -> ControlDoor:
        token = given_token(settings.control_token)
        market = MarketControl(
            self.core.contracts,
            self.market,
            self.bend,
            lambda: self.pace,
            self.faults,
            self._apply,
            self.clock,
            self.ids,
        )
        self.world.market_right = market.set_right
        rooms = (
            FaultControl(self.faults),
            LatencyControl(self.delays),
            ClockControl(self.clock, self.world),
            market,
            StateControl(self.core),
            LogControl(self.faults),
        )
        return ControlDoor(new_token() if token == AUTO else token, [room.routes() for room in rooms])

    def _endpoints(self, source: MarketSource) -> list[Endpoint]:
        return [
            *MarketEndpoints(source.instruments, self.display, self.clock.now_ns).endpoints(),
            *HistoryEndpoints(self.core.contracts, self.market, self.history, self.core.funding).endpoints(),
            *TradeEndpoints(self.core, self.outbox, self.visibility).endpoints(),
            *AccountEndpoints(self.core, self.guard).endpoints(),
            *MarginEndpoints(self.core, self.outbox).endpoints(),
            *LedgerEndpoints(self.core).endpoints(),
            *RiskEndpoints(self.core.contracts, self.core.liquidator.fund).endpoints(),
            *AssetEndpoints(self.core.contracts).endpoints(),
            *BalanceEndpoints(self.core).endpoints(),
            *CollateralEndpoints(coins_of(self.core.contracts)).endpoints(),
            *PositionModeEndpoints(self.core.contracts).endpoints(),
            *StatisticsEndpoints(self.core.contracts, self.settings.seed).endpoints(),
            *SystemEndpoints(lambda: self.status.notices).endpoints(),
            *EmptyEndpoints().endpoints(),
            *DcpEndpoints(self.guard).endpoints(),
            *PreCheckEndpoints(self.core).endpoints(),
            *(DemoEndpoints(self.core, self.outbox).endpoints() if self.flavour.is_demo else ()),
        ]

    def open_accounts(self, settings: ExchangeSettings) -> tuple[AccountKey, ...]:
        """Make the accounts, each with a key that no other instance has, and after these the further keys.

        Where there is a state, they are found as they were left.
        """
        uids = [str(self.flavour.first_uid + i) for i in range(settings.accounts)]
        for uid in uids[: settings.institutional_accounts]:
            self.guard.allow(uid)
        if self._kept:
            return self._kept
        own = [self._open_account(uid, settings) for uid in uids]
        keys = (*own, *(self._make_key(uids[terms.account - 1], terms) for terms in settings.keys))
        if self.store is not None:
            self.store.begin(keys)
        return keys

    def _open_account(self, uid: str, settings: ExchangeSettings) -> AccountKey:
        hedge = settings.position_mode == "hedge"
        self.core.open_account(uid, settings.wallet_usdt, hedge=hedge, now_ms=self.clock.now_ms())
        return self._make_key(uid)

    def _make_key(self, uid: str, terms: KeyTerms | None = None) -> AccountKey:
        key, secret = self._new_key()
        self.authenticator.add(uid, key, secret, terms or ALL)
        return AccountKey(uid, key, secret, terms)

    @property
    def is_watched(self) -> bool:
        """Whether any WebSocket is open."""
        return bool(self.public.sessions or self.private.sessions or self.trade.sessions)

    def session(self, request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener | None:
        """The session of a WebSocket path; None answers 404."""
        path, _, query = request.path.decode("latin-1").partition("?")
        if not self.flavour.has_socket(path):
            return None
        kind = SOCKETS.get(path, "public")
        asked = Happening(point="connect", socket=kind, path=path)
        category = path.rpartition("/")[2]
        status = self.faults.handshake(asked) or self.outage.handshake() or self._too_many(category)
        if status is not None:
            return WSUpgradeResponseWithListener(WSUpgradeResponse.create_error_response(status), None)
        if path == PRIVATE_PATH:
            return kept(self.private.session(self.ids.conn_id()), query)
        if path == TRADE_PATH:
            return kept(self.trade.session(self.ids.conn_id()), query)
        if path == STATUS_PATH:
            return self.status.stream.session(self.ids.conn_id())
        if path in PUBLIC_PATHS:
            # Other categories are there too, as on Bybit; nothing is traded in them.
            return self.public.session(self.ids.conn_id(), category, SESSIONS.get(category, PublicSession))
        return None

    def _too_many(self, category: str) -> int | None:
        """The status that refuses a connection where an address has too many, if it does."""
        if self.ip_limits is None:
            return None
        open_now = self.public.open_count(category)
        return None if self.ip_limits.connection(open_now, self.clock.now_ms()) else FORBIDDEN

    def hang_up(self) -> None:
        """Close all connections: the exchange is going away."""
        for sessions in (
            self.private.sessions,
            self.public.sessions,
            self.trade.sessions,
            self.status.stream.sessions,
        ):
            sessions.close()

    def apply(self, frame: DueFrame) -> None:
        """One market frame: state, then matching, then private events, then the public stream."""
        text = frame.text if self.bend.is_straight else self.bend.bent(frame.topic, frame.text)
        if text is not None:
            self._apply(frame.topic, self.sequence.shifted(frame.topic, text))

    def _apply(self, topic: str, text: bytes) -> None:
        self.outbox.flush()  # events of acts before this frame are written at the marks before it
        self._show_rest()
        self.market.apply(topic, text)
        now_ms, slot_ms = self.clock.now_ms(), self._slot_ms()
        kind, _, symbol = parts_of(topic)
        if kind != "orderbook":
            self.history.apply(topic, text, now_ms)
        events = self._moved(kind, symbol, text, now_ms)
        if events or self.store is not None:
            self.outbox.put(events)
            self.outbox.send()
        self.display.pass_on(topic, text, slot_ms, now_ms)
        if self.core.has_news:
            self._show_acts()
        elif self.display.is_due(slot_ms):
            self.push_public()
        self._tell_liquidations()
        if self._unheard:
            self._hear(symbol)

    def _liquidate(self, uid: str) -> None:
        """Liquidate an account, or all of them, as a fault wants it."""
        uids = [uid] if uid else list(self.core.accounts)
        for account in [self.core.accounts[one] for one in uids if one in self.core.accounts]:
            self.outbox.put(self.core.liquidator.force(account, self.clock.now_ms()))
        self.outbox.flush()
        self._tell_liquidations()

    def _tell_liquidations(self) -> None:
        for taken in self.core.liquidator.take_untold():
            self.display.liquidated(taken, self._slot_ms())
            self.push_awaited.set()

    def _show_watched(self) -> None:
        """Show what clients' orders did: trades at once, the rest where anybody watches."""
        if self.public.has_any_of(self.core.changed):
            self._show_acts()
        elif self.core.tape:
            self._print_acts()

    def _show_rest(self) -> None:
        """Show what nobody watched, before the market moves on or somebody looks."""
        if self.core.has_news:
            self._show_acts()

    def _show_acts(self) -> None:
        """Print and display what clients' orders did."""
        self._print_acts()
        self.display.note_changes(self._slot_ms())
        self.push_public()

    def _print_acts(self) -> None:
        """Print clients' trades, and carry out what their prints set off."""
        now_ms = self.clock.now_ms()
        while trades := self.core.tape.take():
            for symbol, rows, printed in self.display.prints(trades):
                topic, contract = f"publicTrade.{symbol}", self.core.contracts[symbol]
                self.sequence.take(symbol)
                self.market.add_prints(symbol, rows)
                history = self.history.of(symbol)
                for trade in printed:
                    history.add_trade(contract.price(trade.price_ticks), contract.qty(trade.lots), now_ms)
                if self.public.sessions.has(topic):
                    self.public.publish(topic, trade_frame(symbol, rows, now_ms))
            events = self.core.on_own_trades(trades, now_ms)
            if events:
                self.outbox.put(events)
                self.outbox.send()

    def push_public(self) -> None:
        """Publish what is due by now."""
        self.display.push(self._slot_ms(), self.clock.now_ms())
        if self.display.next_ms is not None:
            self.push_awaited.set()

    def push_due_s(self) -> float | None:
        """How long until something is to be pushed; None where nothing is."""
        next_ms = self.display.next_ms
        return None if next_ms is None else max(0.0, next_ms / 1000 - self.clock.source.monotonic_s())

    def _slot_ms(self) -> int:
        return round(self.clock.source.monotonic_s() * 1000)

    def _hear(self, symbol: str) -> None:
        """Note a contract that can be traded from now on."""
        if self.market.mark(symbol) is not None and self.market.bids(symbol) and self.market.asks(symbol):
            self._unheard.discard(symbol)
        if not self._unheard:
            self.opened.set()

    def _moved(self, kind: str, symbol: str, text: bytes, now_ms: int) -> Iterable[Event]:
        if kind == "publicTrade":
            return self._traded(symbol, text, now_ms)
        if kind == "tickers":
            return self.core.on_ticker(symbol, now_ms)
        return self.core.on_book(symbol, now_ms)

    def _traded(self, symbol: str, text: bytes, now_ms: int) -> Iterable[Event]:
        if not self.core.wants_trades(symbol):
            return ()
        return self.core.on_trades(symbol, read_trades(text), now_ms)


def kept(session: Session, query: str) -> Session:
    """A connection that is cut when it is idle for as long as its URL says."""
    session.max_active_s = read_max_active_s(query)
    return session


def tell_subscribed(engine: FaultEngine, socket: str, topics: list[str]) -> None:
    for topic in topics:
        engine.tell(Happening(point="subscribe", socket=socket, topic=topic))
