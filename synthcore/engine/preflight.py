"""What must hold before anything is sent: contracts, clock, position mode, sizes. `doctor` asks the same."""

from __future__ import annotations

from synthcore.config import SyntheticConfig
from synthcore.environment import Environment
from synthcore.errors import ConfigError
from synthcore.feed.store import MarketDataStore
from synthcore.model import Instrument
from synthcore.orders.gateway import ExecutionBackend
from synthcore.risk.sizing import entry_qty


async def check_account(
    backend: ExecutionBackend, config: SyntheticConfig, environment: Environment
) -> dict[str, Instrument]:
    """Read the contracts and the position mode.

    Raises
    ------
    ConfigError
        A symbol that the exchange doesn't trade, or one-way position mode.
    """
    instruments = await backend.instruments(config.symbols_to_trade)
    for symbol in config.symbols_to_trade:
        if not await backend.hedge_mode(symbol):
            raise ConfigError(
                f"position mode must be hedge, was one-way for {symbol} on {environment.name}: two opposite "
                "legs on one symbol would cancel each other; `synthtest doctor --fix position-mode` switches it"
            )
    return instruments


def check_sizes(config: SyntheticConfig, instruments: dict[str, Instrument], store: MarketDataStore) -> None:
    """Hold the position size against each contract's limits, at the price of the moment.

    Raises
    ------
    ConfigError
        The size is below or above what a contract takes; names the size that works.
    """
    for symbol, instrument in instruments.items():
        quote = store.latest(symbol)
        if quote is not None:
            entry_qty(instrument, config.estimated_position_size, quote.ask)
