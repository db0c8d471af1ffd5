"""The private stream over a plain socket: what a client reads, in which shapes and in which order."""

import asyncio
import json
import os
import time
from pathlib import Path

import httpx
import pytest
from picows import WSError, WSListener, WSMsgType, ws_connect

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings
from synthcore.venues.bybit.signing import Signer

WAIT_S = 5.0
ORDER = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}


def words(text):
    return text.split()


# Keys of live messages (2025-12 to 2026-03); the samples below are compared too where they are present.
ORDER_KEYS = words("""
    category symbol orderId orderLinkId blockTradeId side positionIdx orderStatus cancelType
    rejectReason timeInForce isLeverage price qty avgPrice leavesQty leavesValue cumExecQty cumExecValue
    cumExecFee orderType stopOrderType orderIv triggerPrice takeProfit stopLoss triggerBy tpTriggerBy
    slTriggerBy triggerDirection placeType lastPriceOnCreated closeOnTrigger reduceOnly smpGroup smpType
    smpOrderId slLimitPrice tpLimitPrice tpslMode createType marketUnit createdTime updatedTime feeCurrency
    closedPnl parentOrderLinkId slippageTolerance slippageToleranceType cumFeeDetail""")
EXECUTION_KEYS = words("""
    category symbol closedSize execFee execId execPrice execQty execType execValue feeRate tradeIv markIv
    blockTradeId markPrice indexPrice underlyingPrice leavesQty orderId orderLinkId orderPrice orderQty
    orderType stopOrderType side execTime isLeverage isMaker seq marketUnit execPnl createType""")
POSITION_KEYS = words("""
    positionIdx tradeMode riskId riskLimitValue symbol side size entryPrice sessionAvgPrice leverage
    positionValue positionBalance markPrice positionIM positionMM positionIMByMp positionMMByMp takeProfit
    stopLoss trailingStop unrealisedPnl cumRealisedPnl curRealisedPnl createdTime updatedTime tpslMode
    liqPrice bustPrice category positionStatus adlRankIndicator autoAddMargin leverageSysUpdatedTime
    mmrSysUpdatedTime seq breakEvenPrice isReduceOnly""")
WALLET_KEYS = words("""
    accountIMRate accountMMRate accountIMRateByMp accountMMRateByMp totalEquity totalWalletBalance
    totalMarginBalance totalAvailableBalance totalPerpUPL totalInitialMargin totalMaintenanceMargin
    totalInitialMarginByMp totalMaintenanceMarginByMp coin accountLTV accountType""")
LIVE_KEYS = {
    "order": ORDER_KEYS,
    "execution": EXECUTION_KEYS,
    "position": POSITION_KEYS,
    "wallet": WALLET_KEYS,
}


@pytest.fixture(scope="module")
def exchange():
    settings = ExchangeSettings(market="steady", rate_tier="off", position_mode="hedge")
    with ExchangeProcess(settings) as ready:
        yield ready


class Client(WSListener):
    def __init__(self):
        self.frames = asyncio.Queue()

    def on_ws_connected(self, transport):
        self.transport = transport

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.TEXT:
            self.frames.put_nowait(frame.get_payload_as_bytes())

    async def ask(self, **message):
        self.transport.send(WSMsgType.TEXT, json.dumps(message).encode())
        return await self.next()

    async def next(self):
        return json.loads(await asyncio.wait_for(self.frames.get(), WAIT_S))

    async def sign_in(self, ready, secret=None):
        expires = int(time.time() * 1000) + 5000
        signature = Signer(ready.api_key, secret or ready.api_secret).ws_auth(expires)
        return await self.ask(req_id="a1", op="auth", args=[ready.api_key, expires, signature])


@pytest.fixture
async def client(exchange):
    transport, client = await ws_connect(Client, exchange.ws_private)
    yield client
    transport.disconnect()
    await transport.wait_disconnected()


async def post(exchange, path, body):
    payload = json.dumps(body).encode()
    stamp = int(time.time() * 1000)
    headers = {
        "X-BAPI-API-KEY": exchange.api_key,
        "X-BAPI-TIMESTAMP": str(stamp),
        "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": Signer(exchange.api_key, exchange.api_secret).rest(stamp, 5000, payload),
        "Content-Type": "application/json",
    }
    async with httpx.AsyncClient(base_url=exchange.rest) as http:
        reply = (await http.post(path, content=payload, headers=headers)).json()
    assert reply["retCode"] == 0, reply
    return reply["result"]


async def test_signing_in_is_answered_in_the_private_shape(exchange, client):
    reply = await client.sign_in(exchange)

    assert list(reply) == ["req_id", "success", "ret_msg", "op", "conn_id"]
    assert (reply["req_id"], reply["success"], reply["op"]) == ("a1", True, "auth")
    name, tail = reply["conn_id"].split("-")
    assert (len(name), len(tail)) == (20, 5)


async def test_a_wrong_secret_is_refused_and_the_connection_stays(exchange, client):
    refused = await client.sign_in(exchange, secret="wrong")
    accepted = await client.sign_in(exchange)

    assert (refused["success"], refused["op"]) == (False, "auth")
    assert refused["ret_msg"]
    assert accepted["success"] is True


