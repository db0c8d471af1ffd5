"""An authenticated WebSocket that is kept up: greeted, pinged, and made anew when it breaks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Callable
from typing import Any

import msgspec
from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport

from synthcore.backoff import Backoff
from synthcore.errors import VenueError, VenueUnreachable
from synthcore.orders.surroundings import MACHINE, Surroundings
from synthcore.venues.bybit.messages import OpRequest
from synthcore.venues.bybit.signing import Signer

logger = logging.getLogger(__name__)

AUTH_VALID_MS = 10_000
PING_EVERY_S = 20.0
SILENT_PINGS = 2.5  # the exchange answers each: after so many the link is dead, however open it looks
HANDSHAKE_S = 5.0


class KeptSocket:
    """Keep one connection, and tell when it is not there.

    Parameters
    ----------
    server_time_ms
        The server's clock: the authentication carries a time until which it is valid.
    """

    name = "socket"

    def __init__(
        self,
        url: str,
        signer: Signer,
        server_time_ms: Callable[[], float],
        backoff: Backoff | None = None,
        ping_every_s: float = PING_EVERY_S,
        surroundings: Surroundings = MACHINE,
    ) -> None:
        self._url = url
        self._signer = signer
        self._server_time_ms = server_time_ms
        self._backoff = backoff or Backoff(first_s=0.25, limit_s=30.0, uniform=surroundings.uniform)
        self._ping_every_s = ping_every_s
        self._now_ns = surroundings.clock.monotonic_ns
        self._connect = surroundings.connect
        self._task: asyncio.Task[None] | None = None
        self._transport: WSTransport | None = None
        self._starting = asyncio.Lock()
        self._came_up = asyncio.Event()
        self.is_up = False
        self.reconnects = 0

    # What a socket of its kind does

    async def greet(self, transport: WSTransport, listener: Listener) -> None:
        """Sign in, and ask for what the socket is there for."""
        raise NotImplementedError

    def on_text(self, listener: Listener, text: bytes) -> None:
        """Take one message; replies that `greet` waits for go to `listener.replies`."""
        raise NotImplementedError

    def on_up(self) -> None:
        """The connection is greeted."""

    def on_down(self, reason: str) -> None:
        """The connection is gone; a new one is being made."""

    # Keeping it

    async def start(self) -> None:
        """Connect and greet; from then on the connection is kept up.

        Raises
        ------
        VenueUnreachable
            The first attempt failed: a wrong address is not cured by trying again.
        VenueRefused
            The exchange doesn't take the key.
        """
        transport, listener = await self._open()
        self._up(transport)
        self._task = asyncio.create_task(self._keep(transport, listener), name=self.name)

    async def up_within(self, within_s: float) -> bool:
        """Wait for the connection, and make it if nobody has yet; whether it is there."""
        try:
            async with asyncio.timeout(within_s), self._starting:
                if self._task is None:
                    await self.start()
                await self._came_up.wait()
        except (TimeoutError, VenueError) as e:
            logger.warning("%s: no connection in time (%s)", self.name, e or type(e).__name__)
        return self.is_up

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self.is_up = False

    def drop(self) -> None:
        """Break the connection, which is not believed any more; a new one is made."""
        if self._transport is not None:
            self.is_up = False
            self._transport.disconnect(graceful=False)

    def network_rtt_ns(self) -> float:
        """The network's round trip as the kernel measures it on this connection; 0 while there is none."""
        return 0.0 if self._transport is None else tcp_rtt_ns(self._transport)

    def auth_request(self) -> OpRequest:
        """The request that signs in, valid for a few seconds."""
        expires_ms = int(self._server_time_ms()) + AUTH_VALID_MS
        return OpRequest(op="auth", args=[self._signer.key, expires_ms, self._signer.ws_auth(expires_ms)])

    async def _keep(self, transport: WSTransport, listener: Listener) -> None:
        """Watch the connection; when it breaks, say so and make a new one, for ever."""
        while True:
            up_since_ns = self._now_ns()
            try:
                reason = await self._watch(transport, listener)
            finally:
                transport.disconnect(graceful=False)
                self.is_up, self._transport = False, None
                self._came_up.clear()
            self.on_down(reason)
            transport, listener = await self._reopen((self._now_ns() - up_since_ns) / 1e9)
            self.reconnects += 1
            self._up(transport)

    async def _reopen(self, up_s: float) -> tuple[WSTransport, Listener]:
        while True:
            await asyncio.sleep(self._backoff.delay_s(up_s))
            try:
                return await self._open()
            except VenueError as e:
                logger.warning("%s: %s", self.name, e)
                up_s = 0.0

    def _up(self, transport: WSTransport) -> None:
        self.is_up, self._transport = True, transport
        self._came_up.set()
        self.on_up()

    async def _open(self) -> tuple[WSTransport, Listener]:
        """Make one connection that is greeted."""
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                transport, listener = await self._connect(
                    lambda: Listener(self.name, self.on_text, self._now_ns),
                    self._url,
                    disconnect_on_exception=False,
                )
        except (OSError, TimeoutError, WSError) as e:
            raise VenueUnreachable(f"{self._url}: no connection ({type(e).__name__}: {e})") from e
        if not isinstance(listener, Listener):  # picows: the peer left before the upgrade
            raise VenueUnreachable(f"{self._url}: the connection was closed during the handshake")
        try:
            await self.greet(transport, listener)
        except BaseException:
            transport.disconnect(graceful=False)
            raise
        return transport, listener

    async def _watch(self, transport: WSTransport, listener: Listener) -> str:
        """Ping until the connection ends or falls silent; return why."""
        while True:
            try:
                async with asyncio.timeout(self._ping_every_s):
                    await listener.closed.wait()
                return "the exchange closed the connection"
            except TimeoutError:
                if self._now_ns() - listener.heard_ns > SILENT_PINGS * self._ping_every_s * 1e9:
                    return "the connection fell silent"
                send(transport, OpRequest(op="ping"))


