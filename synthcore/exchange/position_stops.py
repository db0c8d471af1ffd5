"""The stops of positions: conditional orders that the exchange keeps for a position until it closes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, cast

from msgspec import Struct

from synthcore.exchange.account import Account, Position
from synthcore.exchange.batch import Batch
from synthcore.exchange.contract import Contract
from synthcore.exchange.decimals import read
from synthcore.exchange.order_log import OrderLog
from synthcore.exchange.orders import STOP, Order, Protection, Stop, Trail, Trigger
from synthcore.exchange.protection import (
    FULL,
    NO_POSITION,
    NOT_GIVEN,
    NOT_MODIFIED,
    PARTIAL,
    TOO_MANY_PARTIAL,
    StopKind,
    asks_for,
    check_against_market,
    direction_of,
    read_mode,
    read_stop,
    read_ticks,
    removes,
)
from synthcore.exchange.refusal import Refusal, Refused, params_error
from synthcore.exchange.triggers import Prices, scaled
from synthcore.model import OPPOSITE, Side
from synthcore.venues.bybit.messages import TradingStop

MAX_PARTIAL_STOPS = 20  # of each kind, per position
CLEARED = "CancelByTpSlTsClear"
KINDS: tuple[StopKind, StopKind] = ("TakeProfit", "StopLoss")


class Host(Protocol):
    """What the stops need of the exchange."""

    def log(self, account: Account) -> OrderLog: ...

    def add_stop(self, order: Order, batch: Batch) -> None: ...

    def end_stop(self, order: Order, cancel_type: str, batch: Batch, now_ms: int) -> None: ...

    def tell(self, order: Order, batch: Batch) -> None: ...


MakeOrder = Callable[..., Order]


class Change(Struct, frozen=True):
    """One thing to do once all of a request was found good."""

    act: Callable[[Batch], Order | None]


class PositionStops:
    """Sets, moves and clears the stops of positions.

    Parameters
    ----------
    host
        The exchange that the orders live in.
    make
        Makes a new order of the given fields, with the next id and number.
    """

    def __init__(self, host: Host, make: MakeOrder) -> None:
        self._host = host
        self._make = make

    # Questions

    def of(self, account: Account, contract: Contract, position_idx: int) -> list[Order]:
        return [
            order
            for order in self._host.log(account).waiting(contract.symbol)
            if order.stop_order_type != STOP and order.position_idx == position_idx
        ]

    def whole(self, account: Account, position: Position, kind: StopKind) -> Order | None:
        """The stop of the whole position."""
        for order in self.of(account, position.contract, position.position_idx):
            if order.stop_order_type == kind:
                return order
        return None

    # What a user sets

    def set(
        self, account: Account, position: Position, request: TradingStop, prices: Prices, now_ms: int
    ) -> list[Change]:
        """Read a `trading-stop` request; nothing happens until its changes are made."""
        mode = read_mode(request.tpsl_mode, account.stop_mode(position.contract.symbol))
        if position.side is None:
            raise Refused(NO_POSITION)
        if mode == PARTIAL:
            changes = list(self._partial(account, position, request, prices, now_ms))
        else:
            changes = list(self._full(account, position, request, prices, now_ms))
        changes += self._trailing(account, position, request, prices, now_ms)
        if not changes:
            raise Refused(NOT_MODIFIED)
        return changes

    def make_changes(self, account: Account, position: Position, changes: list[Change], batch: Batch) -> None:
        made = [change.act(batch) for change in changes]
        bind([order for order in made if order is not None and order.trail is None])
        self.show(account, position)

    def _full(
        self, account: Account, position: Position, request: TradingStop, prices: Prices, now_ms: int
    ) -> Iterator[Change]:
        side = cast(Side, position.side)
        for kind in KINDS:
            price = request.take_profit if kind == "TakeProfit" else request.stop_loss
            kept = self.whole(account, position, kind)
            if removes(price) and kept is not None:
                yield Change(self._ending(kept, now_ms))
            stop = read_stop(kind, request, order_type_of(request, kind), FULL, position.contract)
            if stop is None:
                continue
            check_against_market(kind, stop, side, prices, position.contract)
            if kept is None or trigger_of(kind, side, stop) != kept.trigger:
                yield Change(self._setting(account, position, kind, stop, now_ms))

    def _partial(
        self, account: Account, position: Position, request: TradingStop, prices: Prices, now_ms: int
    ) -> Iterator[Change]:
        lots = partial_lots(request, position)
        of_position = self.of(account, position.contract, position.position_idx)
        for kind in KINDS:
            stop = read_stop(kind, request, order_type_of(request, kind), PARTIAL, position.contract)
            if stop is None:
                continue
            check_against_market(kind, stop, cast(Side, position.side), prices, position.contract)
            if sum(order.stop_order_type == f"Partial{kind}" for order in of_position) >= MAX_PARTIAL_STOPS:
                raise Refused(TOO_MANY_PARTIAL)
            yield Change(self._adding(position, kind, stop, PARTIAL, lots, account.uid, now_ms))

    def _trailing(
        self, account: Account, position: Position, request: TradingStop, prices: Prices, now_ms: int
    ) -> Iterator[Change]:
        if request.trailing_stop in NOT_GIVEN:
            return
        kept = self.whole(account, position, "TrailingStop")
        if removes(request.trailing_stop):
            if kept is not None:
                yield Change(self._ending(kept, now_ms))
            return
        trail = read_trail(request, position, prices)
        if kept is None or kept.trail is None or not kept.trail.is_as_asked(trail):
            yield Change(self._trailing_anew(position, kept, trail, prices, account.uid, now_ms))

    # Acts

    def _ending(self, order: Order, now_ms: int) -> Callable[[Batch], None]:
        def end(batch: Batch) -> None:
            unbind(order)
            self._host.end_stop(order, CLEARED, batch, now_ms)

        return end

    def _setting(
        self, account: Account, position: Position, kind: StopKind, stop: Stop, now_ms: int, parent: str = ""
    ) -> Callable[[Batch], Order]:
        """Move the whole position's stop, or make one."""

        def set_it(batch: Batch) -> Order:
            kept = self.whole(account, position, kind)
            if kept is None:
                add = self._adding(position, kind, stop, FULL, position.lots, account.uid, now_ms, parent)
                return add(batch)
            unbind(kept)
            kept.trigger, kept.updated_ms = trigger_of(kind, cast(Side, position.side), stop), now_ms
            self._host.tell(kept, batch)
            return kept

        return set_it

    def _adding(
        self,
        position: Position,
        kind: StopKind,
        stop: Stop,
        mode: str,
        lots: int,
        uid: str,
        now_ms: int,
        parent: str = "",
    ) -> Callable[[Batch], Order]:
        def add(batch: Batch) -> Order:
            side = cast(Side, position.side)
            name = kind if mode == FULL else f"Partial{kind}"
            order = self._stop_order(position, name, mode, lots, uid, now_ms, parent)
            order.trigger = trigger_of(kind, side, stop)
            if stop.limit_ticks is not None:
                order.order_type, order.time_in_force = "Limit", "GTC"
                order.price_ticks = stop.limit_ticks
            self._host.add_stop(order, batch)
            return order

        return add

    def _trailing_anew(
        self, position: Position, kept: Order | None, trail: Trail, prices: Prices, uid: str, now_ms: int
    ) -> Callable[[Batch], Order]:
        def trail_it(batch: Batch) -> Order:
            side = cast(Side, position.side)
            order = kept
            if order is None:
                order = self._stop_order(position, "TrailingStop", FULL, position.lots, uid, now_ms, "")
            order.trail, order.updated_ms = trail, now_ms
            start = trail.active_ticks or 0
            order.trigger = Trigger(start, direction_of("StopLoss", side), "LastPrice")
            if trail.active_ticks is None:
                order.follow(prices.last)
            if kept is None:
                self._host.add_stop(order, batch)
            else:
                self._host.tell(order, batch)
            return order

        return trail_it

    def _stop_order(
        self, position: Position, name: str, mode: str, lots: int, uid: str, now_ms: int, parent: str
    ) -> Order:
        return self._make(
            now_ms,
            uid=uid,
            contract=position.contract,
            link_id="",
            side=OPPOSITE[cast(Side, position.side)],
            order_type="Market",
            time_in_force="IOC",
            price_ticks=0,
            lots=lots,
            position_idx=position.position_idx,
            reduce_only=True,
            close_on_trigger=True,
            status="Untriggered",
            stop_order_type=name,
            create_type=f"CreateBy{name}",
            closes_all=mode == FULL,
            tpsl_mode=mode,
            parent_link_id=parent,
        )

    # What fills do

    def filled(self, account: Account, order: Order, lots: int, batch: Batch, now_ms: int) -> None:
        """An order was filled: its position may be gone, turned or grown."""
        position = account.position(order.contract, order.position_idx)
        if self._host.log(account).is_waited_for(order.contract.symbol):
            self._fit(account, position, batch, now_ms)
        if order.protection is not None and position.side == order.side:
            self._protect(account, position, order, min(lots, position.lots), batch, now_ms)
            self.show(account, position)

    def _fit(self, account: Account, position: Position, batch: Batch, now_ms: int) -> None:
        for stop in self.of(account, position.contract, position.position_idx):
            if not stop.is_waiting:
                continue
            if position.side != OPPOSITE[stop.side]:
                self._host.end_stop(stop, CLEARED, batch, now_ms)
            elif stop.closes_all:
                stop.lots = position.lots
        self.show(account, position)

    def _protect(
        self, account: Account, position: Position, order: Order, lots: int, batch: Batch, now_ms: int
    ) -> None:
        protection = cast(Protection, order.protection)
        known = [child for child in order.children if child.is_waiting]
        if protection.mode == PARTIAL and order.children:
            for child in known:  # a further fill of the same order
                child.lots += lots
                self._host.tell(child, batch)
            return
        made = []
        for kind in KINDS:
            stop = protection.take_profit if kind == "TakeProfit" else protection.stop_loss
            if stop is None:
                continue
            if protection.mode == PARTIAL:
                add = self._adding(position, kind, stop, PARTIAL, lots, account.uid, now_ms, order.link_id)
                made.append(add(batch))
            elif not order.children:
                set_it = self._setting(account, position, kind, stop, now_ms, order.link_id)
                made.append(set_it(batch))
        if made:
            bind(made)
            order.children = tuple(made)

    # What a trigger and a cancellation do

    def set_off(self, account: Account, order: Order, batch: Batch, now_ms: int) -> None:
        """A stop was set off: the other one of a partial pair has nothing left to protect."""
        other = order.pair
        unbind(order)
        if other is not None and other.is_waiting and order.tpsl_mode == PARTIAL:
            self._host.end_stop(other, CLEARED, batch, now_ms)
        self.show(account, account.position(order.contract, order.position_idx))

    def show(self, account: Account, position: Position) -> None:
        """Write the whole position's stops where its rows are made of."""
        shown = {"TakeProfit": "0", "StopLoss": "0", "TrailingStop": "0"}
        for order in self.of(account, position.contract, position.position_idx):
            if order.is_waiting and order.stop_order_type in shown and order.trigger is not None:
                ticks = order.trail.distance_ticks if order.trail is not None else order.trigger.price_ticks
                shown[order.stop_order_type] = position.contract.price_text(ticks)
        position.take_profit = shown["TakeProfit"]
        position.stop_loss = shown["StopLoss"]
        position.trailing_stop = shown["TrailingStop"]


