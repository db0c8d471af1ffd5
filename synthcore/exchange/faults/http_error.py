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
        return page(self.status) if self.body is None else Reply(self.status, self.body.encode(), HTML)


def page(status: int, phrase: str = "") -> Reply:
    """A page of HTML that names the status."""
    known = {known.value: known.phrase for known in HTTPStatus}
    what = f"{status} {phrase or known.get(status, 'Error')}"
    return Reply(status, PAGE.format(what=what).encode(), HTML)
