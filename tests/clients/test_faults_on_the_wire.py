"""Each fault as a plain client sees it: exactly that goes wrong, and nothing else."""

import asyncio
import itertools
import json
import time

import httpx
import pytest
from control_client import ControlClient
from picows import WSError, WSMsgType, ws_connect
from plain_client import BUY, WAIT_S, PlainSocket, connected

from synthcore.exchange.faults.close_socket import CloseSocket
from synthcore.exchange.faults.cut_socket import CutSocket
from synthcore.exchange.faults.delay_call import DelayCall
from synthcore.exchange.faults.delay_frame import DelayFrame
from synthcore.exchange.faults.drop_frame import DropFrame
from synthcore.exchange.faults.duplicate_frame import DuplicateFrame
from synthcore.exchange.faults.garble_frame import GarbleFrame
from synthcore.exchange.faults.half_open_socket import HalfOpenSocket
from synthcore.exchange.faults.hide_order import HideOrder
from synthcore.exchange.faults.http_error import HttpError
from synthcore.exchange.faults.lose_answer import LoseAnswer
from synthcore.exchange.faults.partial_fill import PartialFill
from synthcore.exchange.faults.refuse import RefuseCall
from synthcore.exchange.faults.refuse_socket import RefuseSocket
from synthcore.exchange.faults.reject_later import RejectLater
from synthcore.exchange.faults.reorder_frame import ReorderFrame
from synthcore.exchange.faults.sequence_gap import SequenceGap
from synthcore.exchange.faults.skew_clock import SkewClock
from synthcore.exchange.faults.slow_socket import SlowSocket
from synthcore.exchange.faults.time_out import TimeOut
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings


@pytest.fixture(scope="module")
def exchange():
    with ExchangeProcess(ExchangeSettings(market="steady", rate_tier="off", control_token="auto")) as ready:
        yield ready


NAMES = iter(f"w{number}" for number in range(1_000_000))


# Answers


def test_a_lost_answer_is_a_broken_connection_and_the_order_is_there(rest, control):
    name = next(NAMES)
    control.add(LoseAnswer())

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        rest.buy(name)

    assert rest.orders(name)[0]["orderStatus"] == "Filled"
    assert rest.buy(next(NAMES)).json()["retCode"] == 0  # only the one


def test_a_lost_request_is_the_same_to_the_client_and_the_order_is_not_there(rest, control):
    name = next(NAMES)
    control.add(LoseAnswer(when="request path=/v5/order/create"))

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        rest.buy(name)

    assert rest.orders(name) == []


@pytest.mark.parametrize(("point", "found"), [("request", 0), ("reply", 1)])
def test_a_time_out_is_silence_before_or_after_the_order_took_effect(rest, control, point, found):
    name = next(NAMES)
    control.add(TimeOut(when=f"{point} path=/v5/order/create"))

    with pytest.raises(httpx.ReadTimeout):
        rest.buy(name)

    assert len(rest.orders(name)) == found


@pytest.mark.parametrize("code", [10002, 10006, 10016, 110007, 110017, 110072, 10000])
@pytest.mark.parametrize(("point", "found"), [("request", 0), ("reply", 1)])
def test_a_code_on_demand_comes_in_bybits_envelope(rest, control, code, point, found):
    name = next(NAMES)
    control.add(RefuseCall(code=code, when=f"{point} path=/v5/order/create link={name}"))

    answer = rest.buy(name)

    assert answer.status_code == 200
    assert list(answer.json()) == ["retCode", "retMsg", "result", "retExtInfo", "time"]
    assert answer.json()["retCode"] == code
    assert len(rest.orders(name)) == found


def test_too_many_visits_says_when_to_come_again(rest, control):
    control.add(RefuseCall(code=10006, retry_after_ms=700))

    answer = rest.buy(next(NAMES))

    wait_ms = int(answer.headers["X-Bapi-Limit-Reset-Timestamp"]) - answer.json()["time"]
    assert (wait_ms, answer.headers["X-Bapi-Limit-Status"], answer.json()["retMsg"]) == (
        700,
        "0",
        "Too many visits!",
    )


@pytest.mark.parametrize("status", [403, 502, 503])
def test_an_error_in_front_of_the_exchange_is_a_page_of_html(rest, control, status):
    name = next(NAMES)
    control.add(HttpError(status=status))

    answer = rest.buy(name)

    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html")
    assert answer.text.startswith("<html>")
    assert rest.orders(name) == []


# Orders


