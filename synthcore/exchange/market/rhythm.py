"""When things happen in a generated market: quote slots with bursts, clustered price moves and trades.

The numbers reproduce measured ones: docs/market.md lists each beside what the generator gives.
"""

from __future__ import annotations

import math
from random import Random
from typing import NamedTuple

SLOT_MS = 10  # of `orderbook.1`

# Gap to the next quote update, ms, at 0, 5, … 95 % of all gaps; above 95 % exponential.
GAP_QUANTILES_MS = (10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 20, 20, 30, 30, 40, 60, 80, 100, 130, 200)
LONGEST_GAPS_MEAN_MS = 160
GAP_MEMORY = 0.55  # correlation of successive gaps: updates come in bursts
BEATS_A_SECOND = 18.6  # what these gaps make, with the short ones inside price moves

CLUSTERS_A_SECOND = 0.165  # of price moves
MOVES_A_CLUSTER = 5.8
MOVE_MEDIAN_BPS, MOVE_SIGMA = 0.15, 0.82  # of one move of BTCUSDT
SAME_DIRECTION = 0.93  # of a move as the one before in its cluster

ORDERS_A_SECOND = 3.7  # taker orders beside those that move the price
MOOD_MEMORY, MOOD_SIGMA = 0.85, 1.5  # they come in bursts of less than a second
MOST_ORDERS = 12  # in one slot
QUIET_BELOW = 0.6  # activity under which moves and orders thin out with the updates
SAME_SIDE = 0.84  # of a taker order as the one before


class Beat(NamedTuple):
    """What happens in one slot."""

    slot_ms: int
    move_bps: float  # of the fair price; 0 mostly
    taker_orders: int
    is_up: bool  # side of the taker orders


class Rhythm:
    """The beats of one symbol.

    Parameters
    ----------
    activity
        Rate of quote updates relative to BTCUSDT.
    volatility
        Of 1 s returns, relative to BTCUSDT.
    """

    def __init__(self, activity: float, volatility: float, random: Random) -> None:
        self._random = random
        self._activity = activity
        self._volatility = volatility
        self._now_ms = 0
        self._gap_z = 0.0
        self._mood_z = 0.0
        self._moves_left = 0
        self._direction = 1
        self._is_up = True
        beats_a_second = BEATS_A_SECOND * activity
        # Small contracts move more seldom, and further; those that were measured as often as BTCUSDT.
        busy = min(1.0, activity / QUIET_BELOW)
        self._volatility /= math.sqrt(busy)
        self._cluster_chance = busy * CLUSTERS_A_SECOND / beats_a_second
        orders = min(1.0, activity + 0.1 * busy)
        self._orders_a_beat = ORDERS_A_SECOND * orders / beats_a_second

    def next(self) -> Beat:
        self._now_ms += self._gap_ms()
        move_bps = self._move_bps()
        return Beat(self._now_ms, move_bps, self._orders(move_bps), self._is_up)

    def _gap_ms(self) -> int:
        if self._moves_left:
            return SLOT_MS * self._random.choice((1, 1, 1, 2, 3))
        self._gap_z = _step(self._gap_z, GAP_MEMORY, self._random)
        place = (0.5 + 0.5 * math.erf(self._gap_z / math.sqrt(2))) * 20
        index = int(place)
        if index >= 19:
            gap_ms: float = GAP_QUANTILES_MS[19] + self._random.expovariate(1 / LONGEST_GAPS_MEAN_MS)
        else:
            low, high = GAP_QUANTILES_MS[index : index + 2]
            gap_ms = low + (place - index) * (high - low)
        return SLOT_MS * max(1, round(gap_ms / self._activity / SLOT_MS))

    def _move_bps(self) -> float:
        random = self._random
        if not self._moves_left:
            if random.random() >= self._cluster_chance:
                return 0.0
            self._moves_left = 1 + int(random.expovariate(1 / (MOVES_A_CLUSTER - 0.5)))
            self._direction = random.choice((-1, 1))
        self._moves_left -= 1
        if random.random() >= SAME_DIRECTION:
            self._direction = -self._direction
        size_bps = MOVE_MEDIAN_BPS * math.exp(random.gauss(0.0, MOVE_SIGMA))
        return self._direction * size_bps * self._volatility

    def _orders(self, move_bps: float) -> int:
        random = self._random
        self._mood_z = _step(self._mood_z, MOOD_MEMORY, random)
        if move_bps:
            self._is_up = move_bps > 0
            return 1
        mood = math.exp(MOOD_SIGMA * self._mood_z - MOOD_SIGMA**2 / 2)
        count = min(MOST_ORDERS, _poisson(self._orders_a_beat * mood, random))
        if count and random.random() >= SAME_SIDE:
            self._is_up = not self._is_up
        return count


def _step(z: float, memory: float, random: Random) -> float:
    """One step of a standard normal process with this memory."""
    return memory * z + math.sqrt(1 - memory * memory) * random.gauss(0.0, 1.0)


def _poisson(mean: float, random: Random) -> int:
    """Count arrivals until the exponential gaps exceed the mean; the mean is small here."""
    count, passed = 0, random.expovariate(1.0)
    while passed < mean and count < MOST_ORDERS:
        count += 1
        passed += random.expovariate(1.0)
    return count
