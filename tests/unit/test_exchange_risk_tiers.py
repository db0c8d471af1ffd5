"""Tiers, margins and prices by Bybit's formulas, held against numbers of live messages."""

from decimal import Decimal

import pytest
from exchange_edge import START_MS, Edge
from exchange_world import World, rows
from hypothesis import given
from hypothesis import strategies as st

from synthcore.exchange.contract import contract_of
from synthcore.exchange.decimals import round8
from synthcore.exchange.endpoint import Call
from synthcore.exchange.endpoints_risk import RiskEndpoints
from synthcore.exchange.liquidation import InsuranceFund
from synthcore.exchange.margin_rules import break_even, closing_fee, initial_margin, maintenance_margin
from synthcore.exchange.market.instruments import made_up_instruments
from synthcore.exchange.risk_tiers import RiskLadder, RiskTier, ladder_for
from synthcore.exchange.rows import position_row

BTC = ladder_for(Decimal(150))


@pytest.mark.parametrize(
    ("number", "deduction"), [(1, 0), (2, 510), (5, 4810), (10, 46510), (23, 2307510), (35, 242382510)]
)
def test_the_deductions_are_the_published_ones(number, deduction):
    assert BTC.tiers[number - 1].deduction == deduction


def test_there_are_as_many_tiers_as_published():
    last = BTC.tiers[-1]

    assert (len(BTC.tiers), last.limit_usdt, last.max_leverage) == (35, 1_200_000_000, 1)


@given(st.sampled_from(BTC.tiers[:-1]))
def test_the_maintenance_margin_has_no_step_between_tiers(tier):
    following = BTC.tiers[tier.number]

    assert tier.maintenance(tier.limit_usdt) == following.maintenance(tier.limit_usdt)


@pytest.mark.parametrize(
    ("leverage", "first_limit", "first_rate"),
    [("100", 2_000_000, "0.005"), ("75", 3_800_000, "0.0067"), ("12.5", 85_000_000, "0.04")],
)
def test_other_contracts_begin_at_their_own_leverage(leverage, first_limit, first_rate):
    ladder = ladder_for(Decimal(leverage))

    first = ladder.tiers[0]
    assert (first.max_leverage, first.limit_usdt) == (Decimal(leverage), first_limit)
    assert (first.maintenance_rate, first.deduction) == (Decimal(first_rate), 0)


def test_a_live_positions_margins_come_out_to_the_last_decimal():
    # BTCPERP, 0.001 at 66473.5, mark 66472.02, leverage 10, taker rate 0.001, maintenance rate 0.004
    one_tier = RiskLadder(
        [RiskTier(1, Decimal(100_000), Decimal("0.004"), Decimal("0.008"), Decimal(125), Decimal(0))]
    )
    entry_value, mark_value = Decimal("66.4735"), Decimal("66.47202")

    fee = closing_fee("Buy", entry_value, Decimal(10), Decimal("0.001"))

    assert initial_margin(mark_value, Decimal(10), fee) == Decimal("6.70702815")
    assert maintenance_margin(mark_value, one_tier, fee) == Decimal("0.32571423")


def test_a_live_break_even_price_comes_out_to_the_last_decimal():
    price = break_even(Decimal("66473.5"), Decimal("0.001"), Decimal("-0.0664735"), Decimal("0.001"))

    assert price == Decimal("66606.58008008")


def test_a_short_breaks_even_below_its_entry():
    price = break_even(Decimal(60000), Decimal(-1), Decimal(-33), Decimal("0.00055"))

    fee_of_closing = price * Decimal("0.00055")
    assert abs(60000 - price - 33 - fee_of_closing) < Decimal("0.0001")


def test_a_position_of_the_second_tier_is_margined_with_its_deduction():
    world = World(deposit="1000000")
    world.book(bids=[("59999.9", "20")], asks=[("60000", "20")])

    _, events = world.place("Buy", "10")  # 600,000 at the mark

    row = rows(events, "position")[0]
    fee = Decimal(600_000) * Decimal("0.9") * Decimal("0.00055")
    assert (row.risk_id, row.risk_limit_value) == (2, "2000000")
    assert Decimal(row.position_mm) == 600_000 * Decimal("0.005") - 510 + fee
    assert Decimal(row.position_im) == 60_000 + fee


@pytest.mark.parametrize("side", ["Buy", "Sell"])
@pytest.mark.parametrize("qty", ["2", "10", "150"])
def test_at_the_liquidation_price_the_margin_rate_is_one(side, qty):
    value = Decimal(qty) * 60000
    world = World(deposit=str(value / 8))
    world.book(bids=[("60000", "200")], asks=[("60000.1", "200")])
    _, events = world.place(side, qty)
    price = rows(events, "position")[0].liq_price

    margin = world.account.margin(lambda symbol: Decimal(price))

    assert abs(margin.position_mm - margin.equity) < Decimal("0.00001")


