"""The trade WebSocket: orders over one signed connection, by the endpoints and within the limits of REST."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field
from picows import WSFrame, WSTransport

from synthcore.exchange.account import Account
from synthcore.exchange.auth import DEFAULT_RECV_WINDOW, ApiKey, Authenticator, check_window
from synthcore.exchange.delays import Delays
from synthcore.exchange.endpoint import Call, Endpoint, Extended
from synthcore.exchange.faults.trade_gate import TradeGate
from synthcore.exchange.ids import Ids
from synthcore.exchange.ip_limits import IpLimits
from synthcore.exchange.limits import TOO_MANY_VISITS, RateLimiter, Visit
from synthcore.exchange.line import Line
from synthcore.exchange.outbox import Outbox
from synthcore.exchange.recent_ids import RecentIds
from synthcore.exchange.refusal import PERMISSION_DENIED, SYSTEM_BUSY, Refusal, Refused, params_error
from synthcore.exchange.sessions import Clock, Session, Sessions, encode
from synthcore.exchange.turn import Turn
from synthcore.exchange.wire import framed

OPERATIONS = (
    "order.create",
    "order.amend",
    "order.cancel",
    "order.create-batch",
    "order.amend-batch",
    "order.cancel-batch",
)
ORDER_PATHS = "/v5/order/"
MAX_REQ_ID_LENGTH = 36
REQ_IDS_KEPT = 20_000  # of one connection; an older one could be used again

OK = Refusal(0, "OK")
ALREADY_SIGNED_IN = Refusal(20001, "Repeat auth")
DUPLICATE_REQ_ID = Refusal(20006, "Duplicate reqId")
UNKNOWN_OPERATION = Refusal(10404, "op type is not found")
WS_SYSTEM_BUSY = Refusal(10429, SYSTEM_BUSY.message)
IP_TOO_FREQUENT = Refusal(10403, "Access too frequent")  # Bybit's text is not documented
WRONG_CATEGORY = Refusal(10404, "category is not correct or not supported")
NOT_SIGNED_IN = Refusal(10003, "Request not authorized")  # Bybit's code and text are not documented


class TradeHeader(Struct, rename={"timestamp": "X-BAPI-TIMESTAMP", "recv_window": "X-BAPI-RECV-WINDOW"}):
    """What a request says about itself; numbers are taken as well as texts."""

    timestamp: str | int = ""
    recv_window: str | int = DEFAULT_RECV_WINDOW


class TradeRequest(Struct):
    """One message of a client."""

    op: str = ""
    req_id: str | int | None = field(default=None, name="reqId")
    header: TradeHeader | None = None
    args: list[Raw] | None = None


class Category(Struct):
    category: object = None


class TradeReply(Struct, kw_only=True, rename="camel"):
    """One message to a client, in Bybit's order of keys."""

    req_id: str | int | UnsetType = UNSET
    ret_code: int
    ret_msg: str
    op: str
    data: object = UNSET
    ret_ext_info: dict[str, object] | UnsetType = UNSET
    header: dict[str, str] | UnsetType = UNSET
    conn_id: str


_decode = msgspec.json.Decoder(TradeRequest).decode
_decode_category = msgspec.json.Decoder(Category).decode


