from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, final

from typing_extensions import Buffer

from synthcore._core.reference import Message
from synthcore._core.symbols import SymbolTable

CODES: Final[tuple[str, ...]]
FIELD_BITS: Final[tuple[int, ...]]
SOURCES: Final[tuple[int, ...]]

class Quote(NamedTuple):
    symbol: str
    bid: float
    ask: float
    bid_size: float
    ask_size: float
    exchange_us: int
    source: int

@final
class TickerParser:
    def __new__(
        cls,
        symbols: SymbolTable | Iterable[str],
        reference: Callable[[bytes], Message | int] | None = None,
    ) -> TickerParser: ...
    @property
    def symbols(self) -> SymbolTable: ...
    @property
    def reference(self) -> Callable[[bytes], Message | int]: ...
    @property
    def last(self) -> int: ...
    @property
    def outcome(self) -> str: ...
    def feed(self, frame: Buffer) -> Quote | None: ...
    def feed_all(self, frames: list[bytes]) -> int: ...
    def counters(self) -> dict[str, int]: ...
    def reset(self) -> None: ...
