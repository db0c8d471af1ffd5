"""When a fault strikes: patterns of what happens in the protocol, in data or in one line of words.

::

    2nd reply path=*/create side=Sell after fill link=*-L-* count=1 probability=0.5

says: of the answers to order creations on the selling side, count those that come after a fill of an
order whose link id fits `*-L-*`, and strike at the second one, once, with a chance of one half.
"""

from __future__ import annotations

import random
import re
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, Struct

# The points of the protocol, roughly in the order in which an order meets them.
Point = Literal[
    "start",  # the fault was added
    "time",  # its time has come: at_ms or after_ms
    "connect",  # a WebSocket handshake
    "subscribe",  # a subscription that was taken
    "request",  # a REST request, or an act on the trade socket, came in whole; nothing has looked at it
    "accepted",  # an order passed every check; it is not matched yet
    "fill",  # an order filled, in part or whole
    "order",  # an order's state changed
    "reply",  # the answer of either is ready; nothing of it is written
    "private",  # a private frame is to be sent
    "public",  # a public frame is to be sent
]
POINTS: tuple[Point, ...] = get_args(Point)
TEXTS = ("path", "symbol", "side", "link", "status", "topic", "socket", "account")
ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
OWN_KEYS = frozenset({"count", "probability", "after_ms", "at_ms"})
EPOCH_FROM_MS = 1_000_000_000_000  # a smaller at_ms counts from the exchange's start


class Happening(Struct, frozen=True, kw_only=True):
    """One thing that happens at a point, with what is known of it there."""

    point: Point
    path: str = ""
    symbol: str = ""
    side: str = ""
    link: str = ""  # orderLinkId
    status: str = ""  # of an order
    topic: str = ""
    socket: str = ""  # private, public, trade or rest
    account: str = ""
    reduce_only: bool | None = None
    code: int | None = None  # retCode of an answer
    seq: int | None = None  # of a public frame that has one


class Pattern(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What must happen. Texts may hold `*`, `?` and `[…]`; what is not given fits everything."""

    point: Point
    path: str = ""
    symbol: str = ""
    side: str = ""
    link: str = ""
    status: str = ""
    topic: str = ""
    socket: str = ""
    account: str = ""
    reduce_only: bool | None = None
    code: int | None = None
    seq: int | None = None  # at least: the first frame that has reached it
    nth: Annotated[int, Meta(ge=1)] = 1  # the first match that counts

    def fits(self, happening: Happening) -> bool:
        return (
            self.point == happening.point
            and (self.reduce_only is None or self.reduce_only == happening.reduce_only)
            and (self.code is None or self.code == happening.code)
            and (self.seq is None or (happening.seq is not None and happening.seq >= self.seq))
            and all(
                not (wanted := getattr(self, name)) or fnmatchcase(getattr(happening, name), wanted)
                for name in TEXTS
            )
        )


class When(Pattern, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A pattern, and how often and after what it strikes."""

    count: Annotated[int, Meta(ge=0)] = 1  # times that it strikes; 0 is always
    probability: Annotated[float, Meta(gt=0, le=1)] = 1.0  # of each match from the nth on
    after_ms: Annotated[float, Meta(ge=0)] = 0.0  # since it was added
    at_ms: Annotated[int, Meta(ge=0)] | None = None  # not before: epoch ms, or since the exchange's start
    after: tuple[Pattern, ...] = ()  # all of these first, in any order; matches before them don't count

    def __post_init__(self) -> None:
        if self.point == "time" and self.after:
            raise ValueError("a trigger at a time must have nothing after `after`: strike at what follows it")

    def wait_ms(self, now_ms: int, up_ms: float) -> float:
        """How long it must not strike, from now on.

        Parameters
        ----------
        now_ms, up_ms
            The exchange's clock, and how long the exchange is there.
        """
        if self.at_ms is None:
            return self.after_ms
        since = now_ms if self.at_ms >= EPOCH_FROM_MS else up_ms
        return max(self.after_ms, self.at_ms - since)


def read_when(text: str) -> When:
    """Read a trigger written in words.

    Raises
    ------
    ValueError
        A word that says nothing, or a value that doesn't fit.
    """
    first, *others = _split(text)
    fields = _read_pattern(first, text, is_main=True)
    for words in others:
        own = _read_pattern(words, text, is_main=False)
        fields |= {key: own.pop(key) for key in OWN_KEYS & own.keys()}
        fields.setdefault("after", []).append(own)
    try:
        return msgspec.convert(fields, When, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"{error}, in {text!r}") from None


def _split(text: str) -> list[list[str]]:
    """The words of the main pattern, then those of each pattern behind `after` or `and`."""
    parts: list[list[str]] = [[]]
    for word in text.split():
        if word == "after" or (word == "and" and len(parts) > 1):
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _read_pattern(words: list[str], text: str, *, is_main: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for word in words:
        ordinal = ORDINAL.fullmatch(word)
        key, equals, value = word.partition("=")
        if ordinal is not None:
            fields["nth"] = ordinal[1]
        elif word in POINTS:
            fields["point"] = word
        elif word == "always":
            fields["count"] = "0"
        elif equals and (key in Pattern.__struct_fields__ or key in OWN_KEYS):
            fields[key] = value
        else:
            raise ValueError(f"{word!r} says nothing in {text!r}: give a point, an ordinal or key=value")
    if "point" not in fields:
        where = "a trigger" if is_main else "what comes after `after`"
        raise ValueError(f"{where} must name one of {', '.join(POINTS)}, was {text!r}")
    return fields


class Trigger:
    """Counts what happens, and says when it is time.

    Parameters
    ----------
    source
        Seeded, and this trigger's own: what other faults do changes nothing here.
    wait_ms
        It doesn't strike before it has been there for so long.
    """

    def __init__(self, when: When, source: random.Random, wait_ms: float) -> None:
        self.when = when
        self.wait_ms = wait_ms
        self.matched = 0
        self.struck = 0
        self._source = source
        self._missing = [(pattern, pattern.nth) for pattern in when.after]

    @property
    def is_spent(self) -> bool:
        return 0 < self.when.count <= self.struck

    @property
    def points(self) -> set[Point]:
        """What it has to be told of."""
        if self.is_spent:
            return set()
        return {self.when.point, *(pattern.point for pattern, _ in self._missing)}

    @property
    def needs_seq(self) -> bool:
        return self.when.seq is not None or any(pattern.seq is not None for pattern, _ in self._missing)

    def sees(self, happening: Happening, age_ms: float) -> bool:
        """Take note of a happening; whether the fault strikes at it."""
        if self.is_spent:
            return False
        strikes = not self._missing and self._is_time(happening, age_ms)
        left = [(pattern, times - pattern.fits(happening)) for pattern, times in self._missing]
        self._missing = [(pattern, times) for pattern, times in left if times]
        return strikes

    def _is_time(self, happening: Happening, age_ms: float) -> bool:
        if age_ms < self.wait_ms or not self.when.fits(happening):
            return False
        self.matched += 1
        if self.matched < self.when.nth:
            return False
        if self.when.probability < 1 and self._source.random() >= self.when.probability:
            return False
        self.struck += 1
        return True
