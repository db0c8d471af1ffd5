"""What is accepted and what is refused, with which code and words; and an order's life after that."""

from decimal import Decimal

import pytest
from exchange_world import World, rows, topics

from synthcore.exchange.refusal import Refusal
from synthcore.venues.bybit.messages import CreateOrder

# Refusals


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"side": "buy"}, 10001, "params error: side invalid"),
        ({"order_type": "Stop"}, 10001, "params error: orderType invalid"),
        ({"time_in_force": "GTX"}, 10001, "params error: timeInForce invalid"),
        ({"time_in_force": "RPI"}, 110119, "RPI orders are for appointed makers"),
        ({"position_idx": 3}, 10001, "params error: positionIdx invalid"),
        ({"category": "spot"}, 10001, "Not supported symbols"),
        ({"category": "moon"}, 10001, "Illegal category"),
        ({"symbol": "NOTHINGUSDT"}, 10001, "params error: symbol invalid"),
        ({"order_link_id": "a" * 37}, 10001, "params error: orderLinkId invalid"),
        ({"order_link_id": "a b"}, 10001, "params error: orderLinkId invalid"),
        ({"qty": "x"}, 10001, "params error: qty invalid"),
        ({"qty": "NaN"}, 10001, "params error: qty invalid"),
        ({"qty": "-1"}, 10001, "params error: qty invalid"),
        ({"qty": "0.0005"}, 10001, "The number of contracts exceeds minimum limit allowed"),
        ({"qty": "0.0105"}, 10001, "Qty invalid"),
        ({"qty": "1501"}, 10001, "The number of contracts exceeds maximum limit allowed: too large"),
        ({"price": ""}, 10001, "params error: price invalid"),
        ({"price": "Infinity"}, 10001, "params error: price invalid"),
        ({"price": "59000.05"}, 110003, "price is invalid"),
        ({"price": "2000000"}, 110003, "Order price is out of permissible range"),
        ({"price": "1000", "qty": "0.004"}, 110094, "Order does not meet minimum order value 5USDT"),
        ({"position_idx": 1}, 10001, "position idx not match position mode"),
        ({"reduce_only": True}, 110017, "current position is zero, cannot fix reduce-only order qty"),
        ({"qty": "100"}, 110007, "ab not enough for new order"),
    ],
)
def test_a_refusal_has_bybits_code_and_words(fields, code, message):
    world = World()
    terms = {"side": "Buy", "qty": "0.01", "price": "59000", **fields}

    refusal = world.refused(terms.pop("side"), terms.pop("qty"), terms.pop("price"), **terms)

    assert (refusal.code, refusal.message) == (code, message)
    assert world.account.wallet == world.deposit


def test_a_market_order_has_its_own_maximum():
    world = World(deposit="100000000")

    refusal = world.refused("Buy", "151")

    assert refusal.message == "The number of contracts exceeds maximum limit allowed: too large"


def test_a_link_id_is_never_taken_twice_even_when_its_order_is_over():
    world = World()
    order = world.order("Buy", "0.01", "59000", order_link_id="once")
    open_still = world.refused("Buy", "0.01", "59000", order_link_id="once")
    world.cancel(order)

    over = world.refused("Sell", "0.02", "61000", order_link_id="once")

    assert open_still == over == Refusal(110072, "OrderLinkedID is duplicate")


def test_a_refused_order_leaves_its_link_id_free():
    world = World()
    world.refused("Buy", "0.0001", "59000", order_link_id="again")

    order = world.order("Buy", "0.01", "59000", order_link_id="again")

    assert order.status == "New"


def test_the_501st_active_order_is_refused():
    world = World(deposit="10000000")
    for _ in range(500):
        world.order("Buy", "0.001", "59000")

    assert world.refused("Buy", "0.001", "59000").code == 110020


def test_checks_come_in_bybits_order():
    world = World()

    bad_everywhere = world.refused("Buy", "0.0001", "0.05", position_idx=1, reduce_only=True)

    assert bad_everywhere.message == "The number of contracts exceeds minimum limit allowed"


