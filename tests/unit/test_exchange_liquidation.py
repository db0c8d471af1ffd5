"""Liquidation under cross margin: when, in which order, at which price, and who hears of it."""

import json
from decimal import Decimal

import msgspec
import pytest
from exchange_edge import Edge
from exchange_world import World, rows
from hypothesis import given, settings
from hypothesis import strategies as st

DEEP = {"bids": [("59999.9", "500")], "asks": [("60000.1", "500")]}


def lost(side="Buy", **fields):
    """One BTC at leverage 10 on 7,000 USDT: gone at a mark of about 53,200 for a long, 66,700 for a short."""
    world = World(deposit="7000", **fields)
    world.order(side, "1")
    return world


def test_nothing_happens_above_the_liquidation_price():
    world = lost()
    price = Decimal(rows(world.place("Buy", "0.001", "50000")[1], "position")[0].liq_price)

    world.ticker(mark=str(price + Decimal("0.1")))

    assert world.position().lots == 1000


def test_at_the_liquidation_price_the_position_is_taken_over_at_its_bankruptcy_price():
    world = lost()
    price = rows(world.place("Buy", "0.001", "50000")[1], "position")[0].liq_price

    events = world.ticker(mark=str(Decimal(price) - Decimal("0.01")))

    # bankruptcy: (60000.1 − 6966.999945) / (1 − 0.00055) = 53062.28…, rounded for the account
    fill = rows(events, "execution")[0]
    order = rows(events, "order")[-1]
    assert (fill.exec_type, fill.exec_price, fill.exec_qty) == ("BustTrade", "53062.3", "1")
    assert (order.create_type, order.order_status) == ("CreateByTakeOver_PassThrough", "Filled")
    assert world.position().lots == 0
    assert world.account.wallet == Decimal("6966.999945") - Decimal("6937.8") - Decimal("29.184265")


def test_a_short_is_taken_over_above_its_entry():
    world = lost("Sell")

    world.ticker(mark="66800")

    # (59999.9 + 6966.99… ) / (1 + 0.00055), rounded down
    assert world.position().lots == 0
    assert world.fills()[-1].exec_price == "66930"
    assert 0 <= world.account.wallet < 1


def test_open_and_conditional_orders_go_first():
    world = lost()
    resting = world.order("Buy", "0.001", "50000")
    waiting = world.order("Sell", "0.001", "70000", trigger_price="70000", trigger_direction=1)

    events = world.ticker(mark="53000")

    assert {resting.cancel_type, waiting.cancel_type} == {"CancelAllBeforeLiq"}
    assert (resting.status, waiting.status) == ("Cancelled", "Deactivated")
    assert [event.message.topic for event in events].index("order") < len(events) - 2
    assert world.account.margin(world.market.mark).initial == 0


def test_a_large_position_shrinks_by_a_tier_before_it_is_taken_over():
    world = World(deposit="400000")
    world.book(**DEEP)
    world.order("Buy", "40")  # 2,400,000: the third tier
    price = Decimal(rows(world.place("Buy", "0.001", "50000")[1], "position")[0].liq_price)
    world.book(bids=[(str(price.quantize(Decimal("0.1"))), "500")], asks=[("60000.1", "1")])

    events = world.ticker(mark=str(price - Decimal("0.01")))

    shrunk = [row for row in rows(events, "order") if row.create_type == "CreateByLiq"]
    assert [row.order_status for row in shrunk] == ["Filled"]
    limit = 2_000_000 if price * 40 > 2_000_000 else 300_000
    assert world.position().mark_value(world.market.mark("BTCUSDT")) <= limit


def test_where_nobody_buys_the_whole_position_is_taken_over():
    world = World(deposit="400000")
    world.book(**DEEP)
    world.order("Buy", "40")
    world.book(bids=[("1", "1")], asks=[("70000", "1")])

    world.ticker(mark="50000")

    assert world.position().lots == 0
    assert world.fills()[-1].exec_type == "BustTrade"


def test_a_gap_beyond_the_bankruptcy_price_is_the_insurance_funds():
    world = lost()

    world.ticker(mark="40000")

    taken = world.exchange.liquidator.kept[-1]
    assert taken.insurance == Decimal(40000) - Decimal("53062.3")
    assert 0 <= world.account.wallet < 1


def test_the_log_calls_it_a_liquidation():
    world = lost()

    world.ticker(mark="53000")

    entry = world.account.ledger.entries[-1]
    record = next(world.account.closed_pnl.newest_first())
    assert (entry.kind, entry.balance, entry.held) == ("LIQUIDATION", world.account.wallet, 0)
    assert (record.exec_type, record.lots) == ("BustTrade", 1000)


