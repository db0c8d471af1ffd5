from collections.abc import Sequence
from typing import Final, Self, final

from synthcore.exchange.market.draws import Draws
from synthcore.exchange.market.frames import MarketFrame
from synthcore.exchange.market.symbol_market import SymbolMarket

BOOK_PERIOD_MS: Final[dict[int, int]]

@final
class Stream:
    def __init__(self, depth: int, symbol: str, draws: Draws) -> None: ...

@final
class SymbolFrames:
    def __init__(
        self, market: SymbolMarket, draws: Draws, start_ms: int, speed: float, depths: Sequence[int]
    ) -> None: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> MarketFrame: ...
