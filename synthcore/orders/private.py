"""Bybit's private stream: what happens to our orders, fills and positions, as it happens."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Callable
from time import monotonic_ns

import msgspec
from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from synthcore.backoff import Backoff
from synthcore.errors import VenueError, VenueRefused, VenueUnreachable
from synthcore.orders.gateway import PrivateEvent, StreamDown, StreamUp
from synthcore.orders.rows import fill, order_state, position
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
AUTH_VALID_MS = 10_000
PING_EVERY_S = 20.0
# The exchange answers each ping: two missed ones and the link is dead, however open it looks.
SILENCE_S = 2.5 * PING_EVERY_S
HANDSHAKE_S = 5.0


class PrivateStream:
    """Keep an authenticated connection, and tell when it is not there.

    Parameters
    ----------
    server_time_ms
        The server's clock: the authentication carries a time until which it is valid.
    """

    def __init__(
        self,
        url: str,
        signer: Signer,
        server_time_ms: Callable[[], float],
        handler: Callable[[PrivateEvent], None],
        backoff: Backoff | None = None,
        ping_every_s: float = PING_EVERY_S,
    ) -> None:
        self._url = url
        self._signer = signer
        self._server_time_ms = server_time_ms
        self._handler = handler
        self._backoff = backoff if backoff is not None else Backoff(first_s=0.25, limit_s=30.0)
        self._ping_every_s = ping_every_s
        self._task: asyncio.Task[None] | None = None
        self._transport: WSTransport | None = None
        self.is_up = False
        self.reconnects = 0
        self.malformed = 0

    async def start(self) -> None:
        """Connect, authenticate, subscribe; from then on the connection is kept up.

        Raises
        ------
        VenueUnreachable
            The first attempt failed: a wrong address is not cured by trying again.
        VenueRefused
            The exchange doesn't take the key.
        """
        transport, listener = await self._open()
        self._up(transport)
        self._task = asyncio.create_task(self._keep(transport, listener), name="private stream")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self.is_up = False

    def network_rtt_ns(self) -> float:
        """The network's round trip as the kernel measures it on this connection; 0 while there is none."""
        return 0.0 if self._transport is None else tcp_rtt_ns(self._transport)

    async def _keep(self, transport: WSTransport, listener: PrivateListener) -> None:
        """Watch the connection; when it breaks, say so and make a new one, for ever."""
        while True:
            up_since_ns = monotonic_ns()
            try:
                reason = await self._watch(transport, listener)
            finally:
                transport.disconnect(graceful=False)
            self.is_up, self._transport = False, None
            self._handler(StreamDown(reason))
            transport, listener = await self._reopen((monotonic_ns() - up_since_ns) / 1e9)
            self.reconnects += 1
            self._up(transport)

    async def _reopen(self, up_s: float) -> tuple[WSTransport, PrivateListener]:
        while True:
            await asyncio.sleep(self._backoff.delay_s(up_s))
            try:
                return await self._open()
            except VenueError as e:
                logger.warning("private stream: %s", e)
                up_s = 0.0

    def _up(self, transport: WSTransport) -> None:
        self.is_up, self._transport = True, transport
        self._handler(StreamUp())

    async def _open(self) -> tuple[WSTransport, PrivateListener]:
        """Make one connection that is authenticated and subscribed."""
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                transport, listener = await ws_connect(
                    lambda: PrivateListener(self._on_push), self._url, disconnect_on_exception=False
                )
        except (OSError, TimeoutError, WSError) as e:
            raise VenueUnreachable(f"{self._url}: no connection ({type(e).__name__}: {e})") from e
        if not isinstance(listener, PrivateListener):  # picows: the peer left before the upgrade
            raise VenueUnreachable(f"{self._url}: the connection was closed during the handshake")
        try:
            await self._authenticate(transport, listener)
        except BaseException:
            transport.disconnect(graceful=False)
            raise
        return transport, listener

    async def _authenticate(self, transport: WSTransport, listener: PrivateListener) -> None:
        expires_ms = int(self._server_time_ms()) + AUTH_VALID_MS
        args: list[str | int] = [self._signer.key, expires_ms, self._signer.ws_auth(expires_ms)]
        for request in (OpRequest(op="auth", args=args), OpRequest(op="subscribe", args=TOPICS)):
            reply = await listener.ask(transport, request)
            if not reply.success:
                reason = reply.reason.replace(self._signer.key, "***") or "no reason given"
                raise VenueRefused(reply.ret_code, f"{self._url}: {request.op}: {reason}", "auth_clock")

    async def _watch(self, transport: WSTransport, listener: PrivateListener) -> str:
        """Ping until the connection ends or falls silent; return why."""
        while True:
            try:
                async with asyncio.timeout(self._ping_every_s):
                    await listener.closed.wait()
                return "the exchange closed the connection"
            except TimeoutError:
                if monotonic_ns() - listener.heard_ns > 2.5 * self._ping_every_s * 1e9:
                    return "the connection fell silent"
                send(transport, OpRequest(op="ping"))

    def _on_push(self, frame: PrivateFrame) -> None:
        """Hand on each row; a row that can't be read is counted and the others still count."""
        try:
            events = rows_of(frame)
        except (msgspec.DecodeError, ArithmeticError, ValueError) as e:
            self.malformed += 1
            logger.error("private stream: a %s frame can't be read: %s", frame.topic, e)
            return
        for event in events:
            self._handler(event)


