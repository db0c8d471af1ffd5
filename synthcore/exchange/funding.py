"""When funding settles, and at which rate: the market's own `nextFundingTime` is the clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_CEILING, Decimal

from msgspec import Struct

from synthcore.exchange.decimals import E8, read
from synthcore.exchange.market_view import MarketView

DECISIVE = ("nextFundingTime", "fundingRate", "markPrice")  # fields of a ticker
KEPT_SETTLEMENTS = 1000  # a symbol
ON_TIME_MS = 60_000  # a settlement noticed within it bears its own time, else (a market at another pace) ours


class Settlement(Struct, frozen=True):
    """One contract's settlement: rate and mark that were in force at its time."""

    symbol: str
    time_ms: int
    rate: Decimal
    mark: Decimal | None

    def noted_ms(self, now_ms: int) -> int:
        """The time that its records bear."""
        return self.time_ms if abs(now_ms - self.time_ms) <= ON_TIME_MS else now_ms


class FundingClock:
    """Notices settlements: the announced time moved on, so that the one before it has passed."""

    def __init__(self, market: MarketView) -> None:
        self._market = market
        self._tickers: dict[str, Mapping[str, str]] = {}
        self._settled: dict[str, deque[Settlement]] = {}
        self._put_back: set[str] = set()  # symbols whose ticker is from before a restart

    def tick(self, symbol: str, now_ms: int) -> Settlement | None:
        """Look at the ticker, which may have changed; gives the settlement that lies in between."""
        ticker, before = self._market.ticker(symbol), self._tickers.get(symbol)
        self._tickers[symbol] = ticker
        if symbol in self._put_back:
            self._put_back.discard(symbol)
            if before is not None and _time_of(before) > now_ms:
                return None  # a market that begins anew announces another time; the one before hasn't come
        if before is None or before.get("nextFundingTime") == ticker.get("nextFundingTime"):
            return None
        settled_ms, next_ms = _time_of(before), _time_of(ticker)
        rate = read(before.get("fundingRate", ""))
        if rate is None or not 0 < settled_ms < next_ms:
            return None
        settlement = Settlement(symbol, settled_ms, rate, read(before.get("markPrice", "")))
        self._settled.setdefault(symbol, deque(maxlen=KEPT_SETTLEMENTS)).append(settlement)
        return settlement

    def noted(self, symbol: str) -> dict[str, str]:
        """What decides the next settlement: the ticker that was looked at last."""
        ticker = self._tickers.get(symbol, {})
        return {name: ticker[name] for name in DECISIVE if name in ticker}

    def put_back(self, symbol: str, noted: dict[str, str], settled: Iterable[Settlement]) -> None:
        """Go on from the ticker that was looked at last, and from what was settled, oldest first."""
        self._tickers[symbol] = noted
        self._put_back.add(symbol)
        self._settled[symbol] = deque(settled, maxlen=KEPT_SETTLEMENTS)

    def settled(self, symbol: str) -> Iterator[Settlement]:
        """Newest first."""
        return reversed(self._settled.get(symbol, deque()))


def funding_fee(signed_value: Decimal, rate: Decimal) -> Decimal:
    """What a position pays (> 0) or receives: longs pay a positive rate.

    Rounded up, always against the account: three live records fit nothing else.
    """
    return (signed_value * rate).quantize(E8, ROUND_CEILING)


def _time_of(ticker: Mapping[str, str]) -> int:
    text = ticker.get("nextFundingTime", "")
    return int(text) if text.isdecimal() and len(text) < 16 else 0
