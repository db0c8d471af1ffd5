"""All contracts as the public sees them: which frames go out, for the market's and for our clients' acts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain, groupby, islice
from typing import Any, Protocol

from synthcore.exchange.contract import Contract
from synthcore.exchange.display.book_stream import BookStream
from synthcore.exchange.display.kline_stream import KlineStream
from synthcore.exchange.display.levels import OwnOrders
from synthcore.exchange.display.liquidation_stream import LiquidationStream
from synthcore.exchange.display.price_limit_stream import PriceLimitStream
from synthcore.exchange.display.slots import NEVER_MS, Slots
from synthcore.exchange.display.symbol_display import BookPicture, SymbolDisplay
from synthcore.exchange.display.ticker_stream import Fields, TickerStream
from synthcore.exchange.liquidation import Liquidation
from synthcore.exchange.market.candles import INTERVALS
from synthcore.exchange.market.frames import PrintedTrade
from synthcore.exchange.market.history import MarketHistory
from synthcore.exchange.market.state import MarketState
from synthcore.exchange.tape import OwnTrade

TICKER_PERIOD_MS = 100
LOOK_MS = 100  # between two looks at who wants what follows a ticker
MOST_TRADES = 1024  # in one message

Frame = tuple[str, bytes]  # topic, text


class PacedStream(Protocol):
    """A stream whose frames are made at its own pace."""

    topic: str
    period_ms: int

    def frame(self, now_ms: int) -> bytes | None: ...

    def snapshot(self, now_ms: int) -> bytes | None: ...


class Traded(Protocol):
    """What is displayed of the exchange."""

    contracts: dict[str, Contract]

    def book(self, symbol: str) -> OwnOrders: ...

    def take_changed(self) -> tuple[str, ...]: ...


class Display:
    """Lays our clients' orders over the market, for the public stream and for REST.

    As long as no order of theirs touches a contract, its frames pass byte for byte. A stream that nobody
    has is not made.

    Parameters
    ----------
    market
        The market without our orders; its frames are applied first. Trades of our clients are added to it
        by whoever publishes `prints`.
    topics
        Those that the market has frames of.
    is_wanted
        Whether anybody is subscribed to a topic.
    publish
        Sends a frame to whoever has its topic.
    """

    def __init__(
        self,
        exchange: Traded,
        market: MarketState,
        history: MarketHistory,
        topics: Collection[str],
        is_wanted: Callable[[str], bool],
        publish: Callable[[str, bytes], None],
    ) -> None:
        self._exchange = exchange
        self._market = market
        self._is_wanted = is_wanted
        self._publish = publish
        self._slots = Slots()
        self._symbols = {
            symbol: SymbolDisplay(contract, exchange.book(symbol), market, topics)
            for symbol, contract in exchange.contracts.items()
        }
        self._books = {
            stream.topic: (shown, stream) for shown in self._symbols.values() for stream in shown.books
        }
        self._tickers = {shown.ticker.topic: shown for shown in self._symbols.values()}
        # What the market's ticker may have changed, by the topic of that.
        self._followers: dict[str, list[PacedStream]] = {
            f"tickers.{symbol}": [
                PriceLimitStream(contract, market),
                *(KlineStream(interval, symbol, history.of(symbol).candles) for interval in INTERVALS),
            ]
            for symbol, contract in exchange.contracts.items()
        }
        self._looks_ms: dict[str, int] = {}  # when it is to be seen again who follows a ticker
        self._liquidations = {symbol: LiquidationStream(symbol) for symbol in self._symbols}
        paced = [*chain.from_iterable(self._followers.values()), *self._liquidations.values()]
        self._paced: dict[str, PacedStream] = {stream.topic: stream for stream in paced}

    @property
    def topics(self) -> frozenset[str]:
        """Every topic that is displayed."""
        tapes = [f"publicTrade.{symbol}" for symbol in self._symbols]
        return frozenset([*self._books, *self._tickers, *tapes, *self._paced])

    @property
    def next_ms(self) -> int | None:
        """When the next push is due, on the clock of `push`; None where none is."""
        next_ms = self._slots.next_ms
        return next_ms if next_ms < NEVER_MS else None

    def is_due(self, slot_ms: int) -> bool:
        """Whether something is to be pushed by now."""
        return slot_ms >= self._slots.next_ms

    # The market's frames

    def pass_on(self, topic: str, text: bytes, slot_ms: int, now_ms: int) -> None:
        """Publish a frame of the market, which is applied already, or what stands for it."""
        frame: bytes | None = text
        if topic in self._books:
            shown, stream = self._books[topic]
            for made in shown.made_books:
                self._ask_book(made, slot_ms)
            if stream.follows:
                frame = stream.renumbered(text)
            else:
                frame = shown.pass_book(stream, text, now_ms, is_wanted=self._is_wanted(topic))
        elif topic in self._tickers:
            self._ask_followers(topic, slot_ms)
            shown = self._tickers[topic]
            frame, is_behind = shown.pass_ticker(text, now_ms)
            if is_behind:
                self._ask_ticker(shown.ticker, slot_ms)
        if frame is not None:
            self._publish(topic, frame)

    # Our clients' acts

    def prints(self, trades: list[OwnTrade]) -> Iterator[tuple[str, list[PrintedTrade], list[OwnTrade]]]:
        """Our clients' trades as frames have them, by symbol; add them before the next are made."""
        if len(trades) == 1:
            symbol = trades[0].symbol
            yield symbol, self._symbols[symbol].printed(trades), trades
            return
        for symbol, of_symbol in groupby(trades, lambda trade: trade.symbol):
            while batch := list(islice(of_symbol, MOST_TRADES)):
                yield symbol, self._symbols[symbol].printed(batch), batch

    def note_changes(self, slot_ms: int) -> None:
        """Ask for pushes where orders of our clients changed."""
        for symbol in self._exchange.take_changed():
            shown = self._symbols[symbol]
            for stream in shown.books:
                self._ask_book(stream, slot_ms)
            self._ask_ticker(shown.ticker, slot_ms)

    def liquidated(self, taken: Liquidation, slot_ms: int) -> None:
        """A position was taken over: it is told with others."""
        stream = self._liquidations[taken.contract.symbol]
        stream.add(taken)
        self._slots.gather(stream.topic, slot_ms, stream.period_ms)

    def push(self, slot_ms: int, now_ms: int) -> None:
        """Publish what is due.

        Parameters
        ----------
        slot_ms
            Of a clock that never goes back.
        now_ms
            The exchange's clock, for the frames.
        """
        for topic in self._slots.take_due(slot_ms):
            frame = self._pushed(topic, now_ms)
            if frame is not None:
                self._publish(topic, frame)

    def _ask_book(self, stream: BookStream, slot_ms: int) -> None:
        if self._is_wanted(stream.topic):
            self._slots.ask(stream.topic, slot_ms, stream.period_ms)
        else:
            stream.is_stale = True

    def _ask_followers(self, ticker_topic: str, slot_ms: int) -> None:
        if slot_ms < self._looks_ms.get(ticker_topic, 0):
            return
        self._looks_ms[ticker_topic] = slot_ms + LOOK_MS
        for follower in self._followers[ticker_topic]:
            if self._is_wanted(follower.topic):
                self._slots.ask(follower.topic, slot_ms, follower.period_ms)

    def _ask_ticker(self, stream: TickerStream, slot_ms: int) -> None:
        if self._is_wanted(stream.topic):
            self._slots.ask(stream.topic, slot_ms, TICKER_PERIOD_MS)
        else:
            stream.is_stale = True

    def _pushed(self, topic: str, now_ms: int) -> bytes | None:
        if topic in self._paced:
            return self._paced[topic].frame(now_ms)
        if topic in self._tickers:
            return self._tickers[topic].show_ticker(now_ms)
        shown, stream = self._books[topic]
        if not self._is_wanted(topic):
            shown.leave_behind(stream)
            return None
        return shown.show_book(stream, now_ms)

    # Looks

    def snapshot(self, topic: str, now_ms: int) -> bytes | None:
        """The frame that a late subscriber of a topic gets first; None where there is none."""
        if topic in self._tickers:
            is_awaited = self._slots.is_asked(topic)
            return self._tickers[topic].ticker_snapshot(now_ms, is_awaited=is_awaited)
        if topic in self._paced:
            return self._paced[topic].snapshot(now_ms)
        if topic not in self._books:
            return None
        shown, stream = self._books[topic]
        return shown.book_snapshot(stream, now_ms, is_awaited=self._slots.is_asked(topic))

    def book(self, symbol: str, limit: int, now_ms: int) -> BookPicture:
        """The best levels; subscribers of the deepest book are brought to the same state."""
        shown = self._symbols[symbol]
        stream = shown.deepest
        frame = shown.show_book(stream, now_ms)
        if frame is not None:
            self._publish(stream.topic, frame)
        return shown.picture(now_ms, limit)

    def ticker(self, symbol: str) -> Fields:
        """The merged ticker."""
        return self._symbols[symbol].ticker_fields()

    def trades(self, symbol: str) -> Sequence[Mapping[str, Any]]:
        """The last trades, oldest first."""
        return self._market.trades(symbol)
