"""The wallet's log and closed P&L: one entry per change, numbers as in Bybit's own examples."""

from decimal import Decimal

import msgspec
import pytest
from exchange_edge import START_MS, Edge
from exchange_world import World

from synthcore.exchange.account import Position
from synthcore.exchange.closed_pnl import ClosedPnlLog
from synthcore.exchange.contract import contract_of
from synthcore.exchange.endpoints_ledger import closed_pnl_row, transaction_row
from synthcore.exchange.endpoints_trade import DAY_MS
from synthcore.exchange.ledger import KEPT_ENTRIES, Ledger
from synthcore.exchange.market.instruments import instruments_for
from synthcore.venues.bybit.messages import ExecutionRow


@pytest.fixture
def edge(monkeypatch):
    return Edge(monkeypatch)


def execution(kind="Trade", **fields):
    return ExecutionRow(
        symbol="XRPUSDT", exec_id="x", order_id="o", side="Buy", exec_type=kind, exec_price="0.3615", **fields
    )


def test_entries_reproduce_the_documented_ones():
    ledger = Ledger()
    ledger.transfer(Decimal("5086.58101322"), START_MS)

    fee = Decimal("0.0190872")
    trade = execution(exec_qty="88", fee_rate="0.0006", seq=7)
    ledger.fill(trade, START_MS, pnl=Decimal(0), fee=fee, held=Decimal(100))
    settled = execution("Funding", exec_qty="100", fee_rate="0.0001", seq=7)
    ledger.fund(settled, START_MS, received=Decimal("-0.003676"), held=Decimal(100))

    _, first, second = (transaction_row("592324", entry) for entry in ledger.entries)
    assert (first.type, first.change, first.fee, first.cash_flow, first.funding) == (
        "TRADE",
        "-0.0190872",
        "0.01908720",
        "0",
        "",
    )
    assert (first.cash_balance, first.size, first.qty) == ("5086.56192602", "100", "88")
    assert (second.type, second.change, second.fee, second.funding) == (
        "SETTLEMENT",
        "-0.003676",
        "0.00000000",
        "-0.003676",
    )
    assert (second.cash_balance, second.id) == ("5086.55825002", "592324_XRPUSDT_7")


def test_the_funding_rate_of_a_short_has_its_sides_sign():
    ledger = Ledger()
    settled = msgspec.structs.replace(execution("Funding", exec_qty="1", fee_rate="0.0001"), side="Sell")

    ledger.fund(settled, START_MS, received=Decimal("0.003676"), held=Decimal(-1))

    assert transaction_row("1", ledger.entries[-1]).fee_rate == "-0.0001"


def test_a_closing_reproduces_the_documented_one():
    contract = contract_of(instruments_for(["ETHUSDT"])[0])
    position = Position(contract=contract, position_idx=0, leverage=Decimal(3))
    rate = Decimal("0.0006")
    entry, leaving = Decimal("3584.9255"), Decimal("3541.795")

    position.apply("Buy", 300, entry, entry * rate, START_MS)
    closing = position.apply("Sell", 300, leaving, leaving * rate, START_MS)

    world = World(symbols=("ETHUSDT",), mark="1180")
    world.book(bids=[("1179.9", "1")], asks=[("1180.1", "1")], symbol="ETHUSDT")
    log = ClosedPnlLog()
    log.add(world.order("Buy", "0.01", symbol="ETHUSDT"), closing, Decimal(3), "Trade", START_MS)
    row = closed_pnl_row(next(log.newest_first()))
    assert row.closed_pnl == "-47.4065323"
    assert (row.avg_entry_price, row.avg_exit_price) == ("1194.97516667", "1180.59833333")
    assert (row.cum_entry_value, row.cum_exit_value, row.closed_size) == ("3584.9255", "3541.795", "3")


def test_a_flip_is_one_entry_and_closes_only_what_was_held():
    world = World()
    world.order("Buy", "1")

    world.order("Sell", "1.5")

    *_, entry = world.account.ledger.entries
    record = next(world.account.closed_pnl.newest_first())
    assert (entry.held, record.lots, record.fill_count) == (Decimal("-0.5"), 1000, 1)


