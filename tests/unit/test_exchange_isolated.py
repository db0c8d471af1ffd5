"""Isolated margin: what each position holds, what is free, and who is taken over alone."""

from decimal import Decimal

import pytest
from exchange_edge import Edge
from exchange_world import World, rows
from hypothesis import given, settings
from hypothesis import strategies as st

CROSS, ISOLATED = "REGULAR_MARGIN", "ISOLATED_MARGIN"
DEEP = {"bids": [("59999.9", "500")], "asks": [("60000.1", "500")]}
ENTRY = Decimal("60000.1")
CLOSING_FEE = ENTRY * Decimal("0.9") * Decimal("0.00055")
INITIAL = ENTRY / 10 + CLOSING_FEE  # of one BTC at leverage 10


def isolated(**fields):
    world = World(**fields)
    for account in world.accounts:
        world.set_margin_mode(ISOLATED, account)
    return world


def long_one(**fields):
    """One BTC bought at 60000.1 with leverage 10."""
    world = isolated(**fields)
    world.order("Buy", "1")
    return world


def free(world):
    return world.account.margin(world.market.mark).available


def codes(outcome):
    return outcome[0].code


# Mode


def test_the_mode_can_be_set_once_each_way():
    world = World()

    assert world.set_margin_mode(ISOLATED)[0] is None
    assert codes(world.set_margin_mode(ISOLATED)) == 110026
    assert world.set_margin_mode(CROSS)[0] is None
    assert codes(world.set_margin_mode(CROSS)) == 110026


def test_an_open_position_gets_a_margin_of_its_own_by_its_entry():
    world = World()
    world.order("Buy", "1")
    world.ticker(mark="61000")

    _, events = world.set_margin_mode(ISOLATED)

    row, wallet = rows(events, "position")[0], rows(events, "wallet")[0]
    assert Decimal(row.position_im) == Decimal(row.position_balance) == round(INITIAL, 8)
    assert row.trade_mode == 0
    assert wallet.total_available_balance == wallet.account_mm_rate == wallet.account_im_rate == ""
    assert wallet.total_margin_balance == wallet.total_initial_margin == wallet.account_ltv == ""
    assert wallet.coin[0].total_position_im == row.position_im


def test_gains_and_losses_do_not_change_what_is_free():
    world = long_one()
    before = free(world)

    world.ticker(mark="65000")
    gained = free(world)
    world.ticker(mark="56000")

    assert before == gained == free(world) == world.account.wallet - INITIAL


def test_the_mode_is_refused_where_the_wallet_does_not_cover_all_margins():
    world = World(deposit="8000")
    world.order("Buy", "1")
    world.ticker(mark="70000")
    world.book(bids=[("69999.9", "1")], asks=[("70000.1", "1")])
    world.order("Buy", "0.5")  # out of the gain

    refusal, events = world.set_margin_mode(ISOLATED)

    assert (refusal.code, events) == (110006, [])
    assert not world.account.is_isolated
    assert rows(world.place("Buy", "0.001", "50000")[1], "position")[0].position_balance == "0"


def test_the_mode_is_refused_where_a_position_would_go_at_once():
    world = World()
    world.order("Buy", "1")
    world.ticker(mark="54000")

    assert codes(world.set_margin_mode(ISOLATED)) == 110011
    assert world.position().lots == 1000


def test_cross_margin_is_refused_where_losses_leave_too_little():
    world = long_one(deposit="7000")
    world.ticker(mark="54500")

    assert codes(world.set_margin_mode(CROSS)) == 110006
    assert world.account.is_isolated


def test_a_refused_change_leaves_added_margin_and_leverage_as_they_were():
    world = long_one(deposit="7000")
    world.add_margin("500")
    world.ticker(mark="54500")

    assert codes(world.set_margin_mode(CROSS)) == 110006
    assert world.position().extra_margin == 500


def test_under_cross_margin_added_margin_is_everybodys_again():
    world = long_one()
    world.add_margin("500")

    world.set_margin_mode(CROSS)

    assert world.position().extra_margin == 0
    assert world.account.margin(world.market.mark).position_im == Decimal("6029.70004950")


# Margin by hand


