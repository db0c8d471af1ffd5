"""One account: wallet, positions, leverage, margin. Exact: the wallet is deposits + realised − fees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from msgspec import Struct

from synthcore.exchange.claims import Claims
from synthcore.exchange.closed_pnl import NOTHING_CLOSED, ClosedPnlLog, Closing
from synthcore.exchange.contract import Contract
from synthcore.exchange.decimals import ZERO, round8
from synthcore.exchange.ledger import Ledger
from synthcore.exchange.margin_rules import standing, standings
from synthcore.exchange.orders import Order, closes_leg
from synthcore.model import OPPOSITE, Side
from synthcore.venues.bybit.messages import ExecutionRow

DEFAULT_LEVERAGE = Decimal(10)

Marks = Callable[[str], Decimal | None]


class Position(Struct, eq=False, kw_only=True):
    """One position record, keyed by (contract, index): 0 one-way, 1 long leg, 2 short leg."""

    contract: Contract
    position_idx: int
    leverage: Decimal = DEFAULT_LEVERAGE
    side: Side | None = None  # None when empty
    lots: int = 0
    entry_value: Decimal = ZERO  # what the open lots cost, exact
    open_fee: Decimal = ZERO  # fees paid for the open lots
    realised: Decimal = ZERO  # of this holding, fees included
    realised_ever: Decimal = ZERO
    seq: int = -1
    created_ms: int = 0
    updated_ms: int = 0
    opened_ms: int = 0
    take_profit: str = "0"  # stops of the whole position, as its rows show them
    stop_loss: str = "0"
    trailing_stop: str = "0"
    is_isolated: bool = False  # it bears its losses with a margin of its own
    extra_margin: Decimal = ZERO  # isolated: what was added to it; below 0: what funding took of it
    auto_add_margin: bool = False  # isolated: the wallet adds to it before it is liquidated

    @property
    def signed_lots(self) -> int:
        return -self.lots if self.side == "Sell" else self.lots

    @property
    def qty(self) -> Decimal:
        return self.contract.qty(self.lots)

    @property
    def entry_price(self) -> Decimal:
        return round8(self.entry_value / self.qty) if self.lots else ZERO

    def apply(self, side: Side, lots: int, value: Decimal, fee: Decimal, now_ms: int) -> Closing:
        """Add one fill: close what stands against it, open with the rest.

        Returns what the fill closed and earned. Costs leave in proportion, rounded to 8 decimals; the
        last lot takes what is left, so nothing is lost to rounding.
        """
        closing = min(lots, self.lots) if self.side == OPPOSITE[side] else 0
        closing_value = value if closing == lots else round8(value * closing / lots)
        closing_fee = fee if closing == lots else round8(fee * closing / lots)
        closed = self._close(closing, closing_value, closing_fee)
        if lots > closing:
            self._open(side, lots - closing, value - closing_value, fee - closing_fee, now_ms)
        self.updated_ms = now_ms
        self.created_ms = self.created_ms or now_ms
        return closed

    def _close(self, lots: int, value: Decimal, fee: Decimal) -> Closing:
        if lots == 0:
            return NOTHING_CLOSED
        is_last = lots == self.lots
        cost = self.entry_value if is_last else round8(self.entry_value * lots / self.lots)
        open_fee = self.open_fee if is_last else round8(self.open_fee * lots / self.lots)
        extra = self.extra_margin if is_last else round8(self.extra_margin * lots / self.lots)
        pnl = value - cost if self.side == "Buy" else cost - value
        self.lots -= lots
        self.entry_value -= cost
        self.open_fee -= open_fee
        self.extra_margin -= extra
        self._realise(pnl - fee)
        if is_last:
            self.side, self.opened_ms = None, 0
        return Closing(lots, pnl, cost, value, open_fee, fee)

    def _open(self, side: Side, lots: int, value: Decimal, fee: Decimal, now_ms: int) -> None:
        if self.lots == 0:
            self.side, self.opened_ms, self.realised = side, now_ms, ZERO
        self.lots += lots
        self.entry_value += value
        self.open_fee += fee
        self._realise(-fee)

    def _realise(self, amount: Decimal) -> None:
        self.realised += amount
        self.realised_ever += amount

    def pay_funding(self, fee: Decimal, seq: int, now_ms: int) -> None:
        self._realise(-fee)
        self.seq, self.updated_ms = seq, now_ms

    # Valuation

    def mark_value(self, mark: Decimal) -> Decimal:
        return mark * self.qty

    def unrealised(self, mark: Decimal) -> Decimal:
        return standing(self, mark)[1]

    def initial_margin(self, mark: Decimal) -> Decimal:
        """By the mark under cross margin; isolated by the entry, with what was added to it."""
        return standing(self, mark)[3] if self.lots else ZERO

    def maintenance_margin(self, mark: Decimal) -> Decimal:
        return standing(self, mark)[4] if self.lots else ZERO

    def own_money(self, mark: Decimal) -> Decimal:
        """Isolated: its margin and its unrealised result, all that it can lose."""
        return self.initial_margin(mark) + self.unrealised(mark)

    def is_exhausted(self, mark: Decimal) -> bool:
        """Isolated: whether its own money is no more than its maintenance margin."""
        return self.lots > 0 and self.own_money(mark) <= self.maintenance_margin(mark)


class Margin(Struct, frozen=True, kw_only=True):
    """An account's money at one moment, in USDT."""

    wallet: Decimal
    unrealised: Decimal
    position_im: Decimal
    position_mm: Decimal
    order_im: Decimal
    is_isolated: bool

    @property
    def equity(self) -> Decimal:
        return self.wallet + self.unrealised

    @property
    def initial(self) -> Decimal:
        return self.position_im + self.order_im

    @property
    def available(self) -> Decimal:
        """What new orders can use: isolated positions neither lend gains nor borrow for losses."""
        return (self.wallet if self.is_isolated else self.equity) - self.initial


