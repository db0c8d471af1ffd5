"""One side of a generated book in integers of ticks and lots; compiled, since it never rests."""

from libc.math cimport exp, log, rint

import math
from bisect import bisect_left, bisect_right, insort
from functools import cache
from statistics import NormalDist
from typing import NamedTuple

from synthcore.exchange.market.draws cimport Draws

KEPT = 230  # levels: enough for the 200 that are shown, whatever goes in front
MOST_KEPT = 290
MOST_FILLED = 30  # levels that come with a new best price

TOP_SIGMA_ABOVE, TOP_SIGMA_BELOW = 0.72, 1.37  # of the log size at the best price, around its median


class Depth(NamedTuple):
    """What lies behind the best price."""

    share: float  # median size of a level, of the one at the best price
    sigma: float  # of its logarithm
    full_from: int  # the place from which levels are so large; in front of it they grow up to that
    steps: tuple  # ticks from one level to the next
    gone: float  # chance that a change takes a level away …
    gone_in_front: float  # … and how much greater it is right behind the best price
    stirred: float  # levels that change between two pushes, median
    stirred_sigma: float  # of its logarithm


FINE = Depth(0.0122, 1.8, 60, (1, 1, 1, 1, 1, 2, 2, 3), 0.033, 0.03, 10.0, 0.93)  # as BTCUSDT
# As SOLUSDT and DOGEUSDT: every tick has a level, as large as the best.
COARSE = Depth(1.5, 0.9, 0, (1,), 0.03, 0.0, 4.7, 0.87)
COARSE_FROM_BPS = 0.3  # value of a tick
RESIZED = 0.5  # of changes behind the best price; the others take a level away, or make one
CHANGED_MEAN_PLACE = 30  # how far behind
FRONT_PLACES = 10  # how far what is different in front reaches


cdef enum:
    DRAW_BITS = 9
    DRAWS = 512     # of so many bits
# Distributions as their quantiles, one for each draw of so many bits: cheaper than to draw from them.
CHANGED_PLACES = [int(-CHANGED_MEAN_PLACE * math.log(1 - (i + 0.5) / DRAWS)) for i in range(DRAWS)]


@cache
def log_normal(sigma):
    """The quantiles of a log-normal distribution of median 1."""
    normal = NormalDist(0.0, sigma)
    return [math.exp(normal.inv_cdf((i + 0.5) / DRAWS)) for i in range(DRAWS)]