def test_added_margin_moves_the_liquidation_price_away():
    world = long_one()
    before = rows(world.place("Buy", "0.001", "50000")[1], "position")[0]

    position, events = world.add_margin("1000")

    after = rows(events, "position")[0]
    rate = Decimal("0.0033")
    assert Decimal(before.liq_price) == round(ENTRY * Decimal("0.9") / (1 - rate), 8)
    assert Decimal(after.liq_price) == round((ENTRY * Decimal("0.9") - 1000) / (1 - rate), 8)
    assert Decimal(after.position_im) == round(INITIAL + 1000, 8)
    assert [event.message.topic for event in events] == ["position", "wallet"]
    assert position.extra_margin == 1000


def test_the_reference_formula_gives_the_same_liquidation_price():
    """Long: entry − (IM − MM)/size − extra/size, where MM is that of the price itself."""
    world = long_one()
    row = rows(world.add_margin("250")[1], "position")[0]

    price = Decimal(row.liq_price)
    maintenance = price * Decimal("0.0033") + CLOSING_FEE
    assert abs(ENTRY - (INITIAL - maintenance) - 250 - price) < Decimal("0.0000001")


def test_adding_margin_changes_no_wallet_and_writes_no_entry():
    world = long_one()
    wallet, entries = world.account.wallet, len(world.account.ledger.entries)
    before = free(world)

    world.add_margin("123.4567")

    assert (world.account.wallet, len(world.account.ledger.entries)) == (wallet, entries)
    assert free(world) == before - Decimal("123.4567")


@pytest.mark.parametrize(
    ("amount", "code"),
    [("0", 110027), ("x", 10001), ("", 10001), ("1.00001", 10001), ("1e2", 10001), ("100000", 110014)],
)
def test_what_cannot_be_added_is_refused(amount, code):
    assert codes(long_one().add_margin(amount)) == code


def test_margin_is_for_open_isolated_positions():
    cross, empty = World(), isolated()
    cross.order("Buy", "1")

    assert codes(cross.add_margin("1")) == 110015
    assert codes(empty.add_margin("1")) == 110033
    assert codes(empty.add_margin("1", idx=1)) == 10001
    assert codes(isolated(hedge=True).add_margin("1")) == 10001


def test_only_what_was_added_can_be_taken_back():
    world = long_one()
    world.add_margin("100")

    assert codes(world.add_margin("-100.0001")) == 110078
    world.add_margin("-100")

    assert world.position().extra_margin == 0


def test_margin_that_holds_a_position_stays():
    world = long_one()
    world.add_margin("1000")
    world.ticker(mark="53500")

    assert codes(world.add_margin("-900")) == 110011


def test_a_partial_close_gives_back_its_part_of_added_margin():
    world = long_one()
    world.add_margin("1000")

    world.order("Sell", "0.25", reduce_only=True)

    assert world.position().extra_margin == 750
    world.order("Sell", "0.75", reduce_only=True)
    assert world.position().extra_margin == 0


# Orders


def test_an_order_needs_free_money_and_not_a_gain():
    world = long_one(deposit="9000")
    world.ticker(mark="70000")

    refusal = world.refused("Buy", "0.5", "60000")

    assert refusal.code == 110007
    assert world.order("Buy", "0.4", "60000").status == "New"


def test_open_orders_hold_margin_apart_from_positions():
    world = isolated()
    world.order("Buy", "1", "59000")

    margin = world.account.margin(world.market.mark)
    assert margin.order_im == Decimal("5900") + 2 * Decimal("59000") * Decimal("0.00055")
    assert margin.available == world.deposit - margin.order_im


# Leverage


def test_the_sides_of_a_hedge_can_have_leverages_of_their_own():
    world = isolated(hedge=True)

    assert world.set_leverage("5", sell="20") is None
    assert world.set_leverage("5", sell="20").code == 110043
    world.order("Buy", "1", position_idx=1)
    world.order("Sell", "1", position_idx=2)

    long, short = (world.position(idx) for idx in (1, 2))
    assert (long.leverage, short.leverage) == (5, 20)
    assert long.initial_margin(Decimal(60000)) > 3 * short.initial_margin(Decimal(60000))


@pytest.mark.parametrize(("hedge", "mode"), [(False, ISOLATED), (True, CROSS), (False, CROSS)])
def test_elsewhere_both_leverages_must_be_equal(hedge, mode):
    world = isolated(hedge=hedge)
    if mode == CROSS:
        world.set_margin_mode(CROSS)

    assert world.set_leverage("5", sell="20").code == 10001


