"""How an exchange listens: one port for REST and one for its WebSockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from msgspec import Struct
from picows import ws_create_server

from synthcore.errors import ConfigError
from synthcore.exchange.certificate import Tls
from synthcore.exchange.control.door import is_loopback
from synthcore.exchange.door import Door
from synthcore.exchange.faults.tcp_front import tcp_front
from synthcore.exchange.http_protocol import ExchangeProtocol

GRACE_S = 1  # for connections to finish when the exchange ends


class Addresses(Struct, frozen=True):
    """Where one exchange can be reached."""

    rest: str
    sockets: str  # without a path


class QuietServer(uvicorn.Server):
    """uvicorn without its signal handlers: the exchange has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def listening(door: Door, tls: Tls | None) -> AsyncIterator[Addresses]:
    """Serve one exchange on its two ports."""
    host = f"[{door.settings.host}]" if ":" in door.settings.host else door.settings.host
    secure = "" if tls is None else "s"
    async with (
        rest_server(door, tls) as inner_rest,
        ws_server(door, tls) as inner_ws,
        fronted(door, "rest", "rest_port", inner_rest) as rest_port,
        fronted(door, "sockets", "ws_port", inner_ws) as ws_port,
    ):
        yield Addresses(f"http{secure}://{host}:{rest_port}", f"ws{secure}://{host}:{ws_port}")


@contextlib.asynccontextmanager
async def rest_server(door: Door, tls: Tls | None) -> AsyncIterator[int]:
    """Serve REST; gives the port."""
    listener = bind_inner(door, "rest_port")
    config = uvicorn.Config(
        door.http,
        http=ExchangeProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=600,
        timeout_graceful_shutdown=GRACE_S,
    )
    config.load()
    config.ssl = tls.context if tls is not None else None
    server = QuietServer(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        door.http.end()
        server.should_exit = True
        await serving


@contextlib.asynccontextmanager
async def ws_server(door: Door, tls: Tls | None) -> AsyncIterator[int]:
    """Serve the WebSockets; gives the port."""
    listener = bind_inner(door, "ws_port")
    server = await ws_create_server(
        door.session,
        sock=listener,
        disconnect_on_exception=False,
        ssl=tls.context if tls is not None else None,
    )
    try:
        yield listener.getsockname()[1]
    finally:
        server.close()
        door.hang_up()
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def fronted(door: Door, line: str, setting: str, port: int) -> AsyncIterator[int]:
    """Put a front before a port, where the wire can be made worse; gives the port that clients use.

    Raises
    ------
    ConfigError
        The exchange can be reached from elsewhere: behind a front everybody would look like this machine.
    """
    if door.lines is None:
        yield port
        return
    host = door.settings.host
    if not is_loopback(host):
        raise ConfigError(
            f"faults of the wire need a host on loopback, was {host} (setting host); take 127.0.0.1"
        )
    listener = bind(host, getattr(door.settings, setting), setting)
    async with tcp_front(door.lines, line, listener, port) as front_port:
        yield front_port


def bind_inner(door: Door, setting: str) -> socket.socket:
    """The exchange's own port: behind a front any free one."""
    port = 0 if door.lines is not None else getattr(door.settings, setting)
    return bind(door.settings.host, port, setting)


def bind(host: str, port: int, setting: str) -> socket.socket:
    """Listen on a port, or say which setting is in the way."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted sockets inherit it. asyncio's own loop would leave it off for them, and an answer in two
    # pieces would wait 40 ms for the peer's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"the exchange must be able to listen on {host}:{port}, but {error.strerror} "
            f"(setting {setting}); free the port or use 0 for a free one"
        ) from error
    listening.setblocking(False)
    return listening
