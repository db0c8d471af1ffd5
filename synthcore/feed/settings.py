"""How a connection behaves; the defaults are the specification's."""

from __future__ import annotations

from msgspec import Struct, field


class LinkSettings(Struct, frozen=True, kw_only=True):
    """Times of one connection. Tests make them small, a user hardly ever."""

    connect_timeout_s: float = 10.0
    ping_interval_s: float = 20.0  # as the venue asks
    check_interval_s: float = 0.5  # how often watchdog, pings and the report are looked at
    close_timeout_s: float = 2.0
    topics_per_request: int = 50
    # By kind of topic. `orderbook.1` repeats itself every 3 s; the others speak on every change.
    deadline_s: dict[str, float] = field(
        default_factory=lambda: {"tickers": 10.0, "orderbook.1": 10.0, "orderbook.50": 10.0}
    )
    backoff_first_s: float = 1.0
    backoff_limit_s: float = 30.0
    stable_s: float = 60.0
    report_interval_s: float = 10.0  # one log line per kind of trouble and interval