def test_leverages_are_listed_without_a_position(monkeypatch):
    edge = Edge(monkeypatch, symbols=("BTCUSDT", "ETHUSDT"))
    edge.post("/v5/position/switch-mode", {"category": "linear", "symbol": "ETHUSDT", "mode": 3})
    edge.post("/v5/account/set-margin-mode", {"setMarginMode": ISOLATED})
    leverage = {"category": "linear", "symbol": "ETHUSDT", "buyLeverage": "5", "sellLeverage": "7.5"}
    assert edge.post("/v5/position/set-leverage", leverage)["retCode"] == 0

    rows = edge.get("/v5/position/symbol-info", category="linear")["result"]["list"]

    seen = [(row["symbol"], row["positionIdx"], row["leverage"]) for row in rows]
    assert seen == [("BTCUSDT", 0, "10"), ("ETHUSDT", 1, "5"), ("ETHUSDT", 2, "7.5")]
    one = edge.get("/v5/position/symbol-info", category="linear", symbol="BTCUSDT")["result"]["list"]
    assert one == rows[:1]
    assert edge.get("/v5/position/symbol-info", category="linear", symbol="NOUSDT")["retCode"] == 10001


def test_cross_margin_evens_the_leverages_out():
    world = isolated(hedge=True)
    world.set_leverage("20", sell="5")

    world.set_margin_mode(CROSS)

    assert world.account.leverage("BTCUSDT", 1) == world.account.leverage("BTCUSDT", 2) == 5


def test_a_higher_leverage_that_would_liquidate_is_refused():
    world = long_one()
    world.ticker(mark="57000")

    assert world.set_leverage("50").code == 110011
    assert world.position().leverage == 10


# Liquidation


def test_at_its_liquidation_price_a_position_is_taken_over_at_its_bankruptcy_price():
    world = long_one()
    wallet = world.account.wallet

    world.ticker(mark="54178.89")
    assert world.position().lots == 1000
    events = world.ticker(mark="54178.88")

    fill = rows(events, "execution")[0]  # 60000.1 · 0.9, rounded for the account
    assert (fill.exec_type, fill.exec_price) == ("BustTrade", "54000.1")
    assert 0 <= world.account.wallet - (wallet - INITIAL) < Decimal("0.1")


def test_a_short_is_taken_over_above_its_entry():
    world = isolated()
    world.order("Sell", "1")  # at 59999.9

    world.ticker(mark="67000")

    assert world.fills()[-1].exec_price == "65999.8"


def test_added_margin_is_lost_with_its_position():
    world = long_one()
    wallet = world.account.wallet
    world.add_margin("1000")

    world.ticker(mark="54000")
    assert world.position().lots == 1000
    world.ticker(mark="50000")

    assert 0 <= world.account.wallet - (wallet - INITIAL - 1000) < Decimal("0.1")


def test_the_other_leg_and_other_symbols_are_left_alone():
    world = isolated(hedge=True, symbols=("BTCUSDT", "ETHUSDT"))
    world.ticker("ETHUSDT", mark="3000")
    world.book(bids=[("2999.99", "100")], asks=[("3000.01", "100")], symbol="ETHUSDT")
    world.order("Buy", "1", position_idx=1)
    world.order("Sell", "1", position_idx=2)
    world.order("Buy", "1", symbol="ETHUSDT", position_idx=1)
    resting = world.order("Sell", "0.01", "64000", position_idx=2)
    goes = world.order("Buy", "0.01", "59500", position_idx=1)
    stop = world.order("Sell", "0.5", trigger_price="58000", trigger_direction=2, position_idx=1)
    stop_of_other = world.order("Buy", "0.5", trigger_price="70000", trigger_direction=1, position_idx=2)

    world.ticker(mark="54000", last="60000", index="60000")

    assert [world.position(idx).lots for idx in (1, 2)] == [0, 1000]
    assert world.position(1, symbol="ETHUSDT").lots == 100
    assert (resting.status, stop_of_other.status) == ("New", "Untriggered")
    assert {goes.cancel_type, stop.cancel_type} == {"CancelAllBeforeLiq"}


def test_a_gap_costs_no_more_than_the_positions_margin():
    world = long_one()
    wallet = world.account.wallet

    world.ticker(mark="20000")

    taken = world.exchange.liquidator.kept[-1]
    assert world.account.wallet >= wallet - INITIAL
    assert taken.insurance == Decimal(20000) - Decimal("54000.1")


