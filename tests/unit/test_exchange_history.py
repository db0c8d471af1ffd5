"""The market's past over REST: candles, funding, open interest, price limits; other categories are empty."""

from itertools import pairwise

import msgspec
import pytest
from exchange_edge import START_MS, Edge

MINUTE_MS = 60_000
LINEAR = {"category": "linear", "symbol": "BTCUSDT"}
SPOT = {"category": "spot", "symbol": "BTCUSDT"}


@pytest.fixture
def edge(monkeypatch):
    return Edge(monkeypatch)


def trade(edge, price, qty):
    data = [{"T": edge.now_ms, "s": "BTCUSDT", "S": "Buy", "v": qty, "p": price, "i": "a", "seq": 1}]
    message = {"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": edge.now_ms, "data": data}
    edge.push("publicTrade.BTCUSDT", msgspec.json.encode(message))


def tick(edge, **fields):
    message = {"type": "delta", "data": {"symbol": "BTCUSDT", **fields}, "cs": 1, "ts": edge.now_ms}
    edge.push("tickers.BTCUSDT", msgspec.json.encode({"topic": "tickers.BTCUSDT", **message}))


def candles(edge, **params):
    reply = edge.get("/v5/market/kline", **{**LINEAR, "interval": "1", **params})
    assert reply["retCode"] == 0, reply
    return reply["result"]["list"]


def test_a_minutes_trades_make_its_candle(edge):
    minute_ms = START_MS // MINUTE_MS * MINUTE_MS
    for price, qty in (("60010", "0.5"), ("59990.5", "1"), ("60005", "0.1")):
        trade(edge, price, qty)

    assert candles(edge) == [
        [str(minute_ms), "60000", "60010", "59990.5", "60005", "1.6", "95996"],
    ]


def test_a_minute_without_a_trade_stands_flat_and_the_newest_comes_first(edge):
    trade(edge, "60010", "1")
    edge.now_ms += 2 * MINUTE_MS
    trade(edge, "60020", "1")

    rows = candles(edge)

    assert [row[1:6] for row in rows] == [
        ["60010", "60020", "60010", "60020", "1"],
        ["60010", "60010", "60010", "60010", "0"],
        ["60000", "60010", "60000", "60010", "1"],
    ]
    assert [int(row[0]) % MINUTE_MS for row in rows] == [0, 0, 0]


@pytest.mark.parametrize(
    ("interval", "count"), [("1", 11), ("5", 3), ("60", 2), ("D", 1), ("W", 1), ("M", 1)]
)
def test_wider_candles_hold_the_same_volume(edge, interval, count):
    edge.now_ms += 41 * MINUTE_MS  # 22:54 UTC
    edge.now_ms -= edge.now_ms % MINUTE_MS
    trade(edge, "60000", "0.25")
    first = len(candles(edge))
    for _ in range(10):
        edge.now_ms += MINUTE_MS
        trade(edge, "60000", "0.25")

    rows = candles(edge, interval=interval)

    assert sum(float(row[5]) for row in rows) == 2.75
    if interval == "1":
        assert len(rows) == first + 10
    else:
        assert all(int(new[0]) > int(old[0]) for new, old in pairwise(rows))


def test_weeks_begin_on_monday_and_months_on_the_first(edge):
    trade(edge, "60000", "1")

    assert int(candles(edge, interval="W")[0][0]) == 1_699_833_600_000  # 2023-11-13
    assert int(candles(edge, interval="M")[0][0]) == 1_698_796_800_000  # 2023-11-01


def test_a_start_alone_gives_the_oldest_from_it_on(edge):
    trade(edge, "60000", "1")
    first_ms = START_MS // MINUTE_MS * MINUTE_MS
    edge.now_ms += 5 * MINUTE_MS

    rows = candles(edge, start=first_ms + MINUTE_MS, limit=2)

    assert [int(row[0]) for row in rows] == [first_ms + 2 * MINUTE_MS, first_ms + MINUTE_MS]
    assert [int(row[0]) for row in candles(edge, limit=1)] == [first_ms + 5 * MINUTE_MS]


