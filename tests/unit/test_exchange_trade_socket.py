"""The trade socket without sockets: orders by message, REST's limits and words, a reply for everything."""

import asyncio
import json

import pytest
from exchange_edge import BUY, START_MS, Edge

from synthcore.exchange.delays import Delay, DelayPlan

LINEAR = {"category": "linear", "symbol": "BTCUSDT"}


class Desk:
    """One connection to a venue's trade socket, in the test's hand."""

    def __init__(self, edge):
        self.edge = edge
        self.session = edge.venue.trade.session("conn-1")
        self.log = []  # replies, and topics of private events, as they go out
        self.session.send = lambda frame: self.log.append(json.loads(frame))
        self.session.post = lambda framed: False  # then a reply is sent by itself
        edge.venue.outbox._deliver = lambda events: self.log.extend(event.message.topic for event in events)

    def ask(self, message):
        """Send one message; its reply, which is always the next thing that goes out."""
        before = len(self.log)
        self.session.on_text(message if isinstance(message, bytes) else json.dumps(message).encode())
        assert len(self.log) > before, "no reply"
        return self.log[before]

    def sign_in(self, **fields):
        expires_ms = self.edge.now_ms + 1000
        args = [self.edge.signer.key, expires_ms, self.edge.signer.ws_auth(expires_ms)]
        return self.ask({"op": "auth", "args": args, **fields})

    def act(self, op, body, **fields):
        header = {"X-BAPI-TIMESTAMP": str(self.edge.now_ms)}
        return self.ask({"op": op, "header": header, "args": [body], **fields})


@pytest.fixture
def edge(monkeypatch):
    return Edge(monkeypatch, rate_tier="10")


@pytest.fixture
def desk(edge):
    desk = Desk(edge)
    assert desk.sign_in()["retCode"] == 0
    return desk


def test_a_sign_in_is_answered_with_the_request_id_if_there_is_one(edge):
    without, given = Desk(edge).sign_in(), Desk(edge).sign_in(reqId="7")

    assert without == {"retCode": 0, "retMsg": "OK", "op": "auth", "connId": "conn-1"}
    assert given == {"reqId": "7", **without}


def test_an_order_is_placed_amended_and_cancelled(desk, edge):
    made = desk.act("order.create", BUY, reqId="1")
    chosen = {**LINEAR, "orderId": made["data"]["orderId"]}
    amended = desk.act("order.amend", {**chosen, "qty": "0.02"}, reqId="2")
    row = edge.get("/v5/order/realtime", **chosen)["result"]["list"][0]
    cancelled = desk.act("order.cancel", chosen, reqId="3")
    again = desk.act("order.cancel", chosen, reqId="4")

    assert [reply["retCode"] for reply in (made, amended, cancelled)] == [0, 0, 0]
    assert (row["qty"], row["orderStatus"]) == ("0.02", "New")
    assert (again["retCode"], again["data"]) == (110001, {})
    assert list(made) == ["reqId", "retCode", "retMsg", "op", "data", "retExtInfo", "header", "connId"]


def test_the_reply_comes_before_the_private_events(desk):
    reply = desk.act("order.create", BUY)

    assert desk.log[-4:] == [reply, "order", "position", "wallet"]


def test_rest_and_socket_share_one_limit(desk, edge):
    for _ in range(6):
        edge.place()
    replies = [desk.act("order.create", BUY) for _ in range(5)]

    assert [reply["retCode"] for reply in replies] == [0, 0, 0, 0, 10006]
    header = replies[3]["header"]
    assert (header["X-Bapi-Limit"], header["X-Bapi-Limit-Status"]) == ("10", "0")
    assert header["Timenow"] == str(START_MS)
    assert replies[4]["header"]["X-Bapi-Limit-Reset-Timestamp"] == str(START_MS + 1000)


def test_a_batch_answers_each_order_of_its_own(desk):
    orders = [{key: value for key, value in BUY.items() if key != "category"} for _ in range(2)]
    orders[1]["side"] = "Up"
    reply = desk.act("order.create-batch", {"category": "linear", "request": orders})

    assert reply["retCode"] == 0
    assert [bool(row["orderId"]) for row in reply["data"]["list"]] == [True, False]
    assert [row["code"] for row in reply["retExtInfo"]["list"]] == [0, 10001]
    assert reply["header"]["X-Bapi-Limit-Status"] == "8"


