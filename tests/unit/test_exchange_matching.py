"""Matching: price, then time, against other accounts and against the market's displayed levels."""

from decimal import Decimal

from exchange_world import World, rows, topics


def prices_and_sizes(fills):
    return [(fill.exec_price, fill.exec_qty) for fill in fills]


# Takers


def test_a_market_order_walks_the_displayed_levels():
    world = World()

    order = world.order("Buy", "2")

    assert order.status == "Filled"
    assert prices_and_sizes(world.fills()) == [("60000.1", "1"), ("60000.2", "1")]


def test_what_was_taken_of_a_level_is_gone_until_the_market_updates_it():
    world = World()
    world.order("Buy", "0.4")

    world.order("Buy", "1")

    assert prices_and_sizes(world.fills())[1:] == [("60000.1", "0.6"), ("60000.2", "0.4")]


def test_a_level_that_the_market_shows_in_another_size_is_whole_again():
    world = World()
    world.order("Buy", "1")

    world.book(bids=[("59999.9", "1")], asks=[("60000.1", "3"), ("60000.2", "2")])
    world.order("Buy", "1")

    assert prices_and_sizes(world.fills())[1:] == [("60000.1", "1")]


def test_a_level_that_the_market_repeats_unchanged_stays_taken():
    world = World()
    world.order("Buy", "1")

    world.book(bids=[("59999.9", "1")], asks=[("60000.1", "1"), ("60000.2", "2")])
    world.order("Buy", "1")

    assert prices_and_sizes(world.fills())[1:] == [("60000.2", "1")]


def test_a_level_that_left_and_came_back_is_whole_again():
    world = World()
    world.order("Buy", "1")

    world.book(bids=[("59999.9", "1")], asks=[("60000.2", "2")])
    world.book(bids=[("59999.9", "1")], asks=[("60000.1", "1"), ("60000.2", "2")])
    world.order("Buy", "1")

    assert prices_and_sizes(world.fills())[1:] == [("60000.1", "1")]


def test_a_limit_order_takes_up_to_its_price_and_rests_with_what_is_left():
    world = World()

    order = world.order("Buy", "1.5", "60000.1")

    assert (order.status, order.filled_lots, order.leaves_lots) == ("PartiallyFilled", 1000, 500)


def test_a_market_order_shows_ioc_and_its_bound_as_price():
    world = World()

    order, events = world.place("Buy", "0.01")

    row = rows(events, "order")[0]
    assert (row.time_in_force, row.order_type, row.price) == ("IOC", "Market", "60600")
    assert order.contract.price(order.price_ticks) == Decimal("60000") * Decimal("1.01")


def test_a_market_order_beyond_the_visible_book_is_cancelled_with_what_it_got():
    world = World()

    _, events = world.place("Buy", "5")

    row = rows(events, "order")[0]
    assert (row.order_status, row.cum_exec_qty, row.leaves_qty) == ("Cancelled", "3", "0")
    assert row.reject_reason == "EC_NoImmediateQtyToFill"


def test_an_ioc_order_that_meets_nothing_is_cancelled():
    world = World()

    _, events = world.place("Buy", "1", "59000", time_in_force="IOC")

    row = rows(events, "order")[0]
    assert (row.order_status, row.reject_reason) == ("Cancelled", "EC_NoImmediateQtyToFill")
    assert world.fills() == []


def test_a_fok_order_fills_whole_or_not_at_all():
    world = World()

    _, refused = world.place("Buy", "1.5", "60000.1", time_in_force="FOK")
    filled = world.order("Buy", "1.5", "60000.2", time_in_force="FOK")

    assert rows(refused, "order")[0].reject_reason == "EC_CancelForNoFullFill"
    assert filled.status == "Filled"
    assert sum(Decimal(fill.exec_qty) for fill in world.fills()) == Decimal("1.5")


def test_a_post_only_order_that_would_take_is_cancelled():
    world = World()

    _, events = world.place("Buy", "1", "60000.1", time_in_force="PostOnly")

    row = rows(events, "order")[0]
    assert (row.order_status, row.cancel_type) == ("Cancelled", "UNKNOWN")
    assert (row.reject_reason, row.leaves_qty) == ("EC_PostOnlyWillTakeLiquidity", "0")


def test_a_post_only_order_that_would_rest_rests():
    world = World()

    order = world.order("Buy", "1", "60000", time_in_force="PostOnly")

    assert order.status == "New"


# Two accounts


def test_a_better_price_is_served_first_then_the_earlier_order():
    world = World(accounts=2)
    maker, taker = world.accounts
    first = world.order("Buy", "1", "60000.0", account=maker)
    second = world.order("Buy", "1", "60000.0", account=maker)
    world.book(bids=[("59999.9", "1")], asks=[("60000.2", "2")])
    late_but_better = world.order("Buy", "1", "60000.1", account=maker)

    world.order("Sell", "1", account=taker)
    after_one = [order.status for order in (late_but_better, first, second)]
    world.order("Sell", "1.5", account=taker)

    assert after_one == ["Filled", "New", "New"]
    assert [order.status for order in (first, second)] == ["Filled", "PartiallyFilled"]


