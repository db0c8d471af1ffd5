"""A ring of market updates with its two ends, for strategies of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from synthcore._core.ring import Ring
from synthcore._core.symbols import SymbolTable
from synthcore.feed.connector import table_of
from synthcore.feed.updates import pop_update
from synthcore.model import MarketUpdate


class MarketProducer:
    """The one end that puts updates in. One thread uses it."""

    def __init__(self, ring: Ring, symbols: SymbolTable) -> None:
        self._ring = ring
        self._symbols = symbols

    def push(self, update: MarketUpdate) -> bool:
        """Publish an update; it never waits. `sequence` is the ring's to give.

        Returns
        -------
        bool
            False for an unknown symbol, which is counted in the symbol table.
        """
        symbol_id = self._symbols.id(update.symbol)
        if symbol_id < 0:
            return False
        self._ring.push(
            symbol_id,
            update.bid,
            update.ask,
            update.bid_size,
            update.ask_size,
            update.exchange_us,
            update.recv_ns,
        )
        return True


class MarketConsumer:
    """The one end that takes updates out. One thread uses it."""

    def __init__(self, ring: Ring, symbols: SymbolTable) -> None:
        self._ring = ring
        self._symbols = symbols

    def pop(self) -> MarketUpdate | None:
        """Take the oldest update, None if there is none."""
        return pop_update(self._ring, self._symbols)

    def drain(self) -> Iterator[MarketUpdate]:
        """Take updates until there are none."""
        while (update := self.pop()) is not None:
            yield update


class MarketPipeline:
    """Carry updates from one thread to another: lock-free, the oldest dropped when it is full.

    Parameters
    ----------
    symbols
        Names; or a symbol table.
    capacity
        Slots, a power of two.

    Examples
    --------
    >>> pipeline = MarketPipeline(["BTCUSDT"], capacity=4)
    >>> pipeline.producer.push(MarketUpdate("BTCUSDT", 100.0, 100.5, 1.0, 2.0, 0, 0, 0))
    True
    >>> pipeline.consumer.pop().bid
    100.0
    """

    def __init__(self, symbols: Iterable[str] | SymbolTable, capacity: int = 4096) -> None:
        self.symbols = symbols if isinstance(symbols, SymbolTable) else table_of(symbols)
        self.ring = Ring(capacity)  # what a BybitWebSocketConnector takes as its sink
        self.producer = MarketProducer(self.ring, self.symbols)
        self.consumer = MarketConsumer(self.ring, self.symbols)

    def __len__(self) -> int:
        return len(self.ring)

    @property
    def dropped(self) -> int:
        """Updates that were overwritten before they were taken."""
        return self.ring.dropped
