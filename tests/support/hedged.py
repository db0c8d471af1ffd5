"""The exchange on which trades of two legs are tried: still quotes, hedge mode, no rate limits."""

from __future__ import annotations

from synthcore.exchange.settings import ExchangeSettings

HEDGED = ExchangeSettings(
    market="steady", symbols=("BTCUSDT",), position_mode="hedge", rate_tier="off", control_token="auto"
)
