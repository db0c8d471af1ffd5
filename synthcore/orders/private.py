"""Bybit's private stream: what happens to our orders, fills and positions, as it happens."""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec
from picows import WSTransport

from synthcore.backoff import Backoff
from synthcore.errors import VenueRefused
from synthcore.orders.gateway import PrivateEvent, StreamDown, StreamUp
from synthcore.orders.kept import PING_EVERY_S, KeptSocket, Listener
from synthcore.orders.rows import fill, order_state, position
from synthcore.orders.surroundings import MACHINE, Surroundings
from synthcore.venues.bybit.messages import (
    OpRequest,
    PrivateFrame,
    decode_executions,
    decode_orders,
    decode_positions,
    decode_private_frame,
)
from synthcore.venues.bybit.signing import Signer

logger = logging.getLogger(__name__)

TOPICS: list[str | int] = ["order", "execution", "position"]  # nobody here reads `wallet`


class PrivateStream(KeptSocket):
    """The account's events, one at a time and in the order of their arrival."""

    name = "private stream"

    def __init__(
        self,
        url: str,
        signer: Signer,
        server_time_ms: Callable[[], float],
        handler: Callable[[PrivateEvent], None],
        backoff: Backoff | None = None,
        ping_every_s: float = PING_EVERY_S,
        surroundings: Surroundings = MACHINE,
    ) -> None:
        super().__init__(url, signer, server_time_ms, backoff, ping_every_s, surroundings)
        self._handler = handler
        self.malformed = 0

    async def greet(self, transport: WSTransport, listener: Listener) -> None:
        for request in (self.auth_request(), OpRequest(op="subscribe", args=TOPICS)):
            reply: PrivateFrame = await listener.ask(transport, request)
            if not reply.success:
                reason = reply.reason.replace(self._signer.key, "***") or "no reason given"
                raise VenueRefused(reply.ret_code, f"{self._url}: {request.op}: {reason}", "auth_clock")

    def on_up(self) -> None:
        self._handler(StreamUp())

    def on_down(self, reason: str) -> None:
        self._handler(StreamDown(reason))

    def on_text(self, listener: Listener, text: bytes) -> None:
        try:
            frame = decode_private_frame(text)
        except msgspec.DecodeError:
            logger.error("private stream: a frame is not readable (%d bytes)", len(text))
            return
        if frame.topic:
            self._on_push(frame, listener.heard_ns)
        elif frame.op in ("auth", "subscribe"):
            listener.replies.put_nowait(frame)

    def _on_push(self, frame: PrivateFrame, recv_ns: int) -> None:
        """Hand on each row; a row that can't be read is counted and the others still count."""
        try:
            events = rows_of(frame, recv_ns)
        except (msgspec.DecodeError, ArithmeticError, ValueError) as e:
            self.malformed += 1
            logger.error("private stream: a %s frame can't be read: %s", frame.topic, e)
            return
        for event in events:
            self._handler(event)


def rows_of(frame: PrivateFrame, recv_ns: int) -> list[PrivateEvent]:
    """The events of a frame; a fill that is no trade (funding) changes no order."""
    match frame.topic.partition(".")[0]:
        case "order":
            return [order_state(row, recv_ns) for row in decode_orders(frame.data)]
        case "execution":
            return [fill(row, recv_ns) for row in decode_executions(frame.data) if row.exec_type == "Trade"]
        case "position":
            return [position(row, recv_ns) for row in decode_positions(frame.data)]
        case _:
            return []