def test_a_request_id_is_good_for_one_request(desk, edge):
    codes = [desk.act("order.create", BUY, reqId=text)["retCode"] for text in ("a", "a", "b")]

    assert codes == [0, 20006, 0]
    assert len(edge.get("/v5/order/realtime", **LINEAR)["result"]["list"]) == 2


def test_nothing_is_done_before_the_sign_in(edge):
    desk = Desk(edge)
    reply = desk.act("order.create", BUY)

    assert reply["retCode"] == 10003
    assert edge.get("/v5/order/realtime", **LINEAR)["result"]["list"] == []


def test_a_second_sign_in_is_20001(desk):
    assert desk.sign_in()["retCode"] == 20001


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ([], 10001),
        (["nobody", START_MS + 1000, "x"], 10003),
        (["{key}", START_MS + 1000, "x"], 10004),
        ([{"not": "text"}], 10001),
    ],
)
def test_a_wrong_sign_in_is_refused(edge, args, code):
    args = [edge.signer.key if arg == "{key}" else arg for arg in args]

    assert Desk(edge).ask({"op": "auth", "args": args})["retCode"] == code


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"op": "order.nothing", "args": [BUY]}, 10404),
        ({"op": "order.create", "args": [BUY]}, 10001),
        ({"op": "order.create", "args": [BUY], "header": {}}, 10001),
        ({"op": "order.create", "args": [BUY], "header": {"X-BAPI-TIMESTAMP": "1"}}, 10002),
        ({"op": "order.create", "args": [], "header": {"X-BAPI-TIMESTAMP": str(START_MS)}}, 10001),
        ({"op": "order.create", "args": [BUY, BUY], "header": {"X-BAPI-TIMESTAMP": START_MS}}, 10001),
        ({"op": "order.create", "args": [7], "header": {"X-BAPI-TIMESTAMP": START_MS}}, 10001),
        ({"op": "order.create", "args": [{}], "header": {"X-BAPI-TIMESTAMP": START_MS}}, 10404),
        (
            {
                "op": "order.create",
                "args": [{**BUY, "category": "spot"}],
                "header": {"X-BAPI-TIMESTAMP": START_MS},
            },
            10404,
        ),
        ({"op": "order.create", "reqId": "x" * 37, "args": [BUY]}, 10001),
        ({"op": 7}, 10001),
        (b"nonsense", 10001),
        (b"\xff", 10001),
    ],
)
def test_what_is_no_order_is_refused_and_the_connection_goes_on(desk, message, code):
    reply = desk.ask(message)

    assert reply["retCode"] == code
    assert desk.act("order.create", BUY)["retCode"] == 0


def test_a_timestamp_may_be_a_number_and_the_window_a_text(desk, edge):
    header = {"X-BAPI-TIMESTAMP": edge.now_ms - 7000, "X-BAPI-RECV-WINDOW": "8000", "Referer": "bot"}

    assert desk.ask({"op": "order.create", "header": header, "args": [BUY]})["retCode"] == 0


def test_a_ping_is_answered(desk):
    reply = desk.ask({"op": "ping"})

    pong = {"retCode": 0, "retMsg": "OK", "op": "pong", "data": [str(START_MS)], "connId": "conn-1"}
    assert reply == pong


async def test_messages_take_their_time_and_keep_their_order(desk, edge):
    edge.venue.delays.set(DelayPlan(entry=Delay(floor_ms=5), reply=Delay(floor_ms=5)))
    desk.session.send = lambda frame, delay_s=0.0: desk.log.append((json.loads(frame), delay_s))
    desk.log.clear()

    for op in ("order.create", "ping"):
        message = {"op": op, "header": {"X-BAPI-TIMESTAMP": edge.now_ms}, "args": [BUY]}
        desk.session.on_text(json.dumps(message).encode())
    at_once = list(desk.log)
    async with asyncio.timeout(5):
        while len(desk.log) < 5:
            await asyncio.sleep(0.001)

    assert at_once == []
    assert desk.log[:3] == ["order", "position", "wallet"]  # frames and answers go their own ways
    (made, delay_s), (pong, _) = desk.log[3:]
    assert (made["op"], pong["op"], delay_s) == ("order.create", "pong", 0.005)
