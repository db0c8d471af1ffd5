"""Compiled code reads Structs by their layout: one that differs is refused before anything is read."""

from __future__ import annotations

import pytest
from msgspec import Struct

from synthcore.exchange.layout import checked


class Pair(Struct):
    second: int
    first: int


@pytest.mark.parametrize("names", [b"first second ", b"first "])
def test_fields_lie_sorted_by_name(names: bytes) -> None:
    assert checked(Pair, names) == 0


@pytest.mark.parametrize("names", [b"second first ", b"first third ", b"first second third "])
def test_another_layout_is_refused_by_name(names: bytes) -> None:
    with pytest.raises(ImportError, match="Pair must lie in memory as layout"):
        checked(Pair, names)
