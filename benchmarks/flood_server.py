"""Not a benchmark: a process that floods clients with ticker frames when they ask, for bench_listener."""

from __future__ import annotations

import asyncio
import json

from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

FRAMES = 20_000
FRAMES_A_WRITE = 32
END = b'{"success":true,"ret_msg":"pong","conn_id":"c","req_id":"","op":"ping"}'


def ticker(kind: str, ts: int, size: int) -> bytes:
    side = {"bid1Price": "79017.00", "bid1Size": f"{size}.012", "ask1Price": "79017.10", "ask1Size": "4.084"}
    frame = {
        "topic": "tickers.BTCUSDT",
        "type": kind,
        "data": {"symbol": "BTCUSDT", **side},
        "cs": ts,
        "ts": ts,
    }
    return json.dumps(frame, separators=(",", ":")).encode()


def framed(text: bytes) -> bytes:
    """One unmasked text frame of 126 to 65535 bytes, or shorter."""
    size = len(text)
    head = bytes([0x81, size]) if size < 126 else bytes([0x81, 126]) + size.to_bytes(2, "big")
    return head + text


class Flood(WSListener):
    def __init__(self) -> None:
        first = ticker("snapshot", 1, 1)
        frames = [framed(ticker("delta", 1 + i, i % 90)) for i in range(1, FRAMES)]
        self.first = framed(first)
        self.writes = [
            b"".join(frames[i : i + FRAMES_A_WRITE]) for i in range(0, len(frames), FRAMES_A_WRITE)
        ]

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
            return
        raw = transport.underlying_transport
        raw.write(self.first)
        for write in self.writes:
            raw.write(write)
        raw.write(framed(END))


def accept(request: WSUpgradeRequest) -> WSListener:
    return Flood()


async def main() -> None:
    server = await ws_create_server(accept, "127.0.0.1", 0, use_aiofastnet=False)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
