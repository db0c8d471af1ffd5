"""What an answer of Bybit's means, whichever way it came: done, refused with a class, or not known."""

from __future__ import annotations

from collections.abc import Mapping

from synthcore.errors import OutcomeUnknown, VenueRefused
from synthcore.orders.gateway import RateLimitSeen
from synthcore.venues.bybit.codes import ErrorClass, classify, meaning
from synthcore.venues.bybit.messages import RestReply

# A close that finds nothing to close: not an error of the account, but an answer.
ALREADY_FLAT = frozenset({110017, 110034})
RATE_REFUSALS = frozenset({10006, 10018, 403, 429})


def raise_for(reply: RestReply, path: str, key: str, *, for_order: bool) -> None:
    """Raise what a code other than 0 means for a call; some mean that all is well.

    Raises
    ------
    VenueRefused
        The call had no effect, or a close had nothing to close.
    OutcomeUnknown
        The call may have taken effect.
    """
    code = reply.ret_code
    if code == 0:
        return
    error_class = classify(code, for_order)
    text = f"{path}: {masked(reply.ret_msg, key) or meaning(code)}"
    if code in ALREADY_FLAT and for_order:
        raise VenueRefused(code, text, "flat")
    if error_class is ErrorClass.OK and not path.endswith("/create"):
        return  # it is so already
    if for_order and error_class in (ErrorClass.UNKNOWN, ErrorClass.OK):
        raise OutcomeUnknown(f"{text} (code {code})")
    raise VenueRefused(code, text, str(error_class))


def rate_limit_in(headers: Mapping[str, str], path: str, code: int) -> RateLimitSeen | None:
    """What an answer's headers say of its endpoint's window; None where they say nothing."""
    limit = headers.get("X-Bapi-Limit")
    is_refused = code in RATE_REFUSALS
    if limit is None and not is_refused:
        return None
    remaining = headers.get("X-Bapi-Limit-Status", "0")
    reset_ms = headers.get("X-Bapi-Limit-Reset-Timestamp", "0")
    try:
        return RateLimitSeen(path, int(limit or 0), int(remaining), int(reset_ms), is_refused)
    except ValueError:  # the headers are a courtesy: an odd one is no reason to fail an order
        return None


def masked(text: str, key: str) -> str:
    """The venue's text; it quotes the signed string, with the key, when a signature is wrong."""
    return text.split("origin_string")[0].replace(key, "***")[:200]
