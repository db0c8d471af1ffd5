"""The account that a run trades on: how it is reached."""

from __future__ import annotations

from synthcore.config import SyntheticConfig
from synthcore.engine.venue import Venue
from synthcore.errors import ConfigError
from synthcore.orders.bybit import BybitBackend


def backend_of(config: SyntheticConfig, venue: Venue) -> BybitBackend:
    """Make the account's connections; the desk starts and closes them."""
    return BybitBackend(
        venue.environment.rest_urls,
        venue.environment.ws_private_url,
        venue.credentials,
        recv_window_ms=config.recv_window_ms,
        order_recv_window_ms=config.entry_recv_window_ms,
        warm_connections=2 * config.max_concurrent_trades,
        ws_trade_url=trade_url(config, venue),
        trade_socket_in_reserve=config.order_entry == "rest",
    )


def trade_url(config: SyntheticConfig, venue: Venue) -> str | None:
    """Where orders go by socket, if only in need; None: the venue has none.

    Raises
    ------
    ConfigError
        The socket was asked for and the venue has none.
    """
    url = venue.environment.ws_trade_url
    if url is None and config.order_entry == "socket":
        raise ConfigError(
            f"order_entry socket needs a trade socket, {venue.environment.name} has none; use auto or rest"
        )
    return url