def rows_of(frame: PrivateFrame) -> list[PrivateEvent]:
    """The events of a frame; a fill that is no trade (funding) changes no order."""
    match frame.topic.partition(".")[0]:
        case "order":
            return [order_state(row) for row in decode_orders(frame.data)]
        case "execution":
            return [fill(row) for row in decode_executions(frame.data) if row.exec_type == "Trade"]
        case "position":
            return [position(row) for row in decode_positions(frame.data)]
        case _:
            return []


class PrivateListener(WSListener):
    """Turn the socket's frames into pushes and replies."""

    def __init__(self, on_push: Callable[[PrivateFrame], None]) -> None:
        super().__init__()
        self.closed = asyncio.Event()
        self.heard_ns = monotonic_ns()
        self._on_push = on_push
        self._replies: asyncio.Queue[PrivateFrame] = asyncio.Queue()
        self._parts: list[bytes] = []

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self.heard_ns = monotonic_ns()
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
            return
        if frame.msg_type not in (WSMsgType.TEXT, WSMsgType.CONTINUATION):
            return
        self._parts.append(frame.get_payload_as_bytes())
        if frame.fin:
            text, self._parts = b"".join(self._parts), []
            self._on_text(text)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.closed.set()

    def _on_text(self, text: bytes) -> None:
        try:
            frame = decode_private_frame(text)
        except msgspec.DecodeError:
            logger.error("private stream: a frame is not readable (%d bytes)", len(text))
            return
        if frame.topic:
            self._on_push(frame)
        elif frame.op in ("auth", "subscribe"):
            self._replies.put_nowait(frame)

    async def ask(self, transport: WSTransport, request: OpRequest) -> PrivateFrame:
        """Send an operation and wait for its reply; pushes may come before it."""
        send(transport, request)
        closing = asyncio.create_task(self.closed.wait())
        replying = asyncio.create_task(self._replies.get())
        try:
            done, _ = await asyncio.wait(
                {closing, replying}, timeout=HANDSHAKE_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            closing.cancel()
            replying.cancel()
        if replying in done:
            return replying.result()
        raise VenueUnreachable(f"private stream: no reply to {request.op}")


def send(transport: WSTransport, request: OpRequest) -> None:
    transport.send(WSMsgType.TEXT, msgspec.json.encode(request))


def tcp_rtt_ns(transport: WSTransport) -> float:
    """The smoothed round trip of a TCP connection, by `TCP_INFO` (Linux: `tcpi_rtt`, µs at byte 68)."""
    connection = transport.underlying_transport.get_extra_info("socket")
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 72)
    rtt_us: int = struct.unpack_from("=I", info, 68)[0]
    return rtt_us * 1e3
