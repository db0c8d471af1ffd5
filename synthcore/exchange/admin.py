"""What no exchange offers: settings that change while it runs, for tests. From this machine only.

A web page that is open on the same machine can't use it: it would have to send JSON, for which a browser
asks first and gets no permission, and a name that points to loopback is not taken for one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from synthcore.exchange.clock import ExchangeClock
from synthcore.exchange.delays import DelayPlan, Delays, PresetName
from synthcore.exchange.faults.engine import FaultEngine
from synthcore.exchange.faults.plan import FaultPlan
from synthcore.exchange.rest import Answer

ADMIN_PATH = "/admin/"
JSON_TYPE = b"application/json"
LOCAL_NAMES = frozenset({"localhost", ""})

_encode = msgspec.json.Encoder().encode

Handler = Callable[[bytes], object]


class DelaysRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Either a preset by name or four delays of one's own."""

    preset: PresetName | None = None
    plan: DelayPlan | None = None

    def __post_init__(self) -> None:
        if (self.preset is None) == (self.plan is None):
            raise ValueError("either preset or plan must be given")


class Admin:
    """Routes below `/admin/`, answered with plain JSON."""

    def __init__(self, delays: Delays, faults: FaultEngine, clock: ExchangeClock) -> None:
        self._delays = delays
        self._faults = faults
        self._clock = clock
        self._routes: dict[tuple[str, str], Handler] = {
            ("GET", "/admin/delays"): lambda body: delays.facts(),
            ("POST", "/admin/delays"): self._set_delays,
            ("GET", "/admin/faults"): lambda body: faults.facts(),
            ("POST", "/admin/faults"): self._add_faults,
            ("DELETE", "/admin/faults"): self._clear_faults,
        }

    def answer(self, scope: Mapping[str, Any], body: bytes) -> Answer:
        """Answer one request. A stranger finds nothing here."""
        if not is_local(scope):
            return _answer(404, {"error": "there is nothing at this path"})
        handler = self._routes.get((scope["method"], scope["path"]))
        if handler is None:
            return _answer(404, {"error": f"the admin endpoints are {', '.join(self._known())}"})
        if scope["method"] == "POST" and not has_json_type(scope["headers"]):
            return _answer(415, {"error": "the content type must be application/json"})
        try:
            return _answer(200, handler(body))
        except msgspec.DecodeError as error:
            return _answer(400, {"error": str(error)})

    def _known(self) -> list[str]:
        return [f"{method} {path}" for method, path in self._routes]

    def _set_delays(self, body: bytes) -> object:
        request = msgspec.json.decode(body, type=DelaysRequest)
        if request.preset is not None:
            self._delays.choose(request.preset)
        elif request.plan is not None:
            self._delays.set(request.plan)
        return self._delays.facts()

    def _add_faults(self, body: bytes) -> object:
        plan = msgspec.json.decode(body, type=FaultPlan)
        return {"added": self._faults.add(plan.faults)}

    def _clear_faults(self, body: bytes) -> object:
        """Disarm everything and set the clock right; what was broken stays broken."""
        self._faults.clear()
        self._clock.set_right()
        return self._faults.facts()


def is_local(scope: Mapping[str, Any]) -> bool:
    """Whether a request comes from this machine and names it."""
    client = scope.get("client")
    return client is not None and _is_loopback(client[0]) and _names_loopback(scope["headers"])


def has_json_type(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    given = dict(headers).get(b"content-type", b"")
    return given.split(b";")[0].strip().lower() == JSON_TYPE


def _names_loopback(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    host = dict(headers).get(b"host", b"").decode("latin-1")
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower() in LOCAL_NAMES or _is_loopback(name)


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def _answer(status: int, content: object) -> Answer:
    body = _encode(content)
    length = (b"Content-Length", b"%d" % len(body))
    return Answer(status, body, [(b"Content-Type", JSON_TYPE), length])
