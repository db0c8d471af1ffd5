"""Take-profit, stop-loss and trailing stop: kept as conditional orders, gone with their position."""

import pytest
from exchange_world import SYMBOL, World, rows


def held(world, qty="0.02", side="Buy", **fields):
    world.order(side, qty, **fields)
    return world.position(fields.get("position_idx", 0))


def stops(world, account=None):
    """The waiting stops by kind."""
    found = world.exchange.log(account or world.account).waiting(SYMBOL)
    return {order.stop_order_type: order for order in found}


def shown(events):
    row = rows(events, "position")[-1]
    return row.take_profit, row.stop_loss, row.trailing_stop


# The whole position


def test_a_full_pair_is_kept_as_two_conditional_orders():
    world = World()
    held(world)

    refusal, events = world.protect(take_profit="61000", stop_loss="59000", sl_trigger_by="MarkPrice")

    assert refusal is None
    profit, loss = rows(events, "order")
    assert (profit.stop_order_type, profit.create_type) == ("TakeProfit", "CreateByTakeProfit")
    assert (loss.stop_order_type, loss.create_type) == ("StopLoss", "CreateByStopLoss")
    assert (profit.trigger_price, profit.trigger_by, profit.trigger_direction) == ("61000", "LastPrice", 1)
    assert (loss.trigger_price, loss.trigger_by, loss.trigger_direction) == ("59000", "MarkPrice", 2)
    for row in (profit, loss):
        assert (row.order_status, row.side, row.qty, row.tpsl_mode) == ("Untriggered", "Sell", "0.02", "Full")
        assert (row.reduce_only, row.close_on_trigger, row.order_type) == (True, True, "Market")
    assert shown(events) == ("61000", "59000", "0")


def test_setting_it_again_moves_the_same_orders_and_unchanged_is_34040():
    world = World()
    held(world)
    world.protect(take_profit="61000", stop_loss="59000")
    before = {kind: order.order_id for kind, order in stops(world).items()}

    same, _ = world.protect(take_profit="61000", stop_loss="59000")
    moved, events = world.protect(stop_loss="58000")

    assert (same.code, same.message) == (34040, "not modified")
    assert moved is None
    assert {kind: order.order_id for kind, order in stops(world).items()} == before
    assert shown(events) == ("61000", "58000", "0")


def test_0_removes_one_and_a_second_time_there_is_nothing_to_remove():
    world = World()
    held(world)
    world.protect(take_profit="61000", stop_loss="59000")

    _, events = world.protect(take_profit="0")
    again, _ = world.protect(take_profit="0")

    row = rows(events, "order")[0]
    assert (row.order_status, row.cancel_type) == ("Deactivated", "CancelByTpSlTsClear")
    assert shown(events) == ("0", "59000", "0")
    assert again.code == 34040


@pytest.mark.parametrize(
    ("side", "fields", "message"),
    [
        (
            "Buy",
            {"stop_loss": "60000"},
            "StopLoss:600000000 set for Buy position should lower than base_price:600000000??LastPrice",
        ),
        (
            "Buy",
            {"take_profit": "59000", "tp_trigger_by": "MarkPrice"},
            "TakeProfit:590000000 set for Buy position should be higher than base_price:600000000??MarkPrice",
        ),
        (
            "Sell",
            {"stop_loss": "59000"},
            "StopLoss:590000000 set for Sell position should greater base_price:600000000??LastPrice",
        ),
        (
            "Sell",
            {"take_profit": "61000"},
            "TakeProfit:610000000 set for Sell position should be lower than base_price:600000000??LastPrice",
        ),
        ("Buy", {"stop_loss": "x"}, "params error: stopLoss invalid"),
        ("Buy", {"stop_loss": "59000.05"}, "params error: stopLoss invalid"),
        ("Buy", {"stop_loss": "59000", "sl_trigger_by": "Moon"}, "params error: slTriggerBy invalid"),
        ("Buy", {"stop_loss": "59000", "tpsl_mode": "Half"}, "params error: tpslMode invalid"),
        (
            "Buy",
            {"stop_loss": "59000", "sl_order_type": "Limit", "sl_limit_price": "58900"},
            "params error: slOrderType invalid",
        ),
        ("Buy", {"stop_loss": "59000", "position_idx": 1}, "position idx not match position mode"),
        ("Buy", {"trailing_stop": "-1"}, "params error: trailingStop invalid"),
    ],
)
def test_a_stop_that_cannot_be_is_refused_and_changes_nothing(side, fields, message):
    world = World()
    held(world, side=side)

    refusal, events = world.protect(**fields)

    assert (refusal.code, refusal.message, events) == (10001, message, [])
    assert stops(world) == {}


