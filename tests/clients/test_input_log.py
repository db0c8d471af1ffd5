"""What came in over real sockets, replayed without them: every answer and every frame, to the byte."""

import asyncio
import json
import stat
import time

import httpx
import pytest
from picows import WSListener, WSMsgType, ws_connect

from synthcore.errors import ConfigError, RecordingError
from synthcore.exchange.in_process.replayed import replayed
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings
from synthcore.venues.bybit.signing import Signer

ORDER = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}
STORM = [
    {"do": "lose_answer", "when": "reply link=log-3"},
    {"do": "time_out", "when": "reply link=log-6"},
    {"do": "refuse", "code": 10006, "when": "request link=ws-* probability=0.3 always"},
    {"do": "drop_frame", "when": "private topic=execution probability=0.2 always"},
    {"do": "reorder_frame", "when": "private topic=order probability=0.2 always"},
    {"do": "delay_frame", "ms": 30, "when": "public probability=0.1 always"},
    {"do": "skew_clock", "ms": 40, "drift_ppm": 200},
    {"do": "cut_socket", "socket": "trade", "when": "9th fill"},
]
OF_THE_SERVER = {"date", "connection"}  # headers
MARKER = "marker-4b7e-of-somebody-else"
STRAY = [  # what a client sends by mistake: another exchange's key, what no exchange reads
    {"X-BAPI-API-KEY": MARKER, "X-BAPI-SIGN": MARKER, "X-BAPI-TIMESTAMP": "1"},
    {"Cookie": MARKER, "Authorization": MARKER},
]


class Listener(WSListener):
    """Keeps what comes."""

    def __init__(self, heard):
        self.heard = heard
        self.ended = asyncio.Event()

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.TEXT:
            self.heard.append(frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport):
        self.ended.set()