def test_a_settled_funding_rate_is_listed_once_the_next_one_runs(edge):
    path = "/v5/market/funding/history"
    before = edge.get(path, **LINEAR)["result"]["list"]
    settles_ms = int(edge.get("/v5/market/tickers", **LINEAR)["result"]["list"][0]["nextFundingTime"])
    edge.now_ms = settles_ms
    tick(edge, nextFundingTime=str(settles_ms + 8 * 60 * MINUTE_MS), fundingRate="0.0002")

    after = edge.get(path, **LINEAR)["result"]["list"]

    assert before == []
    row = {"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingRateTimestamp": str(settles_ms)}
    assert after == [row]
    assert edge.get(path, **LINEAR, startTime=1)["retCode"] == 10001  # as on Bybit


def test_open_interest_is_sampled_on_its_grid(edge):
    path = "/v5/market/open-interest"
    edge.now_ms += 5 * MINUTE_MS
    tick(edge, openInterest="1200", singleOpenInterest="600")

    fine = edge.get(path, **LINEAR, intervalTime="5min")["result"]
    coarse = edge.get(path, **LINEAR, intervalTime="1d")["result"]
    page = edge.get(path, **LINEAR, intervalTime="5min", limit=1)["result"]
    rest = edge.get(path, **LINEAR, intervalTime="5min", cursor=page["nextPageCursor"])["result"]

    assert [row["openInterest"] for row in fine["list"]] == ["1200", "1000"]
    assert [row["openInterest"] for row in coarse["list"]] == ["1000"]
    assert page["list"] + rest["list"] == fine["list"]
    assert edge.get(path, **LINEAR)["result"] == {}


def test_the_price_limits_are_the_band_that_orders_are_moved_into(edge):
    limits = edge.get("/v5/market/price-limit", **LINEAR)["result"]
    made = edge.place(side="Sell", price="1000")

    order = edge.get("/v5/order/realtime", **LINEAR, orderId=made)["result"]["list"][0]

    assert (limits["buyLmt"], limits["sellLmt"]) == ("60600", "59400")
    assert order["price"] == limits["sellLmt"]


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("tickers", {}),
        ("instruments-info", {}),
        ("recent-trade", SPOT),
        ("kline", {**SPOT, "interval": "60"}),
        ("funding/history", SPOT),
        ("open-interest", {**SPOT, "intervalTime": "1h"}),
    ],
)
@pytest.mark.parametrize("category", ["spot", "inverse", "option"])
def test_market_data_of_other_categories_is_empty(edge, path, params, category):
    reply = edge.get(f"/v5/market/{path}", **{**params, "category": category})

    assert reply["retCode"] == 0
    assert reply["result"]["list"] == []
    assert reply["result"]["category"] == category


def test_the_book_of_another_category_is_empty(edge):
    book = edge.get("/v5/market/orderbook", **SPOT)["result"]

    assert (book["s"], book["b"], book["a"]) == ("BTCUSDT", [], [])


@pytest.mark.parametrize("path", ["kline", "funding/history", "open-interest", "price-limit", "orderbook"])
def test_an_unknown_symbol_is_refused(edge, path):
    params = {"interval": "1", "intervalTime": "1h", "category": "linear", "symbol": "NOTHERE"}
    reply = edge.get(f"/v5/market/{path}", **params)

    assert (reply["retCode"], reply["retMsg"]) == (10001, "params error: symbol invalid")


def test_an_unknown_interval_is_refused(edge):
    reply = edge.get("/v5/market/kline", **LINEAR, interval="7")

    assert (reply["retCode"], reply["retMsg"]) == (10001, "params error: interval invalid")


@pytest.mark.parametrize(
    ("path", "row"),
    [
        ("mark-price-kline", ["60000", "60060", "60000", "60060"]),
        ("index-price-kline", ["60000", "60000", "60000", "60000"]),
        ("premium-index-price-kline", ["0", "0.001", "0", "0.001"]),
    ],
)
def test_prices_that_are_not_traded_have_candles_without_volume(edge, path, row):
    edge.now_ms += 1000
    tick(edge, markPrice="60060")

    reply = edge.get(f"/v5/market/{path}", **LINEAR, interval="1")["result"]
    other = edge.get(f"/v5/market/{path}", **SPOT, interval="1")["result"]

    (candle,) = reply["list"]
    assert (reply["symbol"], reply["category"]) == ("BTCUSDT", "linear")
    assert (int(candle[0]) % MINUTE_MS, candle[1:]) == (0, row)
    assert other["list"] == []
