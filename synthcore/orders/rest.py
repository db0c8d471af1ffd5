"""Signed calls to Bybit's REST API: one client, kept alive, and every failure given its class.

An order is sent once and to the first host only; what happened is said by the exception:
`VenueUnreachable` (nothing was sent), `VenueRefused` (an answer with a code), `OutcomeUnknown` (anything
else). A query is safe to repeat, so it is, host after host.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlencode

import httpx
import msgspec

from synthcore.errors import OutcomeUnknown, VenueRefused, VenueUnreachable
from synthcore.orders.answers import raise_for, rate_limit_in
from synthcore.orders.clock import ClockSample, ServerClock
from synthcore.orders.gateway import ClockOffset, RateLimitSeen
from synthcore.orders.surroundings import MACHINE, Surroundings
from synthcore.orders.transport import LaneTransport
from synthcore.secret import Secret
from synthcore.venues.bybit.messages import RestReply, TimeResult, decode_reply
from synthcore.venues.bybit.signing import Signer

T = TypeVar("T")

# An address that is shut out stays so for ten minutes.
ADDRESS_PAUSE_MS = 600_000
BUSY_PAUSE_MS = 1000
CLOCK_CODES = frozenset({-1, 10002})
TIME_PATH = "/v5/market/time"

TIMEOUT = httpx.Timeout(connect=1.0, write=1.0, read=2.0, pool=1.0)
CONNECTIONS = 64
KEEPALIVE_S = 60.0
QUERY_ROUNDS = 2  # through all hosts

decode_time = msgspec.json.Decoder(TimeResult).decode


class RestClient:
    """One account's calls to one venue.

    Parameters
    ----------
    base_urls
        Hosts in order; orders go to the first only.
    recv_window_ms
        How old a query's request may be when the server reads it.
    """

    def __init__(
        self,
        base_urls: tuple[str, ...],
        api_key: Secret,
        api_secret: Secret,
        recv_window_ms: int = 5000,
        timeout: httpx.Timeout = TIMEOUT,
        ssl_context: ssl.SSLContext | None = None,
        surroundings: Surroundings = MACHINE,
    ) -> None:
        self.base_urls = tuple(url.rstrip("/") for url in base_urls)
        self.recv_window_ms = recv_window_ms
        self.clock = ServerClock()
        self.now_ns = surroundings.clock.monotonic_ns
        self._epoch_ns = surroundings.clock.epoch_ns
        self._key = api_key
        self._signer = Signer(api_key.reveal(), api_secret.reveal())
        # A transport of our own takes no proxy from the environment: it would carry the keys elsewhere.
        self._transport = surroundings.transport or LaneTransport(
            ssl_context or tls_context(self.base_urls), CONNECTIONS, KEEPALIVE_S
        )
        self._client = httpx.AsyncClient(
            transport=self._transport, timeout=timeout, follow_redirects=False, trust_env=False
        )
        self._timeouts = timeout.as_dict()
        self._order_urls: dict[str, httpx.URL] = {}
        self._on_rate_limit: Callable[[RateLimitSeen], None] = lambda seen: None
        # It logs a line a request; what matters is logged by who asked.
        logging.getLogger("httpx").setLevel(logging.WARNING)

    def __repr__(self) -> str:
        return f"RestClient({self.base_urls[0]})"

    def on_rate_limit(self, handler: Callable[[RateLimitSeen], None]) -> None:
        self._on_rate_limit = handler

    async def close(self) -> None:
        await self._client.aclose()

    # Time

    async def sync_server_time(self, samples: int = 5) -> ClockOffset:
        """Ask for the time several times; the shortest round trip tells most."""
        taken = [await self._sample_time() for _ in range(samples)]
        return self.clock.learn(taken, self._epoch_ns(), self.now_ns())

    async def _sample_time(self) -> ClockSample:
        sent_ns = self.now_ns()
        reply = await self.query(TIME_PATH, {}, signed=False)
        received_ns = self.now_ns()
        return ClockSample(sent_ns, received_ns, int(decode_time(reply.result).time_nano) / 1e6)

    def server_time_ms(self) -> float:
        return self.clock.now_ms(self.now_ns())

    # Calls

    async def order_call(self, path: str, body: bytes, recv_window_ms: int) -> tuple[RestReply, int, int]:
        """Post something that may take effect, once; return the answer, sent_ns and acked_ns."""
        request = httpx.Request(
            "POST",
            self._order_url(path),
            content=body,
            headers=self.signed_headers(body, recv_window_ms) | {"Content-Type": "application/json"},
            extensions={"timeout": self._timeouts},
        )
        try:
            # Straight to the client's transport: redirects, cookies and hooks cost a fifth of a call.
            response = await self._transport.handle_async_request(request)
            await response.aread()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as e:
            raise VenueUnreachable(f"{self.base_urls[0]}{path}: no connection ({name(e)})") from e
        except httpx.TransportError as e:
            raise OutcomeUnknown(f"{path}: sent, and the answer was lost ({name(e)})") from e
        socket = response.extensions["network_stream"]
        return self._read(response, path, for_order=True), socket.sent_ns, socket.received_ns

    def _order_url(self, path: str) -> httpx.URL:
        """The address of an order call, parsed once: parsing it costs more than signing."""
        url = self._order_urls.get(path)
        if url is None:
            url = self._order_urls[path] = httpx.URL(self.base_urls[0] + path)
        return url

    async def query(
        self, path: str, params: dict[str, str], signed: bool = True, cursor: str = ""
    ) -> RestReply:
        """Ask something that changes nothing: repeated, and from host to host, until it is answered.

        A cursor goes out as it came: the venue has percent-encoded it already.
        """
        target = path + "?" + urlencode(params) + (f"&cursor={cursor}" if cursor else "")
        trouble = "no host"
        for base_url in self.base_urls * QUERY_ROUNDS:
            try:
                return await self._query_once(base_url, path, target, signed)
            except (httpx.TransportError, OutcomeUnknown) as e:
                trouble = f"{base_url}{path}: {e if isinstance(e, OutcomeUnknown) else name(e)}"
            except VenueRefused as e:
                if e.code not in CLOCK_CODES or path == TIME_PATH:
                    raise
                trouble = f"{base_url}{path}: {e}"
                await self.sync_server_time()
        raise VenueUnreachable(trouble)

    async def _query_once(self, base_url: str, path: str, target: str, signed: bool) -> RestReply:
        request = self._client.build_request("GET", base_url + target)
        if signed:  # what is signed is what is sent, byte for byte
            request.headers.update(self.signed_headers(request.url.query, self.recv_window_ms))
        response = await self._client.send(request)
        return self._read(response, path, for_order=False)

    async def call_as_is(self, method: str, path: str, payload: bytes, signed: bool = True) -> httpx.Response:
        """Send a call once, and give its answer as it came, whatever it says.

        Parameters
        ----------
        payload
            The query string (GET) or the body (POST), exactly as it is sent and signed.

        Raises
        ------
        VenueUnreachable
            No answer came.
        """
        headers = self.signed_headers(payload, self.recv_window_ms) if signed else {}
        if method == "GET":
            url, body = f"{self.base_urls[0]}{path}?{payload.decode()}".rstrip("?"), b""
        else:
            url, body = self.base_urls[0] + path, payload
            headers["Content-Type"] = "application/json"
        try:
            return await self._client.request(method, url, content=body or None, headers=headers)
        except httpx.TransportError as e:
            raise VenueUnreachable(f"{self.base_urls[0]}{path}: no answer ({name(e)})") from e

    def signed_headers(self, payload: bytes, recv_window_ms: int) -> dict[str, str]:
        """The headers that sign a call with this query string or body, as of now."""
        timestamp_ms = int(self.server_time_ms())
        return {
            "X-BAPI-API-KEY": self._key.reveal(),
            "X-BAPI-TIMESTAMP": str(timestamp_ms),
            "X-BAPI-RECV-WINDOW": str(recv_window_ms),
            "X-BAPI-SIGN": self._signer.rest(timestamp_ms, recv_window_ms, payload),
        }

    # Answers

    def _read(self, response: httpx.Response, path: str, for_order: bool) -> RestReply:
        """Give every answer its class: the envelope's, or that of the bare HTTP status."""
        status = response.status_code
        if status >= 500:
            raise OutcomeUnknown(f"{path}: HTTP {status}")
        try:
            reply = decode_reply(response.content)
        except msgspec.DecodeError as e:
            if 400 <= status < 500:
                raise self._refusal_of_status(status, path) from e
            raise OutcomeUnknown(f"{path}: the answer is no JSON envelope (HTTP {status})") from e
        self._note_rate_limit(response, path, reply.ret_code)
        raise_for(reply, path, self._key.reveal(), for_order=for_order)
        return reply

    def _refusal_of_status(self, status: int, path: str) -> VenueRefused:
        text = f"{path}: HTTP {status}"
        if status in (403, 429):
            is_shut_out = status == 403
            reset_ms = int(self.server_time_ms()) + (ADDRESS_PAUSE_MS if is_shut_out else BUSY_PAUSE_MS)
            self._on_rate_limit(RateLimitSeen(path, 0, 0, reset_ms, True, is_shut_out))
            error_class = "shut_out" if is_shut_out else "busy"
            return VenueRefused(status, f"{text}, too many requests from this address", error_class)
        return VenueRefused(status, text, "auth_clock" if status == 401 else "ours")

    def _note_rate_limit(self, response: httpx.Response, path: str, code: int) -> None:
        seen = rate_limit_in(response.headers, path, code)
        if seen is not None:
            self._on_rate_limit(seen)


def tls_context(urls: tuple[str, ...]) -> ssl.SSLContext | None:
    """One TLS context, made once (it costs 20 ms), and none where no host needs it."""
    return ssl.create_default_context() if any(url.startswith("https") for url in urls) else None


def name(error: Exception) -> str:
    return type(error).__name__
