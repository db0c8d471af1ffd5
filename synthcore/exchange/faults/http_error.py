"""An answer that doesn't come from the exchange but from what stands in front of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from synthcore.exchange.faults.effects import CallEffect, Reply
from synthcore.exchange.faults.fault import CallFault
from synthcore.exchange.faults.trigger import When

HTML = b"text/html"
PAGE = (
    "<html>\r\n<head><title>{what}</title></head>\r\n<body>\r\n"
    "<center><h1>{what}</h1></center>\r\n</body>\r\n</html>\r\n"
)


class HttpError(CallFault, frozen=True, tag="http_error"):
    """A bare HTTP status with a page of HTML: 502, 503, 504, 403, 429.

    At `request` the call never took place, at `reply` it did all the same.
    """

    default: ClassVar[str] = "request path=/v5/order/create"

    status: Annotated[int, Meta(ge=400, le=599)] = 502
    body: str | None = None  # None: a page that names the status

    def trigger(self) -> When:
        when = super().trigger()
        if when.socket not in ("", "rest"):
            raise ValueError("http_error can strike REST only: a socket has no HTTP status")
        return msgspec.structs.replace(when, socket="rest")

    def effect(self) -> CallEffect:
        body = self.body if self.body is not None else PAGE.format(what=self._what())
        return Reply(self.status, body.encode(), HTML)

    def _what(self) -> str:
        known = {status.value: status.phrase for status in HTTPStatus}
        return f"{self.status} {known.get(self.status, 'Error')}"
