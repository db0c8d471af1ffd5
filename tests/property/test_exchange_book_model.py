"""The compiled book does what the plain one does: the same matches, queues and remembered levels."""

from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference_book import ReferenceBook

from synthcore.exchange.book import Book
from synthcore.exchange.contract import contract_of
from synthcore.exchange.market.instruments import instruments_for
from synthcore.exchange.orders import Order

CONTRACT = contract_of(instruments_for(["BTCUSDT"])[0])
MIDDLE = 600_000

SIDES = st.sampled_from(["Buy", "Sell"])
TICKS = st.integers(MIDDLE - 3, MIDDLE + 3)
LOTS = st.integers(1, 6)
UIDS = st.sampled_from(["1", "2"])
LADDERS = st.lists(st.tuples(st.integers(1, 2), LOTS), max_size=4)  # gaps from level to level, and sizes

acts = st.one_of(
    st.tuples(st.just("rest"), SIDES, TICKS, LOTS, UIDS),
    st.tuples(st.just("take"), SIDES, TICKS, LOTS, UIDS | st.none()),
    st.tuples(st.just("remove"), st.integers(0, 30)),
    st.tuples(st.just("trade"), SIDES, TICKS, LOTS),
    st.tuples(st.just("market"), st.integers(-1, 1), LADDERS, LADDERS),
)


class Twin:
    """One of the two books, with orders of its own."""

    def __init__(self, kind):
        self.book = kind(CONTRACT)
        self.orders = []
        self.bids, self.asks = [], []

    def do(self, act):
        """Carry out one act; what can be seen of it, and of the book after it."""
        kind, *of_it = act
        return getattr(self, kind)(*of_it), self.seen()

    def rest(self, side, ticks, lots, uid):
        order = order_of(len(self.orders), side, ticks, lots, uid)
        self.orders.append(order)
        self.book.rest(order, self.bids if side == "Buy" else self.asks)

    def take(self, side, ticks, lots, uid):
        against = self.asks if side == "Buy" else self.bids
        asked = (
            self.book.available_lots(side, ticks, lots, against),
            self.book.available_from_others(side, ticks, lots, against, uid or "1", stops=uid is None),
        )
        matches, own = self.book.take_from_others(side, ticks, lots, against, uid)
        return asked, self.settled(matches), own and own.number

    def remove(self, index):
        if index < len(self.orders):
            self.book.remove(self.orders[index])

    def trade(self, side, ticks, lots):
        return self.settled(self.book.on_trade(side, ticks, lots))

    def market(self, shift, bids, asks):
        self.bids, self.asks = ladder(MIDDLE + shift, -1, bids), ladder(MIDDLE + shift, 1, asks)
        return self.settled(self.book.on_book(self.bids, self.asks))

    def settled(self, matches):
        """The matches, booked as the core does."""
        told = [(match.price_ticks, match.lots, match.maker and match.maker.number) for match in matches]
        for match in matches:
            if match.maker is not None:
                match.maker.fill(match.lots, Decimal(0), Decimal(0), 0)
                if not match.maker.is_open:
                    self.book.remove(match.maker)
        return told

    def seen(self):
        queues = [
            (order.number, order.ahead_lots, order.filled_lots, self.book.holds(order))
            for order in self.orders
        ]
        return queues, self.book.is_idle, self.book.has_resting


def ladder(middle, sign, rungs):
    levels, ticks = [], middle
    for gap, lots in rungs:
        ticks += sign * gap
        levels.append((CONTRACT.price(ticks), CONTRACT.qty(lots)))
    return levels


def order_of(number, side, ticks, lots, uid):
    return Order(
        uid=uid,
        contract=CONTRACT,
        number=number,
        order_id=str(number),
        link_id="",
        side=side,
        order_type="Limit",
        time_in_force="GTC",
        price_ticks=ticks,
        lots=lots,
        position_idx=0,
        reduce_only=False,
        close_on_trigger=False,
        created_ms=0,
        updated_ms=0,
    )


OFFERED = ("market", 0, [], [(1, 3)])
OFFERED_MORE = ("market", 0, [], [(1, 5)])
BEHIND_IT = ("rest", "Sell", MIDDLE + 1, 2, "1")


@example([OFFERED, BEHIND_IT, OFFERED_MORE, ("take", "Buy", MIDDLE + 1, 6, "1")])  # own, with market behind
@example([OFFERED, BEHIND_IT, ("trade", "Buy", MIDDLE + 2, 2)])  # a print through the level
@settings(max_examples=200, deadline=None)
@given(st.lists(acts, min_size=1, max_size=40))
def test_compiled_and_plain_book_agree(script):
    compiled, plain = Twin(Book), Twin(ReferenceBook)

    for act in script:
        assert compiled.do(act) == plain.do(act), act
        for side in ("Buy", "Sell"):
            assert compiled.book.taken(side) == plain.book._taken[side]
