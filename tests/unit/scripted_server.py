"""An HTTP server on loopback that answers as a script says, byte for byte, and keeps what it got."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

OK = b'{"retCode":0,"retMsg":"OK","result":{"orderId":"o-1","orderLinkId":"l-1"},"retExtInfo":{},"time":1}'
SILENCE = b""  # keep the connection open and say nothing
HANG_UP = b"hang up"  # close without a word


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class ScriptedServer:
    """`answer(request)` gives the raw answer, SILENCE or HANG_UP."""

    answer: Callable[[Request], bytes]
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                request = await read_request(reader)
                self.requests.append(request)
                answer = self.answer(request)
                if answer == HANG_UP:
                    return
                if answer == SILENCE:
                    await reader.read()  # until the client has had enough
                    return
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


async def read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {key.lower(): value for key, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, target, _ = first.split(" ")
    return Request(method, target, headers, body)


def answer(body: bytes = OK, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{key}: {value}" for key, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def refusal(code: int, text: str = "no") -> bytes:
    return answer(f'{{"retCode":{code},"retMsg":"{text}","result":{{}},"retExtInfo":{{}},"time":1}}'.encode())


@asynccontextmanager
async def scripted(respond: Callable[[Request], bytes], tls: ssl.SSLContext | None = None):
    script = ScriptedServer(respond)
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0, ssl=tls)
    scheme = "https" if tls else "http"
    script.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield script
    finally:
        server.close()