async def test_nobody_subscribes_before_signing_in(client):
    reply = await client.ask(op="subscribe", args=["order"])

    assert reply["success"] is False
    assert "req_id" not in reply


async def test_an_unknown_private_topic_is_refused(exchange, client):
    await client.sign_in(exchange)

    reply = await client.ask(op="subscribe", args=["order", "tickers.BTCUSDT"])

    assert reply["ret_msg"] == "error:handler not found,topic:tickers.BTCUSDT"


async def test_a_ping_is_answered_with_a_pong_and_the_time(client):
    reply = await client.ask(req_id="100001", op="ping")

    assert list(reply) == ["req_id", "op", "args", "conn_id"]
    assert (reply["req_id"], reply["op"]) == ("100001", "pong")
    assert abs(int(reply["args"][0]) - time.time() * 1000) < 60_000


async def test_a_fill_arrives_as_execution_order_position_and_wallet(exchange, client):
    await client.sign_in(exchange)
    await client.ask(op="subscribe", args=["order", "execution", "position", "wallet"])

    placed = await post(
        exchange, "/v5/order/create", {**ORDER, "positionIdx": 1, "orderLinkId": f"f-{time.time_ns()}"}
    )
    frames = [await client.next() for _ in range(4)]

    assert [frame["topic"] for frame in frames] == ["execution", "order", "position", "wallet"]
    execution, order, position, wallet = (frame["data"][0] for frame in frames)
    assert execution["orderId"] == order["orderId"] == placed["orderId"]
    assert (order["orderStatus"], order["timeInForce"]) == ("Filled", "IOC")
    assert execution["seq"] == position["seq"]
    assert [leg["positionIdx"] for leg in frames[2]["data"]] == [1, 2]
    assert wallet["coin"][0]["coin"] == "USDT"
    assert all(isinstance(frame["creationTime"], int) for frame in frames)


async def test_every_key_of_live_messages_is_there(exchange, client):
    await client.sign_in(exchange)
    await client.ask(op="subscribe", args=list(LIVE_KEYS))

    await post(exchange, "/v5/order/create", {**ORDER, "positionIdx": 1})
    frames = {frame["topic"]: frame for frame in [await client.next() for _ in range(4)]}

    for topic, keys in LIVE_KEYS.items():
        row = frames[topic]["data"][0]
        assert set(keys) - set(row) == set(), topic
    assert list(frames["order"])[:2] == list(frames["execution"])[:2] == ["topic", "id"]
    assert list(frames["position"])[:2] == list(frames["wallet"])[:2] == ["id", "topic"]


async def test_every_value_has_the_type_that_the_samples_have(exchange, client):
    samples = sample_rows()
    await client.sign_in(exchange)
    await client.ask(op="subscribe", args=list(LIVE_KEYS))

    await post(exchange, "/v5/order/create", {**ORDER, "positionIdx": 1})
    frames = {frame["topic"]: frame for frame in [await client.next() for _ in range(4)]}

    for topic, sample in samples.items():
        row = frames[topic]["data"][0]
        assert {key: type(row[key]) for key in sample} == {key: type(value) for key, value in sample.items()}


async def test_by_category_topics_carry_their_own_name(exchange, client):
    await client.sign_in(exchange)
    await client.ask(op="subscribe", args=["order.linear", "execution.linear", "position.linear"])

    await post(exchange, "/v5/order/create", {**ORDER, "positionIdx": 1})
    frames = [await client.next() for _ in range(3)]

    assert [frame["topic"] for frame in frames] == ["execution.linear", "order.linear", "position.linear"]


async def test_only_asked_topics_come_and_none_after_unsubscribing(exchange, client):
    await client.sign_in(exchange)
    await client.ask(op="subscribe", args=["wallet", "order"])
    await client.ask(op="unsubscribe", args=["wallet"])

    await post(exchange, "/v5/order/create", {**ORDER, "positionIdx": 1})
    frame = await client.next()
    pong = await client.ask(op="ping")

    assert frame["topic"] == "order"
    assert pong["op"] == "pong"  # nothing stood between the order and the pong


@pytest.mark.parametrize("path", ["/v5/trades", "/", "/v5/public/none"])
async def test_a_path_that_is_not_served_is_404_on_the_handshake(exchange, path):
    base = exchange.ws_private.removesuffix("/v5/private")

    with pytest.raises(WSError, match="404"):
        await ws_connect(Client, base + path)


def sample_rows():
    """The newest live row of each topic from the shared samples."""
    shared = Path(os.environ.get("SYNTHTEST_SHARED", Path(__file__).parents[2] / "../shared"))
    folder = shared / "reference/samples/bybit-ws-private"
    if not folder.is_dir():
        pytest.skip(f"the shared samples are not at {folder}; set SYNTHTEST_SHARED")
    lines = {topic: (folder / f"{topic}.jsonl").read_text().splitlines()[0] for topic in LIVE_KEYS}
    return {topic: json.loads(line)["data"][0] for topic, line in lines.items()}
