"""One `tickers` stream: the market's own frames, or ours while our clients' trades and orders show in it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

from synthcore.exchange.decimals import E4
from synthcore.exchange.market.frames import Digits, Pair
from synthcore.exchange.market.ticker_fields import PAIRS, percent_text, tick_direction

# What a trade of the market changes in its ticker: then our last price is no longer the last.
TRADE_FIELDS = ("lastPrice", "tickDirection", "volume24h", "turnover24h")

Fields = Mapping[str, str]

_encode = msgspec.json.Encoder().encode


class Top(NamedTuple):
    """Best bid and ask as they are displayed, written."""

    bid: Pair
    ask: Pair


class LastTrade(NamedTuple):
    """Our clients' last trade, and what the market's ticker told of trades at that time."""

    ticks: int
    direction: str
    market: tuple[str, ...]


class TickerStream:
    """Adds what our clients traded, and the best prices that they made, to the market's ticker."""

    def __init__(self, symbol: str, price: Digits, lot: Digits) -> None:
        self.topic = f"tickers.{symbol}"
        self.is_stale = False  # nobody listened, so that it was left behind
        self._price = price
        self._lot = lot
        self._lots = 0  # traded by our clients since the start
        self._turnover_units = 0  # ticks times lots
        self._high_ticks = 0
        self._low_ticks = 0
        self._last: LastTrade | None = None
        self._seen: Fields = {}  # the market's ticker at the last trade, and what it told
        self._told: tuple[str, ...] = ()
        self._shown: Fields | None = None  # what subscribers have; None: the market's own

    @property
    def follows(self) -> bool:
        """Whether the market's frames are what subscribers get."""
        return self._shown is None

    def trade(self, ticks: int, lots: int, market: Fields) -> str:
        """Take in a trade of our clients; returns its tick direction."""
        if market is not self._seen:  # a ticker that changes is another object
            self._seen, self._told = market, _traded(market)
        ours, told = self._last, self._told
        if market and ours is not None and ours.market == told:  # the last one was ours
            direction = tick_direction(ticks, ours.ticks, ours.direction)
        else:
            price = float(ticks * self._price.step)
            last, before = float(market.get("lastPrice") or price), market.get("tickDirection", "")
            direction = tick_direction(price, last, before)
        self._high_ticks = max(self._high_ticks, ticks)
        self._low_ticks = min(self._low_ticks, ticks) if self._lots else ticks
        self._lots += lots
        self._turnover_units += ticks * lots
        self._last = LastTrade(ticks, direction, told)
        return direction

    def fields(self, market: Fields, top: Top | None) -> Fields:
        """The ticker as it is to be displayed; `top` where it isn't the market's."""
        if not market or (top is None and not self._lots):
            return market
        fields = dict(market)
        for names, values in zip(PAIRS, top or (), strict=False):
            fields.update(zip(names, values, strict=True))
        if self._lots:
            self._add_last(fields)
            self._add_day(fields)
        return fields

    def _add_last(self, fields: dict[str, str]) -> None:
        last = self._last
        if last is None or last.market != _traded(fields):
            return
        fields["lastPrice"], fields["tickDirection"] = self._price.text(last.ticks), last.direction
        before = fields.get("prevPrice24h")
        if before and Decimal(before):
            fields["price24hPcnt"] = percent_text(float(fields["lastPrice"]) / float(before) - 1)

    def _add_day(self, fields: dict[str, str]) -> None:
        price, lot = self._price, self._lot
        more = {
            "volume24h": lot.step * self._lots,
            "turnover24h": price.step * lot.step * self._turnover_units,
        }
        for name, amount in more.items():
            fields[name] = str((Decimal(fields.get(name) or 0) + amount).quantize(E4))
        high, low = fields.get("highPrice24h"), fields.get("lowPrice24h")
        if high and price.step * self._high_ticks > Decimal(high):
            fields["highPrice24h"] = price.text(self._high_ticks)
        if low and price.step * self._low_ticks < Decimal(low):
            fields["lowPrice24h"] = price.text(self._low_ticks)

    def show(
        self, market: Fields, top: Top | None, cs: int, now_ms: int, *, is_whole: bool = False
    ) -> bytes | None:
        """The frame that brings subscribers to this ticker; None where they have it."""
        fields = self.fields(market, top)
        before = market if self._shown is None else self._shown
        self._shown, self.is_stale = None if fields == market else fields, False
        if is_whole:
            return self._frame("snapshot", fields, cs, now_ms)
        changed = {name for name, value in fields.items() if before.get(name) != value}
        for pair in PAIRS:
            if not changed.isdisjoint(pair):
                changed.update(pair)
        if not changed:
            return None
        data = {name: value for name, value in fields.items() if name in changed or name == "symbol"}
        return self._frame("delta", data, cs, now_ms)

    def snapshot(self, cs: int, now_ms: int) -> bytes:
        """The whole ticker that was shown last."""
        return self._frame("snapshot", self._shown or {}, cs, now_ms)

    def _frame(self, kind: str, data: Fields, cs: int, now_ms: int) -> bytes:
        return _encode({"topic": self.topic, "type": kind, "data": data, "cs": cs, "ts": now_ms})


def _traded(market: Fields) -> tuple[str, ...]:
    return tuple(market.get(name, "") for name in TRADE_FIELDS)