# Margin by itself


def test_margin_is_added_by_itself_before_a_position_goes():
    world = long_one()
    assert world.set_auto_add(1) is None
    before = free(world)

    events = world.ticker(mark="54100")

    row = rows(events, "position")[0]
    assert (row.size, row.auto_add_margin) == ("1", 1)
    assert world.position().extra_margin == round(INITIAL, 8)
    assert free(world) == before - round(INITIAL, 8)


def test_what_is_free_is_the_end_of_it():
    world = long_one(deposit="7000")
    world.set_auto_add(1)
    left = free(world)

    world.ticker(mark="54100")
    assert (world.position().extra_margin, free(world)) == (left, 0)
    world.ticker(mark="53000")

    assert world.position().lots == 0
    assert 0 <= world.account.wallet < 1


def test_nothing_is_added_beyond_leverage_one():
    world = long_one()
    world.set_auto_add(1)

    world.ticker(mark="1")

    assert world.position().lots == 0
    assert world.account.wallet > world.deposit - ENTRY - 100


def test_only_isolated_margin_adds_by_itself():
    world = World()

    assert world.set_auto_add(1).code == 110076
    assert isolated().set_auto_add(2).code == 10001
    assert isolated(hedge=True).set_auto_add(1).code == 10001


# Funding


def test_funding_comes_from_what_is_free():
    world = long_one()

    world.settle_funding("0.01", mark="60000")

    assert world.position().extra_margin == 0


def test_funding_that_nothing_free_can_bear_comes_out_of_the_position():
    world = long_one(deposit="6200")
    left = free(world)

    world.settle_funding("0.005", mark="60000")  # 300

    assert world.position().extra_margin == left - 300
    assert free(world) == 0


def test_funding_beyond_a_positions_margin_ends_it_and_leaves_the_others_theirs():
    world = isolated(hedge=True, deposit="12500")
    world.order("Buy", "1", position_idx=1)
    world.order("Sell", "0.9", position_idx=2)

    world.settle_funding("0.5", mark="60000")

    assert [world.position(idx).lots for idx in (1, 2)] == [0, 900]
    assert 0 <= free(world) - 27000 < 1  # what the other leg received: the rest was the insurance fund's


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("order"), st.sampled_from([1, 2]), st.integers(1, 3000)),
        st.tuples(st.just("add"), st.sampled_from([1, 2]), st.integers(-2000, 4000)),
        st.tuples(st.just("auto"), st.sampled_from([1, 2]), st.integers(0, 1)),
        st.tuples(st.just("mark"), st.just(0), st.integers(20_000, 120_000)),
        st.tuples(st.just("mark"), st.just(0), st.integers(55_000, 65_000)),
        st.tuples(st.just("funding"), st.just(0), st.integers(-(10**6), 10**6)),
    ),
    min_size=2,
    max_size=12,
)


@settings(max_examples=150, deadline=None, print_blob=True)
@given(MOVES)
def test_a_liquidation_costs_its_own_margin_and_nobody_elses(moves):
    world = isolated(hedge=True, deposit="40000")
    world.book(**DEEP)

    for kind, idx, number in moves:
        before = {one: world.position(one) for one in (1, 2)}
        lots = {one: position.lots for one, position in before.items()}
        if kind == "order":
            world.place("Buy" if idx == 1 else "Sell", str(Decimal("0.001") * number), position_idx=idx)
        elif kind == "add":
            world.add_margin(str(number), idx)
        elif kind == "auto":
            world.set_auto_add(number, idx)
        elif kind == "funding":
            world.settle_funding(f"{Decimal(number) / 10**8:f}")
        else:
            spare = world.account.free()
            world.ticker(mark=str(number))
            adds = any(position.auto_add_margin for position in before.values())
            kept = min(spare, 0) if adds else spare
            assert world.account.free() >= kept, "more than its margin was lost"
            for one, position in before.items():
                assert position.lots in (0, lots[one])
                assert position.lots or position.extra_margin == 0
        mark = world.market.mark("BTCUSDT")
        if kind in ("mark", "funding"):
            assert not any(position.is_exhausted(mark) for position in world.account.held())
        assert world.account.wallet == sum(entry.change for entry in world.account.ledger.entries)
