"""One `kline` stream: the running candle, and the one that it has closed."""

from __future__ import annotations

from itertools import islice, takewhile

import msgspec

from synthcore.exchange.decimals import text
from synthcore.exchange.market.candles import Candle, Candles, end_of

OFTEN_MS, SELDOM_MS = 1000, 60_000  # pushes of candles up to twelve hours, and of wider ones

_encode = msgspec.json.Encoder().encode


class KlineStream:
    """Pushes a contract's candles of one interval."""

    def __init__(self, interval: str, symbol: str, candles: Candles) -> None:
        self.topic = f"kline.{interval}.{symbol}"
        self.period_ms = SELDOM_MS if interval in ("D", "W", "M") else OFTEN_MS
        self._interval = interval
        self._candles = candles
        self._shown_ms = 0  # where the candle began that was pushed last

    def frame(self, now_ms: int) -> bytes | None:
        """The running candle, behind the one that has closed since the last push; None before the first."""
        newest = islice(self._candles.newest_first(self._interval, now_ms), 2)
        since_ms = self._shown_ms or now_ms
        candles = list(takewhile(lambda candle: candle.start_ms >= since_ms, newest))
        if not candles:
            return self.snapshot(now_ms)
        self._shown_ms = candles[0].start_ms
        return self._frame(candles[::-1], now_ms)

    def snapshot(self, now_ms: int) -> bytes | None:
        """The running candle; None while there is none."""
        running = next(self._candles.newest_first(self._interval, now_ms), None)
        if running is None:
            return None
        self._shown_ms = self._shown_ms or running.start_ms
        return self._frame([running], now_ms)

    def _frame(self, candles: list[Candle], now_ms: int) -> bytes:
        data = [self._row(candle, now_ms) for candle in candles]
        return _encode({"topic": self.topic, "data": data, "ts": now_ms, "type": "snapshot"})

    def _row(self, candle: Candle, now_ms: int) -> dict[str, object]:
        end_ms = end_of(candle, self._interval)
        return {
            "start": candle.start_ms,
            "end": end_ms,
            "interval": self._interval,
            "open": text(candle.open),
            "close": text(candle.close),
            "high": text(candle.high),
            "low": text(candle.low),
            "volume": text(candle.volume),
            "turnover": text(candle.turnover),
            "confirm": now_ms > end_ms,
            "timestamp": now_ms,
        }
