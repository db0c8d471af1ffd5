"""After a crash: what an earlier process left open is taken over and brought to its end, before anything new.

The journal tells which trades had no end, and their machines are made again from it. The exchange has the
last word: its executions say what is held, by our link ids, also where the journal is lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from functools import partial
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from synthcore.errors import VenueRefused
from synthcore.execution.driver import Host, TradeDriver
from synthcore.execution.events import Finish
from synthcore.execution.intent import LEG_NAMES, ZERO, Intent
from synthcore.execution.journal import Begun
from synthcore.execution.journal_read import Leftover
from synthcore.execution.paper import PaperTrade
from synthcore.execution.patience import patiently
from synthcore.execution.positions import Positions
from synthcore.execution.shares import OURS, Sizes, is_ours, shares_of, trade_of
from synthcore.execution.trade import LEGS, Trade, TradeRules, flat_end
from synthcore.model import ArbitrageOpportunity, Fill, OrderState, Position

logger = logging.getLogger(__name__)

T = TypeVar("T")

CLOSING_MARGIN_MS = 100.0
VENUE_GONE = "VENUE_GONE"


class Plan(Struct, frozen=True, kw_only=True):
    """What a recovery found, and what it does about it."""

    gone: tuple[Leftover, ...] = ()  # on an exchange that is no more: nothing is left to close
    taken_over: tuple[Leftover, ...] = ()
    orders: tuple[OrderState, ...] = ()  # open ones of ours: they are cancelled
    unexplained: dict[str, Sizes] = {}  # held by our orders, and by no trade of the journal: closed

    @property
    def is_empty(self) -> bool:
        return not (self.gone or self.taken_over or self.orders or self.unexplained)


class RecoveringDesk(Host, Protocol):
    """What recovery needs of a desk."""

    positions: Positions

    def take_over(self, driver: TradeDriver) -> None: ...

    def rules_of(self, symbol: str) -> TradeRules: ...

    def end_late(self, trade: PaperTrade) -> None: ...


class Recovery:
    """One account's recovery.

    Parameters
    ----------
    instance_id
        Of the embedded exchange we are on now, if it is one.
    """

    def __init__(
        self,
        desk: RecoveringDesk,
        leftovers: Iterable[Leftover],
        instance_id: str | None,
        symbols: Iterable[str],
    ) -> None:
        self._desk = desk
        self._leftovers = tuple(leftovers)
        self._instance_id = instance_id
        self._symbols = tuple(dict.fromkeys([*symbols, *(one.symbol for one in self._alive())]))
        self._fills: dict[str, list[Fill]] = {}  # everybody's, by symbol, newest first
        self._unexplained_trades: dict[str, set[str]] = {}  # by symbol
        self._refused_from_ms = 0.0  # server time: whatever the process before sent; it is dead when we begin

    def _alive(self) -> list[Leftover]:
        return [one for one in self._leftovers if not self._is_gone(one)]

    def _is_gone(self, one: Leftover) -> bool:
        return one.instance_id is not None and one.instance_id != self._instance_id

    async def plan(self) -> Plan:
        """Look, and change nothing."""
        orders = [order for symbol in self._symbols for order in await self._open_orders(symbol)]
        found = {symbol: await self._unexplained(symbol) for symbol in self._symbols}
        return Plan(
            gone=tuple(filter(self._is_gone, self._leftovers)),
            taken_over=tuple(self._alive()),
            orders=tuple(orders),
            unexplained={symbol: sizes for symbol, sizes in found.items() if any(sizes)},
        )

    async def carry_out(self) -> list[TradeDriver]:
        """Bring everything to its end; returns the trades that were taken over, all of them ended."""
        backend = self._desk.backend
        self._refused_from_ms = backend.server_time_ms() + backend.order_recv_window_ms + CLOSING_MARGIN_MS
        for one in filter(self._is_gone, self._leftovers):
            logger.warning("trade %s: its exchange is gone, and what it held with it", one.key)
            self._desk.journal.trade_ended(one.key, VENUE_GONE, None)
        await self._quiet()
        unexplained = {symbol: await self._unexplained(symbol) for symbol in self._symbols}
        drivers = await all_of(
            [self._bring_to_an_end(symbol, unexplained[symbol]) for symbol in self._symbols]
        )
        for one in self._alive():
            if one.over is not None:
                self._desk.end_late(await self._paper_of(one, one.over))
            elif one.state is None:  # closed with what is unexplained
                self._desk.journal.trade_ended(one.key, "FAILED_FLAT", None)
        return drivers

    async def _paper_of(self, one: Leftover, over: Trade) -> PaperTrade:
        """The record of a trade that ended, and was not written any more."""
        driver = self._new_driver(one, over)
        for fill in await self._fills_of(over):
            driver.ledger.add(fill)
        return driver.paper(Finish(flat_end(over), over.reason))

    async def _bring_to_an_end(self, symbol: str, unexplained: Sizes) -> list[TradeDriver]:
        """One trade of a symbol after the other: they share its position, and each is proven flat by it."""
        drivers = []
        for one in self._alive():
            if one.state is not None and one.symbol == symbol:
                drivers.append(await self._driver_of(one))
                await asyncio.shield(drivers[-1].finished)  # who waits may be cancelled, the end may not
        if any(unexplained):
            drivers.append(self._unexplained_driver(symbol, unexplained))
            await asyncio.shield(drivers[-1].finished)
        return drivers

    async def _quiet(self) -> None:
        """Cancel what is open of ours, and wait until nothing of before can arrive any more."""
        found = 0
        for symbol in self._symbols:
            for order in await self._open_orders(symbol):
                found += 1
                try:
                    await self._desk.backend.cancel(symbol, order.link_id)
                except VenueRefused as e:
                    logger.info("cancel of %s: %s", order.link_id, e)
        alive = self._alive()
        if not alive and not found and not await self._holds_unexplained():
            return
        backend = self._desk.backend
        last_ms = max((one.last_ms for one in alive), default=backend.server_time_ms())
        quiet_at_ms = last_ms + backend.order_recv_window_ms + CLOSING_MARGIN_MS
        await asyncio.sleep(max(0.0, quiet_at_ms - backend.server_time_ms()) / 1e3)
        self._fills.clear()
        for symbol in self._symbols:  # what arrived meanwhile was not there when the desk looked
            self._desk.positions.set_aside(await patiently(partial(backend.positions, symbol)))

    async def _open_orders(self, symbol: str) -> list[OrderState]:
        return [
            order
            for order in await patiently(partial(self._desk.backend.open_orders, symbol))
            if is_ours(order.link_id)
        ]

    # Trades of the journal

    async def _driver_of(self, one: Leftover) -> TradeDriver:
        assert one.state is not None
        driver = self._new_driver(one, one.state)
        fills = await self._fills_of(one.state)
        self._count_as_ours(one.symbol, held_by(fills))
        self._desk.take_over(driver)
        driver.adopt(one.state, self._refused_from_ms)
        for fill in fills:
            driver.on_fill(fill)
        return driver

    def _new_driver(self, one: Leftover, state: Trade) -> TradeDriver:
        driver = TradeDriver(self._desk, one.key, one.opportunity, state.target_qty)
        driver.state = state
        return driver

    async def _fills_of(self, state: Trade) -> list[Fill]:
        return [
            fill
            for intent in state.intents
            for fill in await patiently(partial(self._desk.backend.fills, state.symbol, intent.link_id))
        ]

    def _count_as_ours(self, symbol: str, sizes: Sizes) -> None:
        for leg in LEGS:
            self._desk.positions.keep(symbol, (1, 2)[leg], sizes[leg])

    # What no trade explains

    async def _unexplained(self, symbol: str) -> Sizes:
        """What our orders hold on a symbol beyond the journal's trades."""
        sizes = sizes_in(await patiently(partial(self._desk.backend.positions, symbol)))
        if not any(sizes):
            return ZERO, ZERO
        trades = {one.key for one in self._alive() if one.state is not None and one.symbol == symbol}
        held = shares_of(await self._recent_fills(symbol), sizes)
        explained = [sum((side[key] for key in side if key in trades), ZERO) for side in held]
        unexplained = [sum((side[key] for key in side if key not in trades), ZERO) for side in held]
        long, short = (max(ZERO, min(unexplained[leg], sizes[leg] - explained[leg])) for leg in LEGS)
        self._unexplained_trades[symbol] = {key for side in held for key in side} - trades
        return long, short

    async def _recent_fills(self, symbol: str) -> list[Fill]:
        if symbol not in self._fills:
            self._fills[symbol] = await patiently(partial(self._desk.backend.recent_fills, symbol))
        return self._fills[symbol]

    async def _holds_unexplained(self) -> bool:
        return any([any(await self._unexplained(symbol)) for symbol in self._symbols])

    def _unexplained_driver(self, symbol: str, sizes: Sizes) -> TradeDriver:
        key = f"{self._desk.run}-0r{self._symbols.index(symbol)}"
        logger.warning("%s: %s long, %s short of ours in no trade: closing", symbol, *sizes)
        self._count_as_ours(symbol, sizes)
        state = holding(key, symbol, sizes, self._desk.rules_of(symbol), self._desk.now_ns())
        driver = TradeDriver(self._desk, key, nothing_offered(symbol), state.target_qty)
        driver.state = state
        for fill in self._fills[symbol]:  # what it closes has cost something before
            if trade_of(fill.link_id) in self._unexplained_trades[symbol]:
                driver.ledger.add(fill)
        self._desk.journal.trade_begun(self._desk.run, begun_with(state))
        self._desk.take_over(driver)
        driver.adopt(state, 0.0)
        return driver


