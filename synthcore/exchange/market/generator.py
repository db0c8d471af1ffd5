"""A market made from a seed, with the rates, spreads, sizes and moves that were measured on Bybit."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from synthcore.exchange.market.draws import Draws
from synthcore.exchange.market.frames import MarketFrame
from synthcore.exchange.market.instruments import Instrument
from synthcore.exchange.market.symbol_frames import BOOK_PERIOD_MS, SymbolFrames
from synthcore.exchange.market.symbol_market import SymbolMarket

START_MS = 1_786_310_400_000  # 2026-08-09 20:00 UTC, where no other start is given
DEFAULT_DEPTHS = (50, 200)


class Generator:
    """The public market of some contracts, without end.

    The same seed, instruments, depths and start give the same frames to the byte; a symbol's frames don't
    depend on the other symbols.

    Parameters
    ----------
    instruments
        Raw `instruments-info` entries, of `instruments_for` or `made_up_instruments`.
    seed
        Any int.
    start_ms
        Epoch of the beginning.
    speed
        How much faster than the clock the market runs. Time stamps follow the clock.
    depths
        Books besides level 1, of 50 and 200.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        seed: int = 1,
        *,
        start_ms: int = START_MS,
        speed: float = 1.0,
        depths: Sequence[int] = DEFAULT_DEPTHS,
    ) -> None:
        if not speed > 0 or speed == float("inf"):
            raise ValueError(f"speed must be above 0 and finite, was {speed}")
        if not set(depths) <= set(BOOK_PERIOD_MS):
            raise ValueError(f"depths must be among {', '.join(map(str, BOOK_PERIOD_MS))}, were {depths}")
        self.instruments = list(instruments)
        self._seed = seed
        self._start_ms = start_ms
        self._speed = speed
        self._depths = tuple(sorted(depths))

    @property
    def topics(self) -> frozenset[str]:
        """Every topic that has frames."""
        return topics_of(self.instruments, self._depths)

    def frames(self) -> Iterator[MarketFrame]:
        """All frames in order of time; each call starts anew."""
        return heapq.merge(*map(self._symbol, self.instruments))

    def _symbol(self, raw: Instrument) -> SymbolFrames:
        draws = Draws(f"{self._seed} {raw['symbol']}")
        market = SymbolMarket(raw, draws)
        return SymbolFrames(market, draws, self._start_ms, self._speed, self._depths)


def topics_of(instruments: Iterable[Mapping[str, Any]], depths: Iterable[int]) -> frozenset[str]:
    """Every topic of generated contracts."""
    kinds = ("tickers", "orderbook.1", *(f"orderbook.{depth}" for depth in depths), "publicTrade")
    return frozenset(f"{kind}.{raw['symbol']}" for raw in instruments for kind in kinds)