class MarginSettings(Struct, frozen=True, kw_only=True):
    """What a change of the margin mode may change."""

    is_isolated: bool
    leverage: dict[tuple[str, int], Decimal]
    extra_margin: dict[tuple[str, int], Decimal]


class AccountFacts(Struct, frozen=True):
    """What an account is beside its positions, its orders and its money's history."""

    created_ms: int
    realised_ever: Decimal
    fees_paid: Decimal
    is_isolated: bool
    margin_mode_ms: int
    reprices_limits: bool
    reprices_spot: bool
    hedge_by_default: bool
    hedge: dict[str, bool]
    leverage: dict[tuple[str, int], Decimal]
    stop_modes: dict[str, str] = {}


class Account:
    """The money and the holdings of one user, in USDT. Cross margin, or each position isolated."""

    def __init__(self, uid: str, deposit: Decimal, hedge: bool, created_ms: int) -> None:
        self.uid = uid
        self.ledger = Ledger()
        self.ledger.transfer(deposit, created_ms)
        self.closed_pnl = ClosedPnlLog()
        self.created_ms = created_ms
        self.realised_ever = ZERO  # pnl less fees
        self.fees_paid = ZERO
        self.is_isolated = False
        self.margin_mode_ms = created_ms  # when the margin mode was set
        self.reprices_limits = True  # moves a limit that is beyond the price band, else refuses it
        self.reprices_spot = False  # the same for spot, where nothing is traded
        self._hedge_by_default = hedge
        self._hedge: dict[str, bool] = {}  # symbols that were switched on their own
        self._leverage: dict[tuple[str, int], Decimal] = {}  # by symbol and position index
        self._stop_modes: dict[str, str] = {}  # `tpslMode` of symbols for which it was set
        self._positions: dict[tuple[str, int], Position] = {}
        self.claims = Claims(self._positions, self._leverage, DEFAULT_LEVERAGE)  # of the open orders
        self.position_kind = Position  # another one where changes are noted

    def facts(self) -> AccountFacts:
        return AccountFacts(
            created_ms=self.created_ms,
            realised_ever=self.realised_ever,
            fees_paid=self.fees_paid,
            is_isolated=self.is_isolated,
            margin_mode_ms=self.margin_mode_ms,
            reprices_limits=self.reprices_limits,
            reprices_spot=self.reprices_spot,
            hedge_by_default=self._hedge_by_default,
            hedge=dict(self._hedge),
            leverage=dict(self._leverage),
            stop_modes=dict(self._stop_modes),
        )

    def put_back(self, facts: AccountFacts) -> None:
        """Be as the facts say."""
        self.created_ms = facts.created_ms
        self.realised_ever, self.fees_paid = facts.realised_ever, facts.fees_paid
        self.is_isolated, self.margin_mode_ms = facts.is_isolated, facts.margin_mode_ms
        self.reprices_limits, self.reprices_spot = facts.reprices_limits, facts.reprices_spot
        self._hedge_by_default, self._hedge = facts.hedge_by_default, dict(facts.hedge)
        self._leverage.clear()
        self._leverage.update(facts.leverage)
        self._stop_modes = dict(facts.stop_modes)

    def put_back_position(self, position: Position) -> None:
        self._positions[position.contract.symbol, position.position_idx] = position

    @property
    def wallet(self) -> Decimal:
        """The balance: the ledger's sum, so that nothing changes it without an entry."""
        return self.ledger.balance

    def stop_mode(self, symbol: str) -> str:
        """The mode of stops that come without one."""
        return self._stop_modes.get(symbol, "Full")

    def set_stop_mode(self, symbol: str, mode: str) -> None:
        self._stop_modes[symbol] = mode

    # Position mode

    def is_hedged(self, symbol: str) -> bool:
        return self._hedge.get(symbol, self._hedge_by_default)

    def set_hedged(self, symbol: str, hedge: bool) -> None:
        self._hedge[symbol] = hedge
        if not hedge:
            self._even_leverage(symbol)

    def set_hedged_by_default(self, hedge: bool) -> None:
        self._hedge_by_default = hedge

    # Positions

    def position(self, contract: Contract, position_idx: int) -> Position:
        """The record of (contract, index), made on first use."""
        key = contract.symbol, position_idx
        position = self._positions.get(key)
        if position is None:
            position = self.position_kind(
                contract=contract,
                position_idx=position_idx,
                leverage=self.leverage(contract.symbol, position_idx),
                is_isolated=self.is_isolated,
            )
            self._positions[key] = position
        return position

    def legs(self, contract: Contract) -> list[Position]:
        """The records that the account's mode shows for a contract."""
        indices = (1, 2) if self.is_hedged(contract.symbol) else (0,)
        return [self.position(contract, index) for index in indices]

    def positions(self) -> Iterable[Position]:
        """Every record that was ever used."""
        return self._positions.values()

    def held(self) -> Iterator[Position]:
        """Positions with a size."""
        return (position for position in self._positions.values() if position.lots)

    def holds(self, symbol: str) -> bool:
        return any(position.contract.symbol == symbol for position in self.held())

    def settle_fill(
        self, order: Order, lots: int, value: Decimal, fee: Decimal, seq: int, now_ms: int
    ) -> Closing:
        """Add one fill of one order to its position; `book_fill` books its money."""
        position = self.position(order.contract, order.position_idx)
        position.seq = seq
        return position.apply(order.side, lots, value, fee, now_ms)

    def book_fill(
        self, order: Order, execution: ExecutionRow, closing: Closing, fee: Decimal, now_ms: int
    ) -> None:
        """Book one fill's money: wallet, fees, and what a closing order earned."""
        position = self.position(order.contract, order.position_idx)
        held = order.contract.qty(position.signed_lots)
        self.ledger.fill(execution, now_ms, pnl=closing.pnl, fee=fee, held=held)
        self.realised_ever += closing.pnl - fee
        self.fees_paid += fee
        if closing.lots:
            self.closed_pnl.add(order, closing, position.leverage, execution.exec_type, now_ms)

    def fund(self, position: Position, execution: ExecutionRow, fee: Decimal, seq: int, now_ms: int) -> None:
        """Book one position's funding; `fee` > 0 is paid."""
        held = position.contract.qty(position.signed_lots)
        position.pay_funding(fee, seq, now_ms)
        self.ledger.fund(execution, now_ms, received=-fee, held=held)
        self.realised_ever -= fee
        if self.is_isolated:  # what the free balance can't bear comes out of the position's margin
            position.extra_margin -= max(ZERO, min(fee, -self.free()))

    # Margin mode

    def set_isolated(self, is_isolated: bool, now_ms: int) -> None:
        """Give each position a margin of its own, or let all share the equity; added margin is free again."""
        self.is_isolated, self.margin_mode_ms = is_isolated, now_ms
        for position in self._positions.values():
            position.is_isolated, position.extra_margin = is_isolated, ZERO
        if not is_isolated:
            for symbol in {symbol for symbol, _ in self._leverage}:
                self._even_leverage(symbol)

    def margin_settings(self) -> MarginSettings:
        extra = {key: position.extra_margin for key, position in self._positions.items()}
        return MarginSettings(is_isolated=self.is_isolated, leverage=dict(self._leverage), extra_margin=extra)

    def restore(self, settings: MarginSettings, set_ms: int) -> None:
        """Undo a change of the margin mode."""
        self.set_isolated(settings.is_isolated, set_ms)
        for key, leverage in settings.leverage.items():
            self._set_leverage(key, leverage)
        for key, extra in settings.extra_margin.items():
            self._positions[key].extra_margin = extra

    def free(self) -> Decimal:
        """Isolated: the wallet less what positions and orders hold of it."""
        held = sum((position.initial_margin(ZERO) for position in self.held()), ZERO)
        return self.wallet - held - self.claims.margin()

    # Leverage

    def leverage(self, symbol: str, position_idx: int = 0) -> Decimal:
        """Of the buy side, but for a hedge's short leg of the sell side."""
        return self._leverage.get((symbol, position_idx), DEFAULT_LEVERAGE)

    def set_leverage(self, symbol: str, buy: Decimal, sell: Decimal | None = None) -> None:
        for position_idx, leverage in ((0, buy), (1, buy), (2, buy if sell is None else sell)):
            self._set_leverage((symbol, position_idx), leverage)

    def _set_leverage(self, key: tuple[str, int], leverage: Decimal) -> None:
        self._leverage[key] = leverage
        if key in self._positions:
            self._positions[key].leverage = leverage

    def _even_leverage(self, symbol: str) -> None:
        """One leverage for both sides, the lower one: it asks for the larger margin."""
        self.set_leverage(symbol, min(self.leverage(symbol, 1), self.leverage(symbol, 2)))

    # Money

    def margin(self, marks: Marks) -> Margin:
        """The account's money at the current marks; a position without a mark counts at its entry."""
        unrealised, position_im, position_mm = standings(self._positions, marks)
        return Margin(
            wallet=self.wallet,
            unrealised=round8(unrealised),
            position_im=position_im,
            position_mm=position_mm,
            order_im=self.claims.margin(),
            is_isolated=self.is_isolated,
        )


def closing_side(position: Position) -> Side | None:
    """The side of an order that would reduce the position; None when it is empty."""
    return OPPOSITE[position.side] if position.side is not None else None


__all__ = ["Account", "Margin", "Position", "closes_leg", "closing_side"]