cdef class Ladder:
    """Sizes by key, best first. A key is the price in ticks times `sign`: −1 for bids, so that keys ascend.

    Parameters
    ----------
    top_lots
        Median size at the best price.
    """

    def __init__(self, long long sign, long long best_ticks, double top_lots, Draws draws):
        self._depth = COARSE if 1e4 / best_ticks > COARSE_FROM_BPS else FINE
        self.sign = sign
        self.lots, self._keys, self._watchers = {}, [], []
        self._top_lots = top_lots
        self._draws = draws
        self._deep_lots = top_lots * self._depth.share
        self._deep_sizes = log_normal(self._depth.sigma)
        self._stirred = log_normal(self._depth.stirred_sigma)
        self._full_from = self._depth.full_from
        self._steps, self._gone, self._gone_in_front = self._depth.steps, self._depth.gone, self._depth.gone_in_front
        self._insert(sign * best_ticks, self._top_size())
        self._fill_behind()

    @property
    def best(self):
        """Ticks of the best price."""
        return self.sign * <long long>self._keys[0]

    @property
    def best_lots(self):
        return self.lots[self._keys[0]]

    # What a window asks

    cdef set watch(self):
        """A set into which every key goes whose size changes."""
        cdef set touched = set()
        self._watchers.append(touched)
        return touched

    cpdef dict best_levels(self, Py_ssize_t depth):
        """The best so many, sizes by key."""
        return {key: self.lots[key] for key in self._keys[:depth]}

    cdef list keys_between(self, long long after, long long until):
        """Keys above `after`, up to `until`."""
        return self._keys[bisect_right(self._keys, after) : bisect_right(self._keys, until)]

    # What happens to it

    def change_best(self):
        """Another size at the best price: mostly a small step, sometimes a new one."""
        cdef long long before = self.best_lots, after
        cdef double pull
        if self._draws.random() < 0.08:
            after = self._top_size()
        else:
            pull = 0.02 * log(self._top_lots / before)
            after = max(1, <long long>rint(before * exp(pull + self._draws.gauss(0.0, 0.09))))
        if after == before:
            after = before + 1 if before == 1 or self._draws.random() < 0.5 else before - 1
        self._resize(self._keys[0], after)

    cdef Py_ssize_t stirred(self) except -1:
        """How many levels change until the next push."""
        return <Py_ssize_t>(<double>self._depth.stirred * <double>self._stirred[self._draws.bits(DRAW_BITS)])

    cdef int change_behind(self) except -1:
        """A level behind the best appears, goes, or gets another size."""
        cdef Py_ssize_t place = 1 + min(
            <Py_ssize_t>CHANGED_PLACES[self._draws.bits(DRAW_BITS)], len(self._keys) - 2
        )
        cdef long long key = self._keys[place]
        cdef double draw = self._draws.random() - RESIZED
        if draw < 0:
            self._resize(key, self._deep_size(place))
        elif draw < self._gone + self._gone_in_front * exp(-<double>place / FRONT_PLACES):
            del self._keys[place]
            self._forget(key)
            self._fill_behind()
        elif key + 1 in self.lots:
            self._resize(key + 1, self._deep_size(place + 1))
        else:
            self._insert(key + 1, self._deep_size(place))
            self._drop_behind()
        return 0

    def move_best(self, long long ticks):
        """Make `ticks` the best price: what lies in front goes; a level is put there if there is none."""
        cdef long long key = self.sign * ticks, size
        cdef Py_ssize_t place = bisect_left(self._keys, key)
        for passed in self._keys[:place]:
            self._forget(passed)
        del self._keys[:place]
        if key not in self.lots:
            self._fill_gap(key)
            size = self._top_size()
            self._insert(key, max(1, <long long>rint(size * self._draws.uniform(0.05, 0.8))))
        self._fill_behind()
        self._drop_behind()

    cdef int _fill_gap(self, long long best_key) except -1:
        """Levels between a new best price and the one that was best before."""
        cdef long long key = best_key
        cdef Py_ssize_t place
        for place in range(1, MOST_FILLED):
            key += self._step()
            if self._keys and key >= <long long>self._keys[0]:
                return 0
            self._insert(key, self._deep_size(place))
        return 0

    cdef int _fill_behind(self) except -1:
        cdef Py_ssize_t place = len(self._keys)
        while place < KEPT:
            key = self._keys[place - 1] + self._step()
            self._insert(key, self._deep_size(place))
            place += 1
        return 0

    cdef int _drop_behind(self) except -1:
        if len(self._keys) > MOST_KEPT:
            for key in self._keys[KEPT:]:
                self._forget(key)
            del self._keys[KEPT:]
        return 0

    cdef int _insert(self, long long key, long long lots) except -1:
        insort(self._keys, key)
        self._resize(key, lots)
        return 0

    cdef int _resize(self, key, long long lots) except -1:
        cdef set touched
        self.lots[key] = lots
        for touched in self._watchers:
            touched.add(key)
        return 0

    cdef int _forget(self, key) except -1:
        cdef set touched
        del self.lots[key]
        for touched in self._watchers:
            touched.add(key)
        return 0

    cdef long long _step(self) except -1:
        """Ticks to the next level."""
        return self._steps[self._draws.below(len(self._steps))]

    cdef long long _top_size(self) except -1:
        cdef double z = self._draws.gauss(0.0, 1.0)
        cdef double sigma = TOP_SIGMA_ABOVE if z > 0 else TOP_SIGMA_BELOW
        return max(1, <long long>rint(self._top_lots * exp(sigma * z)))

    cdef long long _deep_size(self, Py_ssize_t place) except -1:
        cdef double lots = self._deep_lots * <double>self._deep_sizes[self._draws.bits(DRAW_BITS)]
        if place < self._full_from:
            lots *= <double>place / self._full_from
        return max(1, <long long>rint(lots))


def stir(Ladder bids, Ladder asks):
    """Let levels behind the best prices of a book change."""
    cdef Py_ssize_t number
    for number in range(bids.stirred()):
        (asks if bids._draws.bits(1) else bids).change_behind()