async def all_of(works: list[Coroutine[Any, Any, list[T]]]) -> list[T]:
    """What came of all of them together; one that fails lets the others end before it is told."""
    results: list[T] = []
    failures: list[BaseException] = []
    for result in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(result, BaseException):
            failures.append(result)
        else:
            results += result
    if failures:
        raise failures[0]
    return results


def held_by(fills: Iterable[Fill]) -> Sizes:
    """What our fills leave held on the long and the short side."""
    sizes = [ZERO, ZERO]
    for fill in fills:
        named = OURS.fullmatch(fill.link_id)
        assert named is not None, "only fills of ours are asked about"
        sizes["LS".index(named["leg"])] += fill.qty if named["kind"] == "e" else -fill.qty
    return sizes[0], sizes[1]


def sizes_in(records: Iterable[Position]) -> Sizes:
    sizes = {record.position_idx: record.size for record in records}
    return sizes.get(1, ZERO), sizes.get(2, ZERO)


def holding(key: str, symbol: str, sizes: Sizes, rules: TradeRules, now_ns: int) -> Trade:
    """A trade that holds these sizes and has to let go of them."""
    intents = tuple(
        Intent(f"{key}-{'LS'[leg]}-e0", leg, False, sizes[leg], known="final", executed_qty=sizes[leg])
        for leg in LEGS
        if sizes[leg]
    )
    return Trade(
        key=key,
        symbol=symbol,
        target_qty=max(sizes),
        rules=rules,
        phase="reducing",
        intents=intents,
        filled=sizes,
        held=sizes,
        opened_ns=now_ns,
        deadline_ns=now_ns,
        reason="recovered",
        exit_reason="recovered",
    )