def test_fills_of_one_closing_order_are_one_record():
    world = World()
    world.order("Buy", "2")  # 1 at 60000.1, 1 at 60000.2
    world.book(bids=[("60100", "1"), ("60000", "5")], asks=[("60100.1", "1")])

    closing = world.order("Sell", "2")

    records = list(world.account.closed_pnl.newest_first())
    assert [record.fill_count for record in records] == [2]
    assert records[0].closed_pnl == closing.closed_pnl
    assert records[0].exit_value == Decimal(120100)


def test_the_log_is_bounded_and_its_balance_is_not(monkeypatch):
    ledger = Ledger()
    for _ in range(KEPT_ENTRIES + 5):
        ledger.transfer(Decimal("0.00000001"), START_MS)

    assert len(ledger.entries) == KEPT_ENTRIES
    assert ledger.balance == Decimal("0.00000001") * (KEPT_ENTRIES + 5)


# Over REST


def test_the_log_lists_the_newest_first_and_sums_to_the_wallet(edge):
    edge.place(orderType="Market", price=None)
    edge.place(orderType="Market", price=None, side="Sell")

    rows = edge.get("/v5/account/transaction-log", accountType="UNIFIED")["result"]["list"]
    wallet = edge.get("/v5/account/wallet-balance", accountType="UNIFIED")["result"]["list"][0]

    assert [row["type"] for row in rows] == ["TRADE", "TRADE", "TRANSFER_IN"]
    assert sum(Decimal(row["change"]) for row in rows) == Decimal(wallet["totalWalletBalance"])
    assert rows[0]["cashBalance"] == wallet["totalWalletBalance"]
    assert (rows[0]["size"], rows[0]["qty"], rows[0]["side"]) == ("0", "0.01", "Sell")
    assert (rows[2]["symbol"], rows[2]["category"], rows[2]["side"]) == ("", "", "None")


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"type": "TRADE"}, 3),
        ({"type": "SETTLEMENT"}, 0),
        ({"category": "linear"}, 3),
        ({"category": "inverse"}, 0),
        ({"currency": "USDT"}, 4),
        ({"currency": "BTC"}, 0),
        ({"baseCoin": "BTC"}, 3),
        ({"baseCoin": "ETH"}, 0),
        ({"startTime": START_MS + 1}, 0),
        ({"endTime": START_MS}, 4),
    ],
)
def test_the_log_is_filtered(edge, wanted, count):
    for _ in range(3):
        edge.place(orderType="Market", price=None)

    rows = edge.get("/v5/account/transaction-log", **wanted)["result"]["list"]

    assert len(rows) == count


def test_the_log_shows_a_day_unless_told_otherwise(edge):
    edge.now_ms += DAY_MS + 1

    nothing = edge.get("/v5/account/transaction-log")["result"]["list"]
    found = edge.get("/v5/account/transaction-log", startTime=START_MS)["result"]["list"]
    too_long = edge.get("/v5/account/transaction-log", startTime=START_MS, endTime=START_MS + 8 * DAY_MS)

    assert (nothing, len(found)) == ([], 1)
    assert too_long["retCode"] == 10001


def test_the_log_is_paged_without_loss(edge):
    for _ in range(5):
        edge.place(orderType="Market", price=None)
    whole = edge.get("/v5/account/transaction-log")["result"]["list"]

    pages, cursor = [], ""
    while True:
        page = edge.get("/v5/account/transaction-log", limit=2, cursor=cursor)["result"]
        pages += page["list"]
        cursor = page["nextPageCursor"]
        if not cursor:
            break

    assert pages == whole


def test_closed_pnl_has_one_row_per_closing_order(edge):
    edge.place(orderType="Market", price=None)
    first = edge.place(orderType="Market", price=None, side="Sell", qty="0.004")
    second = edge.place(orderType="Market", price=None, side="Sell", qty="0.006", reduceOnly=True)

    rows = edge.get("/v5/position/closed-pnl", category="linear", symbol="BTCUSDT")["result"]["list"]

    assert [row["orderId"] for row in rows] == [second, first]
    row = rows[1]
    # bought at 60000.1, sold at 60000
    assert (row["cumEntryValue"], row["cumExitValue"]) == ("240.0004", "240")
    assert (row["openFee"], row["closeFee"]) == ("0.13200022", "0.132")
    assert row["closedPnl"] == "-0.26440022"
    assert edge.get("/v5/position/closed-pnl", category="linear", symbol="ETHUSDT")["result"]["list"] == []
    assert edge.get("/v5/position/closed-pnl", category="inverse")["result"]["list"] == []
