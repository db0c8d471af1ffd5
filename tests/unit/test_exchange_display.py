"""What clients' orders do to the public streams, and to what REST tells of the market."""

import json
from itertools import dropwhile, islice

import pytest
from exchange_edge import START_MS, Edge

from synthcore.exchange.display.sequence import SequenceShift
from synthcore.exchange.market.frames import MarketFrame, trade_frame
from synthcore.exchange.steady import SteadyMarket

LINEAR = {"category": "linear", "symbol": "BTCUSDT"}
MARKET = {"orderType": "Market", "price": None}


class Subscriber:
    """One who notes what is pushed."""

    has_waiting = True  # each frame is sent by itself

    def __init__(self, venue, *topics):
        self.topics = {}
        self.frames = []
        venue.public.sessions.subscribe(self, topics)
        for topic in topics:
            snapshot = venue.display.snapshot(topic, venue.clock.now_ms())
            if snapshot is not None:
                self.send(snapshot)

    def send(self, text, delay_s=0.0):
        self.frames.append(text)

    @property
    def messages(self):
        return [json.loads(text) for text in self.frames]

    def of(self, kind):
        return [message for message in self.messages if message["topic"].startswith(kind)]


@pytest.fixture
def edge(monkeypatch):
    return Edge(monkeypatch, accounts=2)


def act(edge, **fields):
    """Place an order and let the public see it, as the edges do."""
    order_id = edge.place(**fields)
    edge.venue.outbox.flush()
    return order_id


def later(edge, ms=1000):
    edge.now_ms += ms
    edge.venue.push_public()


def beat(edge):
    """The market sends the same quotes again."""
    for frame in second_beat():
        edge.venue.apply(frame)


def second_beat():
    frames = SteadyMarket(("BTCUSDT",), START_MS).frames()
    return list(islice(dropwhile(lambda frame: frame.due_ns == 0, frames), 3))


# Books


def test_a_market_that_nobody_touches_passes_byte_for_byte(edge):
    topics = ("tickers.BTCUSDT", "orderbook.1.BTCUSDT", "orderbook.50.BTCUSDT")
    subscriber = Subscriber(edge.venue, *topics)
    subscriber.frames.clear()

    frames = second_beat()
    for frame in frames:
        edge.venue.apply(frame)

    assert subscriber.frames == [frame.text for frame in frames]


def test_a_resting_order_adds_to_its_level(edge):
    subscriber = Subscriber(edge.venue, "orderbook.50.BTCUSDT")

    act(edge, price="59999.9", qty="0.5")

    snapshot, delta = subscriber.messages
    assert ["59999.90", "2.000"] in snapshot["data"]["b"]
    assert (delta["type"], delta["data"]["b"], delta["data"]["a"]) == ("delta", [["59999.90", "2.500"]], [])
    assert delta["data"]["u"] == snapshot["data"]["u"] + 1


def test_orders_of_all_accounts_sum(edge):
    subscriber = Subscriber(edge.venue, "orderbook.50.BTCUSDT")
    act(edge, price="59999.9", qty="0.5")
    edge.signer = edge.signers[1]

    act(edge, price="59999.9", qty="0.25")
    later(edge)

    assert subscriber.messages[-1]["data"]["b"] == [["59999.90", "2.750"]]


def test_the_best_level_is_sent_whole_and_without_trailing_zeros(edge):
    subscriber = Subscriber(edge.venue, "orderbook.1.BTCUSDT")

    act(edge, price="60000", qty="0.5")
    later(edge)
    act(edge, side="Sell", price="60000.1", qty="3")
    later(edge)

    assert [message["type"] for message in subscriber.messages] == ["snapshot"] * 3
    top = subscriber.messages[-1]["data"]
    assert (top["b"], top["a"]) == ([["60000", "2.5"]], [["60000.1", "5"]])


