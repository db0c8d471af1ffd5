"""What lets a page of another origin use REST: any may, as on Bybit, where a key is all that counts.

Observed of Bybit: the page's own origin comes back, on refusals too, and a preflight is granted the headers
that it asks for, for two hours.
"""

from __future__ import annotations

import msgspec

from synthcore.exchange.rest import Answer, Headers

ORIGIN = b"origin"
ASKED_METHOD = b"access-control-request-method"
ASKED_HEADERS = b"access-control-request-headers"
PREFLIGHT_LIFE_S = 7200


def is_preflight(method: str, headers: Headers) -> bool:
    """Whether a browser asks on its own if it may make a call."""
    return method == "OPTIONS" and ASKED_METHOD in dict(headers)


def preflight(headers: Headers) -> Answer:
    """Grant what is asked for."""
    asked = dict(headers)
    granted = [
        (b"Access-Control-Allow-Methods", asked[ASKED_METHOD]),
        (b"Access-Control-Allow-Headers", asked.get(ASKED_HEADERS, b"")),
        (b"Access-Control-Max-Age", b"%d" % PREFLIGHT_LIFE_S),
        (b"Content-Length", b"0"),
    ]
    return readable(Answer(200, b"", granted), headers)


def readable(answer: Answer, headers: Headers) -> Answer:
    """The answer to a call with these headers; the page that made it, if one did, may read it."""
    for name, value in headers:
        if name == ORIGIN:
            allowed = [
                (b"Access-Control-Allow-Origin", value),
                (b"Access-Control-Allow-Credentials", b"true"),
                (b"Access-Control-Expose-Headers", b"token, X-Signature"),
            ]
            return msgspec.structs.replace(answer, headers=[*answer.headers, *allowed])
    return answer
