"""The fields of a `tickers` topic: what changed since the last push, in Bybit's order, sides as pairs."""

from __future__ import annotations

from collections.abc import Mapping

ORDER = (
    "tickDirection",
    "price24hPcnt",
    "lastPrice",
    "prevPrice24h",
    "highPrice24h",
    "lowPrice24h",
    "prevPrice1h",
    "markPrice",
    "indexPrice",
    "openInterest",
    "openInterestValue",
    "turnover24h",
    "volume24h",
    "fundingIntervalHour",
    "fundingCap",
    "singleOpenInterest",
    "singleOpenInterestValue",
    "nextFundingTime",
    "fundingRate",
    "bid1Price",
    "bid1Size",
    "ask1Price",
    "ask1Size",
    "preOpenPrice",
    "preQty",
    "curPreListingPhase",
)
PAIRS = (("bid1Price", "bid1Size"), ("ask1Price", "ask1Size"))


class TickerFields:
    """Current values, and those that the subscribers have."""

    def __init__(self) -> None:
        self.values: dict[str, str] = dict.fromkeys(ORDER, "")
        self._published: dict[str, str] = {}

    @property
    def was_published(self) -> bool:
        return bool(self._published)

    def set(self, **values: str) -> None:
        self.values.update(values)

    def take_changes(self) -> Mapping[str, str]:
        """What to push now: all fields the first time, then what changed; a side is always whole."""
        values, published = self.values, self._published
        changed = {name for name in ORDER if published.get(name) != values[name]}
        for pair in PAIRS:
            if not changed.isdisjoint(pair):
                changed.update(pair)
        self._published = dict(values)
        return {name: values[name] for name in ORDER if name in changed}


def percent_text(fraction: float) -> str:
    """A fraction as `price24hPcnt` has it: 6 decimals, no trailing zeros."""
    text = f"{fraction:.6f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def tick_direction(price: float, before: float, last_direction: str) -> str:
    """Bybit's tick direction of a trade after the one before."""
    if price > before:
        return "PlusTick"
    if price < before:
        return "MinusTick"
    return "ZeroPlusTick" if last_direction.endswith("PlusTick") else "ZeroMinusTick"
