"""One `allLiquidation` stream: the positions that were taken over, gathered for half a second."""

from __future__ import annotations

import msgspec

from synthcore.exchange.liquidation import Liquidation

PERIOD_MS = 500

_encode = msgspec.json.Encoder().encode


class LiquidationStream:
    """Pushes what was taken over of one contract since the push before."""

    period_ms = PERIOD_MS

    def __init__(self, symbol: str) -> None:
        self.topic = f"allLiquidation.{symbol}"
        self._gathered: list[Liquidation] = []

    def add(self, taken: Liquidation) -> None:
        self._gathered.append(taken)

    def frame(self, now_ms: int) -> bytes | None:
        gathered, self._gathered = self._gathered, []
        if not gathered:
            return None
        data = [row_of(taken) for taken in gathered]
        return _encode({"topic": self.topic, "type": "snapshot", "ts": now_ms, "data": data})

    def snapshot(self, now_ms: int) -> bytes | None:
        """Nothing: what is past was told."""
        return None


def row_of(taken: Liquidation) -> dict[str, object]:
    contract = taken.contract
    return {
        "T": taken.time_ms,
        "s": contract.symbol,
        "S": taken.side,
        "v": str(contract.qty(taken.lots)),
        "p": str(contract.price(taken.price_ticks)),
    }
