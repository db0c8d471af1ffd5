"""What must hold at the price of the moment, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping

from synthcore.config import SyntheticConfig
from synthcore.feed.store import MarketDataStore
from synthcore.model import Instrument
from synthcore.risk.sizing import entry_qty


def check_sizes(
    config: SyntheticConfig, instruments: Mapping[str, Instrument], store: MarketDataStore
) -> None:
    """Hold the position size against each contract's limits.

    Raises
    ------
    ConfigError
        The size is below or above what a contract takes; names the size that works.
    """
    for symbol, instrument in instruments.items():
        quote = store.latest(symbol)
        if quote is not None:
            entry_qty(instrument, config.estimated_position_size, quote.ask)
