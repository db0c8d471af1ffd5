"""What the answers to one call look like: the facts of each field, and nothing of its values that moves."""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct, field

from synthcore.calibration.formats import BY_COIN, ENUMS, FIXED, NUMBER, format_of, masked

WORDS = ENUMS | FIXED | {"topic", "status", "content-type"}
SENTENCES = frozenset({"retMsg", "ret_msg", "msg"})  # name amounts that depend on the market


class Facts(Struct):
    """All that was seen under one path.

    Attributes
    ----------
    types
        JSON's: object, list, null, bool, int, float, string.
    formats
        Of its texts that are no words.
    words
        Of a field whose values the protocol fixes.
    decimals
        How many its decimal texts have after the point, but for zeros.
    is_padded
        Whether one of them ended with a zero after the point.
    zeros
        How nothing is written: `0`, `0.00`.
    """

    types: set[str] = field(default_factory=set)
    formats: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    decimals: set[int] = field(default_factory=set)
    is_padded: bool = False
    zeros: set[str] = field(default_factory=set)

    @property
    def fixed_decimals(self) -> int | None:
        """How many decimals every value is padded to; None where that is not proven."""
        return next(iter(self.decimals)) if self.is_padded and len(self.decimals) == 1 else None


Shape = dict[str, Facts]  # by path, as `result.list[].price`


def shape_of(messages: list[Any]) -> Shape:
    """The facts of all these messages together; the order of keys is none of them."""
    shape: Shape = {}
    for message in messages:
        _learn(shape, "", "", message)
    return shape


def _learn(shape: Shape, path: str, name: str, value: Any) -> None:
    facts = shape.setdefault(path, Facts())
    if isinstance(value, dict):
        facts.types.add("object")
        for key, item in value.items():
            shown = "COIN" if name in BY_COIN else key
            _learn(shape, f"{path}.{shown}" if path else shown, key, item)
    elif isinstance(value, list):
        facts.types.add("list")
        for place, item in enumerate(value):
            _learn(shape, f"{path}[{place if _is_row(path, value) else ''}]", name, item)
    else:
        _learn_leaf(facts, name, value)


def _is_row(path: str, items: list[Any]) -> bool:
    """Whether a list is one row of a table (a book's level, a candle): its places have meanings."""
    return path.endswith("[]") and all(isinstance(item, str) for item in items)


def _learn_leaf(facts: Facts, name: str, value: Any) -> None:
    facts.types.add(TYPES[type(value)])
    if name in WORDS and value is not None:
        facts.words.add(_word(value, name))
    elif isinstance(value, str):
        facts.formats.add("number" if NUMBER.fullmatch(value) and len(value) < 13 else format_of(value, name))
        if NUMBER.fullmatch(value):
            _learn_decimals(facts, value)


def _learn_decimals(facts: Facts, text: str) -> None:
    fraction = text.partition(".")[2]
    if not text.strip("-0."):
        facts.zeros.add(text)
        return
    facts.decimals.add(len(fraction))
    facts.is_padded |= fraction.endswith("0")


TYPES = {str: "string", bool: "bool", int: "int", float: "float", type(None): "null"}


def _word(value: Any, name: str) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    return NUMBER.sub("#", masked(value)) if name in SENTENCES else masked(value) if name in FIXED else value
