"""REST without its sockets: signs in, counts, dispatches and answers in Bybit's envelope."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from synthcore.exchange.account import Account
from synthcore.exchange.auth import KEY_HEADER, SIGN_HEADER, ApiKey, Authenticator
from synthcore.exchange.endpoint import Call, Endpoint, Extended
from synthcore.exchange.ids import Ids
from synthcore.exchange.ip_limits import IpLimits
from synthcore.exchange.limits import TOO_MANY_VISITS, RateLimiter, Visit
from synthcore.exchange.refusal import PERMISSION_DENIED, Refusal, Refused
from synthcore.exchange.sessions import Clock

Headers = list[tuple[bytes, bytes]]

MAX_BODY_BYTES = 1024 * 1024
JSON_HEADER = (b"Content-Type", b"application/json; charset=utf-8")
ROUTE_NOT_FOUND = Refusal(10017, "Route not found.")
NOT_SIGNED = Refusal(10003, "API key is invalid.")
BODY_TOO_LARGE = Refusal(10001, "params error: body invalid")

_encode = msgspec.json.Encoder().encode


class Envelope(Struct, rename="camel"):
    """What every answer is wrapped in."""

    ret_code: int
    ret_msg: str
    result: object
    ret_ext_info: dict[str, object]
    time: int


class Answer(Struct, frozen=True):
    """One HTTP answer."""

    status: int
    body: bytes
    headers: Headers


def forbidden(text: bytes) -> Answer:
    """What Bybit's CDN says before the exchange has seen the call; the exact page is not documented."""
    return Answer(403, text, [(b"Content-Type", b"text/plain"), (b"Content-Length", b"%d" % len(text))])


TOO_FREQUENT = forbidden(b"access too frequent")
GET_WITH_BODY = forbidden(b"a GET request must have no body")


class RestApp:
    """The endpoints behind one door.

    Parameters
    ----------
    endpoints
        The routes; a path that is none of them answers 404 with Bybit's code 10017.
    accounts
        Accounts by user id.
    """

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        accounts: dict[str, Account],
        authenticator: Authenticator,
        limiter: RateLimiter,
        ids: Ids,
        now_ms: Clock,
    ) -> None:
        self.ip_limits: IpLimits | None = None  # where an address can ask too much
        self.before_call: Callable[[], None] = lambda: None
        self.before_look: Callable[[], None] = lambda: None  # called before a question is answered
        self._routes = {(endpoint.method, endpoint.path): endpoint for endpoint in endpoints}
        self._accounts = accounts
        self._authenticator = authenticator
        self._limiter = limiter
        self._ids = ids
        self._now_ms = now_ms

    def answer(
        self,
        method: str,
        path: str,
        query: bytes,
        headers: Iterable[tuple[bytes, bytes]],
        body: bytes,
        client_ip: str = "",
    ) -> Answer:
        """Answer one request. Never raises for what a client sends."""
        self.before_call()
        now_ms = self._now_ms()
        if self.ip_limits is not None and not self.ip_limits.call(client_ip, now_ms):
            return TOO_FREQUENT
        if method == "GET":
            if body:
                return GET_WITH_BODY
            self.before_look()
        endpoint = self._routes.get((method, path))
        if endpoint is None:
            return self._refuse(ROUTE_NOT_FOUND, now_ms, status=404)
        if len(body) > MAX_BODY_BYTES:
            return self._refuse(BODY_TOO_LARGE, now_ms)
        if not endpoint.is_private:
            return self._call(endpoint, query, body, None, now_ms, [])
        by_name = dict(headers)
        if SIGN_HEADER not in by_name:
            return self._refuse(NOT_SIGNED, now_ms, status=401)
        key = self._authenticator.rest(by_name, query if method == "GET" else body, now_ms, client_ip)
        if isinstance(key, Refusal):
            return self._refuse(key, now_ms)
        if not key.terms.allow(method, path):
            return self._refuse(PERMISSION_DENIED, now_ms)
        cost = endpoint.cost(body) if endpoint.cost is not None else 1
        visit = self._limiter.visit(key.uid, path, now_ms, cost)
        limit_headers = visit.headers() if visit is not None else []
        if visit is not None and not visit.is_allowed:
            return self._refuse(TOO_MANY_VISITS, now_ms, limit_headers)
        granted = visit.granted if visit is not None else None
        return self._call(endpoint, query, body, key, now_ms, limit_headers, granted)

    def caller(self, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """The user whose key a call bears, whether it is signed right or not; empty: nobody's."""
        return self._authenticator.owner(dict(headers).get(KEY_HEADER, b"").decode("latin-1"))

    def refused(self, refusal: Refusal, retry_after_ms: int | None = None) -> Answer:
        """A refusal in Bybit's envelope; with a time to wait for, as one over the rate limit."""
        now_ms = self._now_ms()
        over = None if retry_after_ms is None else Visit(False, 10, 0, now_ms + retry_after_ms)
        return self._refuse(refusal, now_ms, over.headers() if over is not None else ())

    def _call(
        self,
        endpoint: Endpoint,
        query: bytes,
        body: bytes,
        key: ApiKey | None,
        now_ms: int,
        headers: Headers,
        granted: int | None = None,
    ) -> Answer:
        params = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else {}
        account = self._accounts[key.uid] if key is not None else None
        try:
            result = endpoint.handler(Call(params, body, account, now_ms, granted, key))
        except Refused as refused:
            result = refused.refusal
        if isinstance(result, Refusal):
            return self._refuse(result, now_ms, headers)
        told = result if isinstance(result, Extended) else Extended(result, {})
        envelope = Envelope(*told.outcome, told.result, told.ext_info, now_ms)
        return self._answer(200, envelope, headers)

    def _refuse(
        self, refusal: Refusal, now_ms: int, headers: Iterable[tuple[bytes, bytes]] = (), status: int = 200
    ) -> Answer:
        return self._answer(status, Envelope(refusal.code, refusal.message, {}, {}, now_ms), headers)

    def _answer(self, status: int, envelope: Envelope, headers: Iterable[tuple[bytes, bytes]]) -> Answer:
        body = _encode(envelope)
        trace = (b"Traceid", self._ids.trace_id().encode())
        length = (b"Content-Length", b"%d" % len(body))
        return Answer(status, body, [JSON_HEADER, length, trace, *headers])