def test_an_order_that_is_rejected_later_is_acknowledged_and_never_trades(rest, control):
    name = next(NAMES)
    control.add(RejectLater())

    answer = rest.buy(name)

    (order,) = rest.orders(name)
    assert answer.json()["retCode"] == 0
    assert (order["orderStatus"], order["cumExecQty"]) == ("Rejected", "0")


def test_a_partial_fill_is_the_share_that_was_asked_for(rest, control):
    name = next(NAMES)
    control.add(PartialFill(share=0.3))

    rest.buy(name)

    (order,) = rest.orders(name)
    assert (order["orderStatus"], order["cumExecQty"]) == ("Cancelled", "0.003")


def test_a_hidden_order_is_acknowledged_and_found_only_later(rest, control):
    name = next(NAMES)
    control.add(HideOrder(ms=200))

    acknowledged = rest.buy(name).json()["retCode"]
    at_once = rest.orders(name)
    deadline_s = time.monotonic() + WAIT_S
    while not (later := rest.orders(name)):
        assert time.monotonic() < deadline_s

    assert (acknowledged, at_once, later[0]["orderStatus"]) == (0, [], "Filled")


# Clock


def test_a_skewed_clock_is_everywhere_at_once(rest, control):
    control.add(SkewClock(ms=60_000))

    shown_ms = rest.http.get("/v5/market/time").json()["time"]
    shown_ns = int(rest.http.get("/v5/market/time").json()["result"]["timeNano"])
    refused = rest.buy(next(NAMES)).json()["retCode"]

    assert shown_ms - time.time_ns() // 1_000_000 == pytest.approx(60_000, abs=2000)
    assert shown_ns // 1_000_000 - shown_ms == pytest.approx(0, abs=2000)
    assert refused == 10002


# Streams


@pytest.fixture
async def private(exchange, rest):
    expires_ms = time.time_ns() // 1_000_000 + 10_000
    args = [rest.signer.key, expires_ms, rest.signer.ws_auth(expires_ms)]
    transport, socket = await connected(
        exchange.ws_private,
        {"op": "auth", "args": args},
        {"op": "subscribe", "args": ["order", "execution", "position"]},
    )
    yield socket
    transport.disconnect(graceful=False)


async def bought(rest):
    assert (await asyncio.to_thread(rest.buy, next(NAMES))).json()["retCode"] == 0


PRIVATE = [
    (DropFrame(), ["order", "position"]),
    (DuplicateFrame(), ["execution", "execution", "order", "position"]),
    (ReorderFrame(), ["order", "execution", "position"]),
    (DelayFrame(ms=100), ["order", "position", "execution"]),
    (ReorderFrame(when="private topic=position"), ["execution", "order", "position"]),  # nothing behind it
]


@pytest.mark.parametrize(("fault", "topics"), PRIVATE, ids=lambda value: getattr(value, "do", ""))
async def test_one_private_frame_goes_wrong_and_the_others_come(rest, control, private, fault, topics):
    control.add(fault)

    await bought(rest)
    seen = await private.topics(len(topics))
    await bought(rest)
    after = await private.topics(3)

    assert seen == topics
    assert after == ["execution", "order", "position"]
    assert [one["do"] for one in control.injected()[-1:]] == [fault.do]


@pytest.mark.parametrize("how", ["malformed", "truncated", "oversized"])
async def test_a_garbled_frame_is_what_it_says_and_the_next_is_whole(rest, control, private, how):
    control.add(GarbleFrame(how=how))

    await bought(rest)
    frame = await private.next()

    if how == "oversized":
        assert len(frame) > 2_000_000 and json.loads(frame)["topic"] == "execution"
    else:
        with pytest.raises(ValueError):
            json.loads(frame)
    assert await private.topics(2) == ["order", "position"]


async def test_a_cut_socket_ends_without_a_goodbye(rest, control, private):
    control.add(CutSocket())

    await bought(rest)
    await asyncio.wait_for(private.closed, WAIT_S)

    assert private.code is None


async def test_a_closed_socket_says_its_code(rest, control, private):
    control.add(CloseSocket(code=1012))

    await bought(rest)
    await asyncio.wait_for(private.closed, WAIT_S)

    assert private.code == 1012


async def test_a_half_open_socket_is_open_and_dead(rest, control, exchange):
    transport, socket = await connected(
        exchange.ws_public, {"op": "subscribe", "args": ["orderbook.1.BTCUSDT"]}
    )
    await socket.next()
    control.add(HalfOpenSocket(socket="public", when="start"))
    await asyncio.sleep(0)

    transport.send(WSMsgType.TEXT, b'{"op":"ping"}')

    assert await socket.nothing_comes()
    assert not socket.closed.done()
    transport.disconnect(graceful=False)


