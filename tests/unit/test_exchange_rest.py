"""The REST edge without sockets: envelopes, refusals, paging, windows, and what comes when."""

import json
from urllib.parse import quote, urlencode

import msgspec
import pytest
from exchange_edge import BUY, START_MS, Edge

DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def edge(monkeypatch):
    return Edge(monkeypatch)


# The envelope


def test_every_answer_has_bybits_envelope(edge):
    reply = edge.get("/v5/market/time")

    assert list(reply) == ["retCode", "retMsg", "result", "retExtInfo", "time"]
    assert (reply["retCode"], reply["retMsg"], reply["retExtInfo"], reply["time"]) == (0, "OK", {}, START_MS)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v5/nothing"), ("POST", "/v5/market/time"), ("GET", "/"), ("GET", "/v5/order/create")],
)
def test_an_unknown_route_is_404_with_bybits_code(edge, method, path):
    answer = edge.send(method, path)

    assert answer.status == 404
    assert json.loads(answer.body)["retCode"] == 10017


def test_a_private_call_without_a_signature_is_401(edge):
    answer = edge.send("GET", "/v5/account/info", headers=[])

    assert answer.status == 401
    assert json.loads(answer.body)["retCode"] == 10003


# Bodies


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "params error: category invalid"),
        (b"nonsense", "params error: body invalid"),
        (b"[]", "params error: body invalid"),
        (b'"text"', "params error: body invalid"),
        (b"\xff", "params error: body invalid"),
        ({**BUY, "qty": 0.01}, "params error: qty invalid"),
        ({**BUY, "positionIdx": "0"}, "params error: positionIdx invalid"),
        ({**BUY, "reduceOnly": "true"}, "params error: reduceOnly invalid"),
        ({"category": "linear"}, "params error: symbol invalid"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_by_field(edge, body, message):
    reply = edge.post("/v5/order/create", body)

    assert (reply["retCode"], reply["retMsg"], reply["result"]) == (10001, message, {})


def test_null_counts_as_not_given_and_unknown_fields_are_ignored(edge):
    reply = edge.post("/v5/order/create", {**BUY, "orderLinkId": None, "timeInForce": None, "isLeverage": 0})

    assert reply["retCode"] == 0


def test_an_order_of_another_category_is_refused(edge):
    for category in ("spot", "inverse", "option"):
        assert edge.post("/v5/order/create", {**BUY, "category": category})["retCode"] == 10001


def test_a_cancel_without_an_id_says_so(edge):
    reply = edge.post("/v5/order/cancel", {"category": "linear", "symbol": "BTCUSDT"})

    assert reply["retMsg"] == "params error: OrderId or orderLinkId is required"


# Limits


def test_the_eleventh_create_in_a_second_is_10006_with_headers(monkeypatch):
    edge = Edge(monkeypatch, rate_tier="10")
    body = json.dumps(BUY).encode()

    answers = [edge.send("POST", "/v5/order/create", body=body) for _ in range(11)]

    codes = [json.loads(answer.body)["retCode"] for answer in answers]
    assert codes == [0] * 10 + [10006]
    headers = dict(answers[-1].headers)
    assert answers[-1].status == 200
    assert headers[b"X-Bapi-Limit"] == b"10"
    assert headers[b"X-Bapi-Limit-Status"] == b"0"
    assert headers[b"X-Bapi-Limit-Reset-Timestamp"] == b"%d" % (START_MS + 1000)


def test_a_call_that_is_not_signed_well_does_not_count(monkeypatch):
    edge = Edge(monkeypatch, rate_tier="10")
    body = json.dumps(BUY).encode()
    for _ in range(20):
        edge.send("POST", "/v5/order/create", body=body, headers=[(b"x-bapi-sign", b"x")])

    assert json.loads(edge.send("POST", "/v5/order/create", body=body).body)["retCode"] == 0


# Lists


def test_a_cursor_works_as_given_and_encoded_once_more(edge):
    placed = [edge.place(price=str(59000 + step)) for step in range(4)]
    scope = "category=linear&symbol=BTCUSDT&limit=3"

    first = json.loads(edge.send("GET", "/v5/order/realtime", query=scope.encode()).body)["result"]
    cursor = first["nextPageCursor"]
    seconds = [
        json.loads(edge.send("GET", "/v5/order/realtime", query=f"{scope}&cursor={text}".encode()).body)[
            "result"
        ]
        for text in (cursor, quote(cursor, safe=""))
    ]

    assert [row["orderId"] for row in first["list"]] == placed[:0:-1]
    assert [[row["orderId"] for row in page["list"]] for page in seconds] == [placed[:1]] * 2
    assert [page["nextPageCursor"] for page in seconds] == ["", ""]


def test_new_orders_between_two_pages_repeat_nothing(edge):
    placed = [edge.place(price=str(59000 + step)) for step in range(4)]
    params = {"category": "linear", "symbol": "BTCUSDT", "limit": 2}
    first = edge.get("/v5/order/realtime", **params)["result"]

    edge.place(price="58999")
    query = f"{urlencode(params)}&cursor={first['nextPageCursor']}".encode()
    second = json.loads(edge.send("GET", "/v5/order/realtime", query=query).body)["result"]

    assert [row["orderId"] for row in first["list"] + second["list"]] == placed[::-1]


@pytest.mark.parametrize("cursor", ["nonsense", "page_args=x", "page_args"])
def test_a_cursor_that_is_not_ours_is_refused(edge, cursor):
    reply = edge.get("/v5/order/realtime", category="linear", symbol="BTCUSDT", cursor=cursor)

    assert reply["retMsg"] == "params error: cursor invalid"


@pytest.mark.parametrize("limit", ["0", "-1", "x"])
def test_a_limit_that_is_no_number_above_zero_is_refused(edge, limit):
    reply = edge.get("/v5/order/realtime", category="linear", symbol="BTCUSDT", limit=limit)

    assert reply["retMsg"] == "params error: limit invalid"


@pytest.mark.parametrize("path", ["/v5/market/time", "/v5/order/realtime"])
def test_a_get_with_a_body_is_forbidden(edge, path):
    answer = edge.send("GET", path, body=b'{"category":"linear"}')

    assert (answer.status, dict(answer.headers)[b"Content-Type"]) == (403, b"text/plain")


def test_open_orders_need_a_scope(edge):
    assert edge.get("/v5/order/realtime", category="linear")["retCode"] == 10001
    assert edge.get("/v5/order/realtime", category="linear", baseCoin="BTC")["retCode"] == 0
    assert edge.get("/v5/order/realtime", category="linear", settleCoin="USDT")["retCode"] == 0


def test_an_id_is_found_whatever_open_only_says(edge):
    order_id = edge.place()

    for open_only in ("0", "1"):
        reply = edge.get(
            "/v5/order/realtime", category="linear", symbol="BTCUSDT", orderId=order_id, openOnly=open_only
        )
        assert [row["orderStatus"] for row in reply["result"]["list"]] == ["New"]


def test_a_cancelled_order_leaves_history_after_a_day_and_a_filled_one_stays(edge):
    cancelled = edge.place()
    edge.post("/v5/order/cancel", {"category": "linear", "symbol": "BTCUSDT", "orderId": cancelled})
    filled = edge.place(orderType="Market")
    before = edge.get("/v5/order/history", category="linear")["result"]["list"]

    edge.now_ms += DAY_MS + 1
    after = edge.get("/v5/order/history", category="linear")["result"]["list"]
    edge.now_ms += 7 * DAY_MS
    after_a_week = edge.get("/v5/order/history", category="linear")["result"]["list"]

    assert [row["orderId"] for row in before] == [filled, cancelled]
    assert [row["orderId"] for row in after] == [filled]
    assert after_a_week == []


def test_a_period_is_at_most_seven_days(edge):
    too_long = edge.get("/v5/order/history", category="linear", startTime=1, endTime=1 + 8 * DAY_MS)
    edge.place(orderType="Market")
    from_start = edge.get("/v5/execution/list", category="linear", startTime=START_MS - 1000)

    assert too_long["retMsg"] == "params error: endTime invalid"
    assert len(from_start["result"]["list"]) == 1


def test_an_open_order_is_not_history(edge):
    order_id = edge.place()

    reply = edge.get("/v5/order/history", category="linear", orderId=order_id)

    assert reply["result"]["list"] == []


def test_rest_rows_have_rests_spellings(edge):
    order_id = edge.place()

    row = edge.get("/v5/order/realtime", category="linear", symbol="BTCUSDT", orderId=order_id)["result"][
        "list"
    ][0]

    assert "category" not in row
    unset = ("avgPrice", "stopOrderType", "triggerPrice", "triggerBy", "takeProfit", "tpTriggerBy")
    assert {row[field] for field in (*unset, "tpslMode")} == {""}
    assert (row["tpLimitPrice"], row["slLimitPrice"], row["cancelType"]) == ("0", "0", "UNKNOWN")


def test_executions_can_be_asked_for_by_order_and_by_link(edge):
    edge.place(orderType="Market", orderLinkId="mine")
    order_id = edge.place(orderType="Market")

    by_link = edge.get("/v5/execution/list", category="linear", orderLinkId="mine")["result"]["list"]
    by_order = edge.get("/v5/execution/list", category="linear", orderId=order_id)["result"]["list"]
    everything = edge.get("/v5/execution/list", category="linear")["result"]["list"]

    assert [row["orderLinkId"] for row in by_link] == ["mine"]
    assert [row["orderId"] for row in by_order] == [order_id]
    assert everything[0]["orderId"] == order_id
    assert "category" not in everything[0]


def test_positions_are_listed_by_symbol_empty_or_not_and_by_coin_only_if_held(edge):
    by_symbol = edge.get("/v5/position/list", category="linear", symbol="BTCUSDT")["result"]["list"]
    by_coin = edge.get("/v5/position/list", category="linear", settleCoin="USDT")["result"]["list"]
    nothing = edge.get("/v5/position/list", category="linear")

    assert [(row["size"], row["side"]) for row in by_symbol] == [("0", "")]
    assert by_coin == []
    assert nothing["retCode"] == 10001


# Market data


def test_other_categories_answer_empty_lists(edge):
    for path in ("/v5/market/instruments-info", "/v5/market/tickers"):
        for category in ("spot", "inverse", "option"):
            reply = edge.get(path, category=category)
            assert (reply["retCode"], reply["result"]["list"]) == (0, [])
    assert edge.get("/v5/market/tickers", category="moon")["retMsg"] == "Illegal category"


def test_instruments_are_paged(edge):
    first = edge.get("/v5/market/instruments-info", category="linear", limit=2)["result"]
    query = f"category=linear&limit=2&cursor={first['nextPageCursor']}".encode()
    second = json.loads(edge.send("GET", "/v5/market/instruments-info", query=query).body)["result"]

    names = [row["symbol"] for row in first["list"] + second["list"]]
    assert names == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert second["nextPageCursor"] == ""


def test_the_order_book_is_cut_to_the_limit_and_carries_the_streams_numbers(edge):
    book = edge.get("/v5/market/orderbook", category="linear", symbol="BTCUSDT", limit=3)["result"]

    assert [len(book["b"]), len(book["a"])] == [3, 3]
    assert book["b"][0][0].startswith("60000")
    assert (book["s"], book["u"], book["seq"]) == ("BTCUSDT", 1, 1)


def test_recent_trades_are_rests_words_for_the_streams(edge):
    trade = {"T": START_MS, "s": "BTCUSDT", "S": "Sell", "v": "0.010", "p": "60000.00", "L": "PlusTick"}
    entries = [{**trade, "i": name, "BT": False, "RPI": False, "seq": 5} for name in ("first", "second")]
    frame = {"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": START_MS, "data": entries}
    edge.venue.market.apply("publicTrade.BTCUSDT", msgspec.json.encode(frame))

    rows = edge.get("/v5/market/recent-trade", category="linear", symbol="BTCUSDT")["result"]["list"]

    assert [row["execId"] for row in rows] == ["second", "first"]
    assert rows[0] == {
        "execId": "second",
        "symbol": "BTCUSDT",
        "price": "60000.00",
        "size": "0.010",
        "side": "Sell",
        "time": str(START_MS),
        "isBlockTrade": False,
        "isRPITrade": False,
        "seq": "5",
    }


# What comes when


async def test_the_answer_is_written_before_the_events_it_causes(edge, monkeypatch):
    order_of_things = []
    monkeypatch.setattr(
        edge.venue.outbox, "_deliver", lambda events: order_of_things.extend(e.message.topic for e in events)
    )
    body = json.dumps(BUY).encode()
    headers = [
        (b"x-bapi-api-key", edge.signer.key.encode()),
        (b"x-bapi-timestamp", b"%d" % edge.now_ms),
        (b"x-bapi-recv-window", b"5000"),
        (b"x-bapi-sign", edge.signer.rest(edge.now_ms, 5000, body).encode()),
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v5/order/create",
        "query_string": b"",
        "headers": headers,
    }

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        order_of_things.append(message["type"])

    await edge.venue.http(scope, receive, send)

    assert order_of_things == ["http.response.start", "http.response.body", "order", "position", "wallet"]


def test_there_is_one_user(edge):
    assert list(edge.venue.core.accounts) == ["1000001"]


# Numbers that no arithmetic can bear

NASTY = ["9" * 5000, "1e1000000", "-1e1000000", "NaN", "sNaN", "Infinity", "٣", "1_000", " 1", "1" + "0" * 40]


@pytest.mark.parametrize("value", NASTY)
@pytest.mark.parametrize("name", ["limit", "startTime", "endTime", "cursor"])
@pytest.mark.parametrize("path", ["/v5/order/history", "/v5/execution/list"])
def test_a_nasty_number_in_a_query_is_refused_by_name(edge, path, name, value):
    given = f"page_args={value}&" if name == "cursor" else value

    reply = edge.get(path, category="linear", **{name: given})

    assert (reply["retCode"], reply["retMsg"]) == (10001, f"params error: {name} invalid")


@pytest.mark.parametrize("value", NASTY)
@pytest.mark.parametrize("name", ["qty", "price"])
def test_a_nasty_number_in_an_order_is_refused_by_name(edge, name, value):
    reply = edge.post("/v5/order/create", {**BUY, name: value})

    assert (reply["retCode"], reply["retMsg"]) == (10001, f"params error: {name} invalid")


@pytest.mark.parametrize("value", NASTY)
def test_a_nasty_number_in_an_amend_or_a_leverage_is_refused(edge, value):
    order_id = edge.place()
    amend = {"category": "linear", "symbol": "BTCUSDT", "orderId": order_id}
    leverage = {
        "category": "linear",
        "symbol": "BTCUSDT",
        "buyLeverage": value,
        "sellLeverage": value,
    }

    replies = [
        edge.post("/v5/order/amend", {**amend, "qty": value}),
        edge.post("/v5/order/amend", {**amend, "price": value}),
        edge.post("/v5/position/set-leverage", leverage),
    ]

    assert [reply["retCode"] for reply in replies] == [10001, 10001, 10001]


@pytest.mark.parametrize("value", NASTY)
def test_a_nasty_number_in_the_headers_is_refused(edge, value):
    for name in (b"x-bapi-timestamp", b"x-bapi-recv-window"):
        headers = {
            b"x-bapi-api-key": edge.signer.key.encode(),
            b"x-bapi-timestamp": b"%d" % edge.now_ms,
            b"x-bapi-sign": b"x",
            name: value.encode(),
        }
        answer = edge.send("GET", "/v5/account/info", headers=list(headers.items()))
        assert json.loads(answer.body)["retCode"] == 10001