class Story:
    """A client that trades by REST and by socket while things go wrong; keeps all that it was told."""

    def __init__(self, ready):
        self.ready = ready
        self.signer = Signer(ready.api_key, ready.api_secret)
        self.answers = []  # status, headers, body; None where there was none
        self.listeners = []
        self.frames = {"private": [], "public": [], "trade": []}

    async def tell(self):
        async with httpx.AsyncClient(base_url=self.ready.rest, timeout=0.3) as self.http:
            headers = {"Authorization": f"Bearer {self.ready.control_token}"}
            await self.call("POST", "/_control/faults", {"faults": STORM}, headers)
            private = await self.connect("private", self.ready.ws_private)
            public = await self.connect("public", self.ready.ws_public)
            trade = await self.connect("trade", self.ready.ws_trade)
            expires_ms = time.time_ns() // 10**6 + 5000
            auth = [self.signer.key, expires_ms, self.signer.ws_auth(expires_ms)]
            for transport in (private, trade):
                say(transport, op="auth", args=auth)
            say(private, op="subscribe", args=["order", "execution", "position", "wallet"])
            say(public, op="subscribe", args=["orderbook.50.BTCUSDT", "publicTrade.BTCUSDT"])
            for number in range(10):
                order = ORDER | {"side": "Buy" if number % 3 else "Sell", "orderLinkId": f"log-{number}"}
                await self.call("POST", "/v5/order/create", order)
                stamp = {"X-BAPI-TIMESTAMP": str(time.time_ns() // 10**6)}
                say(trade, op="order.create", header=stamp, args=[order | {"orderLinkId": f"ws-{number}"}])
            await self.call("GET", "/v5/market/time")
            await self.call("GET", "/v5/nowhere")
            for stray in STRAY:
                await self.call("GET", "/v5/account/info", headers=stray)
            await self.call("GET", "/_control/faults", headers={"Authorization": f"Bearer {MARKER}"})
            for transport in (private, public, trade):
                transport.disconnect()
            for listener in self.listeners:
                await listener.ended.wait()

    async def connect(self, name, url):
        transport, listener = await ws_connect(lambda: Listener(self.frames[name]), url)
        self.listeners.append(listener)
        return transport

    async def call(self, method, path, fields=None, headers=None):
        body = json.dumps(fields).encode() if fields is not None else b""
        now_ms = time.time_ns() // 10**6
        signed = {
            "X-BAPI-API-KEY": self.signer.key,
            "X-BAPI-TIMESTAMP": str(now_ms),
            "X-BAPI-RECV-WINDOW": "5000",
            "X-BAPI-SIGN": self.signer.rest(now_ms, 5000, body),
        }
        try:
            answer = await self.http.request(method, path, content=body, headers=headers or signed)
        except httpx.TransportError:
            self.answers.append(None)
            return
        kept = [(n.lower(), v) for n, v in answer.headers.items() if n.lower() not in OF_THE_SERVER]
        self.answers.append((answer.status_code, kept, answer.content))


def plain(headers):
    return [(name.decode().lower(), value.decode()) for name, value in headers]


def say(transport, **message):
    transport.send(WSMsgType.TEXT, json.dumps(message).encode())


@pytest.fixture(scope="module", params=["instant", "realistic"])
def told(request, tmp_path_factory):
    """A story over sockets, and its log."""
    path = tmp_path_factory.mktemp("log") / "input.jsonl"
    settings = ExchangeSettings(
        symbols=("BTCUSDT",), rate_tier="off", control_token="auto", delays=request.param, input_log=str(path)
    )
    with ExchangeProcess(settings) as ready:
        story = Story(ready)
        asyncio.run(story.tell())
    return story, path


def test_the_log_gives_every_answer_once_more(told):
    story, path = told
    outputs = [output for output in replayed(path) if output.kind in ("answer", "lost")]

    answers = [
        (
            output.code,
            [(name.decode().lower(), value.decode()) for name, value in output.headers],
            output.content,
        )
        for output in sorted(outputs, key=lambda output: output.channel)
        if output.kind == "answer"
    ]
    assert answers == [answer for answer in story.answers if answer is not None]
    assert story.answers.count(None) == 2  # one lost, one that never came


def test_the_log_gives_every_frame_once_more(told):
    story, path = told
    frames = {}
    for output in replayed(path):
        if output.kind == "frame":
            frames.setdefault(output.channel, []).append(output.content)

    private, public, trade = (frames[channel] for channel in sorted(frames))
    assert len(story.frames["private"]) > 30
    assert (private, trade) == (story.frames["private"], story.frames["trade"])
    # The client hung up while frames of the market were on their way.
    assert public[: len(story.frames["public"])] == story.frames["public"]
    assert any(json.loads(frame).get("type") == "delta" for frame in story.frames["public"])


def test_the_log_is_private_and_has_no_key_of_anybody_else(told):
    story, path = told

    head = json.loads(path.read_bytes().split(b"\n")[0])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert head["keys"] == [[story.ready.api_key, story.ready.api_secret]]
    assert MARKER not in path.read_text()
    assert story.ready.control_token not in path.read_text()


def test_a_log_that_was_cut_in_a_line_is_read_up_to_there(told, tmp_path):
    whole = told[1].read_bytes()
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(whole[: len(whole) // 2])

    outputs = list(replayed(cut))

    assert outputs == list(replayed(told[1]))[: len(outputs)]
    assert outputs


@pytest.mark.parametrize("content", [b"", b"{}\n", b"no json\n"])
def test_what_is_no_log_is_refused(tmp_path, content):
    path = tmp_path / "other.jsonl"
    path.write_bytes(content)

    with pytest.raises(RecordingError, match="must be an input log of an exchange"):
        list(replayed(path))


def test_a_log_that_can_t_be_written_is_refused():
    settings = ExchangeSettings(market="steady", input_log="/nowhere/at/all.jsonl")

    with pytest.raises(ConfigError, match="input_log"), ExchangeProcess(settings):
        pass
