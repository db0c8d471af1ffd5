"""What this room touches of the world: a clock, connections, chance. The machine's, or a simulation's."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import httpx
from msgspec import Struct
from picows import WSListener, WSTransport, ws_connect

from synthcore._core.lane import Wire
from synthcore.clock import MACHINE_CLOCK, Clock
from synthcore.orders.wire import SocketWire

Connect = Callable[..., Awaitable[tuple[WSTransport, WSListener | None]]]  # as `picows.ws_connect`


class Surroundings(Struct, frozen=True, kw_only=True):
    """The one place where they are exchanged, so that all the rest runs in virtual time as it does live."""

    clock: Clock = MACHINE_CLOCK  # that of the event loop
    connect: Connect = ws_connect
    wire: Callable[[], Wire] = SocketWire  # what compiled code writes into; opened with what `connect` gave
    transport: httpx.AsyncBaseTransport | None = None  # of HTTP; None: sockets of our own
    uniform: Callable[[], float] = random.random  # in [0, 1): the jitter of waits


MACHINE = Surroundings()
