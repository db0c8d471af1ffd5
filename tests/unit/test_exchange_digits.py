"""Numbers on the wire: plain digits, no trailing zeros, and the value that was meant."""

import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthcore.exchange.decimals import text
from synthcore.exchange.digits import GridTexts, uuid_text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("60000.10", "60000.1"),
        ("60000.00", "60000"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("1.50E-7", "0.00000015"),
        ("0E-8", "0"),
        ("-0.00", "0"),
        ("-0.5", "-0.5"),
    ],
)
def test_a_number_is_written_plain(value, written):
    assert text(Decimal(value)) == written


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8))
def test_what_is_written_is_the_value(value):
    written = text(value)

    assert Decimal(written) == value
    assert "E" not in written
    assert "." not in written or written[-1] not in "0."


# Counted in units


@given(
    st.sampled_from(["0.1", "0.5", "0.01", "0.25", "0.0001", "1", "10", "0.00000001"]),
    st.decimals(0, 10**9, places=4) | st.integers(0, 10**6),
)
def test_a_number_is_counted_as_division_counts_it_or_left_to_it(unit, number):
    text = f"{number:f}"
    units = Decimal(text) / Decimal(unit)

    counted = GridTexts(Decimal(unit)).count_of(text)

    assert counted in (0, units)
    if units == int(units) and len(text) <= 16 and units < 10**5:
        assert counted == units


@pytest.mark.parametrize(
    "text", ["", ".", "1.", ".5", "-1", "+1", "1e3", " 1", "1_0", "é", "0", "0.05", "1" * 17]
)
def test_what_is_no_plain_number_of_units_is_left_to_a_closer_look(text):
    assert GridTexts(Decimal("0.1")).count_of(text) == 0


def test_a_uuid_is_of_version_4_and_keeps_its_other_bits():
    bits = 0x0123456789ABCDEF_FEDCBA9876543210

    assert uuid_text(bits) == "01234567-89ab-4def-bedc-ba9876543210"
    assert uuid_text(0) == "00000000-0000-4000-8000-000000000000"
    assert uuid.UUID(uuid_text(bits)).version == 4
