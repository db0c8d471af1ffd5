"""Orders over Bybit's trade socket: one signed connection, no HTTP, the same answers and classes as REST."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from itertools import count

import msgspec
from msgspec import Raw, Struct, field
from picows import WSMsgType, WSTransport

from synthcore.backoff import Backoff
from synthcore.errors import OutcomeUnknown, VenueRefused, VenueUnreachable
from synthcore.orders.answers import masked, raise_for, rate_limit_in
from synthcore.orders.gateway import RateLimitSeen
from synthcore.orders.kept import PING_EVERY_S, KeptSocket, Listener
from synthcore.orders.surroundings import MACHINE, Surroundings
from synthcore.venues.bybit.messages import RestReply
from synthcore.venues.bybit.signing import Signer

logger = logging.getLogger(__name__)

OPERATIONS = {  # by the path of the same call over REST
    "/v5/order/create": "order.create",
    "/v5/order/create-batch": "order.create-batch",
    "/v5/order/amend": "order.amend",
    "/v5/order/cancel": "order.cancel",
}
ANSWER_WITHIN_S = 2.0


class TradeCall(Struct, rename="camel"):
    """One request of ours."""

    req_id: str
    header: dict[str, str]
    op: str
    args: list[Raw]


class TradeAnswer(Struct, rename="camel"):
    """Any message of the trade socket."""

    op: str = ""
    req_id: str = ""
    ret_code: int = 0
    ret_msg: str = ""
    data: Raw = Raw(b"{}")
    ret_ext_info: Raw = Raw(b"{}")
    header: dict[str, str] = field(default_factory=dict)


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(TradeAnswer).decode


class Answered(Struct, frozen=True):
    """An answer, and when it was read from the socket (monotonic)."""

    answer: TradeAnswer
    received_ns: int


class TradeSocket(KeptSocket):
    """One account's order calls to one venue.

    A call whose answer doesn't come, because the connection breaks or the time is over, may have taken
    effect: `OutcomeUnknown`. While there is no connection nothing is sent: `VenueUnreachable`.
    """

    name = "trade socket"

    def __init__(
        self,
        url: str,
        signer: Signer,
        server_time_ms: Callable[[], float],
        backoff: Backoff | None = None,
        ping_every_s: float = PING_EVERY_S,
        answer_within_s: float = ANSWER_WITHIN_S,
        surroundings: Surroundings = MACHINE,
    ) -> None:
        super().__init__(url, signer, server_time_ms, backoff, ping_every_s, surroundings)
        self._answer_within_s = answer_within_s
        self._numbers = count(1)
        self._waiting: dict[str, asyncio.Future[Answered]] = {}
        self._on_rate_limit: Callable[[RateLimitSeen], None] = lambda seen: None

    def on_rate_limit(self, handler: Callable[[RateLimitSeen], None]) -> None:
        self._on_rate_limit = handler

    async def close(self) -> None:
        await super().close()
        self._lose_answers("the connection was closed")

    async def order_call(self, path: str, body: bytes, recv_window_ms: int) -> tuple[RestReply, int, int]:
        """Send a call of REST's path and body, once; return the answer, sent_ns and acked_ns."""
        if self._transport is None:
            raise VenueUnreachable(f"{self._url}: the trade socket is down")
        req_id = str(next(self._numbers))
        frame = self.call_frame(req_id, path, body, recv_window_ms)
        waiting = self._waiting[req_id] = asyncio.get_running_loop().create_future()
        try:
            self._transport.send(WSMsgType.TEXT, frame)
            sent_ns = self._now_ns()
            async with asyncio.timeout(self._answer_within_s):
                answered = await waiting
        except TimeoutError:
            self.drop()  # however open it looks: the next order, perhaps a close, must not be lost there, too
            raise OutcomeUnknown(f"{path}: sent, and no answer came in {self._answer_within_s:g} s") from None
        finally:
            del self._waiting[req_id]
        return self._read(answered.answer, path), sent_ns, answered.received_ns

    def call_frame(self, req_id: str, path: str, body: bytes, recv_window_ms: int) -> bytes:
        """The text of one call."""
        return encode(TradeCall(req_id, self._header(recv_window_ms), OPERATIONS[path], [Raw(body)]))

    def _header(self, recv_window_ms: int) -> dict[str, str]:
        return {
            "X-BAPI-TIMESTAMP": str(int(self._server_time_ms())),
            "X-BAPI-RECV-WINDOW": str(recv_window_ms),
        }

    def _read(self, answer: TradeAnswer, path: str) -> RestReply:
        seen = rate_limit_in(answer.header, path, answer.ret_code)
        if seen is not None:
            self._on_rate_limit(seen)
        reply = RestReply(
            ret_code=answer.ret_code,
            ret_msg=answer.ret_msg,
            result=answer.data,
            ret_ext_info=answer.ret_ext_info,
        )
        raise_for(reply, path, self._signer.key, for_order=True)
        return reply

    # The connection

    async def greet(self, transport: WSTransport, listener: Listener) -> None:
        answer: TradeAnswer = await listener.ask(transport, self.auth_request())
        if answer.ret_code != 0:
            reason = masked(answer.ret_msg, self._signer.key) or "no reason given"
            raise VenueRefused(answer.ret_code, f"{self._url}: auth: {reason}", "auth_clock")

    def on_down(self, reason: str) -> None:
        logger.warning("trade socket is down, orders go by REST: %s", reason)
        self._lose_answers(reason)

    def on_up(self) -> None:
        logger.info("orders go by the trade socket")

    def on_text(self, listener: Listener, text: bytes) -> None:
        answer = self.answer_in(text)
        if answer is None:
            return
        if answer.op == "auth":
            listener.replies.put_nowait(answer)
        elif (waiting := self._waiting.get(answer.req_id)) is not None and not waiting.done():
            waiting.set_result(Answered(answer, listener.heard_ns))

    def answer_in(self, text: bytes) -> TradeAnswer | None:
        try:
            return decode(text)
        except msgspec.DecodeError:
            logger.error("%s: a frame is not readable (%d bytes)", self.name, len(text))
            return None

    def _lose_answers(self, reason: str) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(OutcomeUnknown(f"sent, and the answer was lost ({reason})"))
