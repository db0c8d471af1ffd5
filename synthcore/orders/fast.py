"""The fast lane's trade socket: kept up and written to on the feed's event loop, answered on the desk's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec
from picows import WSTransport

from synthcore._core.lane import Frame
from synthcore.errors import OutcomeUnknown, VenueError, VenueRefused
from synthcore.model import OrderAck, OrderRequest
from synthcore.orders.bybit import CREATE_PATH, BybitBackend, create_order, decode_ack
from synthcore.orders.kept import Listener
from synthcore.orders.socket import Answered, TradeSocket

logger = logging.getLogger(__name__)

TIME_FIELD = b'"X-BAPI-TIMESTAMP":"'
PRICE_FIELD = b'"price":"'

encode = msgspec.json.Encoder().encode


class FastSocket(TradeSocket):
    """A trade socket whose orders are written by compiled code, and awaited here.

    It is made on the desk's loop; `run` is for the feed's.

    Parameters
    ----------
    backend
        The account that the orders are of.

    Attributes
    ----------
    wire
        Where the compiled code writes.
    """

    name = "fast lane"

    def __init__(self, url: str, backend: BybitBackend) -> None:
        super().__init__(url, backend.signer, backend.server_time_ms, surroundings=backend.surroundings)
        self.wire = backend.surroundings.wire()
        self._backend = backend
        self._desk_loop = asyncio.get_running_loop()
        self._feed_loop: asyncio.AbstractEventLoop | None = None
        self._lost_ns = 0  # what was sent before has no answer any more

    # On the feed's loop

    async def run(self) -> None:
        """Keep the connection up until cancelled."""
        self._feed_loop = asyncio.get_running_loop()
        try:
            transport, listener = await self._first()
            self._up(transport)
            await self._keep(transport, listener)
        finally:
            self.wire.shut()

    async def _first(self) -> tuple[WSTransport, Listener]:
        try:
            return await self._open()
        except VenueError as e:
            logger.warning("%s: %s", self.name, e)
            return await self._reopen(0.0)

    def on_up(self) -> None:
        assert self._transport is not None
        self.wire.open(self._transport)
        logger.info("the fast lane's socket is up")

    def on_down(self, reason: str) -> None:
        self.wire.shut()
        logger.warning("the fast lane's socket is down: %s", reason)
        self._tell(self._lose_answers, reason)

    def drop(self) -> None:
        self.wire.shut()
        super().drop()

    def on_text(self, listener: Listener, text: bytes) -> None:
        """Hand an answer over unread: the feed's thread has better things to do."""
        if self.is_up:
            self._tell(self._take, text, listener.heard_ns)
        else:
            super().on_text(listener, text)

    def _tell(self, what: Callable[..., None], *values: Any) -> None:
        if not self._desk_loop.is_closed():
            self._desk_loop.call_soon_threadsafe(what, *values)

    # On the desk's loop

    def frame(self, order: OrderRequest) -> Frame:
        """An order's frame around what is filled in when it is sent: its time and its price."""
        body = encode(create_order(order))
        text = self.call_frame(order.link_id, CREATE_PATH, body, self._backend.order_recv_window_ms)
        before_time, rest = around(text, TIME_FIELD)
        before_price, after = around(rest, PRICE_FIELD)
        return before_time, before_price, after

    async def answer(self, link_id: str, sent_ns: int) -> OrderAck:
        """Wait for what became of an order that went out by the wire.

        Raises
        ------
        VenueRefused, OutcomeUnknown
            As `ExecutionBackend.place`.
        """
        waiting = self._waiting_for(link_id)
        try:
            if not waiting.done() and sent_ns <= self._lost_ns:
                raise OutcomeUnknown("sent, and the answer was lost with its connection")
            async with asyncio.timeout(self._answer_within_s):
                answered = await waiting
        except TimeoutError:
            self._break_off()
            raise OutcomeUnknown(f"{link_id}: sent, and no answer came in time") from None
        finally:
            self._waiting.pop(link_id, None)
        try:
            reply = self._read(answered.answer, CREATE_PATH)
        except VenueRefused as e:
            self._backend.heed_refusal(e)
            raise
        return OrderAck(decode_ack(reply.result).order_id, link_id, sent_ns, answered.received_ns)

    def _waiting_for(self, link_id: str) -> asyncio.Future[Answered]:
        """The answer's place: it may come before anybody asks for it."""
        if link_id not in self._waiting:
            self._waiting[link_id] = self._desk_loop.create_future()
        return self._waiting[link_id]

    def _break_off(self) -> None:
        """However open it looks, nothing more goes into this connection."""
        self.wire.shut()
        if self._feed_loop is not None and not self._feed_loop.is_closed():
            self._feed_loop.call_soon_threadsafe(self.drop)

    def _take(self, text: bytes, heard_ns: int) -> None:
        answer = self.answer_in(text)
        if answer is not None and answer.op == "order.create":
            waiting = self._waiting_for(answer.req_id)
            if not waiting.done():
                waiting.set_result(Answered(answer, heard_ns))

    def _lose_answers(self, reason: str) -> None:
        self._lost_ns = self._now_ns()
        super()._lose_answers(reason)


def around(text: bytes, field: bytes) -> tuple[bytes, bytes]:
    """What is before a text field's value, and what is from its closing quote."""
    before, found, rest = text.partition(field)
    assert found, "the frame has the field"
    return before + found, rest[rest.index(b'"') :]
