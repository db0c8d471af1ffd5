"""One `priceLimit` stream: the highest price of a buyer and the lowest of a seller."""

from __future__ import annotations

import msgspec

from synthcore.exchange.band import limit_fields
from synthcore.exchange.contract import Contract
from synthcore.exchange.market_view import MarketView

PERIOD_MS = 300

_encode = msgspec.json.Encoder().encode


class PriceLimitStream:
    """Pushes a contract's price band."""

    period_ms = PERIOD_MS

    def __init__(self, contract: Contract, market: MarketView) -> None:
        self.topic = f"priceLimit.{contract.symbol}"
        self._contract = contract
        self._market = market

    def frame(self, now_ms: int) -> bytes | None:
        """What is pushed now; None while the market has no price."""
        fields = limit_fields(self._market, self._contract)
        if not fields["buyLmt"]:
            return None
        return _encode({"topic": self.topic, "data": fields, "ts": now_ms})

    def snapshot(self, now_ms: int) -> bytes | None:
        return self.frame(now_ms)
