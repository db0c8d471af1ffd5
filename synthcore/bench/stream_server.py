"""A process that sends ticker frames as a client asks: ``python -m synthcore.bench.stream_server CORE``.

A client says `flood FRAMES` (as fast as they go, 32 a write) or `paced FRAMES PERIOD_NS BURST` (a burst every
period). The `ts` of a paced frame is the moment at which it was due, in µs of CLOCK_MONOTONIC, not that at
which it was sent: a sender that is held up doesn't make the client look better.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen

from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from synthcore._core.affinity import pin
from synthcore.bench.loops import rest_until
from synthcore.bench.pairs import urgent

SYMBOL = "BTCUSDT"
TOPIC = f"tickers.{SYMBOL}"
FRAMES_A_WRITE = 32
START_NS = 5_000_000  # until a paced stream begins
FRAME = (
    '{"topic":"tickers.BTCUSDT","type":"%s","data":{"symbol":"BTCUSDT","bid1Price":"79017.00",'
    '"bid1Size":"%d.012","ask1Price":"79017.10","ask1Size":"4.084"},"cs":24987956060,"ts":%d}'
)


def ticker(number: int, ts: int) -> bytes:
    """The frame's text; the first is a snapshot."""
    return (FRAME % ("delta" if number else "snapshot", 10 + number % 90, ts)).encode()


def framed(text: bytes) -> bytes:
    """One unmasked text frame of 126 to 65535 bytes, for many in one write."""
    return b"\x81\x7e" + len(text).to_bytes(2, "big") + text


class Session(WSListener):
    def __init__(self) -> None:
        self._floods: dict[int, list[bytes]] = {}

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.msg_type == WSMsgType.TEXT:
            word, *numbers = frame.get_payload_as_ascii_text().split()
            with urgent():
                act = self.flood if word == "flood" else self.paced
                act(transport, *map(int, numbers))

    def flood(self, transport: WSTransport, frames: int) -> None:
        if frames not in self._floods:
            whole = [framed(ticker(number, number + 1)) for number in range(frames)]
            self._floods[frames] = [
                b"".join(whole[i : i + FRAMES_A_WRITE]) for i in range(0, frames, FRAMES_A_WRITE)
            ]
        for write in self._floods[frames]:
            transport.underlying_transport.write(write)

    def paced(self, transport: WSTransport, frames: int, period_ns: int, burst: int) -> None:
        due_ns = time.monotonic_ns() + START_NS
        for first in range(0, frames, burst):
            texts = [ticker(number, due_ns // 1000) for number in range(first, first + burst)]
            bytes_due = b"".join(map(framed, texts))
            rest_until(due_ns)
            transport.underlying_transport.write(bytes_due)
            due_ns += period_ns


def accept(request: WSUpgradeRequest) -> WSListener:
    return Session()


async def serve() -> None:
    logging.getLogger("picows").setLevel(logging.ERROR)  # it warns of each flood
    server = await ws_create_server(accept, "127.0.0.1", 0, use_aiofastnet=False)
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), leave)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def leave() -> None:
    """Nothing is ever written to our standard input: it has ended, and with it who asked for us."""
    raise SystemExit


@contextmanager
def running(core: int) -> Iterator[int]:
    """Have one in a process of its own; gives its port."""
    command = [sys.executable, "-m", "synthcore.bench.stream_server", str(core)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


if __name__ == "__main__":
    pin(int(sys.argv[1]))
    asyncio.run(serve())
