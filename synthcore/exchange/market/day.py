"""What the last 24 hours of a generated contract look like: last price, extremes, volume."""

from __future__ import annotations

import math

from synthcore.exchange.market.character import Character
from synthcore.exchange.market.draws import Draws
from synthcore.exchange.market.frames import Digits
from synthcore.exchange.market.ticker_fields import TickerFields, percent_text, tick_direction


class Day:
    """Counts trades in ticks and lots, and writes them into the ticker."""

    def __init__(
        self, bid_ticks: int, character: Character, price: Digits, lot: Digits, draws: Draws
    ) -> None:
        self._price = price
        self._lot = lot
        self.last_ticks = bid_ticks
        self.direction = "ZeroPlusTick"
        self._before_ticks = max(1, round(bid_ticks * math.exp(draws.gauss(0.0, 0.015))))
        self._hour_before_ticks = max(1, round(bid_ticks * math.exp(draws.gauss(0.0, 0.003))))
        extremes = bid_ticks, self._before_ticks, self._hour_before_ticks
        self._high_ticks = round(max(extremes) * (1 + draws.uniform(0.002, 0.008)))
        self._low_ticks = round(min(extremes) * (1 - draws.uniform(0.002, 0.008)))
        self._volume_lots = round(character.volume_24h_usdt / character.price / float(lot.step))
        # Turnover is exact in units of one tick times one lot.
        self._turnover_units = self._volume_lots * ((self._high_ticks + self._low_ticks) // 2)

    def print(self, ticks: int, lots: int) -> None:
        """Take in one fill."""
        self.direction = tick_direction(ticks, self.last_ticks, self.direction)
        self.last_ticks = ticks
        self._high_ticks = max(self._high_ticks, ticks)
        self._low_ticks = min(self._low_ticks, ticks)
        self._volume_lots += lots
        self._turnover_units += lots * ticks

    def write(self, ticker: TickerFields) -> None:
        price, lot_step = self._price, float(self._lot.step)
        ticker.set(
            tickDirection=self.direction,
            price24hPcnt=percent_text(self.last_ticks / self._before_ticks - 1),
            lastPrice=price.text(self.last_ticks),
            prevPrice24h=price.text(self._before_ticks),
            highPrice24h=price.text(self._high_ticks),
            lowPrice24h=price.text(self._low_ticks),
            prevPrice1h=price.text(self._hour_before_ticks),
            turnover24h=f"{self._turnover_units * float(price.step) * lot_step:.4f}",
            volume24h=f"{self._volume_lots * lot_step:.4f}",
        )