def test_without_a_market_price_there_is_no_market_order():
    world = World(symbols=("BTCUSDT", "ETHUSDT"))

    assert world.refused("Buy", "1", symbol="ETHUSDT").code == 110118


# The price band


def test_a_limit_beyond_the_band_is_silently_moved_to_it():
    world = World()

    buy = world.order("Buy", "0.01", "70000", time_in_force="IOC")
    sell = world.order("Sell", "0.01", "50000", time_in_force="IOC")

    # BTCUSDT: X is 1 %, Y is 2 %, mark and index stand at 60000.
    assert buy.contract.price(buy.price_ticks) == Decimal(60600)
    assert sell.contract.price(sell.price_ticks) == Decimal(59400)


def test_the_index_widens_the_band_up_to_y():
    world = World()
    world.ticker(mark="60000", index="65000")

    order = world.order("Buy", "0.01", "70000", time_in_force="IOC")

    assert order.contract.price(order.price_ticks) == Decimal(61200)


# Life


def test_a_resting_order_is_told_as_order_position_and_wallet():
    world = World()

    order, events = world.place("Buy", "0.01", "59000", order_link_id="mine")

    assert topics(events) == ["order", "position", "wallet"]
    row = rows(events, "order")[0]
    assert (row.order_id, row.order_link_id, row.order_status) == (order.order_id, "mine", "New")
    assert (row.qty, row.leaves_qty, row.leaves_value, row.avg_price) == ("0.01", "0.01", "590", "")
    assert events[0].message.id.startswith("100_BTCUSDT_")
    assert events[1].message.id == f"100_position_{world.now_ms}"
    assert events[0].message.creation_time == world.now_ms


def test_a_cancelled_order_reports_no_leaves_and_why():
    world = World()
    order = world.order("Buy", "0.01", "59000")

    _, events = world.cancel(order)

    row = rows(events, "order")[0]
    assert (row.order_status, row.cancel_type, row.reject_reason) == (
        "Cancelled",
        "CancelByUser",
        "EC_PerCancelRequest",
    )
    assert (row.leaves_qty, row.qty) == ("0", "0.01")
    assert topics(events) == ["order", "position", "wallet"]


def test_a_cancelled_order_trades_no_more():
    world = World()
    order = world.order("Buy", "0.5", "59999.9")
    world.cancel(order)

    world.trade("Sell", "59000", "10")

    assert (order.status, order.filled_lots) == ("Cancelled", 0)


def test_what_is_over_or_unknown_or_anothers_cannot_be_cancelled():
    world = World(accounts=2)
    order = world.order("Buy", "0.01", "59000")

    by_other, _ = world.cancel(order, account=world.accounts[1])
    world.cancel(order)
    again, events = world.cancel(order)

    assert by_other == again == Refusal(110001, "order not exists or too late to cancel")
    assert events == []


def test_cancel_all_ends_the_orders_of_the_symbol_only():
    world = World(symbols=("BTCUSDT", "ETHUSDT"))
    world.ticker("ETHUSDT", mark="3000")
    mine = [world.order("Buy", "0.01", price) for price in ("59000", "59001")]
    other = world.order("Buy", "1", "2900", symbol="ETHUSDT")

    cancelled, _ = world.cancel_all()

    assert {order.order_id for order in cancelled} == {order.order_id for order in mine}
    assert other.status == "New"


def test_cancel_all_needs_to_know_what_it_means():
    world = World()

    by_nothing, _ = world.cancel_all(order_filter="Order")
    by_coin, _ = world.cancel_all(settle_coin="USDT")

    assert by_nothing.code == 10001
    assert by_coin == []


# Amend


def test_an_amend_of_the_price_goes_to_the_end_of_the_queue_and_may_trade():
    world = World()
    order = world.order("Buy", "0.5", "59000")

    _, events = world.amend(order, price="60000.1")

    assert order.status == "Filled"
    assert rows(events, "execution")[0].is_maker is False


def test_an_amend_that_only_shrinks_keeps_its_place():
    world = World(accounts=2)
    first = world.order("Buy", "0.5", "60000", account=world.accounts[0])
    second = world.order("Buy", "0.5", "60000", account=world.accounts[1])

    world.amend(first, qty="0.3")
    world.trade("Sell", "60000", "0.4")

    assert (first.status, second.filled_lots) == ("Filled", 100)