def test_a_level_that_comes_in_pushes_the_last_one_out(edge):
    subscriber = Subscriber(edge.venue, "orderbook.50.BTCUSDT")
    act(edge, qty="2", **MARKET)
    later(edge)

    act(edge, side="Sell", price="60000.1", qty="1")
    later(edge)
    act(edge, side="Sell", price="60000", qty="3")
    later(edge)

    taken, back, beside = [message["data"] for message in subscriber.messages[1:]]
    assert taken["a"] == [["60000.10", "0"]]  # the market shows no level behind its last
    assert back["a"] == [["60000.10", "1.000"]]
    assert beside["b"][0] == ["60000.00", "0"]
    assert beside["a"] == [["60000.00", "1.000"], ["60005.00", "0"]]


def test_what_a_taker_took_is_gone_until_the_market_updates_the_level(edge):
    subscriber = Subscriber(edge.venue, "orderbook.50.BTCUSDT", "orderbook.1.BTCUSDT")

    act(edge, qty="2.5", **MARKET)
    beat(edge)

    assert subscriber.of("orderbook.1")[-1]["data"]["a"] == [["60000.2", "1.5"]]
    delta = subscriber.of("orderbook.50")[1]["data"]
    assert delta["a"] == [["60000.10", "0"], ["60000.20", "1.500"]]
    repeated = subscriber.of("orderbook.50")[-1]
    assert repeated["type"] == "snapshot"  # the market's was one
    assert repeated["data"]["a"][0] == ["60000.20", "1.500"]


def test_a_book_goes_back_to_the_markets_frames_once_our_orders_are_gone(edge):
    subscriber = Subscriber(edge.venue, "orderbook.50.BTCUSDT")
    order_id = act(edge, price="59999.9", qty="0.5")
    edge.post("/v5/order/cancel", {**LINEAR, "orderId": order_id})
    edge.venue.outbox.flush()
    later(edge)
    beat(edge)

    placed, cancelled, passed = subscriber.messages[1:]
    assert placed["data"]["b"] == [["59999.90", "2.500"]]
    assert cancelled["data"]["b"] == [["59999.90", "2.000"]]
    assert [message["data"]["u"] for message in subscriber.messages] == [1, 2, 3, 4]
    theirs = json.loads(second_beat()[2].text)
    assert passed == {**theirs, "data": {**theirs["data"], "u": 4}}


def test_pushes_keep_the_period_of_their_depth(edge):
    topics = [f"orderbook.{depth}.BTCUSDT" for depth in (50, 200, 1000)]
    subscriber = Subscriber(edge.venue, *topics)
    subscriber.frames.clear()

    for _ in range(199):
        act(edge, price="59999.9", qty="0.001")
        edge.now_ms += 1
        edge.venue.push_public()

    pushed = [len(subscriber.of(topic)) for topic in topics]
    assert pushed == [10, 2, 1]


def test_a_late_subscriber_gets_what_the_others_have(edge):
    first = Subscriber(edge.venue, "orderbook.50.BTCUSDT")
    act(edge, price="59999.9", qty="0.5")

    late = Subscriber(edge.venue, "orderbook.50.BTCUSDT")
    act(edge, price="59999.9", qty="0.25")
    later(edge)

    assert ["59999.90", "2.500"] in late.messages[0]["data"]["b"]
    assert late.messages[0]["data"]["u"] == first.messages[-2]["data"]["u"]
    assert late.messages[1] == first.messages[-1]


def test_a_first_subscriber_sees_orders_that_rest_already(edge):
    act(edge, price="59999.9", qty="0.5")

    subscriber = Subscriber(edge.venue, *(f"orderbook.{depth}.BTCUSDT" for depth in (50, 200, 1000)))

    assert all(["59999.90", "2.500"] in message["data"]["b"] for message in subscriber.messages)
    assert len(subscriber.messages) == 3


def test_the_rpi_book_is_the_book_with_a_third_field(edge):
    subscriber = Subscriber(edge.venue, "orderbook.rpi.BTCUSDT")
    act(edge, price="59999.9", qty="0.5")
    later(edge)
    act(edge, qty="2", **MARKET)
    later(edge)

    snapshot, rested, taken = subscriber.messages
    assert list(snapshot) == ["topic", "ts", "type", "data", "cts"]
    assert [len(snapshot["data"][side]) for side in "ba"] == [50, 50]
    assert snapshot["data"]["b"][0] == ["60000.00", "2.000", "0"]
    assert (rested["type"], rested["data"]["b"]) == ("delta", [["59999.90", "2.500", "0"]])
    assert taken["data"]["a"] == [["60000.10", "0", "0"]]
    assert [message["data"]["u"] for message in subscriber.messages] == [1, 2, 3]