def bind(orders: list[Order]) -> None:
    """Two stops that were set together go together."""
    if len(orders) == 2:
        orders[0].pair, orders[1].pair = orders[1], orders[0]


def unbind(order: Order) -> None:
    if order.pair is not None:
        order.pair.pair = None
        order.pair = None


def trigger_of(kind: StopKind, side: Side, stop: Stop) -> Trigger:
    return Trigger(stop.price_ticks, direction_of(kind, side), stop.by)


def order_type_of(request: TradingStop, kind: StopKind) -> str | None:
    return request.tp_order_type if kind == "TakeProfit" else request.sl_order_type


def partial_lots(request: TradingStop, position: Position) -> int:
    """The size of a partial pair: the same on both sides, and no more than the position."""
    texts = set()
    if asks_for(request.take_profit):
        texts.add(request.tp_size)
    if asks_for(request.stop_loss):
        texts.add(request.sl_size)
    if not texts:
        return 0
    field = "tpSize" if asks_for(request.take_profit) else "slSize"
    sizes = {read(text or "") for text in texts}
    size = sizes.pop()
    lots = position.contract.lots(size) if size is not None else None
    if sizes or lots is None or not position.contract.min_lots <= lots <= position.lots:
        raise Refused(params_error(field))
    return lots


def read_trail(request: TradingStop, position: Position, prices: Prices) -> Trail:
    """The distance of a trailing stop, and the price from which on it follows."""
    contract, side = position.contract, position.side
    distance = read_ticks(request.trailing_stop, contract, "trailingStop")
    if not asks_for(request.active_price):
        return Trail(distance_ticks=distance)
    active = read_ticks(request.active_price, contract, "activePrice")
    price, last = contract.price(active), prices.last
    is_above = side == "Buy"
    if last is not None and ((price <= last) if is_above else (price >= last)):
        words = "greater" if is_above else "less"
        said = f"TrailingProfit:{scaled(contract, price)} set for {side} position should be {words} than"
        raise Refused(Refusal(10001, f"{said} last_price:{scaled(contract, last)}"))
    return Trail(distance_ticks=distance, active_ticks=active)
