"""The latest update of each symbol."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from synthcore._core.kernel import Kernel
from synthcore._core.symbols import SymbolTable
from synthcore.feed.updates import latest_update
from synthcore.model import MarketUpdate


class MarketDataStore:
    """Look up what a symbol's prices are, from any thread.

    Alone it keeps what is given to `on_update`. Over a kernel it shows that kernel's own store, which the
    strategy thread writes: nothing is copied until somebody looks.

    Examples
    --------
    >>> store = MarketDataStore()
    >>> store.on_update(MarketUpdate("BTCUSDT", 100.0, 100.5, 1.0, 2.0, 0, 0, 0))
    >>> store.latest("BTCUSDT").ask
    100.5
    """

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._kept: dict[str, MarketUpdate] = {}

    @staticmethod
    def over(
        kernel: Kernel, symbols: SymbolTable, clock: Callable[[], int] = time.monotonic_ns
    ) -> MarketDataStore:
        """Show a kernel's store."""
        return _KernelStore(kernel, symbols, clock)

    def on_update(self, update: MarketUpdate) -> None:
        """Keep an update, unless a newer one is kept already."""
        kept = self._kept.get(update.symbol)
        if kept is None or update.recv_ns >= kept.recv_ns:
            self._kept[update.symbol] = update

    def latest(self, symbol: str) -> MarketUpdate | None:
        """The symbol's latest update, None before the first."""
        return self._kept.get(symbol)

    def age_ms(self, symbol: str) -> float | None:
        """How long ago the symbol's latest update was received, None before the first."""
        update = self.latest(symbol)
        return None if update is None else (self._clock() - update.recv_ns) / 1e6

    def symbols(self) -> list[str]:
        """The symbols that have an update."""
        return list(self._kept)

    def __iter__(self) -> Iterator[MarketUpdate]:
        return (update for symbol in self.symbols() if (update := self.latest(symbol)) is not None)


class _KernelStore(MarketDataStore):
    def __init__(self, kernel: Kernel, symbols: SymbolTable, clock: Callable[[], int]) -> None:
        super().__init__(clock)
        self._kernel = kernel
        self._table = symbols

    def on_update(self, update: MarketUpdate) -> None:
        raise TypeError("the kernel alone writes its store; make a MarketDataStore() of your own")

    def latest(self, symbol: str) -> MarketUpdate | None:
        return latest_update(self._kernel, self._table, self._table.find(symbol))

    def symbols(self) -> list[str]:
        names = [self._table.text(symbol_id) for symbol_id in range(len(self._table))]
        return [name for name in names if self.latest(name) is not None]