async def test_a_slow_socket_sends_all_of_it_later(rest, control, private):
    control.add(SlowSocket(ms=200))

    sent_s = time.monotonic()
    await bought(rest)
    topics = await private.topics(3)

    assert topics == ["execution", "order", "position"]
    assert time.monotonic() - sent_s >= 0.2


async def test_a_refused_handshake_is_an_http_status_and_the_next_one_works(control, exchange):
    control.add(RefuseSocket(status=503))

    with pytest.raises(WSError, match="503"):
        await ws_connect(PlainSocket, exchange.ws_private)
    transport, _ = await ws_connect(PlainSocket, exchange.ws_private)

    transport.disconnect(graceful=False)


def steps_of(numbers):
    return [after - before for before, after in itertools.pairwise(numbers)]


async def test_a_sequence_gap_is_a_hole_in_the_book_s_numbers():
    settings = ExchangeSettings(symbols=("BTCUSDT",), seed=3, speed=10.0, control_token="auto")
    async with ExchangeProcess(settings) as ready:
        control = ControlClient(ready)
        topic = "orderbook.50.BTCUSDT"
        transport, socket = await connected(ready.ws_public, {"op": "subscribe", "args": [topic]})
        numbers = [json.loads(await socket.next())["data"]["u"] for _ in range(5)]
        control.add(SequenceGap(frames=3))
        while set(steps_of(numbers)) == {1} and len(numbers) < 1000:  # many may be on their way to us
            numbers.append(json.loads(await socket.next())["data"]["u"])
        numbers += [json.loads(await socket.next())["data"]["u"] for _ in range(5)]
        assert control.facts()["faults"][0]["is_spent"]
        transport.disconnect(graceful=False)
        control.close()

    steps = steps_of(numbers)
    assert sorted(set(steps)) == [1, 4]
    assert steps.count(4) == 1


# The trade socket