def test_a_position_that_nothing_can_liquidate_has_no_price():
    world = World(deposit="100000000")

    _, events = world.place("Buy", "0.001")

    assert rows(events, "position")[0].liq_price == ""


# Limits


def test_an_order_beyond_the_tier_of_its_leverage_is_refused():
    world = World(deposit="100000000")
    world.set_leverage("100")  # up to 2,000,000

    refused = world.refused("Buy", "34", "60000")

    assert refused.code == 110090
    assert "adjust your leverage to 90 or below" in refused.message


def test_position_and_open_orders_count_together():
    world = World(deposit="100000000")
    world.set_leverage("100")
    world.order("Buy", "2")
    world.order("Buy", "30", "59000")

    beyond = world.refused("Buy", "2", "59000")
    other_side = world.order("Sell", "34", "61000")  # 2 of it close

    assert beyond.code == 110090
    assert other_side.status == "New"


def test_growing_an_order_beyond_the_tier_is_refused():
    world = World(deposit="100000000")
    world.set_leverage("100")
    order = world.order("Buy", "30", "60000")

    refused, _ = world.amend(order, qty="34")

    assert refused.code == 110090
    assert order.lots == 30_000


def test_a_leverage_that_the_size_does_not_allow_is_refused():
    world = World(deposit="100000000")
    order = world.order("Buy", "40", "60000")  # 2,400,000: the third tier

    too_high = world.set_leverage("90.01")
    fits = world.set_leverage("90")
    world.cancel(order)

    assert too_high.code == 110013
    assert fits is None
    assert world.set_leverage("150") is None


def test_closing_is_never_beyond_a_tier():
    world = World(deposit="100000000")
    world.book(bids=[("60000", "100")], asks=[("60000.1", "100")])
    world.order("Buy", "40")
    world.account.set_leverage("BTCUSDT", Decimal(100))  # as if the tiers had been lowered

    order = world.order("Sell", "40", reduce_only=True)

    assert order.status == "Filled"


def test_every_exposure_is_let_go_with_its_orders():
    world = World(deposit="100000000")
    world.order("Buy", "1")
    world.order("Buy", "2", "59000")

    world.cancel_all()
    world.order("Sell", "1", reduce_only=True)

    assert world.account.claims.largest_exposures("BTCUSDT") == {}


# Over REST


def test_risk_limits_are_listed_as_live(monkeypatch):
    reply = Edge(monkeypatch).get("/v5/market/risk-limit", category="linear", symbol="BTCUSDT")

    first, second = reply["result"]["list"][:2]
    assert first == {
        "id": 1,
        "symbol": "BTCUSDT",
        "riskLimitValue": "300000",
        "maintenanceMargin": "0.0033",
        "initialMargin": "0.0066",
        "isLowestRisk": 1,
        "maxLeverage": "150.00",
        "mmDeduction": "",
    }
    assert (second["mmDeduction"], second["isLowestRisk"]) == ("510", 0)
    assert reply["result"]["nextPageCursor"] == ""


def test_risk_limits_come_fifteen_symbols_a_page():
    contracts = {str(raw["symbol"]): contract_of(raw) for raw in made_up_instruments(17)}
    endpoint = RiskEndpoints(contracts, InsuranceFund())

    def page(**params):
        return endpoint.risk_limit(Call({"category": "linear", **params}, b"", None, START_MS))

    first = page()
    second = page(cursor=first["nextPageCursor"])

    symbols = [{row["symbol"] for row in one["list"]} for one in (first, second)]
    assert [len(one) for one in symbols] == [15, 2]
    assert not symbols[0] & symbols[1]
    assert second["nextPageCursor"] == ""


def test_unknown_symbols_have_no_risk_limits(monkeypatch):
    edge = Edge(monkeypatch)

    assert edge.get("/v5/market/risk-limit", category="linear", symbol="NOUSDT")["retCode"] == 10001
    assert edge.get("/v5/market/risk-limit", category="inverse")["result"]["list"] == []


def test_an_empty_position_shows_the_lowest_tier():
    world = World()
    margin = world.account.margin(world.market.mark)

    row = position_row(world.position(), Decimal(60000), margin)

    assert (row.risk_id, row.risk_limit_value, row.liq_price) == (1, "300000", "0")
    assert round8(Decimal(row.leverage)) == 10
