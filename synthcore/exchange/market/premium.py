"""How far the middle of the best prices stands from the mark, on average over the last half minute."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal

from synthcore.exchange.decimals import ZERO, read

WINDOW_S = 30
FIELDS = ("bid1Price", "ask1Price", "markPrice")


class Premium:
    """One symbol's samples, one a second of the market's own time."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, Decimal]] = deque()  # second, premium
        self._sum = ZERO

    @property
    def average(self) -> Decimal:
        return self._sum / len(self._samples) if self._samples else ZERO

    def note(self, ts_ms: int, ticker: Mapping[str, str]) -> None:
        """Take a sample of the merged ticker, unless this second has one."""
        second = ts_ms // 1000
        last = self._samples[-1][0] if self._samples else -1
        if second == last:
            return
        bid, ask, mark = (read(ticker.get(field, "")) for field in FIELDS)
        if bid is None or ask is None or mark is None:
            return
        if second < last:  # a recording began again
            self._samples.clear()
            self._sum = ZERO
        self._add(second, (bid + ask) / 2 - mark)

    def _add(self, second: int, premium: Decimal) -> None:
        self._samples.append((second, premium))
        self._sum += premium
        while self._samples[0][0] <= second - WINDOW_S:
            self._sum -= self._samples.popleft()[1]