def test_without_a_mode_the_whole_position_is_meant():
    world = World()
    held(world)

    refusal, _ = world.protect(tpsl_mode=None, trailing_stop="500")

    assert (refusal, list(stops(world))) == (None, ["TrailingStop"])


def test_one_bad_side_leaves_the_good_one_unset():
    world = World()
    held(world)

    world.protect(take_profit="61000", stop_loss="62000")

    assert stops(world) == {}


def test_without_a_position_there_is_nothing_to_protect():
    refusal, _ = World().protect(take_profit="61000")

    assert (refusal.code, refusal.message) == (10001, "can not set tp/sl/ts for zero position")


def test_a_stop_loss_closes_the_whole_position_and_clears_the_other():
    world = World()
    held(world)
    world.protect(take_profit="61000", stop_loss="59000")
    pair = stops(world)
    world.order("Buy", "0.01")  # the stops grow with the position

    events = world.ticker(mark="60000", last="59000")

    loss, profit = pair["StopLoss"], pair["TakeProfit"]
    assert (loss.status, loss.filled_lots, world.position().lots) == ("Filled", 30, 0)
    assert (profit.status, profit.cancel_type) == ("Deactivated", "CancelByTpSlTsClear")
    assert rows(events, "execution")[0].create_type == "CreateByStopLoss"
    assert rows(events, "execution")[0].stop_order_type == "StopLoss"
    assert shown(events) == ("0", "0", "0")


def test_closing_the_position_by_hand_clears_its_stops():
    world = World()
    held(world)
    world.protect(take_profit="61000", stop_loss="59000", trailing_stop="500")

    _, events = world.place("Sell", "0.02", reduce_only=True)

    ended = {row.stop_order_type: row.cancel_type for row in rows(events, "order") if row.stop_order_type}
    assert ended == dict.fromkeys(["TakeProfit", "StopLoss", "TrailingStop"], "CancelByTpSlTsClear")
    assert shown(events) == ("0", "0", "0")
    assert world.ticker(mark="50000") == []


def test_turning_the_position_clears_its_stops_too():
    world = World()
    held(world)
    world.protect(take_profit="61000")

    world.order("Sell", "0.05")

    assert stops(world) == {}
    assert world.position().side == "Sell"


def test_each_leg_has_its_own_stops():
    world = World(hedge=True)
    held(world, position_idx=1)
    held(world, side="Sell", position_idx=2)
    world.protect(position_idx=1, stop_loss="59000")
    world.protect(position_idx=2, stop_loss="61000")

    world.ticker(mark="60000", last="59000")

    assert (world.position(1).lots, world.position(2).lots) == (0, 20)
    assert [(order.side, order.position_idx) for order in stops(world).values()] == [("Buy", 2)]


# Parts of the position


PARTIAL = {"tpsl_mode": "Partial", "take_profit": "61000", "stop_loss": "59000"}


def test_a_partial_pair_closes_its_part_and_goes_together():
    world = World()
    held(world)

    _, events = world.protect(**PARTIAL, tp_size="0.005", sl_size="0.005")
    pair = stops(world)
    world.ticker(mark="60000", last="61000")

    assert [row.stop_order_type for row in rows(events, "order")] == ["PartialTakeProfit", "PartialStopLoss"]
    assert rows(events, "order")[0].create_type == "CreateByPartialTakeProfit"
    assert shown(events) == ("0", "0", "0")
    assert (pair["PartialTakeProfit"].status, world.position().lots) == ("Filled", 15)
    assert pair["PartialStopLoss"].cancel_type == "CancelByTpSlTsClear"