class Listener(WSListener):
    """Puts a connection's frames together to messages."""

    def __init__(
        self, name: str, on_text: Callable[[Listener, bytes], None], now_ns: Callable[[], int]
    ) -> None:
        super().__init__()
        self.closed = asyncio.Event()
        self.heard_ns = now_ns()  # monotonic
        self.replies: asyncio.Queue[Any] = asyncio.Queue()
        self._name = name
        self._on_text = on_text
        self._now_ns = now_ns
        self._parts: list[bytes] = []

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self.heard_ns = self._now_ns()
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
            return
        if frame.msg_type not in (WSMsgType.TEXT, WSMsgType.CONTINUATION):
            return
        self._parts.append(frame.get_payload_as_bytes())
        if frame.fin:
            text, self._parts = b"".join(self._parts), []
            self._on_text(self, text)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.closed.set()

    async def ask(self, transport: WSTransport, request: OpRequest) -> Any:
        """Send an operation and wait for its reply; other messages may come before it."""
        send(transport, request)
        closing = asyncio.create_task(self.closed.wait())
        replying = asyncio.create_task(self.replies.get())
        try:
            done, _ = await asyncio.wait(
                {closing, replying}, timeout=HANDSHAKE_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            closing.cancel()
            replying.cancel()
        if replying in done:
            return replying.result()
        raise VenueUnreachable(f"{self._name}: no reply to {request.op}")


def send(transport: WSTransport, request: OpRequest) -> None:
    transport.send(WSMsgType.TEXT, msgspec.json.encode(request))


def tcp_rtt_ns(transport: WSTransport) -> float:
    """The smoothed round trip of a TCP connection, by `TCP_INFO` (Linux: `tcpi_rtt`, µs at byte 68)."""
    connection = transport.underlying_transport.get_extra_info("socket")
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 72)
    rtt_us: int = struct.unpack_from("=I", info, 68)[0]
    return rtt_us * 1e3