def test_an_amend_that_grows_loses_its_place():
    world = World(accounts=2)
    first = world.order("Buy", "0.5", "60000", account=world.accounts[0])
    second = world.order("Buy", "0.5", "60000", account=world.accounts[1])

    world.amend(first, qty="0.6")
    world.trade("Sell", "60000", "0.5")

    assert (first.status, second.status) == ("New", "Filled")


def test_an_amend_that_changes_nothing_or_too_much_is_refused():
    world = World()
    order = world.order("Buy", "0.5", "60000")
    world.trade("Sell", "60000", "0.2")

    unchanged, _ = world.amend(order, qty="0.5", price="60000")
    below_filled, _ = world.amend(order, qty="0.2")
    too_dear, _ = world.amend(order, qty="100")

    assert (unchanged.code, below_filled.code, too_dear.code) == (10001, 110064, 110007)
    assert (order.lots, order.status) == (500, "PartiallyFilled")


# Reduce-only


def test_a_reduce_only_order_is_cut_to_the_position():
    world = World()
    world.order("Buy", "0.5")

    order = world.order("Sell", "0.8", reduce_only=True)

    assert (order.lots, order.status) == (500, "Filled")
    assert world.position().lots == 0


def test_a_reduce_only_order_that_would_open_is_refused():
    world = World()
    world.order("Buy", "0.5")

    assert world.refused("Buy", "0.1", reduce_only=True).code == 110017


def test_resting_reduce_only_orders_shrink_with_the_position_and_go_with_it():
    world = World()
    world.order("Buy", "0.5")
    resting = world.order("Sell", "0.5", "60500", reduce_only=True)

    _, events = world.place("Sell", "0.3")
    cut = resting.lots
    _, events = world.place("Sell", "0.2")

    assert cut == 200
    row = next(row for row in rows(events, "order") if row.order_id == resting.order_id)
    assert (row.order_status, row.cancel_type) == ("Cancelled", "CancelByReduceOnly")


def test_reduce_only_orders_together_never_exceed_the_position():
    world = World()
    world.order("Buy", "0.5")
    worse = world.order("Sell", "0.4", "60500", reduce_only=True)

    better = world.order("Sell", "0.3", "60400", reduce_only=True)
    refused = world.refused("Sell", "0.1", "60500", reduce_only=True)

    assert (better.lots, worse.lots) == (300, 200)
    assert refused.code == 110017


def test_a_market_exit_goes_before_resting_exits():
    world = World()
    world.order("Buy", "0.5")
    resting = world.order("Sell", "0.5", "60500", reduce_only=True)

    exit_order = world.order("Sell", "0.5", reduce_only=True)

    assert (exit_order.status, exit_order.filled_lots) == ("Filled", 500)
    assert (resting.status, world.position().lots) == ("Cancelled", 0)


def test_an_order_that_one_move_cut_before_its_turn_fills_only_what_is_left():
    world = World()
    world.order("Buy", "0.5")
    plain = world.order("Sell", "0.3", "60400")
    closing = world.order("Sell", "0.5", "60500", reduce_only=True)

    world.book(bids=[("60600", "10")], asks=[("60700", "10")])

    assert (plain.filled_lots, closing.filled_lots, closing.lots) == (300, 200, 200)
    assert world.position().lots == 0


def test_quantity_zero_reduce_only_and_close_on_trigger_closes_everything():
    world = World()
    world.order("Buy", "0.5")

    world.order("Sell", "0", reduce_only=True, close_on_trigger=True)

    assert world.position().lots == 0
    assert world.refused("Sell", "0", reduce_only=True, close_on_trigger=True).code == 110017


def test_closing_needs_no_minimum_value():
    world = World()
    world.order("Buy", "0.001")
    world.ticker(mark="4000")
    world.book(bids=[("4000", "1")], asks=[("4001", "1")])

    order = world.order("Sell", "0.001", reduce_only=True)

    assert order.status == "Filled"


