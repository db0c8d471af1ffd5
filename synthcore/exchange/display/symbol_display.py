"""One contract as the public sees it: its books, ticker and tape, with our clients' orders in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from synthcore.exchange.contract import Contract
from synthcore.exchange.display.book_stream import BookStream, Stamps
from synthcore.exchange.display.levels import OwnOrders, Sides, in_lots, sides_of
from synthcore.exchange.display.rpi_stream import RpiStream
from synthcore.exchange.display.ticker_stream import Fields, TickerStream, Top
from synthcore.exchange.market.frames import Digits, Pair, PrintedTrade
from synthcore.exchange.market.state import MarketState
from synthcore.exchange.tape import OwnTrade

BOOK_PERIODS_MS = {1: 10, 50: 20, 200: 100, 1000: 200}
DEEPEST = 1000
TOP_REPEAT_MS = 3000  # level 1 is sent again after so long without change

_SNAPSHOT = b'"snapshot"'
_HEAD = 120  # bytes of a frame in which its type stands, if not behind the data


class BookPicture(NamedTuple):
    """A book as REST gives it."""

    bids: Sequence[Pair]
    asks: Sequence[Pair]
    u: int
    seq: int


class SymbolDisplay:
    """Lays one contract's own orders over the market.

    Parameters
    ----------
    own
        Its book: what rests, what was taken.
    market
        The market without our orders, read only.
    topics
        Those that the market itself has frames of.
    """

    def __init__(
        self, contract: Contract, own: OwnOrders, market: MarketState, topics: Collection[str]
    ) -> None:
        self._contract = contract
        self._symbol = contract.symbol
        self._own = own
        self._market = market
        self._price, self._lot = Digits(str(contract.tick)), Digits(str(contract.step))
        digits = self._price, self._lot
        by_depth = {
            depth: BookStream(depth, period_ms, self._symbol, *digits)
            for depth, period_ms in BOOK_PERIODS_MS.items()
        }
        self.deepest = by_depth[DEEPEST]
        self.books = [*by_depth.values(), RpiStream(self._symbol, *digits)]
        self.made_books = [book for book in self.books if book.topic not in topics]
        for book in self.made_books:
            book.is_made = True
        self.ticker = TickerStream(self._symbol, *digits)

    # Books

    def pass_book(self, stream: BookStream, text: bytes, now_ms: int, *, is_wanted: bool) -> bytes | None:
        """What subscribers of a book of our own get for a frame of the market, which is applied already."""
        if not is_wanted:
            self.leave_behind(stream)
            return None
        is_whole = stream.depth > 1 and _SNAPSHOT in text[:_HEAD]
        frame = self.show_book(stream, now_ms, is_whole=is_whole)
        if frame is None and stream.depth == 1 and now_ms - stream.sent_ms >= TOP_REPEAT_MS:
            return stream.snapshot(self._stamps(now_ms))
        return frame

    def leave_behind(self, stream: BookStream) -> None:
        """Nobody listens: what the stream shows is made when somebody does."""
        stream.is_stale = True
        if self._own.is_idle and not stream.is_made:
            stream.join(self._market_u(stream.depth))

    def show_book(self, stream: BookStream, now_ms: int, *, is_whole: bool = False) -> bytes | None:
        """The frame that brings a stream's subscribers to what is displayed now."""
        depth, market_u = stream.depth, self._market_u(stream.depth)
        stamps = self._stamps(now_ms)
        is_market = self._own.is_idle and not stream.is_made
        if stream.follows and not stream.is_made:
            if is_market:
                return None
            stream.part(self._market_sides(depth), market_u)
        if is_market:
            frame = stream.show(self._market_sides(depth), stamps, is_whole=is_whole)
            stream.join(market_u)
            return frame
        return stream.show(self._sides(depth), stamps, is_whole=is_whole)

    def book_snapshot(self, stream: BookStream, now_ms: int, *, is_awaited: bool) -> bytes | None:
        """What a late subscriber of a book gets first; `is_awaited`: a push to the others is due."""
        is_left_behind = stream.is_stale or (stream.follows and (stream.is_made or not self._own.is_idle))
        if is_left_behind and not is_awaited:
            self.show_book(stream, now_ms)
        if stream.follows:
            text = self._market.snapshot(stream.topic, now_ms)
            return stream.renumbered(text) if text is not None else None
        return stream.snapshot(self._stamps(now_ms)) if self._market.bids(self._symbol) else None

    def picture(self, now_ms: int, limit: int) -> BookPicture:
        """The best levels as the deepest stream shows them; it is up to date."""
        stream, market = self.deepest, self._market
        if not market.bids(self._symbol):
            return BookPicture([], [], 0, 0)
        if stream.follows:
            bids, asks = market.written(self._symbol, DEEPEST)
            u = self._market_u(DEEPEST) + stream.offset
        else:
            bids, asks = stream.pairs()
            u = stream.u
        return BookPicture(bids[:limit], asks[:limit], u, market.cross_sequence(self._symbol))

    def top(self) -> Top | None:
        """Best bid and ask, where our orders change them."""
        if self._own.is_idle:
            return None
        bids, asks = self._sides(1)
        best = self._market.bids(self._symbol)[:1], self._market.asks(self._symbol)[:1]
        if not bids or not asks or (bids, asks) == tuple(in_lots(side, self._contract) for side in best):
            return None
        price, lot = self._price.text, self._lot.text
        return Top(*((price(ticks), lot(lots)) for side in (bids, asks) for ticks, lots in side.items()))

    def _sides(self, depth: int) -> Sides:
        bids, asks = self._market.bids(self._symbol), self._market.asks(self._symbol)
        return sides_of(bids, asks, self._own, self._contract, depth)

    def _market_sides(self, depth: int) -> Sides:
        bids, asks = self._market.levels(self._symbol, depth)
        return in_lots(bids, self._contract), in_lots(asks, self._contract)

    def _market_u(self, depth: int) -> int:
        return self._market.numbers(self._symbol, depth)[0]

    def _stamps(self, now_ms: int) -> Stamps:
        return Stamps(self._market.cross_sequence(self._symbol), now_ms)

    # Ticker

    def pass_ticker(self, text: bytes, now_ms: int) -> tuple[bytes | None, bool]:
        """What subscribers get for a frame of the market, and whether a push of ours has to follow it."""
        market, top = self._market.ticker(self._symbol), self.top()
        if self.ticker.follows:
            return text, self.ticker.fields(market, top) != market
        return self.show_ticker(now_ms, is_whole=_SNAPSHOT in text[:_HEAD]), False

    def show_ticker(self, now_ms: int, *, is_whole: bool = False) -> bytes | None:
        seq = self._market.cross_sequence(self._symbol)
        return self.ticker.show(self._market.ticker(self._symbol), self.top(), seq, now_ms, is_whole=is_whole)

    def ticker_fields(self) -> Fields:
        """The merged ticker, as it is displayed."""
        return self.ticker.fields(self._market.ticker(self._symbol), self.top())

    def ticker_snapshot(self, now_ms: int, *, is_awaited: bool) -> bytes | None:
        """What a late subscriber of the ticker gets first; `is_awaited`: a push to the others is due."""
        if self.ticker.is_stale and not is_awaited:
            self.show_ticker(now_ms)
        if self.ticker.follows:
            return self._market.snapshot(self.ticker.topic, now_ms)
        return self.ticker.snapshot(self._market.cross_sequence(self._symbol), now_ms)

    # Tape

    def printed(self, trades: Iterable[OwnTrade]) -> list[PrintedTrade]:
        """Trades of our clients as the tape has them, with the next cross sequence."""
        market = self._market.ticker(self._symbol)
        seq = self._market.cross_sequence(self._symbol) + 1
        entries = []
        for trade in trades:
            direction = self.ticker.trade(trade.price_ticks, trade.lots, market)
            price, size = self._price.text(trade.price_ticks), self._lot.text(trade.lots)
            entries.append(
                PrintedTrade(trade.time_ms, trade.taker_side, size, price, direction, trade.trade_id, seq)
            )
        return entries
