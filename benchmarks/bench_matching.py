"""How many operations a second does the matching core alone carry, beside order books of the ecosystem?

Counted in processor time. The same operations for each: of ten, five orders come to rest, four are cancelled
and one takes what stands against it, around 1,000 resting orders on 200 prices a side. Ours also keeps the
market's displayed levels in between (`in a market`), which none of the others knows, and works on whole
orders, where the others have a number and a size. limit-order-book is C++ behind ctypes
(`pip install limit-order-book`, else it is left out); order-matching needs polars, and was left out for it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from sortedcontainers import SortedDict

from synthcore.exchange.book import Book
from synthcore.exchange.contract import contract_of
from synthcore.exchange.market.instruments import instruments_for
from synthcore.exchange.orders import Order
from synthcore.model import Side

try:
    import limit_order_book
except ImportError:
    limit_order_book = None
OPERATIONS = 20_000
ROUNDS = 15
MIDDLE = 600_000  # ticks
PRICES = 200  # of one side
RESTING = 1000
CONTRACT = contract_of(instruments_for(["BTCUSDT"])[0])


class Operation(NamedTuple):
    kind: str  # rest, cancel or take
    number: int  # of the order
    side: Side
    price_ticks: int
    lots: int


def operations(count: int) -> list[Operation]:
    """The first fill the book; the same seed each time."""
    source = random.Random(1)
    made: list[Operation] = []
    resting: list[Operation] = []
    for number in range(count + RESTING):
        side: Side = source.choice(("Buy", "Sell"))
        sign = -1 if side == "Buy" else 1
        lots = source.randint(1, 100)
        kind = "rest" if number < RESTING else source.choice(["rest"] * 5 + ["cancel"] * 4 + ["take"])
        if kind == "rest":
            price_ticks = MIDDLE + sign * source.randint(1, PRICES)
            resting.append(Operation(kind, number, side, price_ticks, lots))
            made.append(resting[-1])
        elif kind == "cancel":
            made.append(resting.pop(source.randrange(len(resting)))._replace(kind=kind))
        else:
            made.append(Operation(kind, number, side, MIDDLE - sign * PRICES, lots))
    return made


def order(operation: Operation) -> Order:
    return Order(
        uid="1",
        contract=CONTRACT,
        number=operation.number,
        order_id=str(operation.number),
        link_id="",
        side=operation.side,
        order_type="Limit",
        time_in_force="GTC",
        price_ticks=operation.price_ticks,
        lots=operation.lots,
        position_idx=0,
        reduce_only=False,
        close_on_trigger=False,
        created_ms=0,
        updated_ms=0,
    )


class Ours:
    """Our book, and the bookkeeping that the core does for it: filled lots, and orders that end."""

    def __init__(self, levels: int) -> None:
        self._book = Book(CONTRACT)
        self._orders: dict[int, Order] = {}
        tick = CONTRACT.tick
        self._bids = [(tick * (MIDDLE - 1 - n), Decimal(1)) for n in range(levels)]
        self._asks = [(tick * (MIDDLE + 1 + n), Decimal(1)) for n in range(levels)]

    def prepare(self, made: list[Operation]) -> None:
        self._new = {operation.number: order(operation) for operation in made if operation.kind == "rest"}

    def rest(self, operation: Operation) -> None:
        order = self._orders[operation.number] = self._new[operation.number]
        self._book.rest(order, self._bids if operation.side == "Buy" else self._asks)

    def cancel(self, operation: Operation) -> None:
        order = self._orders.pop(operation.number, None)
        if order is not None:
            self._book.remove(order)

    def take(self, operation: Operation) -> None:
        background = self._asks if operation.side == "Buy" else self._bids
        matches = self._book.take(operation.side, operation.price_ticks, operation.lots, background)
        for match in matches:
            if match.maker is not None:
                match.maker.filled_lots += match.lots
                if match.maker.filled_lots == match.maker.lots:
                    self._book.remove(match.maker)
                    del self._orders[match.maker.number]


class LimitOrderBook:
    """limit-order-book: C++ by ctypes."""

    def __init__(self) -> None:
        self._book = limit_order_book.LimitOrderBook()

    def prepare(self, made: list[Operation]) -> None:
        pass

    def rest(self, operation: Operation) -> None:
        self._book.limit(
            operation.side == "Sell", operation.number + 1, operation.lots, operation.price_ticks
        )

    def cancel(self, operation: Operation) -> None:
        if self._book.has(operation.number + 1):
            self._book.cancel(operation.number + 1)

    def take(self, operation: Operation) -> None:
        self._book.market(operation.side == "Sell", operation.number + 1, operation.lots)


class OnSortedDict:
    """The common way in Python: sortedcontainers' dict of prices, a queue each; numbers only, no order."""

    def __init__(self) -> None:
        self._queues = {"Buy": SortedDict(), "Sell": SortedDict()}
        self._places: dict[int, tuple[Side, int]] = {}

    def prepare(self, made: list[Operation]) -> None:
        pass

    def rest(self, operation: Operation) -> None:
        _, number, side, price_ticks, lots = operation
        self._queues[side].setdefault(price_ticks, {})[number] = lots
        self._places[number] = side, price_ticks

    def cancel(self, operation: Operation) -> None:
        place = self._places.get(operation.number)
        if place is not None:
            self._remove(operation.number, *place)

    def take(self, operation: Operation) -> None:
        against: Side = "Sell" if operation.side == "Buy" else "Buy"
        queues, lots = self._queues[against], operation.lots
        while lots and queues:
            price_ticks, queue = queues.peekitem(0 if against == "Sell" else -1)
            number, resting = next(iter(queue.items()))
            if resting > lots:
                queue[number] = resting - lots
                return
            lots -= resting
            self._remove(number, against, price_ticks)

    def _remove(self, number: int, side: Side, price_ticks: int) -> None:
        queue = self._queues[side][price_ticks]
        del queue[number], self._places[number]
        if not queue:
            del self._queues[side][price_ticks]


Contender = Ours | LimitOrderBook | OnSortedDict


def measure(benchmark: BenchmarkFixture, make: Callable[[], Contender]) -> None:
    made = operations(OPERATIONS)

    def filled() -> tuple[tuple[list[Callable[[], None]]], dict[str, object]]:
        contender = make()
        contender.prepare(made)
        by_kind = {"rest": contender.rest, "cancel": contender.cancel, "take": contender.take}
        for operation in made[:RESTING]:
            contender.rest(operation)
        return ([(by_kind[operation.kind], operation) for operation in made[RESTING:]],), {}

    def run(acts: list[tuple[Callable[[Operation], None], Operation]]) -> None:
        for act, operation in acts:
            act(operation)

    benchmark.extra_info["items"] = OPERATIONS
    benchmark.pedantic(run, setup=filled, rounds=ROUNDS)


@pytest.mark.benchmark(timer=time.thread_time)
def test_ours(benchmark: BenchmarkFixture) -> None:
    measure(benchmark, lambda: Ours(levels=0))


@pytest.mark.benchmark(timer=time.thread_time)
def test_ours_in_a_market(benchmark: BenchmarkFixture) -> None:
    measure(benchmark, lambda: Ours(levels=50))


@pytest.mark.benchmark(timer=time.thread_time)
@pytest.mark.skipif(limit_order_book is None, reason="pip install limit-order-book")
def test_limit_order_book(benchmark: BenchmarkFixture) -> None:
    measure(benchmark, LimitOrderBook)


@pytest.mark.benchmark(timer=time.thread_time)
def test_on_sorted_dict(benchmark: BenchmarkFixture) -> None:
    measure(benchmark, OnSortedDict)
