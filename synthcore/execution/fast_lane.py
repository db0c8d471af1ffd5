"""The fast lane's keeper: trades that the gate allows beforehand, and their way from the wire to the desk.

The gate stays the only judge. What it allows is reserved there as if it ran already: its place among the
concurrent trades, its two entries and two closes in the rate budget. The compiled lane only spends what it
was given; anything that stops entries takes it back first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Protocol

import msgspec
from msgspec import Struct

from synthcore._core.lane import Frame, Spent
from synthcore.errors import ConfigError, JournalBroken
from synthcore.execution.driver import Host, SentEntries, TradeDriver
from synthcore.execution.journal import Begun
from synthcore.execution.lane_record import orders_of
from synthcore.execution.recovery import nothing_offered
from synthcore.execution.trade import TradeRules
from synthcore.model import ArbitrageOpportunity
from synthcore.orders.gateway import FastEntry
from synthcore.risk.gate import Gate
from synthcore.risk.sizing import entry_qty, exact

logger = logging.getLogger(__name__)

REVIEW_S = 0.1
STANDS_NS = 250_000_000  # so long an allowance is left to its symbol, where another one could use its place
VALID_NS = 1_000_000_000  # longer than a review may be late; an execution loop that hangs allows no more
BAND = Decimal("0.002")  # how far prices may move before the quantity has to be made anew
UNPRICED = (Decimal(1), Decimal(1))  # the lane puts the prices

encode = msgspec.json.Encoder().encode

# Describes what was found, for the trade's record: symbol, bid, ask, receive and decision stamps, sequence.
Describe = Callable[..., ArbitrageOpportunity]


class LaneDesk(Host, Protocol):
    """What the keeper needs of a desk."""

    gate: Gate

    @property
    def is_stream_up(self) -> bool: ...

    def new_key(self) -> str: ...

    def quote(self, symbol: str) -> tuple[float, float, int] | None: ...

    def rules_of(self, symbol: str) -> TradeRules: ...

    def begin_sent(
        self, key: str, opportunity: ArbitrageOpportunity, qty: Decimal, sent: SentEntries
    ) -> TradeDriver: ...


class Slots(Protocol):
    """What the keeper does with a `Lane`."""

    def fill(
        self,
        symbol_id: int,
        frames: tuple[Frame, Frame],
        *,
        expires_ns: int,
        least_bid: float,
        most_ask: float,
        server_offset_ns: int,
        tick_size: Decimal,
        max_cross_bps: Decimal,
        begun: bytes,
    ) -> None: ...

    def renew(self, symbol_id: int, *, expires_ns: int, server_offset_ns: int) -> bool: ...

    def revoke(self, symbol_id: int) -> bool: ...

    def drain(self) -> list[Spent]: ...

    def clear(self, symbol_id: int) -> None: ...

    def state(self, symbol_id: int) -> str: ...


class Allowed(Struct, frozen=True):
    """A trade that may be sent at any moment."""

    begun: Begun
    mid: float  # for which it was sized


class FastLane:
    """Keep the lane's slots filled as far as the gate allows, and take over what was sent.

    Parameters
    ----------
    symbols
        By symbol id.
    on_taken
        Told each trade that was taken over.
    """

    def __init__(
        self,
        desk: LaneDesk,
        lane: Slots,
        entry: FastEntry,
        symbols: Sequence[str],
        describe: Describe,
        on_taken: Callable[[Spent, str], None] = lambda spent, symbol: None,
    ) -> None:
        self._desk = desk
        self._lane = lane
        self._entry = entry
        self._ids = {symbol: symbol_id for symbol_id, symbol in enumerate(symbols)}
        self._symbols = tuple(symbols)
        self._describe = describe
        self._on_taken = on_taken
        self._allowed: dict[str, Allowed] = {}
        self._waiting: set[str] = set()  # for room in the rate budget
        self._is_open = False
        self._reviewing: asyncio.Task[None] | None = None
        self._recording: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Allow trades from now on."""
        self._is_open = True
        self._reviewing = self._desk.loop.create_task(self._review(), name="fast lane")

    def stop(self) -> None:
        """Allow none any more, for good; what was sent until now is taken over."""
        self._is_open = False
        if self._reviewing is not None:
            self._reviewing.cancel()
        self.revoke_all()

    def revoke_all(self) -> None:
        """Take every allowance back, at once; what was sent before that is taken over."""
        for symbol in tuple(self._allowed):
            self.revoke(symbol)
        self.heed()

    def revoke(self, symbol: str) -> bool:
        """Take one back; False if it is spent, or there is none."""
        if not self._lane.revoke(self._ids[symbol]):
            return False
        del self._allowed[symbol]
        self._desk.gate.reserved.discard(symbol)
        return True

    def make_room(self, symbol: str) -> bool:
        """Give up what another symbol was allowed and did not use for a while: a trade needs its place."""
        before_ns = self._desk.now_ns() - STANDS_NS
        return any(
            self.revoke(other)
            for other, allowed in tuple(self._allowed.items())
            if other != symbol and allowed.begun.now_ns <= before_ns
        )

    def heed(self) -> None:
        """Take over what was sent: before anything else is made of an event that may be its consequence."""
        for spent in self._lane.drain():
            self._take_over(spent)

    def on_free(self, symbol: str) -> None:
        """A trade of the symbol ended: allow the next one once it has cooled down, and others now."""
        if self._is_open:
            self._desk.loop.call_soon(self.review)
            self._see_to_in(self._desk.gate.cool_down_ns, symbol)

    # Allowing

    async def _review(self) -> None:
        await self._desk.journal.kept()  # the run itself: recovery looks for its trades by it
        while True:
            self.review()
            await asyncio.sleep(REVIEW_S)

    def review(self) -> None:
        """See to every symbol: renew, take back or allow."""
        self.heed()
        for symbol in self._symbols:
            self._see_to(symbol)

    def _see_to_in(self, wait_ns: int, symbol: str) -> None:
        self._desk.loop.call_later(wait_ns / 1e9, self._see_to, symbol)

    def _see_to(self, symbol: str) -> None:
        quote = self._desk.quote(symbol)
        if quote is None:
            return
        is_allowed = symbol in self._allowed
        if is_allowed and not self._may_stay(symbol, quote):
            is_allowed = not self.revoke(symbol)
        if is_allowed:
            self._lane.renew(
                self._ids[symbol], expires_ns=self._expires_ns(), server_offset_ns=self._server_offset_ns()
            )
        elif self._is_possible(symbol) and self._lane.state(self._ids[symbol]) == "empty":
            self._allow(symbol, quote)

    def _may_stay(self, symbol: str, quote: tuple[float, float, int]) -> bool:
        moved = abs((quote[0] + quote[1]) / 2 / self._allowed[symbol].mid - 1)
        return moved < float(BAND) / 2 and self._is_possible(symbol)

    def _is_possible(self, symbol: str) -> bool:
        """Whether the gate would let a trade begin on a tick of now, and its answers would come."""
        desk = self._desk
        if not self._is_open or not self._entry.is_up or not desk.is_stream_up:
            return False
        now_ns = desk.now_ns()
        refusal = desk.gate.refusal(symbol, now_ns, now_ns, desk.config.synthetic_spread_bps)
        if refusal == "rate_budget":
            self._wait_for_room(symbol, now_ns)
        return refusal is None

    def _wait_for_room(self, symbol: str, now_ns: int) -> None:
        """See to a symbol when requests leave the window: the desk would take the first tick after that."""
        wait_ns = self._desk.budget.relief_ns("create", now_ns)
        if wait_ns and symbol not in self._waiting:  # without: others were allowed what there is
            self._waiting.add(symbol)
            self._desk.loop.call_later(wait_ns / 1e9, self._waited, symbol)

    def _waited(self, symbol: str) -> None:
        self._waiting.discard(symbol)
        self._see_to(symbol)

    def _allow(self, symbol: str, quote: tuple[float, float, int]) -> None:
        desk, config = self._desk, self._desk.config
        bid, ask, _ = quote
        mid, instrument = (bid + ask) / 2, desk.instruments[symbol]
        least_bid, most_ask = exact(bid) * (1 - BAND), exact(ask) * (1 + BAND)
        try:
            qty = entry_qty(instrument, config.estimated_position_size, mid)
        except ConfigError:
            return  # the desk says so, at its first opportunity
        if qty * least_bid < instrument.min_notional:
            return
        begun = self._trade_of(symbol, qty)
        long, short = (self._entry.frame(order) for order in orders_of(begun, UNPRICED))
        self._lane.fill(
            self._ids[symbol],
            (long, short),
            expires_ns=self._expires_ns(),
            least_bid=float(least_bid),
            most_ask=float(most_ask),
            server_offset_ns=self._server_offset_ns(),
            tick_size=instrument.tick_size,
            max_cross_bps=exact(config.max_cross_bps),
            begun=encode(begun),
        )
        self._allowed[symbol] = Allowed(begun, mid)
        desk.gate.reserved.add(symbol)

    def _trade_of(self, symbol: str, qty: Decimal) -> Begun:
        """A trade that would begin now."""
        desk = self._desk
        return Begun(
            key=desk.new_key(),
            symbol=symbol,
            qty=qty,
            rules=desk.rules_of(symbol),
            now_ns=desk.now_ns(),
            opportunity=nothing_offered(symbol),
            by_fast_lane=True,
        )

    def _expires_ns(self) -> int:
        return self._desk.now_ns() + VALID_NS

    def _server_offset_ns(self) -> int:
        return int(self._desk.backend.server_time_ms() * 1e6) - self._desk.now_ns()

    # Taking over

    def _take_over(self, spent: Spent) -> None:
        """Give a trade that was sent to the desk: from here on it is one like any other."""
        symbol = self._symbols[spent.symbol_id]
        begun = self._allowed.pop(symbol).begun
        opportunity = self._describe(
            symbol,
            spent.bid,
            spent.ask,
            recv_ns=spent.recv_ns,
            decided_ns=spent.decided_ns,
            sequence=spent.sequence & 0xFFFFFFFF,
        )
        orders = orders_of(begun, spent.limits)
        sent = SentEntries(
            decided_ns=spent.decided_ns,
            valid_until_ms=spent.server_ms + self._desk.backend.order_recv_window_ms + 1.0,
            orders=orders,
            answers={
                order.link_id: partial(self._entry.answer, order.link_id, sent_ns)
                for order, sent_ns in zip(orders, spent.sent_ns, strict=True)
            },
        )
        self._desk.begin_sent(begun.key, opportunity, begun.qty, sent)
        recording = self._desk.loop.create_task(self._clear_when_kept(spent.symbol_id))
        self._recording.add(recording)
        recording.add_done_callback(self._recording.discard)
        self._on_taken(spent, symbol)

    async def _clear_when_kept(self, symbol_id: int) -> None:
        """The slot is the trade's only record until the journal has it."""
        try:
            await self._desk.journal.kept()
        except JournalBroken:
            return
        self._lane.clear(symbol_id)
