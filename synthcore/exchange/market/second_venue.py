"""The same contracts on a second venue: another market, whose prices revert to the first one's.

Its price is the first one's mid times one plus a deviation, an Ornstein-Uhlenbeck process with a seed of its
own; beside that it has its own times, sizes, books and trades.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import tee
from typing import Any

import msgspec
from msgspec import Struct

from synthcore.exchange.market.draws import Draws
from synthcore.exchange.market.frames import Pair
from synthcore.exchange.market.generator import DEFAULT_DEPTHS, topics_of
from synthcore.exchange.market.rhythm import Beat
from synthcore.exchange.market.source import DueFrame, MarketSource
from synthcore.exchange.market.symbol_frames import SymbolFrames
from synthcore.exchange.market.symbol_market import SymbolMarket, TakerOrder

QUOTED_WITHIN_NS = 10_000_000_000  # a contract that the first venue quotes later is not on the second one
TOP = "orderbook.1."  # the topic that the first venue's mid is read from
AT_ONCE_TICKS = 0.8  # a move of so much has the takers on its side


class SharedSource:
    """A market whose frames two readers get, each at its own pace."""

    def __init__(self, source: MarketSource) -> None:
        self.instruments = source.instruments
        self.topics = source.topics
        self._first, self.second_reading = tee(source.frames())

    def frames(self) -> Iterator[DueFrame]:
        """The first reading. To be called once."""
        return self._first


class Deviation:
    """How far the second venue's price is from the first one's.

    Parameters
    ----------
    half_life_s
        After which half of a deviation is gone, on average; of the market's clock.
    sigma_bps
        Standard deviation in the long run.
    """

    def __init__(self, half_life_s: float, sigma_bps: float, draws: Draws) -> None:
        self._decay_per_ms = math.log(2) / half_life_s / 1000
        self._sigma_bps = sigma_bps
        self._draws = draws
        self._bps = draws.gauss(0.0, sigma_bps)
        self._at_ms = 0

    def at(self, now_ms: int) -> float:
        """In basis points; times don't go back."""
        kept = math.exp(-self._decay_per_ms * (now_ms - self._at_ms))
        self._at_ms = now_ms
        noise_bps = self._sigma_bps * math.sqrt(1 - kept * kept)
        self._bps = kept * self._bps + self._draws.gauss(0.0, noise_bps)
        return self._bps


class Mids:
    """The first venue's mid prices, as far as anybody has asked."""

    def __init__(self, frames: Iterable[DueFrame]) -> None:
        self._frames = iter(frames)
        self._read_ns = -1
        self._coming: dict[str, deque[tuple[int, float]]] = {}
        self._now: dict[str, float] = {}

    def first(self, symbol: str) -> float | None:
        """The first one of a symbol, before anybody asks for later ones; None where there is none."""
        while symbol not in self._coming and self._read_ns < QUOTED_WITHIN_NS and self._read():
            pass
        return self._coming[symbol][0][1] if symbol in self._coming else None

    def at(self, symbol: str, now_ns: int) -> float | None:
        """The last one that is not after now; a symbol's times don't go back."""
        while self._read_ns <= now_ns and self._read():
            pass
        coming = self._coming.get(symbol, ())
        while coming and coming[0][0] <= now_ns:
            self._now[symbol] = coming.popleft()[1]
        return self._now.get(symbol)

    def _read(self) -> bool:
        """Read one frame more; False at the end."""
        frame = next(self._frames, None)
        if frame is None:
            return False
        self._read_ns = frame.due_ns
        if frame.topic.startswith(TOP):
            symbol = frame.topic.removeprefix(TOP)
            data = _decode(frame.text).data
            if data.b and data.a:
                mid = (float(data.b[0][0]) + float(data.a[0][0])) / 2
                self._coming.setdefault(symbol, deque()).append((frame.due_ns, mid))
        return True


class FollowingMarket(SymbolMarket):
    """A contract whose fair price is the first venue's, but for the deviation."""

    def __init__(
        self,
        raw: Mapping[str, Any],
        draws: Draws,
        price: float,
        mids: Mids,
        deviation: Deviation,
        speed: float,
    ) -> None:
        super().__init__(dict(raw), draws, price)
        self._mids = mids
        self._deviation = deviation
        self._speed = speed

    def play(self, beat: Beat) -> list[TakerOrder]:
        deviation_bps = self._deviation.at(beat.slot_ms)
        mid = self._mids.at(self.symbol, int(beat.slot_ms * 1_000_000 / self._speed))
        if mid is None:
            return super().play(beat._replace(move_bps=0.0))
        ticks = mid * (1 + deviation_bps * 1e-4) / float(self.price.step) - self.fair_ticks
        is_up = ticks > 0 if abs(ticks) >= AT_ONCE_TICKS else beat.is_up
        return super().play(beat._replace(move_bps=ticks / self.bids.best * 1e4, is_up=is_up))


class SecondVenue:
    """The market of the second venue, for as long as it is asked.

    Parameters
    ----------
    instruments
        Of the first venue.
    first
        The first venue's frames, which are read as far as the second one's need them.
    seed
        Another one than the first venue's, else their times are the same.
    start_ms, speed
        As of the first venue.
    """

    def __init__(
        self,
        instruments: Sequence[Mapping[str, Any]],
        first: Iterable[DueFrame],
        seed: int,
        *,
        start_ms: int,
        speed: float = 1.0,
        half_life_s: float,
        sigma_bps: float,
    ) -> None:
        self.instruments = list(instruments)
        self._mids = Mids(first)
        self._seed = seed
        self._start_ms = start_ms
        self._speed = speed
        self._half_life_s = half_life_s
        self._sigma_bps = sigma_bps

    @property
    def topics(self) -> frozenset[str]:
        """Every topic that has frames."""
        return topics_of(self.instruments, DEFAULT_DEPTHS)

    def frames(self) -> Iterator[DueFrame]:
        """All frames in order of time. To be called once."""
        return heapq.merge(*(found for raw in self.instruments if (found := self._symbol(raw)) is not None))

    def _symbol(self, raw: Mapping[str, Any]) -> SymbolFrames | None:
        symbol = str(raw["symbol"])
        mid = self._mids.first(symbol)
        if mid is None:
            return None  # the first venue never quotes it
        draws = Draws(f"{self._seed} second {symbol}")
        deviation = Deviation(self._half_life_s, self._sigma_bps, Draws(f"{self._seed} deviation {symbol}"))
        market = FollowingMarket(raw, draws, mid, self._mids, deviation, self._speed)
        return SymbolFrames(market, draws, self._start_ms, self._speed, DEFAULT_DEPTHS)


class Sides(Struct):
    b: list[Pair]
    a: list[Pair]


class Top(Struct):
    data: Sides


_decode = msgspec.json.Decoder(Top).decode
