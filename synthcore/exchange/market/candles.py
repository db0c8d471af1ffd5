"""One contract's minutes, from its trades, and wider candles made of them. Pure: the time is an argument."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

from synthcore.exchange.decimals import ZERO

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
MONDAY_MS = 4 * DAY_MS  # the epoch was a Thursday
KEPT_MINUTES = 7 * 24 * 60

MINUTES = {text: int(text) for text in ("1", "3", "5", "15", "30", "60", "120", "240", "360", "720")}
INTERVALS = (*MINUTES, "D", "W", "M")


class Candle(Struct):
    """What happened between `start_ms` and the next candle."""

    start_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO  # base coin
    turnover: Decimal = ZERO  # USDT

    def add(self, price: Decimal, qty: Decimal) -> None:
        if price > self.high:
            self.high = price
        if price < self.low:
            self.low = price
        self.close = price
        self.volume += qty
        self.turnover += price * qty

    def put_before(self, earlier: Candle) -> None:
        """Take in the candle that ends where this one begins."""
        self.open = earlier.open
        self.high, self.low = max(self.high, earlier.high), min(self.low, earlier.low)
        self.volume += earlier.volume
        self.turnover += earlier.turnover


class Candles:
    """The latest minutes. A minute without a trade stands flat at the close before it."""

    def __init__(self, kept_minutes: int = KEPT_MINUTES) -> None:
        self._kept = kept_minutes
        self._minutes: deque[Candle] = deque(maxlen=kept_minutes)

    def add(self, price: Decimal, qty: Decimal, now_ms: int) -> None:
        """A trade, or with quantity 0 a price alone."""
        minutes = self._minutes
        if not minutes:
            minutes.append(flat(start_of(now_ms, "1"), price))
        if now_ms >= minutes[-1].start_ms + MINUTE_MS:
            self._roll(now_ms)
        minutes[-1].add(price, qty)

    def newest_first(self, interval: str, now_ms: int) -> Iterator[Candle]:
        """Candles of an interval, the running one first. The oldest may begin in the middle of its span."""
        self._roll(now_ms)
        wide: Candle | None = None
        for minute in reversed(self._minutes):
            start_ms = start_of(minute.start_ms, interval)
            if wide is not None and wide.start_ms == start_ms:
                wide.put_before(minute)
                continue
            if wide is not None:
                yield wide
            wide = Candle(
                start_ms, minute.open, minute.high, minute.low, minute.close, minute.volume, minute.turnover
            )
        if wide is not None:
            yield wide

    def _roll(self, now_ms: int) -> None:
        """Append what is missing up to the running minute."""
        if not self._minutes:
            return
        last = self._minutes[-1]
        now_ms = start_of(now_ms, "1")
        first_ms = max(last.start_ms + MINUTE_MS, now_ms - self._kept * MINUTE_MS)
        for start_ms in range(first_ms, now_ms + 1, MINUTE_MS):
            self._minutes.append(flat(start_ms, last.close))


def flat(start_ms: int, price: Decimal) -> Candle:
    return Candle(start_ms, price, price, price, price)


def start_of(time_ms: int, interval: str) -> int:
    """Where the candle that holds a time begins: on UTC's grid, weeks on Monday."""
    if interval == "M":
        day = datetime.fromtimestamp(time_ms / 1000, UTC)
        return int(datetime(day.year, day.month, 1, tzinfo=UTC).timestamp()) * 1000
    if interval == "W":
        return (time_ms - MONDAY_MS) // (7 * DAY_MS) * (7 * DAY_MS) + MONDAY_MS
    width_ms = DAY_MS if interval == "D" else MINUTES[interval] * MINUTE_MS
    return time_ms // width_ms * width_ms


def end_of(candle: Candle, interval: str) -> int:
    """The last millisecond of a candle."""
    if interval == "M":
        return start_of(candle.start_ms + 32 * DAY_MS, "M") - 1
    days = {"D": 1, "W": 7}
    width_ms = days[interval] * DAY_MS if interval in days else MINUTES[interval] * MINUTE_MS
    return candle.start_ms + width_ms - 1