class TradeSession(Session):
    """One connection; it signs in once, then each message is an order's act.

    Its replies have another shape than those of the other sockets, so it reads its messages itself.
    """

    group: Sessions[TradeSession]

    def __init__(
        self,
        group: Sessions[TradeSession],
        conn_id: str,
        now_ms: Clock,
        desk: TradeDesk,
        delays: Delays,
        outbox: Outbox,
        turn: Turn,
    ) -> None:
        super().__init__(group, conn_id, now_ms)
        self.uid: str | None = None
        self._may_order = False
        self._desk = desk
        self._delays = delays
        self._outbox = outbox
        self._together = turn
        self._entry: Line | None = None  # of messages on their way in, once anything was delayed
        self._req_ids = RecentIds(REQ_IDS_KEPT)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if not frame.last_in_buffer:
            self._together.begin()
        super().on_ws_frame(transport, frame)

    def on_text(self, text: bytes) -> None:
        """Let one message take its time, and carry it out after those in front of it."""
        if self._entry is None and not self._delays.is_instant:
            self._entry = Line(self._carry_out)
        if self._entry is None:
            self._carry_out(text)
        else:
            self._entry.put(text, self._delays.entry_s())

    def _carry_out(self, text: bytes) -> None:
        """Carry out one message; whatever it says, the connection survives."""
        try:
            request = _decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._reply(TradeRequest(), params_error("request"))
            return
        if isinstance(request.req_id, int):
            request.req_id = str(request.req_id)
        limits = self._desk.ip_limits
        if limits is not None and not limits.message(self.client_ip, self.now_ms()):
            self._reply(request, IP_TOO_FREQUENT)
        elif request.op == "ping":
            self._reply(request, OK, op="pong", data=[str(self.now_ms())])
        elif request.op == "auth":
            self._sign_in(request)
        elif request.op in OPERATIONS:
            self._act(request)
        else:
            self._reply(request, UNKNOWN_OPERATION)

    def _sign_in(self, request: TradeRequest) -> None:
        if self.uid is not None:
            self._reply(request, ALREADY_SIGNED_IN)
            return
        key = self._desk.sign_in(request, self.now_ms(), self.client_ip)
        if isinstance(key, Refusal):
            self._reply(request, key)
            return
        self.uid, self._may_order = key.uid, key.terms.allow("POST", ORDER_PATHS)
        self._reply(request, OK)

    def _act(self, request: TradeRequest) -> None:
        if self.uid is None:
            self._reply(request, NOT_SIGNED_IN)
            return
        if not self._may_order:
            self.send(encode(self.refused(request, PERMISSION_DENIED, None)))
            return
        refusal = self._note(request.req_id)
        if refusal is not None:
            self._reply(request, refusal)
            return
        gate = self._desk.gate
        if gate is not None and not gate.is_open:
            gate.let_in(SocketAct(self, self.uid, request))
            return
        reply = encode(self.carry_out(self.uid, request))
        if self._delays.is_instant:  # the reply first, so that a client reads its acknowledgement first
            self._send_with_others(reply)
            self._outbox.flush()
        else:
            self._outbox.flush()
            self.send(reply, self._delays.reply_s())

    def _send_with_others(self, reply: bytes) -> None:
        """Send a reply; those of messages that came together share a write."""
        if self.post(framed(reply)):
            self._together.flush(self)
        else:
            self.send(reply)

    def carry_out(self, uid: str, request: TradeRequest) -> TradeReply:
        return self._desk.act(uid, request, self.conn_id, self.now_ms())

    def refused(self, request: TradeRequest, refusal: Refusal, retry_after_ms: int | None) -> TradeReply:
        return self._desk.refused(request, refusal, retry_after_ms, self.conn_id, self.now_ms())

    def answer(self, reply: bytes) -> None:
        """Send the reply of an act, when it is its time."""
        self.send(reply, self._delays.reply_s())

    def _note(self, req_id: str | int | None) -> Refusal | None:
        """Remember a request's id; why it can't be used."""
        if not req_id:
            return None
        req_id = str(req_id)
        if len(req_id) > MAX_REQ_ID_LENGTH:
            return params_error("reqId")
        return None if self._req_ids.add(req_id) else DUPLICATE_REQ_ID

    def _reply(
        self, request: TradeRequest, outcome: Refusal, *, op: str | None = None, data: object = UNSET
    ) -> None:
        """Answer what is no order: without headers."""
        reply = TradeReply(
            req_id=request.req_id or UNSET,
            ret_code=outcome.code,
            ret_msg=outcome.message,
            op=op or request.op,
            data=data,
            conn_id=self.conn_id,
        )
        self.send(encode(reply))


class SocketAct:
    """One act, as a fault meets it."""

    def __init__(self, session: TradeSession, uid: str, request: TradeRequest) -> None:
        self.op = request.op
        self.body = bytes((request.args or (b"",))[0])
        self.account = uid
        self.conn_id = session.conn_id
        self.cut = session.cut
        self.answer = session.answer
        self._session = session
        self._request = request

    def carry_out(self) -> tuple[int, bytes]:
        reply = self._session.carry_out(self.account, self._request)
        return reply.ret_code, encode(reply)

    def refused(self, refusal: Refusal, retry_after_ms: int | None) -> bytes:
        return encode(self._session.refused(self._request, refusal, retry_after_ms))


