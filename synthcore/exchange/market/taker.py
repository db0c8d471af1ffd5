"""Taker orders of a generated market: how many fills each has, how large, at which prices."""

from __future__ import annotations

import math
from random import Random
from typing import NamedTuple

FILLS_MEDIAN, FILLS_SIGMA, MOST_FILLS = 1.32, 1.3, 600  # of one order in a usual mood
SMALLEST_SHARE = 0.33  # of fills
SMALLEST_USDT = 92.0  # value of BTCUSDT's smallest lot
FILL_MEDIAN_USDT, FILL_SIGMA = 900.0, 1.85  # of the other fills


class Fill(NamedTuple):
    """A part of a taker order that met one maker."""

    ticks: int
    lots: int


class Taker:
    """Makes orders whose fills are worth the same in every contract, in whole lots."""

    def __init__(self, lot_usdt: float, random: Random) -> None:
        self._lot_usdt = lot_usdt
        self._random = random

    def order(self, first_ticks: int, final_ticks: int, heat: float = 1.0) -> list[Fill]:
        """The fills of one order that eats its way from the first price to the final one.

        `heat` says how many more fills it has than usual.
        """
        random = self._random
        count = round(FILLS_MEDIAN * heat * math.exp(random.gauss(0.0, FILLS_SIGMA)))
        count = min(MOST_FILLS, max(1, count))
        distance = final_ticks - first_ticks
        if not distance:
            return [Fill(first_ticks, self._lots()) for _ in range(count)]
        ways = sorted(random.random() for _ in range(count))
        return [Fill(first_ticks + round(distance * way), self._lots()) for way in ways]

    def _lots(self) -> int:
        random = self._random
        value_usdt = SMALLEST_USDT
        if random.random() >= SMALLEST_SHARE:
            value_usdt = FILL_MEDIAN_USDT * math.exp(random.gauss(0.0, FILL_SIGMA))
        return max(1, round(value_usdt / self._lot_usdt))