def test_a_partial_stop_can_close_with_a_limit_order():
    world = World()
    held(world)
    types = {"tp_order_type": "Limit", "tp_limit_price": "61010", "tp_size": "0.005"}

    world.protect(tpsl_mode="Partial", take_profit="61000", **types)
    profit = stops(world)["PartialTakeProfit"]
    events = world.ticker(mark="60900", last="61000")

    assert [row.order_status for row in rows(events, "order")] == ["Triggered", "New"]
    assert (profit.contract.price_text(profit.price_ticks), profit.time_in_force) == ("61010", "GTC")


@pytest.mark.parametrize(
    "fields",
    [
        {"tp_size": "0.005", "sl_size": "0.006"},
        {"tp_size": "0.005"},
        {},
        {"tp_size": "0.03", "sl_size": "0.03"},
        {"tp_size": "0.0005", "sl_size": "0.0005"},
    ],
)
def test_the_sizes_of_a_pair_are_equal_and_within_the_position(fields):
    world = World()
    held(world)

    refusal, _ = world.protect(**PARTIAL, **fields)

    assert refusal.code == 10001
    assert stops(world) == {}


def test_the_21st_partial_pair_is_refused():
    world = World()
    held(world)
    for _ in range(20):
        world.protect(**PARTIAL, tp_size="0.001", sl_size="0.001")

    refusal, _ = world.protect(**PARTIAL, tp_size="0.001", sl_size="0.001")

    assert refusal.code == 110061
    assert len(world.exchange.log(world.account).waiting(SYMBOL)) == 40
    assert world.order("Buy", "0.01", trigger_price="62000", trigger_direction=1).status == "Untriggered"


def test_cancelling_one_of_a_pair_cancels_both_unless_one_was_changed_alone():
    world = World()
    held(world)
    world.protect(take_profit="61000", stop_loss="59000")
    world.cancel(stops(world)["TakeProfit"])
    both_gone = stops(world)
    world.protect(take_profit="61000", stop_loss="59000")
    world.protect(stop_loss="58000")

    _, events = world.cancel(stops(world)["TakeProfit"])

    assert both_gone == {}
    assert list(stops(world)) == ["StopLoss"]
    assert shown(events) == ("0", "58000", "0")


# With an order


def test_an_order_brings_its_stops_when_it_fills():
    world = World()

    order, placed = world.place(
        "Buy", "0.02", "59900", take_profit="61000", stop_loss="59000", order_link_id="parent"
    )
    before = stops(world)
    events = world.trade("Sell", "59899", "1")

    row = rows(placed, "order")[0]
    assert (row.take_profit, row.stop_loss, row.tpsl_mode) == ("61000", "59000", "Full")
    assert (row.tp_trigger_by, row.sl_trigger_by, row.stop_order_type) == ("LastPrice", "LastPrice", "")
    assert (before, order.status) == ({}, "Filled")
    children = [row for row in rows(events, "order") if row.stop_order_type]
    assert [row.stop_order_type for row in children] == ["TakeProfit", "StopLoss"]
    assert {(row.parent_order_link_id, row.order_link_id) for row in children} == {("parent", "")}
    assert shown(events) == ("61000", "59000", "0")


def test_partial_stops_grow_with_the_fills_of_their_order():
    world = World()
    order = world.order(
        "Buy", "0.02", "59900", take_profit="61000", tpsl_mode="Partial", tp_order_type="Limit",
        tp_limit_price="61010",
    )  # fmt: skip

    world.book(bids=[("59900", "1")], asks=[("59900.1", "1")])
    world.trade("Sell", "59899", "0.005")
    first = stops(world)["PartialTakeProfit"]
    lots = first.lots
    world.trade("Sell", "59899", "0.015")

    assert order.status == "Filled"
    assert (lots, first.lots, len(stops(world))) == (5, 20, 1)