class TradeDesk:
    """Carries out the acts of all connections, by the same endpoints and limits as REST.

    Parameters
    ----------
    endpoints
        REST's; an act whose endpoint is not among them is not served.
    """

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        accounts: dict[str, Account],
        authenticator: Authenticator,
        limiter: RateLimiter,
        ids: Ids,
    ) -> None:
        by_path = {endpoint.path: endpoint for endpoint in endpoints if endpoint.method == "POST"}
        paths = {op: f"/v5/{op.replace('.', '/')}" for op in OPERATIONS}
        self._endpoints = {op: by_path[path] for op, path in paths.items() if path in by_path}
        self._accounts = accounts
        self._authenticator = authenticator
        self._limiter = limiter
        self._ids = ids
        self.ip_limits: IpLimits | None = None  # where an address can ask too much
        self.gate: TradeGate | None = None  # where acts go wrong on purpose

    def sign_in(self, request: TradeRequest, now_ms: int, client_ip: str) -> ApiKey | Refusal:
        try:
            args = [msgspec.json.decode(raw, type=str | int) for raw in request.args or ()]
        except msgspec.DecodeError:
            return params_error("args")
        return self._authenticator.socket(args, now_ms, client_ip)

    def act(self, uid: str, request: TradeRequest, conn_id: str, now_ms: int) -> TradeReply:
        """Check one request's header and limit, and let its endpoint answer."""
        endpoint = self._endpoints.get(request.op)
        refusal = UNKNOWN_OPERATION if endpoint is None else check_request(request, now_ms)
        if endpoint is None or refusal is not None:
            return self._reply(request, refusal, None, conn_id, now_ms)
        body = bytes((request.args or (b"",))[0])
        cost = endpoint.cost(body) if endpoint.cost is not None else 1
        visit = self._limiter.visit(uid, endpoint.path, now_ms, cost)
        if visit is not None and not visit.is_allowed:
            return self._reply(request, TOO_MANY_VISITS, visit, conn_id, now_ms)
        granted = visit.granted if visit is not None else None
        result = answer_of(endpoint, Call({}, body, self._accounts[uid], now_ms, granted))
        return self._reply(request, result, visit, conn_id, now_ms)

    def refused(
        self, request: TradeRequest, refusal: Refusal, retry_after_ms: int | None, conn_id: str, now_ms: int
    ) -> TradeReply:
        """A refusal; with a time to wait for, as one over the rate limit."""
        over = None if retry_after_ms is None else Visit(False, 10, 0, now_ms + retry_after_ms)
        return self._reply(request, refusal, over, conn_id, now_ms)

    def _reply(
        self, request: TradeRequest, result: object, visit: Visit | None, conn_id: str, now_ms: int
    ) -> TradeReply:
        outcome, data, ext_info = OK, result, {}
        if isinstance(result, Refusal):
            outcome, data = result, {}
        elif isinstance(result, Extended):
            data, ext_info = result.result, result.ext_info
        return TradeReply(
            req_id=request.req_id or UNSET,
            ret_code=outcome.code,
            ret_msg=outcome.message,
            op=request.op,
            data=data,
            ret_ext_info=ext_info,
            header=self._header(visit, now_ms),
            conn_id=conn_id,
        )

    def _header(self, visit: Visit | None, now_ms: int) -> dict[str, str]:
        """REST's headers as an object."""
        header = {"Traceid": self._ids.trace_id(), "Timenow": str(now_ms)}
        if visit is None:
            return header
        return {name.decode(): value.decode() for name, value in visit.headers()} | header


def check_request(request: TradeRequest, now_ms: int) -> Refusal | None:
    """A request says when it was sent, as on REST, and what it wants in one object."""
    if request.header is None:
        return params_error("header")
    if request.args is None or len(request.args) != 1:
        return params_error("args")
    return check_window(str(request.header.timestamp), str(request.header.recv_window), now_ms)


def answer_of(endpoint: Endpoint, call: Call) -> object:
    """What the endpoint says of the one object in `args`."""
    try:
        if _decode_category(call.body).category != "linear":
            return WRONG_CATEGORY
        result = endpoint.handler(call)
        return WS_SYSTEM_BUSY if result is SYSTEM_BUSY else result
    except msgspec.DecodeError:
        return params_error("args")
    except Refused as refused:
        return refused.refusal


class TradeStream:
    """The connections of the trade socket."""

    def __init__(self, desk: TradeDesk, now_ms: Clock, delays: Delays, outbox: Outbox, turn: Turn) -> None:
        self.sessions: Sessions[TradeSession] = Sessions()
        self._desk = desk
        self._now_ms = now_ms
        self._delays = delays
        self._outbox = outbox
        self._turn = turn

    def session(self, conn_id: str) -> TradeSession:
        return TradeSession(
            self.sessions, conn_id, self._now_ms, self._desk, self._delays, self._outbox, self._turn
        )