def test_other_accounts_are_left_alone():
    world = World(deposit="7000", accounts=2)
    one, other = world.accounts
    world.order("Buy", "1", account=one)
    world.order("Buy", "0.01", account=other)

    world.ticker(mark="53000")

    assert (world.position(account=one).lots, world.position(account=other).lots) == (0, 10)


def test_funding_can_liquidate():
    world = lost()

    world.settle_funding("0.2", mark="60000")

    assert world.position().lots == 0


def test_the_public_stream_tells_it(monkeypatch):
    edge = Edge(monkeypatch, wallet_usdt=Decimal(7000), symbols=("BTCUSDT",))
    edge.place(orderType="Market", price=None, qty="1")
    told = []
    monkeypatch.setattr(edge.venue.public, "publish", lambda topic, text: told.append((topic, text)))

    data = {"symbol": "BTCUSDT", "markPrice": "53000"}
    frame = {"topic": "tickers.BTCUSDT", "type": "delta", "data": data, "cs": 2, "ts": edge.now_ms}
    edge.push("tickers.BTCUSDT", msgspec.json.encode(frame))

    taken_ms = edge.now_ms
    assert "allLiquidation.BTCUSDT" not in dict(told)  # it is told with others of the same half second
    edge.now_ms += 500
    edge.venue.push_public()

    topic, text = told[-1]
    message = json.loads(text)
    row = {"T": taken_ms, "s": "BTCUSDT", "S": "Buy", "v": "1.000", "p": "53062.30"}
    assert topic == message["topic"] == "allLiquidation.BTCUSDT"
    assert message == {"topic": topic, "type": "snapshot", "ts": edge.now_ms, "data": [row]}
    kinds = {row["type"] for row in edge.get("/v5/account/transaction-log")["result"]["list"]}
    assert "LIQUIDATION" in kinds


def test_the_fund_is_the_sum_of_what_is_kept():
    world = lost()
    world.ticker(mark="40000")
    liquidator = world.exchange.liquidator

    assert liquidator.fund.balance == liquidator.kept[-1].insurance
    liquidator.keep(liquidator.kept[-1])

    assert liquidator.fund.balance == sum(taken.insurance for taken in liquidator.kept) < 0
    assert liquidator.fund.updated_ms == liquidator.kept[-1].time_ms


def test_the_insurance_fund_takes_what_a_take_over_leaves(monkeypatch):
    edge = Edge(monkeypatch, wallet_usdt=Decimal(7000), symbols=("BTCUSDT",))
    before = edge.get("/v5/market/insurance")["result"]
    edge.place(orderType="Market", price=None, qty="1")

    data = {"symbol": "BTCUSDT", "markPrice": "53000"}
    frame = {"topic": "tickers.BTCUSDT", "type": "delta", "data": data, "cs": 2, "ts": edge.now_ms}
    edge.push("tickers.BTCUSDT", msgspec.json.encode(frame))

    pool = {"coin": "USDT", "symbols": "BTCUSDT", "balance": "-62.3", "value": "-62.3"}
    assert before["list"][0]["balance"] == "0"
    assert edge.get("/v5/market/insurance")["result"] == {"updatedTime": str(edge.now_ms), "list": [pool]}
    assert edge.get("/v5/market/insurance", coin="BTC")["result"]["list"] == []


@pytest.mark.parametrize("hedge", [False, True])
def test_the_topic_is_served(monkeypatch, hedge):
    edge = Edge(monkeypatch, position_mode="hedge" if hedge else "one-way")

    session = edge.venue.public.session("c")

    assert session.refusal("allLiquidation.BTCUSDT") is None
    assert session.refusal("allLiquidation.NOUSDT") is not None


SIZES = st.integers(1, 3000).map(lambda lots: str(Decimal("0.001") * lots))


@settings(max_examples=150, deadline=None, print_blob=True)
@given(
    st.lists(st.tuples(st.sampled_from([1, 2]), SIZES), min_size=1, max_size=6),
    st.booleans(),
    st.lists(st.integers(20_000, 120_000), min_size=1, max_size=4),
)
def test_after_every_move_of_the_mark_nobody_is_below_maintenance(sizes, hedge, marks):
    world = World(deposit="20000", hedge=hedge)
    world.book(**DEEP)
    for leg, qty in sizes:
        side = "Buy" if leg == 1 else "Sell"
        world.place(side, qty, position_idx=leg if hedge else 0)

    for mark in marks:
        world.ticker(mark=str(mark))

        margin = world.account.margin(world.market.mark)
        assert margin.position_mm == 0 or margin.equity > margin.position_mm
        assert margin.equity >= 0
        assert world.account.wallet == sum(entry.change for entry in world.account.ledger.entries)
