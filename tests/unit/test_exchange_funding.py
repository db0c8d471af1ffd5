"""Funding: who pays whom, when, how it is rounded, and where it is told."""

from decimal import Decimal

import msgspec
import pytest
from exchange_edge import START_MS, Edge
from exchange_world import World, rows, topics

from synthcore.exchange.funding import funding_fee
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.source import open_source

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("mark", "rate", "fee"),
    [
        ("29476.42", "0.00076104", "0.04486547"),
        ("29474.10", "-0.00103505", "-0.06101433"),
        ("29133.60", "0.00100378", "0.05848746"),  # 0.058487450016: not half up
    ],
)
def test_fees_come_out_as_in_live_records(mark, rate, fee):
    assert funding_fee(Decimal("0.002") * Decimal(mark), Decimal(rate)) == Decimal(fee)


def test_a_long_pays_a_positive_rate_at_the_mark():
    world = World()
    world.order("Buy", "1")
    before = world.account.wallet

    events = world.settle_funding("0.0001", mark="61000")

    assert world.account.wallet == before - Decimal("6.1")
    assert topics(events) == ["execution", "position", "wallet"]
    position = rows(events, "position")[0]
    assert Decimal(position.cur_realised_pnl) == -Decimal("33.000055") - Decimal("6.1")
    assert position.cum_realised_pnl == position.cur_realised_pnl
    assert rows(events, "wallet")[0].coin[0].cum_realised_pnl == position.cum_realised_pnl


def test_the_execution_is_written_as_live_ones():
    world = World()
    world.order("Buy", "0.5")

    events = world.settle_funding("0.0001", at_ms=world.now_ms + 2)

    row = rows(events, "execution")[0]
    settled_ms = world.now_ms
    assert (row.exec_type, row.order_type, row.order_qty, row.order_price) == ("Funding", "UNKNOWN", "0", "0")
    assert (row.exec_qty, row.exec_price, row.exec_value, row.exec_fee) == ("0.5", "60000", "30000", "3")
    assert (row.fee_rate, row.side, row.exec_time) == ("0.0001", "Buy", str(settled_ms))
    assert row.order_id == f"{settled_ms // 1000}-BTCUSDT-100-Buy"
    assert world.fills()[-1] == row


def test_a_short_receives_what_a_long_pays():
    world = World(accounts=2)
    long, short = world.accounts
    world.order("Buy", "1", account=long)
    world.order("Sell", "1", account=short)
    before = long.wallet, short.wallet

    world.settle_funding("0.0001")

    assert (long.wallet - before[0], short.wallet - before[1]) == (-6, 6)


def test_both_hedge_legs_settle():
    world = World(hedge=True)
    world.order("Buy", "1", position_idx=1)
    world.order("Sell", "0.4", position_idx=2)

    events = world.settle_funding("-0.0001")

    fees = {row.side: row.exec_fee for row in rows(events, "execution")}
    assert fees == {"Buy": "-6", "Sell": "2.4"}


def test_only_the_settled_contract_and_open_positions_pay():
    world = World(symbols=("BTCUSDT", "ETHUSDT"))
    world.order("Buy", "1")
    world.order("Sell", "1")

    nothing = world.settle_funding("0.0001")
    world.order("Buy", "1")
    before = world.account.wallet
    other = world.settle_funding("0.0001", symbol="ETHUSDT", mark="3000")

    assert (nothing, other) == ([], [])
    assert world.account.wallet == before


def test_a_time_that_does_not_move_on_settles_nothing():
    world = World()
    world.order("Buy", "1")
    world.settle_funding("0.0001", at_ms=world.now_ms + HOUR_MS)
    paid = world.account.wallet

    world.ticker(mark="60000")  # without a time
    world.settle_funding("0.0001", at_ms=world.now_ms + 9 * HOUR_MS)  # the announced one, again

    assert len([row for row in world.fills() if row.exec_type == "Funding"]) == 2
    assert world.account.wallet == paid - 6


def test_a_settlement_of_another_time_bears_the_exchanges_own():
    world = World()
    world.order("Buy", "1")

    world.settle_funding("0.0001", at_ms=1_600_000_000_000)

    assert world.fills()[-1].exec_time == str(world.now_ms)
    assert world.account.ledger.entries[-1].time_ms == world.now_ms


def test_the_log_and_the_executions_have_the_settlement(monkeypatch):
    edge = Edge(monkeypatch)
    edge.place(orderType="Market", price=None)
    next_ms = int(edge.venue.market.ticker("BTCUSDT")["nextFundingTime"])
    edge.now_ms = next_ms + 40

    fields = {"symbol": "BTCUSDT", "nextFundingTime": str(next_ms + 8 * HOUR_MS), "fundingRate": "0.0002"}
    frame = {"topic": "tickers.BTCUSDT", "type": "delta", "data": fields, "cs": 2, "ts": edge.now_ms}
    edge.push("tickers.BTCUSDT", msgspec.json.encode(frame))

    entry = edge.get("/v5/account/transaction-log", type="SETTLEMENT")["result"]["list"][0]
    row = edge.get("/v5/execution/list", category="linear", execType="Funding")["result"]["list"][0]
    assert (entry["funding"], entry["fee"], entry["cashFlow"]) == ("-0.06", "0.00000000", "0")
    assert (entry["change"], entry["feeRate"]) == ("-0.06", "0.0001")
    assert (entry["size"], entry["qty"]) == ("0.01", "0.01")
    assert entry["transactionTime"] == row["execTime"] == str(next_ms)
    assert (row["execFee"], entry["tradeId"]) == ("0.06", row["execId"])


@pytest.mark.parametrize("market", ["steady", "generator"])
def test_the_interval_can_be_set(market):
    settings = ExchangeSettings(market=market, symbols=("BTCUSDT",), funding_minutes=1)
    source = open_source(settings, START_MS)

    times = set()
    for frame in source.frames():
        if frame.due_ns > 130 * 10**9:
            break
        if frame.topic.startswith("tickers"):
            times.add(msgspec.json.decode(frame.text)["data"].get("nextFundingTime"))

    assert source.instruments[0]["fundingInterval"] == 1
    assert len(times - {None}) == 3  # two settlements, and the one to come
