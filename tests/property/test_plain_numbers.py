"""A price's text is what the long way gives, exponents or not."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from synthcore.orders.bybit import plain


@given(st.decimals(allow_nan=False, allow_infinity=False) | st.integers(-20, 20).map(Decimal(7).scaleb))
def test_no_number_has_an_exponent(number: Decimal) -> None:
    text = plain(number)

    assert text == f"{number:f}"
    assert "E" not in text
