"""Liquidation.

Cross margin: orders go, large positions shrink tier by tier, the rest is taken over. Isolated: a position
whose own money is spent is taken over alone, unless the wallet may add to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Protocol

from msgspec import Struct

from synthcore.exchange.account import Account, Position, closing_side
from synthcore.exchange.batch import Batch, Event
from synthcore.exchange.contract import Contract
from synthcore.exchange.decimals import ZERO, round8
from synthcore.exchange.fees import TAKER_FEE_RATE
from synthcore.exchange.market_view import MarketView
from synthcore.exchange.order_log import OrderLog
from synthcore.exchange.orders import Order
from synthcore.exchange.position_margins import add_by_itself
from synthcore.model import Side

BY_LIQUIDATION = "CreateByLiq"
BY_TAKE_OVER = "CreateByTakeOver_PassThrough"
CANCELLED_BEFORE = "CancelAllBeforeLiq"
KEPT = 1000


class Liquidation(Struct, frozen=True):
    """One position taken over."""

    contract: Contract
    side: Side  # of the position
    lots: int
    price_ticks: int  # its bankruptcy price
    time_ms: int
    insurance: Decimal  # what the insurance fund gained at the mark; negative: it paid


class InsuranceFund(Struct):
    """What take-overs left to the fund, less what it paid; it begins at 0 and has no limit."""

    balance: Decimal = ZERO  # USDT
    updated_ms: int = 0

    def take(self, gain: Decimal, now_ms: int) -> None:
        self.balance += gain
        self.updated_ms = now_ms


class Host(Protocol):
    """What liquidation needs of the exchange."""

    accounts: dict[str, Account]

    def log(self, account: Account) -> OrderLog: ...

    def begin(self, now_ms: int) -> Batch: ...

    def end_stop(self, order: Order, cancel_type: str, batch: Batch, now_ms: int) -> None: ...

    def market_bound(self, contract: Contract, side: Side) -> int: ...

    def run_at_market(self, order: Order, batch: Batch, now_ms: int) -> None: ...

    def fill_apart(self, order: Order, batch: Batch, now_ms: int) -> None: ...


class Liquidator:
    """Looks at the accounts whenever a mark has moved."""

    def __init__(self, host: Host, make: Callable[..., Order], market: MarketView) -> None:
        self.kept: deque[Liquidation] = deque(maxlen=KEPT)
        self.fund = InsuranceFund()
        self._host = host
        self._make = make
        self._market = market
        self._marks: dict[str, Decimal | None] = {}  # as they were looked at last
        self._untold: list[Liquidation] = []

    def check(self, symbol: str, now_ms: int, *, is_forced: bool) -> Iterable[Event]:
        """Liquidate whoever holds this contract and can't any more; look only where something moved."""
        mark = self._market.mark(symbol)
        if mark == self._marks.get(symbol) and not is_forced:
            return ()
        self._marks[symbol] = mark
        due = [one for one in self._host.accounts.values() if one.holds(symbol) and self._is_due(one)]
        if not due:
            return ()
        batch = self._host.begin(now_ms)
        for account in due:
            if account.is_isolated:
                self._liquidate_positions(account, batch, now_ms)
            else:
                self._liquidate(account, batch, now_ms)
        return batch

    def force(self, account: Account, now_ms: int) -> Iterable[Event]:
        """Liquidate an account that need not be due: each position where its initial margin is gone."""
        batch = self._host.begin(now_ms)
        self._cancel_all(account, batch, now_ms)
        for position in list(account.held()):
            self._take_over(account, position, batch, now_ms, position.initial_margin(self._mark(position)))
        return batch

    def looked_at(self, symbol: str) -> Decimal | None:
        """The mark at which the accounts were looked at last."""
        return self._marks.get(symbol)

    def put_back(self, symbol: str, mark: Decimal | None) -> None:
        self._marks[symbol] = mark

    def put_back_fund(self, fund: InsuranceFund) -> None:
        """Let the fund have what this one has."""
        self.fund.balance, self.fund.updated_ms = fund.balance, fund.updated_ms

    def take_untold(self) -> list[Liquidation]:
        """What was taken over since the last call."""
        untold, self._untold = self._untold, []
        return untold

    def _is_due(self, account: Account) -> bool:
        """Whether the maintenance margin rate has reached 100 %, or that of an isolated position."""
        if account.is_isolated:
            return any(self._is_exhausted(position) for position in account.held())
        margin = account.margin(self._market.mark)
        return margin.position_mm > 0 and margin.equity <= margin.position_mm

    def _is_exhausted(self, position: Position) -> bool:
        return position.is_exhausted(self._mark(position))

    def _liquidate_positions(self, account: Account, batch: Batch, now_ms: int) -> None:
        """Top up or take over each isolated position that is due; the others stay as they are."""
        for position in [one for one in account.held() if self._is_exhausted(one)]:
            add_by_itself(account, position, self._mark(position), now_ms)
            batch.moved(account, position.contract)
            if self._is_exhausted(position):
                self._cancel_orders_of(account, position, batch, now_ms)
                self._take_over(account, position, batch, now_ms)

    def _cancel_orders_of(self, account: Account, position: Position, batch: Batch, now_ms: int) -> None:
        key = position.contract, position.position_idx
        for order in list(self._host.log(account).open_orders()):
            if (order.contract, order.position_idx) == key and order.is_open:
                self._host.end_stop(order, CANCELLED_BEFORE, batch, now_ms)

    def _cancel_all(self, account: Account, batch: Batch, now_ms: int) -> None:
        for order in list(self._host.log(account).open_orders()):
            if order.is_open or order.is_waiting:  # one that was ended before it may have ended it
                self._host.end_stop(order, CANCELLED_BEFORE, batch, now_ms)

    def _liquidate(self, account: Account, batch: Batch, now_ms: int) -> None:
        self._cancel_all(account, batch, now_ms)
        while self._is_due(account):
            position = max(account.held(), key=lambda one: one.maintenance_margin(self._mark(one)))
            if not self._shrink(account, position, batch, now_ms):
                self._take_over(account, position, batch, now_ms)

    def _shrink(self, account: Account, position: Position, batch: Batch, now_ms: int) -> bool:
        """Sell what lies beyond the next lower tier at the market; False where there is none, or no buyer."""
        contract, mark, held = position.contract, self._mark(position), position.lots
        tier = contract.ladder.tier(position.mark_value(mark))
        if tier.number == 1:
            return False
        limit = contract.ladder.tiers[tier.number - 2].limit_usdt
        lots = held - int(limit / (mark * contract.step))
        side = closing_side(position)
        assert side is not None
        bound = self._host.market_bound(contract, side)
        order = self._order(account, position, side, min(lots, held), bound, BY_LIQUIDATION, now_ms)
        self._host.run_at_market(order, batch, now_ms)
        return position.lots < held

    def _take_over(
        self,
        account: Account,
        position: Position,
        batch: Batch,
        now_ms: int,
        money: Decimal | None = None,
    ) -> None:
        """The insurance fund takes a position at its bankruptcy price: where this money is gone."""
        side, held_side, lots = closing_side(position), position.side, position.lots
        assert side is not None and held_side is not None
        mark, contract = self._mark(position), position.contract
        ticks = self._bankruptcy_ticks(account, position, mark, money)
        order = self._order(account, position, side, lots, ticks, BY_TAKE_OVER, now_ms)
        gain = (mark - contract.price(ticks)) * contract.qty(position.signed_lots)
        self._host.fill_apart(order, batch, now_ms)
        taken = Liquidation(contract, held_side, lots, ticks, now_ms, round8(gain))
        self.keep(taken)
        self._untold.append(taken)

    def keep(self, taken: Liquidation) -> None:
        self.kept.append(taken)
        self.fund.take(taken.insurance, taken.time_ms)

    def bankruptcy_price(self, account: Account, position: Position) -> Decimal:
        """Where the money behind an open position is gone."""
        ticks = self._bankruptcy_ticks(account, position, self._mark(position))
        return position.contract.price(ticks)

    def _bankruptcy_ticks(
        self, account: Account, position: Position, mark: Decimal, share: Decimal | None = None
    ) -> int:
        """Where the position's share of the equity is gone, its fee included; rounded for the account."""
        contract, share = position.contract, self._share(account, position) if share is None else share
        signed_qty, sign = contract.qty(position.signed_lots), 1 if position.side == "Buy" else -1
        price = (signed_qty * mark - share) / (position.qty * (sign - TAKER_FEE_RATE))
        rounding = ROUND_CEILING if sign > 0 else ROUND_FLOOR
        ticks = int((price / contract.tick).to_integral_value(rounding))
        bears_alone = position.is_isolated or sum(1 for _ in account.held()) == 1
        money = position.initial_margin(mark) if position.is_isolated else account.wallet
        left = _left(money, position, ticks)
        if bears_alone and left < 0:  # margins are rounded, money is not
            a_tick = contract.lot_value * position.lots * (1 - TAKER_FEE_RATE)
            ticks += sign * (int(-left / a_tick) + 1)
        return max(1, ticks)

    def _share(self, account: Account, position: Position) -> Decimal:
        """A position's part of the equity: by its maintenance margin, or of what is missing by its loss.

        An isolated position has its own.
        """
        if position.is_isolated:
            return position.own_money(self._mark(position))
        margin = account.margin(self._market.mark)
        loss = _loss(position, self._mark(position))
        losses = sum((_loss(one, self._mark(one)) for one in account.held()), ZERO)
        if margin.equity < 0 and losses > 0:
            return margin.equity * loss / losses
        return margin.equity * position.maintenance_margin(self._mark(position)) / margin.position_mm

    def _order(
        self,
        account: Account,
        position: Position,
        side: Side,
        lots: int,
        price_ticks: int,
        create_type: str,
        now_ms: int,
    ) -> Order:
        return self._make(
            now_ms,
            uid=account.uid,
            contract=position.contract,
            link_id="",
            side=side,
            order_type="Market",
            time_in_force="IOC",
            price_ticks=price_ticks,
            lots=lots,
            position_idx=position.position_idx,
            reduce_only=True,
            close_on_trigger=False,
            create_type=create_type,
        )

    def _mark(self, position: Position) -> Decimal:
        return self._market.mark(position.contract.symbol) or position.entry_price


def _loss(position: Position, mark: Decimal) -> Decimal:
    return max(ZERO, -position.unrealised(mark))


def _left(money: Decimal, position: Position, ticks: int) -> Decimal:
    """What closing the position at a price leaves of the money behind it."""
    value = position.contract.value(ticks, position.lots)
    gain = value - position.entry_value
    return money + (-gain if position.side == "Sell" else gain) - round8(value * TAKER_FEE_RATE)
