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

CLUSTERS_A_SECOND = 0.24  # of price moves
MOVES_A_CLUSTER = range(2, 7)
MOVE_MEDIAN_BPS, MOVE_SIGMA = 0.178, 0.78  # of one move of BTCUSDT
SAME_DIRECTION = 0.83  # of a move as the one before in its cluster
SAME_AGAIN = 0.69  # of a cluster as the one before

STEADY_ORDERS_A_SECOND = 0.8  # taker orders beside those that move the price: evenly, …
MOOD_ORDERS_A_SECOND = 3.1  # … and as the market's mood is, most of them in few heavy seconds
MOOD_MEMORY, MOOD_SIGMA = 0.96, 1.82  # from beat to beat; of its logarithm
MOST_ORDERS = 12  # in one slot
HEAT = 0.27  # power of the mood with which orders have more fills
QUIET_BELOW = 0.6  # activity under which moves and orders thin out with the updates
TREND_ENDS = 0.002  # chance with each beat that has taker orders: the others' side leads
WITH_TREND = 0.85  # of beats with taker orders
HEAT_AGAINST = 0.28  # orders of the other side have fewer fills


class Beat(NamedTuple):
    """What happens in one slot."""

    slot_ms: int
    move_bps: float  # of the fair price; 0 mostly
    taker_orders: int
    is_up: bool  # side of the taker orders
    heat: float  # how many more fills they have than usual


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
        self._trend_is_up = True
        beats_a_second = BEATS_A_SECOND * activity
        # Small contracts move more seldom, and further; those that were measured as often as BTCUSDT.
        busy = min(1.0, activity / QUIET_BELOW)
        self._volatility /= math.sqrt(busy)
        self._cluster_chance = busy * CLUSTERS_A_SECOND / beats_a_second
        orders = min(1.0, activity + 0.1 * busy)
        self._steady_orders_a_ms = STEADY_ORDERS_A_SECOND * orders / 1000
        self._mood_orders_a_beat = MOOD_ORDERS_A_SECOND * orders / beats_a_second

    def next(self) -> Beat:
        gap_ms = self._gap_ms()
        self._now_ms += gap_ms
        move_bps = self._move_bps()
        self._mood_z = _step(self._mood_z, MOOD_MEMORY, self._random)
        count = self._order_count(gap_ms) if not move_bps else 1
        is_up = self._side(move_bps) if count else self._trend_is_up
        heat = math.exp(HEAT * self._mood_z)
        if is_up != self._trend_is_up:
            heat *= HEAT_AGAINST
        return Beat(self._now_ms, move_bps, count, is_up, heat)

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
            self._moves_left = random.choice(MOVES_A_CLUSTER)
            if random.random() >= SAME_AGAIN:
                self._direction = -self._direction
            self._trend_is_up = self._direction > 0
        self._moves_left -= 1
        if random.random() >= SAME_DIRECTION:
            self._direction = -self._direction
        size_bps = MOVE_MEDIAN_BPS * math.exp(random.gauss(0.0, MOVE_SIGMA))
        return self._direction * size_bps * self._volatility

    def _order_count(self, gap_ms: int) -> int:
        mood = math.exp(MOOD_SIGMA * self._mood_z - MOOD_SIGMA**2 / 2)
        expected = self._steady_orders_a_ms * gap_ms + self._mood_orders_a_beat * mood
        return min(MOST_ORDERS, _poisson(expected, self._random))

    def _side(self, move_bps: float) -> bool:
        """Who takes: a move says it, else mostly the side that leads for a while."""
        if move_bps:
            return move_bps > 0
        if self._random.random() < TREND_ENDS:
            self._trend_is_up = not self._trend_is_up
        return self._trend_is_up == (self._random.random() < WITH_TREND)


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
