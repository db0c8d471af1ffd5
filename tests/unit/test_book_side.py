"""Levels that are looked up by integers: what texts they understand, and what they show."""

from decimal import Decimal

import pytest

from synthcore.exchange.market.book_side import BookSide, laid_over


def side_of(sign, *pairs):
    side = BookSide(sign)
    side.read(list(pairs))
    side.replace()
    return side


def prices(levels):
    return [str(price) for price, _ in levels]


def test_levels_are_the_numbers_of_their_texts():
    side = side_of(-1, ("99.50", "1"), ("100", "2.0"), ("0.0000000001", "3"))

    assert side.texts == [("100", "2.0"), ("99.50", "1"), ("0.0000000001", "3")]
    assert side.levels == [(Decimal(price), Decimal(size)) for price, size in side.texts]


@pytest.mark.parametrize("text", ["1E+2", " 100 ", "+100", "1_00", "100.00000000000"])
def test_any_text_of_a_number_is_the_same_price(text):
    side = side_of(1, ("100", "1"))
    side.read([(text, "2")])
    side.update()

    assert side.levels == [(Decimal(100), Decimal(2))]


@pytest.mark.parametrize(
    "text", ["0", "0.0", "-1", "x", "", ".", "1.2.3", "NaN", "Infinity", "1e-11", "100000000"]
)
def test_a_price_that_no_level_can_have_changes_nothing(text):
    side = side_of(1, ("100", "1"))

    with pytest.raises((ValueError, ArithmeticError)):
        side.read([("101", "1"), (text, "2")])

    assert side.levels == [(Decimal(100), Decimal(1))]


@pytest.mark.parametrize("text", ["-1", "x", "", ".", "NaN", "Infinity", "1..2"])
def test_a_size_that_no_level_can_have_is_refused(text):
    with pytest.raises((ValueError, ArithmeticError)):
        side_of(1, ("100", text))


@pytest.mark.parametrize("text", ["0", "0.000", "0E-8", "-0"])
def test_a_level_of_nothing_is_gone(text):
    side = side_of(1, ("100", "1"), ("101", "2"))
    side.read([("100.0", text), ("105", text)])
    side.update()

    assert side.texts == [("101", "2")]


def test_what_was_read_is_new_and_the_rest_stays_as_it_was_looked_at():
    side = side_of(1, ("100", "1"), ("102", "2"))
    before = list(side.levels)
    side.read([("101", "3"), ("102", "4")])
    side.update()

    assert side.levels == [before[0], (Decimal(101), Decimal(3)), (Decimal(102), Decimal(4))]


def test_a_fresh_top_hides_what_it_has_passed():
    deep = side_of(1, ("100", "1"), ("101", "1"), ("102", "1"), ("104", "1"))
    fifty = side_of(1, ("101", "2"), ("103", "2"))
    top = side_of(1, ("101.5", "3"))

    assert prices(laid_over([deep, fifty, top])) == ["101.5", "103", "104"]
    assert prices(laid_over([deep])) == ["100", "101", "102", "104"]
    assert prices(laid_over([deep, side_of(1, ("105", "1"))])) == ["105"]
    assert prices(laid_over([])) == []
