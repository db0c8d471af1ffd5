"""What differs between the answers of two exchanges, one row a field. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from synthcore.calibration.shape import Facts, Shape, shape_of

Kind = Literal["absent", "missing", "extra", "type", "format", "decimals", "value"]
Transcript = Mapping[str, list[Any]]  # what was answered, by the call's name

TICKS = {"PlusTick", "ZeroPlusTick", "MinusTick", "ZeroMinusTick"}
# What comes and goes with the market: no difference while it is one of these.
MOVING = {
    "S": {"Buy", "Sell"},
    "side": {"Buy", "Sell"},
    "type": {"snapshot", "delta"},
    "L": TICKS,
    "tickDirection": TICKS,
}
# Rows of the account's past: which words they have is its story, not the exchange's.
HISTORIES = frozenset({"GET /v5/account/transaction-log", "GET /v5/position/closed-pnl"})


class Difference(Struct, frozen=True):
    """One field in which two exchanges are not alike; `ours` and `theirs` never hold a value that moves."""

    call: str
    path: str
    kind: Kind
    ours: str
    theirs: str


def differences(ours: Transcript, theirs: Transcript) -> list[Difference]:
    """Compare what two exchanges said to the same calls, in the order of the calls."""
    return [
        found for call in {**ours, **theirs} for found in _of_call(call, ours.get(call), theirs.get(call))
    ]


def _of_call(call: str, ours: list[Any] | None, theirs: list[Any] | None) -> Iterator[Difference]:
    if not ours or not theirs:
        if ours or theirs:
            yield Difference(
                call, "", "absent", *("answered" if said else "nothing" for said in (ours, theirs))
            )
        return
    own, other = shape_of(ours), shape_of(theirs)
    for path in {**own, **other}:
        if path in own and path in other:
            yield from _of_field(call, path, own[path], other[path])
        elif path in own and _could_be_in(other, path):
            yield Difference(call, path, "extra", _summary(own[path]), "")
        elif path in other and _could_be_in(own, path):
            yield Difference(call, path, "missing", "", _summary(other[path]))


def _could_be_in(shape: Shape, path: str) -> bool:
    """Whether the object or row that a field stands in was seen at all (an empty list shows none)."""
    if path.endswith("]"):
        return path[: path.rindex("[")] + "[0]" in shape
    parent = path.rpartition(".")[0]
    return parent in shape and "object" in shape[parent].types


def _of_field(call: str, path: str, own: Facts, other: Facts) -> Iterator[Difference]:
    if own.types - {"null"} != other.types - {"null"}:
        yield Difference(call, path, "type", _joined(own.types), _joined(other.types))
    elif own.formats and other.formats and not own.formats & other.formats:
        yield Difference(call, path, "format", _joined(own.formats), _joined(other.formats))
    elif call not in HISTORIES and (own.words ^ other.words) - MOVING.get(_name(path), set()):
        yield Difference(call, path, "value", _joined(own.words), _joined(other.words))
    elif not _same_decimals(own, other):
        yield Difference(call, path, "decimals", _decimals(own), _decimals(other))


def _same_decimals(own: Facts, other: Facts) -> bool:
    """Whether nothing proves that one side writes its decimals otherwise than the other."""
    if own.zeros and other.zeros and not own.zeros & other.zeros:
        return False
    for padded, free in ((own.fixed_decimals, other.decimals), (other.fixed_decimals, own.decimals)):
        if padded is not None and free and free != {padded}:
            return False
    return True


def _name(path: str) -> str:
    return path.rpartition(".")[2].removesuffix("[]")


def _summary(facts: Facts) -> str:
    return _joined(facts.words or facts.formats or facts.types)


def _joined(words: set[str]) -> str:
    return ", ".join(sorted(words)) or "unset"


def _decimals(facts: Facts) -> str:
    counts = facts.decimals | {len(zero.partition(".")[2]) for zero in facts.zeros}
    return ", ".join(str(count) for count in sorted(counts))