def test_a_crossed_rpi_book_keeps_its_third_field(edge):
    subscriber = Subscriber(edge.venue, "orderbook.rpi.BTCUSDT")
    effect = edge.venue.public.gate.crossing.effect("orderbook.rpi.BTCUSDT")

    crossed = json.loads(effect.change(subscriber.frames[0]))
    act(edge, price="59999.9", qty="0.5")
    mended = json.loads(effect.change_next(subscriber.frames[1]))

    assert crossed["data"]["b"][0] == ["60000.20", "2.000", "0"]
    assert mended["data"]["b"] == [["60000.20", "0", "0"], ["59999.90", "2.500", "0"]]


def test_the_rpi_book_is_pushed_each_100_ms(edge):
    subscriber = Subscriber(edge.venue, "orderbook.rpi.BTCUSDT")
    subscriber.frames.clear()

    for _ in range(199):
        act(edge, price="59999.9", qty="0.001")
        edge.now_ms += 1
        edge.venue.push_public()

    assert len(subscriber.frames) == 2


def test_rest_shows_the_same_book_with_the_deepest_streams_number(edge):
    subscriber = Subscriber(edge.venue, "orderbook.1000.BTCUSDT")
    act(edge, price="59999.9", qty="0.5")
    act(edge, price="59999.9", qty="0.5")

    book = edge.get("/v5/market/orderbook", **LINEAR, limit=2)["result"]

    assert book["b"] == [["60000.00", "2.000"], ["59999.90", "3.000"]]
    assert book["u"] == subscriber.messages[-1]["data"]["u"]


def test_matching_has_the_markets_own_levels(edge):
    """What we display is never taken for the market's: a taker can't take it twice."""
    Subscriber(edge.venue, "orderbook.50.BTCUSDT")
    act(edge, side="Sell", price="60000.1", qty="1")
    edge.signer = edge.signers[1]

    act(edge, price="60000.1", qty="10")
    later(edge)

    position = edge.get("/v5/position/list", **LINEAR)["result"]["list"][0]
    assert position["size"] == "3"  # 2 of the market, 1 of the other account


# Trades


def test_a_taker_prints_each_level_that_it_took(edge):
    subscriber = Subscriber(edge.venue, "publicTrade.BTCUSDT")

    act(edge, qty="2.5", **MARKET)

    (message,) = subscriber.messages
    assert [(row["S"], row["p"], row["v"], row["L"]) for row in message["data"]] == [
        ("Buy", "60000.10", "2.000", "PlusTick"),
        ("Buy", "60000.20", "0.500", "PlusTick"),
    ]
    fills = edge.get("/v5/execution/list", **LINEAR)["result"]["list"]
    assert {row["i"] for row in message["data"]} == {fill["execId"] for fill in fills}


def test_two_accounts_that_trade_print_once(edge):
    subscriber = Subscriber(edge.venue, "publicTrade.BTCUSDT")
    act(edge, side="Sell", price="60000.1", qty="1")
    edge.signer = edge.signers[1]

    act(edge, price="60000.1", qty="3")

    (message,) = subscriber.messages
    assert sorted((row["S"], row["v"]) for row in message["data"]) == [("Buy", "1.000"), ("Buy", "2.000")]


def test_a_maker_fill_by_a_print_of_the_market_is_not_printed_again(edge):
    subscriber = Subscriber(edge.venue, "publicTrade.BTCUSDT")
    act(edge, price="60000", qty="0.5")

    print_of_the_market(edge, "59999.9", "0.4")

    (message,) = subscriber.messages
    assert message["data"][0]["i"] == "theirs"
    assert edge.get("/v5/position/list", **LINEAR)["result"]["list"][0]["size"] == "0.4"