def test_both_sides_of_a_trade_get_their_messages_and_their_fee():
    world = World(accounts=2)
    maker, taker = world.accounts
    world.order("Buy", "1", "60000", account=maker)

    _, events = world.place("Sell", "1", "60000", account=taker)

    assert topics(events, "100") == topics(events, "101") == ["execution", "order", "position", "wallet"]
    made, took = rows(events, "execution", "100")[0], rows(events, "execution", "101")[0]
    assert (made.is_maker, made.exec_fee, made.fee_rate) == (True, "12", "0.0002")
    assert (took.is_maker, took.exec_fee, took.fee_rate) == (False, "33", "0.00055")


def test_an_order_that_improves_the_market_is_taken_before_the_market():
    world = World(accounts=2)
    maker, taker = world.accounts
    order = world.order("Sell", "0.5", "60000", account=maker)

    world.order("Buy", "1", account=taker)

    assert order.status == "Filled"
    assert prices_and_sizes(world.fills(taker)) == [("60000", "0.5"), ("60000.1", "0.5")]


def test_the_market_that_stood_at_a_price_first_is_served_before_the_newcomer():
    world = World(accounts=2)
    maker, taker = world.accounts
    order = world.order("Sell", "1", "60000.1", account=maker)

    world.order("Buy", "1", account=taker)

    assert order.status == "New"
    assert order.ahead_lots == 0


# The market comes to a resting order


def test_a_print_at_the_price_eats_the_queue_in_front_first():
    world = World()
    order = world.order("Buy", "0.5", "59999.9")  # 1 stands in front

    world.trade("Sell", "59999.9", "0.7")
    before = order.status
    world.trade("Sell", "59999.9", "0.5")

    assert before == "New"
    assert (order.status, order.filled_lots) == ("PartiallyFilled", 200)


def test_a_print_through_the_price_fills_at_our_price_and_not_more_than_it_had():
    world = World()
    order = world.order("Buy", "0.5", "59999.9")

    events = world.trade("Sell", "59999.8", "0.3")

    assert prices_and_sizes(world.fills()) == [("59999.9", "0.3")]
    assert order.status == "PartiallyFilled"
    assert rows(events, "execution")[0].is_maker is True


def test_a_print_on_the_other_side_concerns_nobody():
    world = World()
    order = world.order("Buy", "0.5", "59999.9")

    events = world.trade("Buy", "59999.9", "5")

    assert (events, order.status) == ([], "New")


def test_one_print_is_shared_out_once():
    world = World(accounts=2)
    first = world.order("Buy", "0.5", "60000", account=world.accounts[0])
    second = world.order("Buy", "0.5", "60000", account=world.accounts[1])

    world.trade("Sell", "60000", "0.6")

    assert (first.filled_lots, second.filled_lots) == (500, 100)


def test_what_the_market_withdraws_in_front_shortens_the_queue():
    world = World()
    order = world.order("Buy", "0.5", "59999.9")  # 1 stands in front

    world.book(bids=[("59999.9", "0.2")], asks=[("60000.1", "1")])
    world.trade("Sell", "59999.9", "0.4")

    assert order.filled_lots == 200


def test_what_joins_the_level_later_stands_behind_us():
    world = World()
    order = world.order("Buy", "0.5", "59999.9")  # 1 stands in front

    world.book(bids=[("59999.9", "9")], asks=[("60000.1", "1")])
    world.trade("Sell", "59999.9", "1.1")

    assert order.filled_lots == 100


def test_the_market_crossing_our_price_fills_us_as_maker_at_our_price():
    world = World()
    order = world.order("Buy", "0.5", "59999.9")

    events = world.book(bids=[("59999.7", "1")], asks=[("59999.8", "0.2"), ("59999.9", "5")])

    assert order.status == "Filled"
    assert prices_and_sizes(world.fills()) == [("59999.9", "0.5")]
    assert rows(events, "execution")[0].fee_rate == "0.0002"


def test_a_crossing_level_fills_only_what_it_shows_and_only_once():
    world = World()
    order = world.order("Buy", "0.5", "59999.9")
    crossed = {"bids": [("59999.7", "1")], "asks": [("59999.8", "0.2"), ("60000", "5")]}

    world.book(**crossed)
    world.book(**crossed)

    assert order.filled_lots == 200


def test_an_order_beyond_the_visible_book_learns_its_queue_when_the_level_shows():
    world = World()
    order = world.order("Buy", "0.5", "59990")
    before = order.ahead_lots

    world.book(bids=[("59990", "3"), ("59989", "1")], asks=[("60000.1", "1")])
    world.trade("Sell", "59990", "3.1")

    assert before is None
    assert order.filled_lots == 100
