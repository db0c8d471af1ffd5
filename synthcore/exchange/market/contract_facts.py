"""The slow numbers of a generated contract: mark, index, open interest, funding."""

from __future__ import annotations

import math
from typing import Any

from synthcore.exchange.market.character import Character
from synthcore.exchange.market.draws import Draws
from synthcore.exchange.market.frames import Digits, next_funding_ms
from synthcore.exchange.market.ticker_fields import TickerFields

INTEREST_8H = 0.0001  # the rate that most contracts have most of the time
EXACTLY_INTEREST = 0.45  # share of settlements at exactly that rate
FUNDING_MEAN, FUNDING_SIGMA = 0.00019, 0.00045
OPEN_INTEREST_STEP_BPS = 4.0  # of one change, about each 10 s
MARK_PERIOD_MS = (700, 1400)
SLOW_MARKS_BELOW, SLOWEST_MARK = 0.2, 5  # activity of a contract whose marks change more seldom; how much
OPEN_INTEREST_PERIOD_MS = (5_000, 15_000)
FUNDING_PERIOD_MS = (45_000, 90_000)


class ContractFacts:
    """Writes mark, index, open interest and funding into the ticker when each is due."""

    def __init__(self, raw: dict[str, Any], character: Character, lot: Digits, draws: Draws) -> None:
        self._character = character
        self._draws = draws
        self._lot = lot
        self._decimals = int(raw["priceScale"])
        self._interval_minutes = int(raw["fundingInterval"])
        self._cap = float(raw["upperFundingRate"])
        self._index = 0.0
        self._noise_bps = 0.0
        self._open_lots = round(character.open_interest_usdt / character.price / 2 / float(lot.step)) * 2
        self._rate = self._settled_rate()
        self._mark_due_ms = 0
        self._open_interest_due_ms = 0
        self._funding_due_ms = 0
        self._funding_time_ms = 0
        self._mark_slowness = max(1, min(SLOWEST_MARK, round(SLOW_MARKS_BELOW / character.activity)))
        self._fixed = {
            "fundingIntervalHour": str(self._interval_minutes // 60),
            "fundingCap": str(raw["upperFundingRate"]),
        }

    @property
    def due_ms(self) -> int:
        return min(self._mark_due_ms, self._open_interest_due_ms, self._funding_due_ms)

    def update(self, now_ms: int, epoch_ms: int, mid: float, ticker: TickerFields) -> None:
        """Everything that is due, for the market at `mid`."""
        if now_ms >= self._funding_due_ms:
            self._funding_due_ms = now_ms + self._draws.randrange(*FUNDING_PERIOD_MS)
            self._update_funding(epoch_ms, ticker)
        if epoch_ms >= self._funding_time_ms:
            self._rate = self._settled_rate()
            self._update_funding(epoch_ms, ticker)
        if now_ms >= self._open_interest_due_ms:
            self._open_interest_due_ms = now_ms + self._draws.randrange(*OPEN_INTEREST_PERIOD_MS)
            change = self._open_lots * self._draws.gauss(0.0, OPEN_INTEREST_STEP_BPS) * 1e-4
            self._open_lots = max(2, self._open_lots + 2 * round(change / 2))
        if now_ms >= self._mark_due_ms:
            self._mark_due_ms = now_ms + self._draws.randrange(*MARK_PERIOD_MS) * self._mark_slowness
            self._update_mark(mid)
        self._write_mark(ticker)

    def _update_mark(self, mid: float) -> None:
        """The index follows the market within a few updates; the mark keeps its distance to it."""
        character = self._character
        fair = mid / (1 + character.mid_to_mark_bps * 1e-4) / (1 + character.mark_to_index_bps * 1e-4)
        self._index = fair if not self._index else self._index + 0.7 * (fair - self._index)
        self._noise_bps = 0.8 * self._noise_bps + self._draws.gauss(0.0, 0.03)

    def _write_mark(self, ticker: TickerFields) -> None:
        mark = self._index * (1 + (self._character.mark_to_index_bps + self._noise_bps) * 1e-4)
        single_lots, decimals = self._open_lots // 2, self._decimals
        open_interest = self._open_lots * float(self._lot.step)
        ticker.set(
            markPrice=f"{mark:.{decimals}f}",
            indexPrice=f"{self._index:.{decimals}f}",
            openInterest=self._lot.text(self._open_lots),
            openInterestValue=f"{open_interest * mark:.2f}",
            singleOpenInterest=self._lot.text(single_lots),
            singleOpenInterestValue=f"{open_interest * mark / 2:.2f}",
        )

    def _update_funding(self, epoch_ms: int, ticker: TickerFields) -> None:
        if self._rate != INTEREST_8H:
            drift = math.copysign(1, self._draws.random() - 0.5) * self._draws.random() * 4e-7
            self._rate = max(-self._cap, min(self._cap, self._rate + drift))
        self._funding_time_ms = next_funding_ms(epoch_ms, self._interval_minutes)
        ticker.set(
            fundingRate=rate_text(self._rate), nextFundingTime=str(self._funding_time_ms), **self._fixed
        )

    def _settled_rate(self) -> float:
        if self._draws.random() < EXACTLY_INTEREST:
            return min(INTEREST_8H, self._cap)
        rate = self._draws.gauss(FUNDING_MEAN, FUNDING_SIGMA)
        return max(-self._cap, min(self._cap, rate))


def rate_text(rate: float) -> str:
    """A funding rate: 8 decimals, no trailing zeros."""
    text = f"{rate:.8f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
