"""A resting order's place: how much of the market stands in front of it, and what moves it on."""

import pytest
from exchange_world import World

PRICE = "59999.9"  # the market's best bid, of size 1
BIDS = [(PRICE, "1"), ("59999.8", "2")]
ASKS = [("60000.1", "1"), ("60000.2", "2")]


def print_of(qty, price=PRICE, side="Sell"):
    return lambda world: world.trade(side, price, qty)


def shows(*bids):
    return lambda world: world.book(bids=list(bids), asks=ASKS)


def taker(qty, side="Sell"):
    return lambda world: world.order(side, qty, account=world.accounts[1])


def rests(qty, price=PRICE):
    return lambda world: world.order("Buy", qty, price, account=world.accounts[1])


def cancels(world):
    world.cancel_all(account=world.accounts[1])


@pytest.mark.parametrize(
    ("acts", "ahead", "filled"),
    [
        pytest.param([], 1000, 0, id="it joins behind the whole level"),
        pytest.param([print_of("0.3")], 700, 0, id="a print eats in front of it"),
        pytest.param([print_of("1")], 0, 0, id="a print of just the front leaves it next in turn"),
        pytest.param([print_of("1.2")], 0, 200, id="a print beyond the front fills it in part"),
        pytest.param([print_of("9")], 0, 500, id="a print fills no more than it has"),
        pytest.param([print_of("0.3", "59999.8")], 0, 300, id="a print through its price passes the front"),
        pytest.param([print_of("5", side="Buy")], 1000, 0, id="a print of a buyer is no matter to a bid"),
        pytest.param([taker("0.3")], 700, 0, id="another client's taker eats in front of it"),
        pytest.param([taker("1.2")], 0, 200, id="another client's taker reaches it"),
        pytest.param([shows((PRICE, "0.2"))], 200, 0, id="a level that shrinks moves it on"),
        pytest.param([shows((PRICE, "9"))], 1000, 0, id="what joins the level stands behind it"),
        pytest.param([shows((PRICE, "0.2")), shows((PRICE, "9"))], 200, 0, id="a place won is kept"),
        pytest.param([shows(("59999.8", "2"))], 0, 0, id="a level that goes leaves it first"),
        pytest.param([rests("0.4"), cancels], 1000, 0, id="what rests behind it is no matter"),
        pytest.param([rests("0.4", "60000"), taker("0.3")], 1000, 0, id="a better price is served first"),
    ],
)
def test_the_place_of_an_order(acts, ahead, filled):
    world = World(accounts=2)
    order = world.order("Buy", "0.5", PRICE)

    for act in acts:
        act(world)

    assert (order.ahead_lots, order.filled_lots) == (ahead, filled)


def test_it_joins_behind_what_clients_have_left_of_the_level():
    world = World(accounts=2)
    world.order("Sell", "0.4", account=world.accounts[1])

    order = world.order("Buy", "0.5", PRICE)

    assert order.ahead_lots == 600


def test_two_clients_at_one_price_are_served_in_turn():
    world = World(accounts=2)
    first = world.order("Buy", "0.5", PRICE)
    second = world.order("Buy", "0.5", PRICE, account=world.accounts[1])

    world.trade("Sell", PRICE, "1.7")

    assert (first.filled_lots, second.filled_lots) == (500, 200)


@pytest.mark.parametrize(
    ("change", "ahead"),
    [({"qty": "0.2"}, 700), ({"qty": "0.9"}, 1000), ({"price": "59999.8"}, 2000)],
    ids=["less keeps its place", "more goes to the end", "another price goes to its end"],
)
def test_an_amendment_and_the_place(change, ahead):
    world = World()
    order = world.order("Buy", "0.5", PRICE)
    world.trade("Sell", PRICE, "0.3")

    world.amend(order, **change)

    assert order.ahead_lots == ahead


def test_a_taker_takes_level_by_level_as_deep_as_they_are():
    world = World()

    order = world.order("Buy", "9", "60000.2")

    fills = [(fill.exec_price, fill.exec_qty) for fill in world.fills()]
    assert fills == [("60000.1", "1"), ("60000.2", "2")]
    assert (order.status, order.leaves_lots) == ("PartiallyFilled", 6000)
