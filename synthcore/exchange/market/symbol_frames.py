"""One generated contract as its topics show it: what is pushed when, and how it is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from synthcore.exchange.market.frames import (
    Digits,
    MarketFrame,
    PrintedTrade,
    book_text,
    ticker_frame,
    trade_frame,
)
from synthcore.exchange.market.rhythm import Beat
from synthcore.exchange.market.symbol_market import SymbolMarket, TakerOrder
from synthcore.exchange.market.ticker_fields import TickerFields
from synthcore.exchange.market.window import Grid, Window

BOOK_PERIOD_MS = {50: 20, 200: 100}
TICKER_PERIOD_MS = 100
TOP_REPEAT_MS = 3000  # level 1 is sent again after so long without change
MOST_TRADES = 1024  # in one message
NEVER_MS = 1 << 60


class SymbolFrames:
    """The frames of one symbol, in order of time, for ever.

    Parameters
    ----------
    start_ms
        Epoch of the beginning.
    speed
        How much faster than the clock the market runs; its time stamps follow the clock.
    depths
        Books to push besides level 1.
    """

    def __init__(
        self, market: SymbolMarket, random: Random, start_ms: int, speed: float, depths: Sequence[int]
    ) -> None:
        self._market = market
        self._symbol = market.symbol
        self._random = random
        self._start_ms = start_ms
        self._speed = speed
        self._ticker = TickerFields()
        grids = grid_of(market.price), grid_of(market.lot)
        self._windows = {
            depth: (Window(market.bids, depth, *grids), Window(market.asks, depth, *grids))
            for depth in sorted(depths)
        }
        self._seq = random.randrange(10**11, 10**12)
        self._u = {depth: random.randrange(10**6, 10**8) for depth in (1, *self._windows)}
        self._is_shown = dict.fromkeys(self._windows, False)
        self._top = (0, 0, 0, 0)
        self._book_due_ms = dict.fromkeys(self._windows, 0)
        self._stir_due_ms = 0 if self._windows else NEVER_MS
        self._ticker_due_ms = 0
        self._ticker_phase_ms = 10 * random.randrange(10)  # of its grid
        self._repeat_due_ms = NEVER_MS

    def __iter__(self) -> Iterator[MarketFrame]:
        rhythm = self._market.rhythm
        yield from self._push_top(0)
        beat = rhythm.next()
        while True:
            due_ms = self._next_push_ms()
            if due_ms < beat.slot_ms:
                yield from self._push(due_ms)
            else:
                yield from self._play(beat)
                beat = rhythm.next()

    def _play(self, beat: Beat) -> Iterator[MarketFrame]:
        orders = self._market.play(beat)
        if orders:
            yield self._trades(orders, beat.slot_ms)
        yield from self._push_top(beat.slot_ms)
        self._ask_books(beat.slot_ms)

    def _ask_books(self, now_ms: int) -> None:
        for depth, due_ms in self._book_due_ms.items():
            self._book_due_ms[depth] = min(due_ms, _on_grid(now_ms, BOOK_PERIOD_MS[depth]))

    def _next_push_ms(self) -> int:
        books_ms = self._book_due_ms.values()
        facts_ms = self._market.facts.due_ms
        return min(self._ticker_due_ms, self._repeat_due_ms, self._stir_due_ms, facts_ms, *books_ms)

    def _push(self, now_ms: int) -> Iterator[MarketFrame]:
        """Push everything that is due at this moment."""
        if self._market.facts.due_ms <= now_ms:
            self._market.facts.update(now_ms, self._epoch_ms(now_ms), self._market.mid_price, self._ticker)
            self._ask_ticker(now_ms)
        if self._repeat_due_ms <= now_ms:
            yield self._top_frame(now_ms)
        if self._stir_due_ms <= now_ms:
            self._market.stir()
            self._stir_due_ms = now_ms + self._market.stir_period_ms
            self._ask_books(now_ms)
        for depth, due_ms in self._book_due_ms.items():
            if due_ms <= now_ms:
                self._book_due_ms[depth] = NEVER_MS
                yield from self._push_book(depth, now_ms)
        if self._ticker_due_ms <= now_ms:
            self._ticker_due_ms = NEVER_MS
            yield from self._push_ticker(now_ms)

    # Trades

    def _trades(self, orders: Sequence[TakerOrder], slot_ms: int) -> MarketFrame:
        """One message of a slot's orders: matched within it, each at its own millisecond."""
        random = self._random
        times_ms = sorted(slot_ms - random.randrange(2, 10) for _ in orders)
        trades: list[PrintedTrade] = []
        for order, matched_ms in zip(orders, times_ms, strict=True):
            trades += self._printed(order, self._epoch_ms(matched_ms))
        self._ask_ticker(slot_ms)
        sent_ms = times_ms[-1] + 1
        text = trade_frame(self._symbol, trades[:MOST_TRADES], self._epoch_ms(sent_ms))
        return self._frame(sent_ms, "publicTrade", text)

    def _printed(self, order: TakerOrder, matched_epoch_ms: int) -> Iterator[PrintedTrade]:
        market = self._market
        self._seq += self._random.randrange(1, 400)
        for ticks, lots in order.fills:
            market.day.print(ticks, lots)
            yield PrintedTrade(
                matched_epoch_ms,
                order.side,
                market.lot.text(lots),
                market.price.text(ticks),
                market.day.direction,
                self._trade_id(),
                self._seq,
            )

    def _trade_id(self) -> str:
        digits = f"{self._random.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    # Books

    def _push_top(self, now_ms: int) -> Iterator[MarketFrame]:
        top = self._market.top
        if top != self._top:
            self._top = top
            self._u[1] += 1
            self._seq += self._random.randrange(1, 400)
            self._ask_ticker(now_ms)
            yield self._top_frame(now_ms)

    def _top_frame(self, now_ms: int) -> MarketFrame:
        self._repeat_due_ms = now_ms + TOP_REPEAT_MS
        price, lot = self._market.price.short, self._market.lot.short
        bid, bid_lots, ask, ask_lots = self._top
        bids, asks = f'["{price(bid)}","{lot(bid_lots)}"]', f'["{price(ask)}","{lot(ask_lots)}"]'
        return self._book(1, "snapshot", bids, asks, now_ms)

    def _push_book(self, depth: int, now_ms: int) -> Iterator[MarketFrame]:
        bids, asks = self._windows[depth]
        kind = "delta" if self._is_shown[depth] else "snapshot"
        self._is_shown[depth] = True
        if kind == "snapshot":
            levels = bids.snapshot(), asks.snapshot()
        else:
            levels = bids.changes(), asks.changes()
        if levels[0] or levels[1]:
            self._u[depth] += 1
            self._seq += self._random.randrange(1, 50)
            yield self._book(depth, kind, *levels, now_ms)

    def _book(self, depth: int, kind: str, bids: str, asks: str, now_ms: int) -> MarketFrame:
        ts_ms = self._epoch_ms(now_ms)
        matched_ms = ts_ms - min(8, 1 + int(self._random.expovariate(1 / 1.5)))
        text = book_text(
            depth,
            self._symbol,
            kind,
            bids,
            asks,
            u=self._u[depth],
            seq=self._seq,
            ts_ms=ts_ms,
            cts_ms=matched_ms,
        )
        return self._frame(now_ms, f"orderbook.{depth}", text)

    # Ticker

    def _ask_ticker(self, now_ms: int) -> None:
        """Something in the ticker may have changed: push it at the next point of its grid."""
        phase_ms = self._ticker_phase_ms
        due_ms = _on_grid(now_ms - phase_ms, TICKER_PERIOD_MS) + phase_ms
        self._ticker_due_ms = min(self._ticker_due_ms, due_ms)

    def _push_ticker(self, now_ms: int) -> Iterator[MarketFrame]:
        kind = "delta" if self._ticker.was_published else "snapshot"
        self._write_ticker()
        changes = self._ticker.take_changes()
        if changes:
            text = ticker_frame(self._symbol, kind, changes, self._seq, self._epoch_ms(now_ms))
            yield self._frame(now_ms, "tickers", text)

    def _write_ticker(self) -> None:
        price, lot = self._market.price.text, self._market.lot.text
        bid, bid_lots, ask, ask_lots = self._top
        self._market.day.write(self._ticker)
        self._ticker.set(
            bid1Price=price(bid), bid1Size=lot(bid_lots), ask1Price=price(ask), ask1Size=lot(ask_lots)
        )

    # Time

    def _epoch_ms(self, now_ms: int) -> int:
        return self._start_ms + int(now_ms / self._speed)

    def _frame(self, now_ms: int, kind: str, text: bytes) -> MarketFrame:
        return MarketFrame(int(now_ms * 1_000_000 / self._speed), f"{kind}.{self._symbol}", text)


def grid_of(digits: Digits) -> Grid:
    return Grid(digits.scale, digits.decimals)


def _on_grid(now_ms: int, period_ms: int) -> int:
    """The first point of the period's grid that is not before now."""
    return -(-now_ms // period_ms) * period_ms