def test_a_fill_by_a_quote_that_crosses_us_is_printed(edge):
    subscriber = Subscriber(edge.venue, "publicTrade.BTCUSDT")
    act(edge, price="60000", qty="0.5")

    quotes = {"s": "BTCUSDT", "b": [["59990", "1"]], "a": [["59999", "9"]], "u": 9, "seq": 9}
    frame = {"topic": "orderbook.50.BTCUSDT", "type": "snapshot", "ts": 1, "data": quotes, "cts": 1}
    edge.venue.apply(MarketFrame(0, frame["topic"], json.dumps(frame).encode()))

    (message,) = subscriber.messages
    assert [(row["S"], row["p"], row["v"]) for row in message["data"]] == [("Sell", "60000.00", "0.500")]


def test_rest_lists_our_trades_and_their_candle(edge):
    act(edge, qty="2.5", **MARKET)

    trades = edge.get("/v5/market/recent-trade", **LINEAR)["result"]["list"]
    (candle,) = edge.get("/v5/market/kline", **LINEAR, interval="1")["result"]["list"]

    assert [(row["price"], row["size"]) for row in trades] == [("60000.20", "0.500"), ("60000.10", "2.000")]
    assert candle[4:6] == ["60000.2", "2.5"]


def test_who_comes_after_a_trade_is_not_told_of_it(edge):
    act(edge, qty="1", **MARKET)  # nobody watches: it is displayed later
    session, sent = edge.venue.public.session("late"), []
    session.on_ws_connected(transport=object())
    session.send = session.post = sent.append

    session.on_text(b'{"op":"subscribe","args":["publicTrade.BTCUSDT"]}')
    beat(edge)

    assert len(sent) == 1 and b'"success":true' in sent[0]
    assert len(edge.get("/v5/market/recent-trade", **LINEAR)["result"]["list"]) == 1


def test_trades_of_different_times_are_put_into_the_candles_of_their_times(edge):
    act(edge, qty="1", **MARKET)
    edge.now_ms += 60_000
    act(edge, qty="2", **MARKET)

    candles = edge.get("/v5/market/kline", **LINEAR, interval="1")["result"]["list"]

    assert [candle[5] for candle in candles] == ["2", "1"]


# Ticker


def test_the_ticker_shows_our_best_price_and_our_trades(edge):
    subscriber = Subscriber(edge.venue, "tickers.BTCUSDT")

    act(edge, qty="2.5", **MARKET)
    ticker = edge.get("/v5/market/tickers", **LINEAR)["result"]["list"][0]

    delta = subscriber.messages[-1]
    expected = {
        "lastPrice": "60000.20",
        "tickDirection": "PlusTick",
        "volume24h": "2.5000",
        "turnover24h": "150000.3000",
        "highPrice24h": "60000.20",
        "ask1Price": "60000.20",
        "ask1Size": "1.500",
    }
    assert delta["type"] == "delta"
    assert expected.items() <= delta["data"].items()
    assert expected.items() <= ticker.items()
    assert "bid1Price" not in delta["data"]
    assert "markPrice" not in delta["data"]


def test_a_trade_of_the_market_takes_the_last_price_back(edge):
    act(edge, qty="2.5", **MARKET)
    ticker = json.loads(second_beat()[0].text)
    ticker["data"].update(lastPrice="59990.00", volume24h="1.0000")

    edge.venue.apply(MarketFrame(0, "tickers.BTCUSDT", json.dumps(ticker).encode()))
    shown = edge.get("/v5/market/tickers", **LINEAR)["result"]["list"][0]

    assert (shown["lastPrice"], shown["volume24h"]) == ("59990.00", "3.5000")


# Candles, limits


def test_a_candle_is_pushed_once_a_second_and_closed_with_the_next_one(edge):
    subscriber = Subscriber(edge.venue, "kline.1.BTCUSDT")
    edge.now_ms += 1000
    beat(edge)
    beat(edge)
    edge.now_ms += 60_000
    beat(edge)

    opened, running, closed = subscriber.messages
    assert list(opened) == ["topic", "data", "ts", "type"]
    assert [candle["confirm"] for candle in opened["data"] + running["data"]] == [False, False]
    was, is_now = closed["data"]
    assert (was["confirm"], was["start"]) == (True, running["data"][0]["start"])
    assert (is_now["confirm"], is_now["start"]) == (False, was["end"] + 1)