def test_a_market_order_is_protected_at_once():
    world = World()

    _, events = world.place("Sell", "0.02", take_profit="59000", stop_loss="61000")

    assert shown(events) == ("59000", "61000", "0")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"price": "59000", "stop_loss": "59500"},
            "StopLoss:595000000 set for Buy position should lower than base_price:590000000??LastPrice",
        ),
        (
            {"take_profit": "59999"},
            "TakeProfit:599990000 set for Buy position should be higher than base_price:600000000??LastPrice",
        ),
        (
            {"take_profit": "61000", "tp_order_type": "Limit", "tp_limit_price": "61000"},
            "params error: tpOrderType invalid",
        ),
        ({"take_profit": "61000", "tpsl_mode": "Half"}, "params error: tpslMode invalid"),
        (
            {"take_profit": "61000", "tpsl_mode": "Partial", "tp_order_type": "Limit"},
            "params error: tpLimitPrice invalid",
        ),
    ],
)
def test_an_order_with_impossible_stops_is_refused(fields, message):
    world = World()

    refusal = world.refused("Buy", "0.01", fields.pop("price", None), **fields)

    assert (refusal.code, refusal.message) == (10001, message)


def test_a_reduce_only_order_brings_no_stops():
    world = World()
    held(world)

    assert world.refused("Sell", "0.01", reduce_only=True, stop_loss="62000").code == 10001


def test_the_stops_of_a_resting_order_can_be_amended():
    world = World()
    order = world.order("Buy", "0.02", "59900", take_profit="61000")

    _, events = world.amend(order, stop_loss="59000")
    removed, _ = world.amend(order, take_profit="0")
    unchanged, _ = world.amend(order, take_profit="0")
    world.trade("Sell", "59899", "1")

    row = rows(events, "order")[0]
    assert (row.take_profit, row.stop_loss) == ("61000", "59000")
    assert (removed, unchanged.code) == (order, 10001)
    assert list(stops(world)) == ["StopLoss"]


# Trailing stop


def test_a_trailing_stop_follows_the_best_price_and_never_back():
    world = World()
    held(world)
    _, events = world.protect(trailing_stop="500")
    trailing = stops(world)["TrailingStop"]

    levels = []
    for last in ("60000", "60400", "60100", "60500", "60001"):
        world.ticker(mark="60000", last=last)
        levels.append(trailing.contract.price_text(trailing.trigger.price_ticks))
    world.ticker(mark="60000", last="60000")

    row = rows(events, "order")[0]
    assert (row.stop_order_type, row.create_type) == ("TrailingStop", "CreateByTrailingStop")
    assert (row.trigger_price, shown(events)) == ("59500", ("0", "0", "500"))
    assert levels == ["59500", "59900", "59900", "60000", "60000"]
    assert (trailing.status, world.position().lots) == ("Filled", 0)


def test_a_trailing_stop_of_a_short_position_follows_downwards():
    world = World()
    held(world, side="Sell")
    world.protect(trailing_stop="500")
    trailing = stops(world)["TrailingStop"]

    world.ticker(mark="60000", last="59000")
    world.ticker(mark="60000", last="59499.9")
    before = trailing.status
    world.ticker(mark="60000", last="59500")

    assert (before, trailing.status, world.position().lots) == ("Untriggered", "Filled", 0)


def test_with_an_active_price_it_sleeps_until_that_is_reached():
    world = World()
    held(world)
    refused, _ = world.protect(trailing_stop="500", active_price="60000")
    world.protect(trailing_stop="500", active_price="60800")
    trailing = stops(world)["TrailingStop"]

    asleep = world.ticker(mark="60000", last="50000")
    world.ticker(mark="60000", last="60900")
    level = trailing.contract.price_text(trailing.trigger.price_ticks)
    world.ticker(mark="60000", last="60400")

    assert refused.message == (
        "TrailingProfit:600000000 set for Buy position should be greater than last_price:600000000"
    )
    assert (asleep, level, trailing.status) == ([], "60400", "Filled")


def test_a_trailing_stop_is_changed_and_removed():
    world = World()
    held(world)
    world.protect(trailing_stop="500")
    trailing = stops(world)["TrailingStop"]

    same, _ = world.protect(trailing_stop="500")
    _, changed = world.protect(trailing_stop="300")
    kept = stops(world)["TrailingStop"]
    _, removed = world.protect(trailing_stop="0")

    assert same.code == 34040
    assert (kept, shown(changed)[2], shown(removed)[2]) == (trailing, "300", "0")
    assert stops(world) == {}
