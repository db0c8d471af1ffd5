"""A generated market's draws are the numbers of Python's own generator, to the last bit."""

from __future__ import annotations

import random

import pytest

from synthcore.exchange.market.draws import Draws

DRAWN = 2000  # goes round the generator's 624 words several times


@pytest.mark.parametrize("seed", [0, 1, -7, 2**80, "1 BTCUSDT"])
def test_every_draw_is_pythons(seed: int | str) -> None:
    ours, python = Draws(seed), random.Random(seed)

    for number in range(DRAWN):
        assert ours.random() == python.random()
        assert ours.gauss(0.5, 1.7) == python.gauss(0.5, 1.7)
        assert ours.expovariate(0.3) == python.expovariate(0.3)
        assert ours.uniform(-5, number) == python.uniform(-5, number)
        assert ours.randrange(-3, number) == python.randrange(-3, number)
        assert ours.randrange(10**11, 10**12) == python.randrange(10**11, 10**12)


def test_normal_numbers_come_in_the_same_pairs_however_they_are_mixed() -> None:
    ours, python, mix = Draws(3), random.Random(3), random.Random(4)

    for _ in range(DRAWN):
        if mix.random() < 0.5:
            assert ours.gauss(0.0, 1.0) == python.gauss(0.0, 1.0)
        else:
            assert ours.randrange(0, 1) == python.randrange(0, 1)


def test_a_trades_id_is_made_of_128_drawn_bits() -> None:
    ours, python = Draws("x"), random.Random("x")

    digits = f"{python.getrandbits(128):032x}"

    assert ours.trade_id() == f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
    assert ours.random() == python.random()
