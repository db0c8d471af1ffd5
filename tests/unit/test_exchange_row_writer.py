"""Rows that are written straight to JSON are what msgspec writes of their Structs."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Struct, UnsetType

from synthcore.exchange.row_writer import RowWriter


class Thing(Struct, rename="camel", kw_only=True):
    left_out: str | UnsetType = UNSET
    its_name: str
    is_set: bool = False
    count: int = 0
    unit: str = "USDT"
    parts: list[int] = []
    kind: str | UnsetType = UNSET
    facts: dict[str, str] = {}


WHOLE_NUMBERS = st.integers(-(2**63), 2**63 - 1)
WRITER = RowWriter(Thing, ("its_name", "is_set", "count", "parts", "kind"))


@given(
    st.text(st.characters(exclude_categories=["Cs"])), st.booleans(), WHOLE_NUMBERS, st.lists(WHOLE_NUMBERS)
)
def test_a_row_is_what_msgspec_writes(name: str, is_set: bool, count: int, parts: list[int]) -> None:
    thing = Thing(its_name=name, is_set=is_set, count=count, parts=parts, kind=name)

    assert WRITER.write((name, is_set, count, msgspec.json.encode(parts), name)) == msgspec.json.encode(thing)


def test_what_is_the_same_in_every_row_may_be_said_once() -> None:
    writer = RowWriter(Thing, ("its_name",), unit="USDC", count=7)

    assert writer.write(("a",)) == msgspec.json.encode(Thing(its_name="a", unit="USDC", count=7))


def test_a_number_stands_in_quotes_where_the_field_is_a_text() -> None:
    assert b'"itsName":"1795000000000"' in RowWriter(Thing, ("its_name",)).write((1795000000000,))


@pytest.mark.parametrize("names", [("count", "its_name"), ("its_name", "nothing"), ("count",)])
def test_names_must_be_the_fields_in_their_order(names: tuple[str, ...]) -> None:
    with pytest.raises(TypeError, match="must"):
        RowWriter(Thing, names)


def test_a_row_must_have_all_its_values() -> None:
    with pytest.raises(TypeError, match="must have 5 values, was 1"):
        WRITER.write(("a",))