# Hedge mode


def test_hedge_mode_keeps_two_legs_and_tells_both():
    world = World(hedge=True)
    world.order("Buy", "0.2", position_idx=1)

    _, events = world.place("Sell", "0.1", position_idx=2)

    legs = rows(events, "position")
    assert [(leg.position_idx, leg.side, leg.size) for leg in legs] == [(1, "Buy", "0.2"), (2, "Sell", "0.1")]


def test_an_empty_leg_has_no_side_and_no_margins():
    world = World(hedge=True)

    _, events = world.place("Buy", "0.2", position_idx=1)

    empty = rows(events, "position")[1]
    assert (empty.side, empty.size, empty.position_im, empty.position_mm) == ("", "0", "", "")


def test_index_zero_is_refused_in_hedge_mode():
    world = World(hedge=True)

    assert world.refused("Buy", "0.2").message == "position idx not match position mode"


def test_closing_a_leg_beyond_its_size_is_refused():
    world = World(hedge=True)
    world.order("Buy", "0.2", position_idx=1)

    assert world.refused("Sell", "0.3", position_idx=1).code == 110017
    assert world.order("Sell", "0.2", position_idx=1).status == "Filled"


def test_opposite_legs_in_one_way_mode_net_to_nothing():
    world = World()
    world.order("Buy", "0.2")
    world.order("Sell", "0.2")

    assert (world.position().lots, world.position().side) == (0, None)
    assert world.refused("Buy", "0.2", reduce_only=True).code == 110017


def test_one_way_mode_flips_past_zero():
    world = World()
    world.order("Buy", "0.2")

    world.order("Sell", "0.5")

    assert (world.position().side, world.position().lots) == ("Sell", 300)


# Mode and leverage


def test_switching_the_mode_has_bybits_errors():
    world = World()
    unchanged = world.switch_mode(0)
    order = world.order("Buy", "0.01", "59000")
    with_orders = world.switch_mode(3)
    world.cancel(order)
    world.order("Buy", "0.01")
    with_position = world.switch_mode(3)
    world.order("Sell", "0.01")
    switched = world.switch_mode(3)

    assert unchanged == Refusal(110025, "Position mode is not modified")
    assert (with_orders.code, with_position.code, switched) == (110028, 110024, None)
    assert world.account.is_hedged("BTCUSDT")


def test_switching_by_coin_leaves_out_symbols_in_use():
    world = World(symbols=("BTCUSDT", "ETHUSDT"))
    world.order("Buy", "0.01", "59000")

    refused = world.switch_mode(3, coin="USDT")

    assert refused is None
    assert (world.account.is_hedged("BTCUSDT"), world.account.is_hedged("ETHUSDT")) == (False, True)


def test_switching_by_coin_to_what_is_so_already_is_no_error():
    world = World(symbols=("BTCUSDT", "ETHUSDT"))

    assert world.switch_mode(0, coin="USDT") is None
    assert world.switch_mode(3, coin="USDT") is None
    assert world.switch_mode(3, coin="USDT") is None


def test_leverage_is_checked_and_the_same_again_is_said_so():
    world = World()

    assert world.set_leverage("20") is None
    assert world.set_leverage("20") == Refusal(110043, "leverage not modified")
    assert world.set_leverage("20.00").code == 110043
    assert world.set_leverage("151").code == 110013
    assert world.set_leverage("10", sell="20").code == 10001
    assert world.set_leverage("0.5").code == 10001


def test_lower_leverage_that_the_balance_cannot_carry_is_refused():
    world = World(deposit="1000")
    world.order("Buy", "0.1")

    assert world.set_leverage("2").code == 110007
    assert world.position().leverage == 10


def test_events_that_nobody_looked_at_are_of_their_own_act_all_the_same():
    world = World()
    request = CreateOrder(
        category="linear", symbol="BTCUSDT", side="Buy", order_type="Limit", qty="0.5", price="59000"
    )

    order, unseen = world.exchange.place(world.account, request, world.tick())
    world.cancel(order)

    assert [row.order_status for row in rows(unseen, "order")] == ["New"]
    assert order.status == "Cancelled"
