"""What the exchange itself counts of each trade's orders: nothing here is told by the trading side."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from decimal import Decimal

from msgspec import Struct, field

from synthcore.exchange.batch import Event
from synthcore.exchange.venue import Venue
from synthcore.execution.shares import OURS
from synthcore.model import FINAL_STATUSES
from synthcore.venues.bybit.messages import ExecutionMessage, ExecutionRow, OrderMessage, OrderRow

ZERO = Decimal(0)
REMEMBERED = 4096  # trades, for what comes long after their end
FUNDING = "Funding"

Pair = list[Decimal]  # long, short


class Order(Struct):
    """One order of ours as the exchange has it."""

    order_id: str
    is_final: bool = False


class Counted(Struct):
    """One trade's orders and fills."""

    symbol: str
    orders: dict[str, Order] = field(default_factory=dict)  # by link id
    opened: Pair = field(default_factory=lambda: [ZERO, ZERO])
    closed: Pair = field(default_factory=lambda: [ZERO, ZERO])
    is_over: bool = False  # its end was told, and nothing may happen any more

    @property
    def has_open_orders(self) -> bool:
        return not all(order.is_final for order in self.orders.values())


class ExchangeCount:
    """Reads every exchange's private events at their source, before anything can happen to them.

    Parameters
    ----------
    on_violation
        Told of what must never happen at an exchange.
    on_sizes
        Told what the account holds of a symbol, long and short, whenever that may have changed.
    """

    def __init__(
        self, on_violation: Callable[[str], None], on_sizes: Callable[[str, Decimal, Decimal], None]
    ) -> None:
        self._on_violation = on_violation
        self._on_sizes = on_sizes
        self._trades: OrderedDict[str, Counted] = OrderedDict()
        self._venue: Venue | None = None
        self.taken_over: dict[str, Pair] = {}  # by liquidations, by symbol, ever

    def watch(self, venue: Venue) -> None:
        """From now on this is the exchange."""
        self._venue = venue
        venue.outbox.tell(self._look, lambda: self._venue is venue)
        for symbol in self.symbols:
            self._on_sizes(symbol, *self.positions(symbol))

    def of(self, trade: str) -> Counted | None:
        return self._trades.get(trade)

    def positions(self, symbol: str) -> tuple[Decimal, Decimal]:
        """What the account holds on both sides of a symbol."""
        assert self._venue is not None
        core = self._venue.core
        (account,) = core.accounts.values()
        contract = core.contracts[symbol]
        long, short = (account.position(contract, index).qty for index in (1, 2))
        return long, short

    def open_orders(self) -> list[str]:
        """Link ids of what is open on the account."""
        assert self._venue is not None
        core = self._venue.core
        (account,) = core.accounts.values()
        return [order.link_id for order in core.log(account).open_orders()]

    @property
    def symbols(self) -> Iterable[str]:
        assert self._venue is not None
        return self._venue.core.contracts

    # What happens at the exchange

    def _look(self, events: list[Event]) -> None:
        for event in events:
            message = event.message
            if isinstance(message, OrderMessage):
                for order in message.data:
                    self._on_order(order)
            elif isinstance(message, ExecutionMessage):
                for fill in message.data:
                    self._on_fill(fill)
                    self._on_sizes(fill.symbol, *self.positions(fill.symbol))

    def _on_order(self, row: OrderRow) -> None:
        named = OURS.fullmatch(row.order_link_id)
        if named is None:
            return
        trade = self._trade(row.order_link_id, row.symbol)
        known = trade.orders.get(row.order_link_id)
        if known is None:
            self._on_accepted(trade, row, named["leg"], is_close=named["kind"] == "x")
            known = trade.orders[row.order_link_id] = Order(row.order_id)
        elif known.order_id != row.order_id:
            self._on_violation(f"{row.order_link_id} was accepted twice, as two orders")
        known.is_final = row.order_status in FINAL_STATUSES

    def _on_accepted(self, trade: Counted, row: OrderRow, leg: str, *, is_close: bool) -> None:
        link_id = row.order_link_id
        if trade.is_over:
            self._on_violation(f"{link_id} was accepted after the trade's end")
        if is_close and not row.reduce_only:
            self._on_violation(f"{link_id} is a close and not reduce-only")
        if not is_close and any(
            not order.is_final for other, order in trade.orders.items() if f"-{leg}-e" in other
        ):
            self._on_violation(f"{link_id} was accepted while an entry of the same leg was open")

    def _on_fill(self, row: ExecutionRow) -> None:
        named = OURS.fullmatch(row.order_link_id)
        if named is None:
            if row.exec_type != FUNDING:
                self._on_take_over(row)
            return
        trade = self._trade(row.order_link_id, row.symbol)
        leg, qty = "LS".index(named["leg"]), Decimal(row.exec_qty)
        if trade.is_over:
            self._on_violation(f"{row.order_link_id} filled after the trade's end")
        if named["kind"] == "e":
            trade.opened[leg] += qty
        else:
            trade.closed[leg] += qty
            if Decimal(row.closed_size or 0) != qty:
                self._on_violation(f"{row.order_link_id} is a close and opened {row.exec_qty}")

    def _on_take_over(self, row: ExecutionRow) -> None:
        taken = self.taken_over.setdefault(row.symbol, [ZERO, ZERO])
        taken[0 if row.side == "Sell" else 1] += Decimal(row.exec_qty)  # the long leg is sold

    def _trade(self, link_id: str, symbol: str) -> Counted:
        key = link_id.rsplit("-", 2)[0]
        trade = self._trades.get(key)
        if trade is None:
            trade = self._trades[key] = Counted(symbol)
            if len(self._trades) > REMEMBERED:
                self._trades.popitem(last=False)
        return trade