def test_the_candle_has_our_trades(edge):
    subscriber = Subscriber(edge.venue, "kline.1.BTCUSDT")
    act(edge, qty="2.5", **MARKET)
    edge.now_ms += 1000
    beat(edge)

    (candle,) = subscriber.messages[-1]["data"]
    assert (candle["high"], candle["volume"], candle["interval"]) == ("60000.2", "2.5", "1")


def test_price_limits_are_pushed_each_300_ms(edge):
    subscriber = Subscriber(edge.venue, "priceLimit.BTCUSDT")
    for _ in range(30):
        edge.now_ms += 50
        beat(edge)

    limits = edge.get("/v5/market/price-limit", **LINEAR)["result"]
    assert len(subscriber.messages) == 1 + 5
    assert subscriber.messages[-1]["data"] == {name: limits[name] for name in ("symbol", "buyLmt", "sellLmt")}


def print_of_the_market(edge, price, size):
    text = trade_frame("BTCUSDT", [(edge.now_ms, "Sell", size, price, "MinusTick", "theirs", 5)], edge.now_ms)
    edge.venue.apply(MarketFrame(0, "publicTrade.BTCUSDT", text))


# What our prints move


def statuses(edge):
    reply = edge.get("/v5/order/history", **LINEAR)
    return {row["orderLinkId"]: row["orderStatus"] for row in reply["result"]["list"]}


def test_a_print_of_ours_sets_stops_off_one_after_the_other(edge):
    rising = {**MARKET, "triggerDirection": 1, "triggerBy": "LastPrice"}
    act(edge, **rising, triggerPrice="60000.2", qty="3", orderLinkId="first")
    act(edge, **rising, triggerPrice="60000.3", orderLinkId="second")
    act(edge, **{**rising, "triggerBy": "MarkPrice"}, triggerPrice="60000.2", orderLinkId="by-mark")
    edge.signer = edge.signers[1]

    act(edge, **MARKET, qty="2.5")
    edge.signer = edge.signers[0]

    assert statuses(edge) == {"first": "Filled", "second": "Filled"}
    refused = edge.post(
        "/v5/order/create", {**LINEAR, "side": "Buy", "qty": "0.01", **rising, "triggerPrice": "60000.2"}
    )
    assert refused["retCode"] == 110092  # the last price is ours


def test_the_markets_next_trade_is_the_last_price_again(edge):
    act(edge, **MARKET, qty="2.5")
    edge.push("tickers.BTCUSDT", b'{"type":"delta","data":{"lastPrice":"59990","volume24h":"1"},"cs":0}')

    assert str(edge.venue.market.last("BTCUSDT")) == "59990"


def test_sequences_rise_over_our_prints_and_the_markets_frames(edge):
    subscriber = Subscriber(edge.venue, "publicTrade.BTCUSDT", "orderbook.50.BTCUSDT", "tickers.BTCUSDT")
    untouched = Subscriber(edge.venue, "orderbook.50.ETHUSDT")
    before = edge.venue.market.cross_sequence("BTCUSDT")

    for _ in range(3):
        act(edge, **MARKET)
    first = second_beat()[0]
    edge.venue.apply(first)
    later(edge)

    printed = [trade["seq"] for message in subscriber.of("publicTrade") for trade in message["data"]]
    assert printed == [before + 1, before + 2, before + 3]
    assert edge.venue.market.cross_sequence("BTCUSDT") >= printed[-1]
    books = [message["data"]["seq"] for message in subscriber.of("orderbook")]
    assert books == sorted(books)
    assert books[-1] >= printed[-1]
    eth = edge.venue.market.cross_sequence("ETHUSDT")
    assert all(message["data"]["seq"] <= eth for message in untouched.messages)


def test_a_market_frame_is_numbered_behind_our_prints():
    sequence = SequenceShift()
    text = b'{"topic":"t.BTCUSDT","data":{"u":7,"seq":70},"cs": 71}'

    before = sequence.shifted("t.BTCUSDT", text)
    sequence.take("BTCUSDT")

    assert before is text
    assert sequence.shifted("t.ETHUSDT", text) is text
    assert sequence.shifted("t.BTCUSDT", text) == b'{"topic":"t.BTCUSDT","data":{"u":7,"seq":71},"cs":72}'
