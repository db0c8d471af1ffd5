"""One side of a generated book in integers of ticks and lots."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from functools import cache
from random import Random
from statistics import NormalDist
from typing import NamedTuple

KEPT = 230  # levels: enough for the 200 that are shown, whatever goes in front
MOST_KEPT = 290
MOST_FILLED = 30  # levels that come with a new best price

TOP_SIGMA_ABOVE, TOP_SIGMA_BELOW = 0.72, 1.37  # of the log size at the best price, around its median


class Depth(NamedTuple):
    """What lies behind the best price."""

    share: float  # median size of a level, of the one at the best price
    sigma: float  # of its logarithm
    full_from: int  # the place from which levels are so large; in front of it they grow up to that
    steps: Sequence[int]  # ticks from one level to the next
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


DRAW_BITS = 9
DRAWS = 1 << DRAW_BITS
# Distributions as their quantiles, one for each draw of so many bits: cheaper than to draw from them.
CHANGED_PLACES = [int(-CHANGED_MEAN_PLACE * math.log(1 - (i + 0.5) / DRAWS)) for i in range(DRAWS)]


@cache
def log_normal(sigma: float) -> list[float]:
    """The quantiles of a log-normal distribution of median 1."""
    normal = NormalDist(0.0, sigma)
    return [math.exp(normal.inv_cdf((i + 0.5) / DRAWS)) for i in range(DRAWS)]


class Ladder:
    """Sizes by key, best first. A key is the price in ticks times `sign`: −1 for bids, so that keys ascend.

    Parameters
    ----------
    top_lots
        Median size at the best price.
    """

    def __init__(self, sign: int, best_ticks: int, top_lots: float, random: Random) -> None:
        self._depth = COARSE if 1e4 / best_ticks > COARSE_FROM_BPS else FINE
        self.sign = sign
        self.lots: dict[int, int] = {}
        self._keys: list[int] = []
        self._top_lots = top_lots
        self._random = random
        self._watchers: list[set[int]] = []
        self._deep_lots = top_lots * self._depth.share  # median size of a level
        self._deep_sizes = log_normal(self._depth.sigma)  # relative to that
        self._stirred = log_normal(self._depth.stirred_sigma)
        self._insert(sign * best_ticks, self._top_size())
        self._fill_behind()

    @property
    def best(self) -> int:
        """Ticks of the best price."""
        return self.sign * self._keys[0]

    @property
    def best_lots(self) -> int:
        return self.lots[self._keys[0]]

    # What a window asks

    def watch(self) -> set[int]:
        """A set into which every key goes whose size changes."""
        touched: set[int] = set()
        self._watchers.append(touched)
        return touched

    def best_levels(self, depth: int) -> dict[int, int]:
        return {key: self.lots[key] for key in self._keys[:depth]}

    def key_at(self, place: int) -> int:
        return self._keys[place]

    def keys_between(self, after: int, until: int) -> list[int]:
        """Keys above `after`, up to `until`."""
        return self._keys[bisect_right(self._keys, after) : bisect_right(self._keys, until)]

    # What happens to it

    def change_best(self) -> None:
        """Another size at the best price: mostly a small step, sometimes a new one."""
        random = self._random
        before = self.best_lots
        if random.random() < 0.08:
            after = self._top_size()
        else:
            pull = 0.02 * math.log(self._top_lots / before)
            after = max(1, round(before * math.exp(pull + random.gauss(0.0, 0.09))))
        if after == before:
            after = before + 1 if before == 1 or random.random() < 0.5 else before - 1
        self._resize(self._keys[0], after)

    def stirred(self) -> int:
        """How many levels change until the next push."""
        return int(self._depth.stirred * self._stirred[self._random.getrandbits(DRAW_BITS)])

    def change_behind(self) -> None:
        """A level behind the best appears, goes, or gets another size."""
        random, depth = self._random, self._depth
        place = 1 + min(CHANGED_PLACES[random.getrandbits(DRAW_BITS)], len(self._keys) - 2)
        key = self._keys[place]
        draw = random.random() - RESIZED
        if draw < 0:
            self._resize(key, self._deep_size(place))
        elif draw < depth.gone + depth.gone_in_front * math.exp(-place / FRONT_PLACES):
            del self._keys[place]
            self._forget(key)
            self._fill_behind()
        elif key + 1 in self.lots:
            self._resize(key + 1, self._deep_size(place + 1))
        else:
            self._insert(key + 1, self._deep_size(place))
            self._drop_behind()

    def move_best(self, ticks: int) -> None:
        """Make `ticks` the best price: what lies in front goes; a level is put there if there is none."""
        key = self.sign * ticks
        place = bisect_left(self._keys, key)
        for passed in self._keys[:place]:
            self._forget(passed)
        del self._keys[:place]
        if key not in self.lots:
            self._fill_gap(key)
            self._insert(key, max(1, round(self._top_size() * self._random.uniform(0.05, 0.8))))
        self._fill_behind()
        self._drop_behind()

    def _fill_gap(self, best_key: int) -> None:
        """Levels between a new best price and the one that was best before."""
        key = best_key
        for place in range(1, MOST_FILLED):
            key += self._random.choice(self._depth.steps)
            if self._keys and key >= self._keys[0]:
                return
            self._insert(key, self._deep_size(place))

    def _fill_behind(self) -> None:
        while len(self._keys) < KEPT:
            place = len(self._keys)
            self._insert(self._keys[-1] + self._random.choice(self._depth.steps), self._deep_size(place))

    def _drop_behind(self) -> None:
        if len(self._keys) > MOST_KEPT:
            for key in self._keys[KEPT:]:
                self._forget(key)
            del self._keys[KEPT:]

    def _insert(self, key: int, lots: int) -> None:
        insort(self._keys, key)
        self._resize(key, lots)

    def _resize(self, key: int, lots: int) -> None:
        self.lots[key] = lots
        for touched in self._watchers:
            touched.add(key)

    def _forget(self, key: int) -> None:
        del self.lots[key]
        for touched in self._watchers:
            touched.add(key)

    def _top_size(self) -> int:
        z = self._random.gauss(0.0, 1.0)
        sigma = TOP_SIGMA_ABOVE if z > 0 else TOP_SIGMA_BELOW
        return max(1, round(self._top_lots * math.exp(sigma * z)))

    def _deep_size(self, place: int) -> int:
        lots = self._deep_lots * self._deep_sizes[self._random.getrandbits(DRAW_BITS)]
        full_from = self._depth.full_from
        if place < full_from:
            lots *= place / full_from
        return round(lots) or 1