def begun_with(state: Trade) -> Begun:
    """The record of a trade that was found in the middle."""
    return Begun(
        key=state.key,
        symbol=state.symbol,
        qty=state.target_qty,
        rules=state.rules,
        now_ns=state.opened_ns,
        opportunity=nothing_offered(state.symbol),
        found=state.held,
    )


def nothing_offered(symbol: str) -> ArbitrageOpportunity:
    return ArbitrageOpportunity(
        symbol=symbol,
        long_price=0.0,
        short_price=0.0,
        spread_bps=0.0,
        funding_delta_8h=0.0,
        order_book_depth_long=0.0,
        order_book_depth_short=0.0,
        confidence_score=0,
        projected_profit_after_slippage=0.0,
        timestamp=0,
        timestamp_ns=0,
    )


def plan_lines(plan: Plan) -> list[str]:
    """The plan in words, a line each."""
    lines = [f"trade {one.key} on {one.symbol}: its exchange is gone, nothing to close" for one in plan.gone]
    lines += [f"trade {one.key} on {one.symbol}: take over and close" for one in plan.taken_over]
    lines += [f"order {order.link_id} on {order.symbol}: cancel" for order in plan.orders]
    lines += [
        f"{symbol}: {sizes[leg]} {LEG_NAMES[leg]} of ours in no trade of the journal: close"
        for symbol, sizes in plan.unexplained.items()
        for leg in LEGS
        if sizes[leg]
    ]
    return lines
