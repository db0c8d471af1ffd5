"""Numbers on the wire: plain digits, no trailing zeros, and the value that was meant."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthcore.exchange.decimals import text


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
