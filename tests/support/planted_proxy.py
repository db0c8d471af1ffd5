"""Stands in front of an exchange and alters what it says: REST answers and the messages of all sockets."""

import asyncio
import json
import threading
from contextlib import contextmanager

import httpx
import uvicorn
from msgspec.structs import replace
from picows import WSListener, WSMsgType, ws_connect, ws_create_server


class PlantedProxy:
    """An exchange that differs.

    Parameters
    ----------
    alter
        Takes the name of a message (`GET /v5/…`, or the socket's path) and the message with its headers,
        and changes them in place; returns what is sent.
    """

    def __init__(self, ready, alter):
        self._ready = ready
        self._alter = alter
        self._upstream = httpx.AsyncClient(base_url=ready.rest)
        self._sockets = ready.ws_public.partition("/v5/")[0]

    # REST

    async def app(self, scope, receive, send):
        """The ASGI application."""
        if scope["type"] != "http":
            return
        body = b""
        while True:
            event = await receive()
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        target = scope["raw_path"].decode() + (
            f"?{scope['query_string'].decode()}" * bool(scope["query_string"])
        )
        headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
        answer = await self._upstream.request(scope["method"], target, content=body, headers=headers)
        kept = {name: value for name, value in answer.headers.items() if name not in HOP_BY_HOP}
        message = self._alter(f"{scope['method']} {scope['path']}", json.loads(answer.content), kept)
        content = json.dumps(message).encode()
        head = [(name.encode(), value.encode()) for name, value in kept.items()]
        head.append((b"content-length", b"%d" % len(content)))
        await send({"type": "http.response.start", "status": answer.status_code, "headers": head})
        await send({"type": "http.response.body", "body": content})

    # Sockets

    def client(self, request):
        return ClientSide(self._sockets, request.path.decode(), self._alter)


HOP_BY_HOP = {"content-length", "connection", "keep-alive", "date", "server"}


class ClientSide(WSListener):
    """The client's connection, and the one behind it."""

    def __init__(self, upstream, path, alter):
        self._url = upstream + path
        self._path = path
        self._alter = alter
        self._behind = None

    def on_ws_connected(self, transport):
        self._behind = asyncio.ensure_future(
            ws_connect(lambda: UpstreamSide(transport, self._path, self._alter), self._url)
        )

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.TEXT:
            payload = frame.get_payload_as_bytes()
            self._behind.add_done_callback(lambda made: made.result()[0].send(WSMsgType.TEXT, payload))

    def on_ws_disconnected(self, transport):
        self._behind.add_done_callback(lambda made: made.result()[0].disconnect())


class UpstreamSide(WSListener):
    """The exchange's connection: what comes is altered on its way."""

    def __init__(self, client, path, alter):
        self._client = client
        self._path = path
        self._alter = alter

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.TEXT:
            message = self._alter(self._path, json.loads(frame.get_payload_as_bytes()), {})
            self._client.send(WSMsgType.TEXT, json.dumps(message).encode())


@contextmanager
def planted(ready, alter):
    """Give the ready line of an exchange that differs as `alter` says."""
    started, over = threading.Event(), threading.Event()
    ports = []
    thread = threading.Thread(
        target=lambda: asyncio.run(serve(PlantedProxy(ready, alter), ports, started, over))
    )
    thread.start()
    try:
        assert started.wait(10.0)
        rest, ws = (
            f"{scheme}://127.0.0.1:{port}" for scheme, port in zip(("http", "ws"), ports, strict=True)
        )
        urls = {name: ws + "/v5/" + getattr(ready, name).partition("/v5/")[2] for name in SOCKETS}
        yield replace(ready, rest=rest, **urls)
    finally:
        over.set()
        thread.join()


SOCKETS = ("ws_public", "ws_private", "ws_trade")


async def serve(proxy, ports, started, over):
    config = uvicorn.Config(
        proxy.app, port=0, log_level="warning", lifespan="off", ws="none", interface="asgi3"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    sockets = await ws_create_server(proxy.client, "127.0.0.1", 0)
    while not server.started:
        await asyncio.sleep(0.01)
    ports += [server.servers[0].sockets[0].getsockname()[1], sockets.sockets[0].getsockname()[1]]
    started.set()
    await asyncio.to_thread(over.wait)
    server.should_exit = True
    sockets.close()
    await serving
