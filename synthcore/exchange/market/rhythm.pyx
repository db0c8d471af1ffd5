"""When things happen in a generated market: quote slots with bursts, clustered price moves and trades.

The numbers reproduce measured ones: docs/market.md lists each beside what the generator gives. Compiled, since
every beat draws about ten times.
"""

from libc.math cimport exp, rint, sqrt

from math import erf
from typing import NamedTuple

from synthcore.exchange.market.draws cimport Draws

cdef enum:
    SLOT_MS = 10        # of `orderbook.1`
    MOST_ORDERS = 12    # in one slot

# Gap to the next quote update, ms, at 0, 5, … 95 % of all gaps; above 95 % exponential.
cdef int[20] GAP_QUANTILES_MS = [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 20, 20, 30, 30, 40, 60, 80, 100, 130, 200]
cdef double LONGEST_GAPS_MEAN_MS = 160
cdef double GAP_MEMORY = 0.55           # correlation of successive gaps: updates come in bursts
cdef double BEATS_A_SECOND = 18.6       # what these gaps make, with the short ones inside price moves
cdef int[5] SLOTS_IN_MOVES = [1, 1, 1, 2, 3]    # gaps inside a cluster of price moves, each as often

cdef double CLUSTERS_A_SECOND = 0.24    # of price moves
cdef int FEWEST_MOVES = 2               # in a cluster …
cdef int TOO_MANY_MOVES = 7             # … and what it never has
cdef double MOVE_MEDIAN_BPS = 0.178     # of one move of BTCUSDT
cdef double MOVE_SIGMA = 0.78
cdef double SAME_DIRECTION = 0.83       # of a move as the one before in its cluster
cdef double SAME_AGAIN = 0.69           # of a cluster as the one before

cdef double STEADY_ORDERS_A_SECOND = 0.8    # taker orders beside those that move the price: evenly, …
cdef double MOOD_ORDERS_A_SECOND = 3.1      # … and as the market's mood is, most of them in few heavy seconds
cdef double MOOD_MEMORY = 0.96              # from beat to beat
cdef double MOOD_SIGMA = 1.82               # of its logarithm
cdef double HEAT = 0.27                     # power of the mood with which orders have more fills
cdef double QUIET_BELOW = 0.6               # activity under which moves and orders thin out with the updates
cdef double TREND_ENDS = 0.002              # chance with each beat that has taker orders: the others' side leads
cdef double WITH_TREND = 0.85               # of beats with taker orders
cdef double HEAT_AGAINST = 0.28             # orders of the other side have fewer fills


class Beat(NamedTuple):
    """What happens in one slot."""

    slot_ms: int
    move_bps: float  # of the fair price; 0 mostly
    taker_orders: int
    is_up: bool  # side of the taker orders
    heat: float  # how many more fills they have than usual


cdef class Rhythm:
    """The beats of one symbol.

    Parameters
    ----------
    activity
        Rate of quote updates relative to BTCUSDT.
    volatility
        Of 1 s returns, relative to BTCUSDT.
    """

    cdef Draws _draws
    cdef double _activity
    cdef double _volatility
    cdef long long _now_ms
    cdef double _gap_z
    cdef double _mood_z
    cdef int _moves_left
    cdef int _direction
    cdef bint _trend_is_up
    cdef double _cluster_chance
    cdef double _steady_orders_a_ms
    cdef double _mood_orders_a_beat

    def __init__(self, double activity, double volatility, Draws draws):
        cdef double beats_a_second = BEATS_A_SECOND * activity
        # Small contracts move more seldom, and further; those that were measured as often as BTCUSDT.
        cdef double busy = min(1.0, activity / QUIET_BELOW)
        cdef double orders = min(1.0, activity + 0.1 * busy)
        self._draws = draws
        self._activity, self._volatility = activity, volatility / sqrt(busy)
        self._direction, self._trend_is_up = 1, True
        self._cluster_chance = busy * CLUSTERS_A_SECOND / beats_a_second
        self._steady_orders_a_ms = STEADY_ORDERS_A_SECOND * orders / 1000
        self._mood_orders_a_beat = MOOD_ORDERS_A_SECOND * orders / beats_a_second

    def next(self):
        """The next beat."""
        cdef long long gap_ms = self._gap_ms()
        cdef double move_bps, heat
        cdef int count = 1
        cdef bint is_up
        self._now_ms += gap_ms
        move_bps = self._move_bps()
        self._mood_z = stepped(self._mood_z, MOOD_MEMORY, self._draws)
        if not move_bps:
            count = self._order_count(gap_ms)
        is_up = self._side(move_bps) if count else self._trend_is_up
        heat = exp(HEAT * self._mood_z)
        if is_up != self._trend_is_up:
            heat *= HEAT_AGAINST
        return Beat(self._now_ms, move_bps, count, is_up, heat)

    cdef long long _gap_ms(self) except -1:
        cdef double place, gap_ms
        cdef int index, low, high
        if self._moves_left:
            return SLOT_MS * SLOTS_IN_MOVES[self._draws.below(5)]
        self._gap_z = stepped(self._gap_z, GAP_MEMORY, self._draws)
        place = (0.5 + 0.5 * <double>erf(self._gap_z / sqrt(2))) * 20
        index = <int>place
        if index >= 19:
            gap_ms = GAP_QUANTILES_MS[19] + self._draws.expovariate(1 / LONGEST_GAPS_MEAN_MS)
        else:
            low, high = GAP_QUANTILES_MS[index], GAP_QUANTILES_MS[index + 1]
            gap_ms = low + (place - index) * (high - low)
        return SLOT_MS * max(1, <long long>rint(gap_ms / self._activity / SLOT_MS))

    cdef double _move_bps(self) noexcept:
        cdef Draws draws = self._draws
        cdef double size_bps
        if not self._moves_left:
            if draws.random() >= self._cluster_chance:
                return 0.0
            self._moves_left = <int>draws.randrange(FEWEST_MOVES, TOO_MANY_MOVES)
            if draws.random() >= SAME_AGAIN:
                self._direction = -self._direction
            self._trend_is_up = self._direction > 0
        self._moves_left -= 1
        if draws.random() >= SAME_DIRECTION:
            self._direction = -self._direction
        size_bps = MOVE_MEDIAN_BPS * exp(draws.gauss(0.0, MOVE_SIGMA))
        return self._direction * size_bps * self._volatility

    cdef int _order_count(self, long long gap_ms) noexcept:
        cdef double mood = exp(MOOD_SIGMA * self._mood_z - MOOD_SIGMA * MOOD_SIGMA / 2)
        return arrivals(self._steady_orders_a_ms * gap_ms + self._mood_orders_a_beat * mood, self._draws)

    cdef bint _side(self, double move_bps) noexcept:
        """Who takes: a move says it, else mostly the side that leads for a while."""
        if move_bps:
            return move_bps > 0
        if self._draws.random() < TREND_ENDS:
            self._trend_is_up = not self._trend_is_up
        return self._trend_is_up == (self._draws.random() < WITH_TREND)


cdef double stepped(double z, double memory, Draws draws) noexcept:
    """One step of a standard normal process with this memory."""
    return memory * z + sqrt(1 - memory * memory) * draws.gauss(0.0, 1.0)


cdef int arrivals(double mean, Draws draws) noexcept:
    """Count them until the exponential gaps exceed the mean, which is small here."""
    cdef int count = 0
    cdef double passed = draws.expovariate(1.0)
    while passed < mean and count < MOST_ORDERS:
        count += 1
        passed += draws.expovariate(1.0)
    return count
