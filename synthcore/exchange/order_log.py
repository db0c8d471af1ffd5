"""An account's orders and fills: what is open, what closed lately, which link ids are used up."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice, takewhile

from synthcore.exchange.orders import Order
from synthcore.exchange.recent_ids import RecentIds
from synthcore.venues.bybit.messages import ExecutionRow

# What is kept of the past, so that memory stays bounded.
KEPT_CLOSED_ORDERS = 10_000
KEPT_FILLS = 10_000
KEPT_LINK_IDS = 50_000

Numbered = tuple[int, ExecutionRow]


class OrderLog:
    """Orders by id, by link id and by state; fills in order of time."""

    def __init__(self) -> None:
        self.fills: deque[ExecutionRow] = deque(maxlen=KEPT_FILLS)
        self._fill_count = 0  # of all so far: those that fell out keep their numbers
        self._fills_by_order: dict[str, list[Numbered]] = {}
        self._fills_by_link: dict[str, list[Numbered]] = {}
        self._open: dict[str, Order] = {}
        self._closed: deque[Order] = deque()
        self._by_id: dict[str, Order] = {}
        self._by_link_id: dict[str, Order] = {}
        self._used_link_ids = RecentIds(KEPT_LINK_IDS)
        self._reducing: dict[tuple[str, int], dict[Order, None]] = {}
        self._open_count: dict[str, int] = {}  # active orders by symbol
        self._waiting: dict[str, dict[Order, None]] = {}  # conditional orders by symbol

    # Changes

    def add(self, order: Order) -> None:
        """Take a new order."""
        self._open[order.order_id] = order
        self._by_id[order.order_id] = order
        if order.link_id:
            self._by_link_id[order.link_id] = order
            self.use_up(order.link_id)
        if order.is_waiting:
            self._waiting.setdefault(order.contract.symbol, {})[order] = None
        else:
            self._activate(order)

    def set_off(self, order: Order) -> None:
        """A conditional order becomes an active one."""
        del self._waiting[order.contract.symbol][order]
        self._activate(order)

    def _activate(self, order: Order) -> None:
        self._open_count[order.contract.symbol] = self.open_count(order.contract.symbol) + 1
        if order.reduces:
            self._reducing.setdefault((order.contract.symbol, order.position_idx), {})[order] = None

    def close(self, order: Order) -> None:
        """Move an order that is final to the past."""
        del self._open[order.order_id]
        waiting = self._waiting.get(order.contract.symbol, {})
        if order in waiting:
            del waiting[order]
        else:
            self._open_count[order.contract.symbol] -= 1
            self._reducing.get((order.contract.symbol, order.position_idx), {}).pop(order, None)
        self._closed.append(order)
        if len(self._closed) > KEPT_CLOSED_ORDERS:
            self._forget(self._closed.popleft())

    def fill(self, rows: Iterable[ExecutionRow]) -> None:
        """Take new fills."""
        for row in rows:
            if len(self.fills) == KEPT_FILLS:
                self._forget_fill(self.fills[0])
            self.fills.append(row)
            self._fill_count += 1
            for known, name in self._names_of(row):
                known.setdefault(name, []).append((self._fill_count, row))

    def _forget_fill(self, oldest: ExecutionRow) -> None:
        for known, name in self._names_of(oldest):
            del known[name][0]
            if not known[name]:
                del known[name]

    def _names_of(self, row: ExecutionRow) -> Iterator[tuple[dict[str, list[Numbered]], str]]:
        """Under what a fill can be asked for."""
        if row.order_id:
            yield self._fills_by_order, row.order_id
        if row.order_link_id:
            yield self._fills_by_link, row.order_link_id

    def use_up(self, link_id: str) -> None:
        """Let a link id never be used again."""
        self._used_link_ids.add(link_id)

    def _forget(self, order: Order) -> None:
        del self._by_id[order.order_id]
        if self._by_link_id.get(order.link_id) is order:
            del self._by_link_id[order.link_id]

    # Questions

    def is_link_id_used(self, link_id: str) -> bool:
        return link_id in self._used_link_ids

    def used_link_ids(self) -> list[str]:
        """Those that are remembered, oldest first."""
        return list(self._used_link_ids)

    @property
    def closed(self) -> deque[Order]:
        """Final orders, oldest first; not to be changed."""
        return self._closed

    def newest_fills(self, order_id: str | None = None, link_id: str | None = None) -> Iterator[Numbered]:
        """Fills, newest first, each with a number that stays its own; of one order where an id is given."""
        if order_id:
            return reversed(self._fills_by_order.get(order_id, []))
        if link_id:
            return reversed(self._fills_by_link.get(link_id, []))
        return zip(range(self._fill_count, 0, -1), reversed(self.fills), strict=False)

    def find(self, order_id: str | None, link_id: str | None) -> Order | None:
        """The order of an id; `order_id` wins when both are given."""
        if order_id:
            return self._by_id.get(order_id)
        return self._by_link_id.get(link_id) if link_id else None

    def open_count(self, symbol: str) -> int:
        """Active orders: conditional ones count once they were set off."""
        return self._open_count.get(symbol, 0)

    def waiting(self, symbol: str) -> list[Order]:
        """Conditional orders that were not set off yet, oldest first."""
        return list(self._waiting.get(symbol, ()))

    def is_waited_for(self, symbol: str) -> bool:
        """Whether there are conditional orders that were not set off yet."""
        return bool(self._waiting.get(symbol))

    def has_open(self, symbol: str) -> bool:
        return bool(self._open_count.get(symbol) or self._waiting.get(symbol))

    def reducing(self, symbol: str, position_idx: int) -> list[Order]:
        """Open orders that may only shrink this position, in matching priority."""
        return sorted(self._reducing.get((symbol, position_idx), ()), key=lambda order: order.rank)

    def open_orders(self) -> Iterator[Order]:
        """Open orders, newest first."""
        return reversed(self._open.values())

    def open_before(self, created_ms: int) -> list[Order]:
        """Open orders that were made before a time, oldest first."""
        return list(takewhile(lambda order: order.created_ms < created_ms, self._open.values()))

    def closed_orders(self, limit: int | None = None) -> list[Order]:
        """The orders that became final last, newest first."""
        return newest_first(islice(reversed(self._closed), limit))


def newest_first(orders: Iterable[Order]) -> list[Order]:
    """Orders by when they were made, which is also what a page's cursor goes by."""
    return sorted(orders, key=lambda order: order.number, reverse=True)