class Trader:
    """A signed-in trade socket."""

    def __init__(self, transport, socket):
        self.transport, self.socket = transport, socket
        self.count = 0

    def buy(self, link_id):
        self.count += 1
        header = {"X-BAPI-TIMESTAMP": str(time.time_ns() // 1_000_000), "X-BAPI-RECV-WINDOW": "5000"}
        order = {**BUY, "orderLinkId": link_id}
        message = {"reqId": f"r{self.count}", "header": header, "op": "order.create", "args": [order]}
        self.transport.send(WSMsgType.TEXT, json.dumps(message).encode())

    async def reply(self):
        found = json.loads(await self.socket.next())
        return found["reqId"], found["retCode"]


@pytest.fixture
async def trader(exchange, rest):
    transport, socket = await ws_connect(PlainSocket, exchange.ws_trade)
    expires_ms = time.time_ns() // 1_000_000 + 10_000
    args = [rest.signer.key, expires_ms, rest.signer.ws_auth(expires_ms)]
    transport.send(WSMsgType.TEXT, json.dumps({"op": "auth", "args": args}).encode())
    assert json.loads(await socket.next())["retCode"] == 0
    yield Trader(transport, socket)
    transport.disconnect(graceful=False)


@pytest.mark.parametrize(("point", "found"), [("request", 0), ("reply", 1)])
async def test_an_act_on_the_trade_socket_is_refused_before_or_after_it_took_effect(
    rest, control, trader, point, found
):
    name = next(NAMES)
    control.add(RefuseCall(code=10006, retry_after_ms=700, when=f"{point} socket=trade link={name}"))

    trader.buy(name)
    reply = json.loads(await trader.socket.next())
    trader.buy(next(NAMES))

    wait_ms = int(reply["header"]["X-Bapi-Limit-Reset-Timestamp"]) - int(reply["header"]["Timenow"])
    assert (reply["retCode"], reply["reqId"], reply["op"], wait_ms) == (10006, "r1", "order.create", 700)
    assert len(rest.orders(name)) == found
    assert await trader.reply() == ("r2", 0)


async def test_a_lost_reply_of_the_trade_socket_breaks_the_connection_and_the_order_is_there(
    rest, control, trader
):
    name = next(NAMES)
    control.add(LoseAnswer(when=f"reply socket=trade link={name}"))

    trader.buy(name)
    await asyncio.wait_for(trader.socket.closed, WAIT_S)

    assert (trader.socket.frames.empty(), trader.socket.code) == (True, None)
    assert rest.orders(name)[0]["orderStatus"] == "Filled"


async def test_a_reply_of_the_trade_socket_that_never_comes_leaves_the_connection(rest, control, trader):
    name = next(NAMES)
    control.add(TimeOut(when=f"reply socket=trade link={name}"))

    trader.buy(name)
    trader.buy(next(NAMES))

    assert await trader.reply() == ("r2", 0)
    assert rest.orders(name)[0]["orderStatus"] == "Filled"


async def test_the_frames_of_an_order_come_though_its_reply_never_does(control, trader, private):
    control.post("market", do="pause")  # its next frame would let them out, too
    control.add(TimeOut(when="reply socket=trade"))

    trader.buy(next(NAMES))

    assert await private.topics(3) == ["execution", "order", "position"]


REPLIES = [
    (DelayCall(ms=60, when="request socket=trade"), ["r2", "r1"]),
    (DelayCall(ms=60, when="reply socket=trade"), ["r2", "r1"]),
    (DropFrame(when="reply socket=trade"), ["r2"]),
    (DelayFrame(ms=60, when="reply socket=trade"), ["r2", "r1"]),
    (DuplicateFrame(when="reply socket=trade"), ["r1", "r1", "r2"]),
    (ReorderFrame(when="reply socket=trade"), ["r2", "r1"]),
]


@pytest.mark.parametrize(("fault", "order"), REPLIES, ids=lambda value: getattr(value, "do", ""))
async def test_a_reply_of_the_trade_socket_goes_wrong_as_a_frame_does(control, trader, fault, order):
    control.add(fault)

    trader.buy(next(NAMES))
    trader.buy(next(NAMES))

    assert [await trader.reply() for _ in order] == [(name, 0) for name in order]


async def test_a_garbled_reply_of_the_trade_socket_is_no_json_and_the_next_is_whole(control, trader):
    control.add(GarbleFrame(when="reply socket=trade"))

    trader.buy(next(NAMES))
    trader.buy(next(NAMES))

    with pytest.raises(ValueError):
        json.loads(await trader.socket.next())
    assert await trader.reply() == ("r2", 0)


async def test_an_order_of_the_trade_socket_is_acknowledged_and_then_rejected(rest, control, trader):
    name = next(NAMES)
    control.add(RejectLater())

    trader.buy(name)

    assert await trader.reply() == ("r1", 0)
    assert rest.orders(name)[0]["orderStatus"] == "Rejected"


async def test_the_trade_socket_is_cut_at_the_second_order(rest, control, trader):
    names = [next(NAMES), next(NAMES)]
    control.add(CutSocket(socket="trade", when="2nd accepted"))

    for name in names:
        trader.buy(name)
    first = await trader.reply()
    await asyncio.wait_for(trader.socket.closed, WAIT_S)

    assert (first, trader.socket.frames.empty()) == (("r1", 0), True)
    assert [rest.orders(name)[0]["orderStatus"] for name in names] == ["Filled", "Filled"]


async def test_a_fault_of_the_trade_socket_leaves_rest_alone(rest, control, trader):
    control.add(RefuseCall(code=10016, when="request socket=trade"))

    assert rest.buy(next(NAMES)).json()["retCode"] == 0
    trader.buy(next(NAMES))
    assert await trader.reply() == ("r1", 10016)


# Times and sequences


async def test_a_fault_strikes_at_its_time(control, exchange):
    _transport, socket = await connected(exchange.ws_public, {"op": "subscribe", "args": ["tickers.BTCUSDT"]})
    at_ms = time.time_ns() // 1_000_000 + 80
    control.add(CutSocket(socket="public", when=f"time at_ms={at_ms}"))

    await asyncio.wait_for(socket.closed, WAIT_S)

    assert control.injected()[-1]["time_ms"] >= at_ms
    assert control.injected()[-1]["at"]["point"] == "time"


def test_a_fault_of_one_account_leaves_the_other_alone(control, rest):
    control.add(RefuseCall(code=10016, when="request path=/v5/order/create account=9* always"))

    assert rest.buy(next(NAMES)).json()["retCode"] == 0

    control.add(RefuseCall(code=10016, when="request path=/v5/order/create account=1000001"))
    assert rest.buy(next(NAMES)).json()["retCode"] == 10016


async def test_what_cannot_be_read_arms_nothing(exchange, control):
    refused = control.http.post("/_control/faults", json={"faults": [{"do": "lose_answer", "when": "fill"}]})

    assert refused.status_code == 400
    assert "lose_answer can strike at request, reply, not at fill" in refused.json()["error"]
    assert control.facts()["faults"] == []
