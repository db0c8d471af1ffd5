"""What a setting's value may be: one rule each, in words and in code."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
WHOLE = re.compile(r"[+-]?\d{1,19}", re.ASCII)
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?", re.ASCII)
SYMBOL = re.compile(r"[A-Z0-9]{1,20}USDT", re.ASCII)
OBJECT_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
TRUE = frozenset({"true", "1", "yes", "on"})
FALSE = frozenset({"false", "0", "no", "off"})
MAX_SEED = 2**63 - 1
N = TypeVar("N", int, float)


class Rule(Struct, frozen=True):
    """A rule as a user reads it, and the function that holds values to it."""

    text: str  # completes "… must be"
    example: str
    parse: Callable[[Any], Any]  # from text or a file's typed value; ValueError when the rule is broken


def positive(example: str) -> Rule:
    """Finite and above zero."""
    return Rule("a finite number above 0", example, lambda given: _bounded(_number(given), above=0.0))


def pace(example: str) -> Rule:
    """A finite number above zero, or as fast as possible."""

    def parse(given: object) -> float | str:
        return "max" if given == "max" else _bounded(_number(given), above=0.0)

    return Rule("a finite number above 0, or `max`", example, parse)


def not_negative(example: str) -> Rule:
    """Finite and at least zero."""
    return Rule("a finite number, 0 or above", example, lambda given: _bounded(_number(given), low=0.0))


def whole(low: int, high: int, example: str) -> Rule:
    """A whole number between two bounds, both allowed."""
    return Rule(
        f"a whole number from {low} to {high}", example, lambda given: _bounded(_whole(given), low, high)
    )


def power_of_two(low: int, high: int, example: str) -> Rule:
    """A whole power of two between two bounds."""

    def parse(given: object) -> int:
        number = _bounded(_whole(given), low, high)
        if number & (number - 1):
            raise ValueError
        return number

    return Rule(f"a power of two from {low} to {high}", example, parse)


def choice(*names: str, example: str | None = None) -> Rule:
    """One of a few names, in any case of letters."""

    def parse(given: object) -> str:
        name = str(given).lower()
        if name not in names:
            raise ValueError
        return name

    return Rule(f"one of {', '.join(names)}", example or names[0], parse)


def switch(example: str = "true") -> Rule:
    """Yes or no."""

    def parse(given: object) -> bool:
        word = str(given).lower()
        if word not in TRUE | FALSE:
            raise ValueError
        return word in TRUE

    return Rule("true or false", example, parse)


def symbols(example: str) -> Rule:
    """Linear USDT perpetuals, each once."""

    def parse(given: object) -> tuple[str, ...]:
        names = _words(given)
        if len(set(names)) < len(names) or not all(SYMBOL.fullmatch(name) for name in names):
            raise ValueError
        return names

    return Rule(
        "one or more linear USDT perpetuals, each once, as the exchange writes them"
        " (spot and inverse are not served)",
        example,
        parse,
    )


def contracts(example: str) -> Rule:
    """Linear USDT perpetuals by name, by number, or all of them."""

    def parse(given: object) -> tuple[str, ...]:
        words = _words(given)
        if len(set(words)) < len(words):
            raise ValueError
        if not all(word == "all" or WHOLE.fullmatch(word) or SYMBOL.fullmatch(word) for word in words):
            raise ValueError
        return words

    return Rule(
        "one or more linear USDT perpetuals, each once, as the exchange writes them; or how many of the"
        " busiest; or `all`",
        example,
        parse,
    )


def some_of(*names: str, example: str) -> Rule:
    """At least one of a few names, each once."""

    def parse(given: object) -> tuple[str, ...]:
        chosen = _words(given)
        if len(set(chosen)) < len(chosen) or not set(chosen) <= set(names):
            raise ValueError
        return chosen

    return Rule(f"one or more of {', '.join(names)}, each once", example, parse)


def object_name(example: str) -> Rule:
    """Something in a module."""

    def parse(given: object) -> str:
        if OBJECT_NAME.fullmatch(str(given)) is None:
            raise ValueError
        return str(given)

    return Rule("a name in a module, `module:name`", example, parse)


def url(*schemes: str, example: str) -> Rule:
    """One address with a host and one of the schemes; no user, no password, no query."""

    def parse(given: object) -> str:
        return _url(str(given), schemes)

    return Rule(f"a URL that starts with {' or '.join(f'{scheme}://' for scheme in schemes)}", example, parse)


def urls(*schemes: str, example: str) -> Rule:
    """Several addresses, tried in order."""

    def parse(given: object) -> tuple[str, ...]:
        return tuple(_url(word, schemes) for word in _words(given))

    starts = " or ".join(f"{scheme}://" for scheme in schemes)
    return Rule(f"one or more URLs that start with {starts}, comma between them", example, parse)


def duration(example: str) -> Rule:
    """A time above zero, in seconds or with a unit."""

    def parse(given: object) -> float:
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            return _bounded(float(given), above=0.0)
        match = DURATION.fullmatch(str(given).strip())
        if match is None:
            raise ValueError
        return _bounded(float(match[1]) * SECONDS[match[2] or "s"], above=0.0)

    return Rule("a time above 0: seconds, or a number with ms, s, m, h or d", example, parse)


def path(example: str) -> Rule:
    """A path; whether something is there is asked where it is used."""

    def parse(given: object) -> Path:
        if not isinstance(given, (str, Path)) or not str(given) or "\0" in str(given):
            raise ValueError
        return Path(given).expanduser()

    return Rule("a path", example, parse)


def _number(given: object) -> float:
    if isinstance(given, bool):
        raise ValueError
    if isinstance(given, (int, float)):
        return float(given)
    text = str(given).strip()
    if NUMBER.fullmatch(text) is None:
        raise ValueError
    return float(text)


def _whole(given: object) -> int:
    if isinstance(given, bool):
        raise ValueError
    if isinstance(given, int):
        return given
    text = str(given).strip()
    if isinstance(given, float) or WHOLE.fullmatch(text) is None:
        raise ValueError
    return int(text)


def _bounded(number: N, low: float | None = None, high: float | None = None, above: float | None = None) -> N:
    if not math.isfinite(number):
        raise ValueError
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError
    if above is not None and number <= above:
        raise ValueError
    return number


def _words(given: object) -> tuple[str, ...]:
    """Split text at commas; a list of a file is taken as it is. Never empty, no empty word."""
    items = given.split(",") if isinstance(given, str) else given
    if not isinstance(items, (list, tuple)):
        raise ValueError
    words = tuple(item.strip() for item in items if isinstance(item, str))
    if not words or len(words) < len(items) or not all(words):
        raise ValueError
    return words


def _url(text: str, schemes: tuple[str, ...]) -> str:
    parts = urlsplit(text.strip())
    if parts.scheme not in schemes or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError
    if parts.port == 0:  # reading it also refuses a port above 65535
        raise ValueError
    return text.strip().rstrip("/")
