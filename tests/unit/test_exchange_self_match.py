"""Self-match prevention: a taker that says so never trades with its own user's orders."""

import pytest
from exchange_world import World, rows


def two_sellers(**settings):
    """A stranger's order in front of one of ours, at one price; the market far away."""
    world = World(accounts=2, **settings)
    world.book(bids=[("59000", "1")], asks=[("61000", "1")])
    stranger = world.order("Sell", "0.01", "60000", account=world.accounts[1])
    own = world.order("Sell", "0.02", "60000")
    return world, stranger, own


def ended(order):
    return order.status, order.cancel_type, order.reject_reason


BY_SMP = ("Cancelled", "CancelBySmp", "EC_BySelfMatch")


def test_without_it_a_user_trades_with_itself():
    world, stranger, own = two_sellers()

    taker = world.order("Buy", "0.03", "60000")

    assert [order.filled_lots for order in (stranger, own, taker)] == [10, 20, 30]


def test_cancel_maker_ends_the_resting_order_and_goes_on():
    world, stranger, own = two_sellers()
    behind = world.order("Sell", "0.01", "60000", account=world.accounts[1])

    taker, events = world.place("Buy", "0.03", "60000", smp_type="CancelMaker")

    assert ended(own) == BY_SMP
    assert [order.filled_lots for order in (stranger, own, behind, taker)] == [10, 0, 10, 20]
    assert taker.status == "PartiallyFilled"
    told = {row.order_id: row for row in rows(events, "order")}
    assert told[own.order_id].smp_order_id == taker.order_id
    assert told[taker.order_id].smp_type == "CancelMaker"


def test_cancel_taker_ends_the_new_order_in_front_of_its_own():
    world, stranger, own = two_sellers()

    taker = world.order("Buy", "0.03", "60000", smp_type="CancelTaker")

    assert ended(taker) == BY_SMP
    assert (taker.smp_order_id, taker.filled_lots, stranger.status) == (own.order_id, 10, "Filled")
    assert (own.status, own.filled_lots) == ("New", 0)


def test_cancel_both_ends_both():
    world, stranger, own = two_sellers()

    taker = world.order("Buy", "0.03", "60000", smp_type="CancelBoth")

    assert ended(taker) == ended(own) == BY_SMP
    assert (taker.filled_lots, stranger.filled_lots) == (10, 10)
    assert world.account.claims.margin() == 0


def test_orders_that_would_not_meet_are_left_alone():
    world, _, own = two_sellers()

    taker = world.order("Buy", "0.01", "60000", smp_type="CancelBoth")

    assert (taker.status, own.status) == ("Filled", "New")


def test_what_the_market_shows_in_front_is_taken_first():
    world = World()
    own = world.order("Sell", "0.5", "60000.1")  # behind 1 BTC of the market

    taker = world.order("Buy", "1.2", "60000.2", smp_type="CancelMaker")

    assert ended(own) == BY_SMP
    assert taker.status == "Filled"
    prices = {fill.exec_price: fill.exec_qty for fill in world.fills()}
    assert prices == {"60000.1": "1", "60000.2": "0.2"}


def test_what_the_market_shows_behind_is_out_of_reach_for_a_taker_that_ends():
    world = World()
    world.book(bids=[("59000", "1")], asks=[("61000", "1")])
    own = world.order("Sell", "0.01", "60000")
    world.book(bids=[("59000", "1")], asks=[("60000", "1"), ("61000", "1")])

    taker = world.order("Buy", "0.5", "60000", smp_type="CancelTaker")

    assert ended(taker) == BY_SMP
    assert (taker.filled_lots, own.status) == (0, "New")


def test_only_the_takers_setting_counts_and_resting_spends_it():
    world = World(accounts=2)
    world.book(bids=[("59000", "1")], asks=[("61000", "1")])
    resting = world.order("Buy", "0.01", "60000", smp_type="CancelBoth")

    taker = world.order("Sell", "0.01", "60000")

    assert (resting.status, taker.status) == ("Filled", "Filled")


@pytest.mark.parametrize(("smp_type", "status"), [("CancelMaker", "Filled"), ("CancelTaker", "Cancelled")])
def test_fill_or_kill_does_not_count_its_own_users_orders(smp_type, status):
    world, _, own = two_sellers()
    world.order("Sell", "0.02", "60000.1", account=world.accounts[1])

    more_than_others_have = world.order("Buy", "0.04", "60001", time_in_force="FOK", smp_type=smp_type)
    order = world.order("Buy", "0.03", "60001", time_in_force="FOK", smp_type=smp_type)

    assert (more_than_others_have.status, more_than_others_have.filled_lots) == ("Cancelled", 0)
    assert (order.status, order.filled_lots) == (status, 30 if status == "Filled" else 0)
    assert own.filled_lots == 0


def test_an_unknown_kind_is_refused():
    assert (
        World().refused("Buy", "0.01", "59000", smp_type="Maybe").message == "params error: smpType invalid"
    )
