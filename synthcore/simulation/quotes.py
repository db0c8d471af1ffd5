"""The public books of one trading process, kept from the exchange's own stream, anew after each hole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from synthcore.clock import Clock
from synthcore.exchange.in_process.transport import TextFrame
from synthcore.feed.book import BookOutcome, OrderBook
from synthcore.simulation.market import SYMBOLS
from synthcore.simulation.wires import Wires
from synthcore.venues.bybit.hosts import PUBLIC_PATH
from synthcore.venues.bybit.public import (
    decode_book_frame,
    decode_public_reply,
    subscribe_request,
    topic_name,
    unsubscribe_request,
)

URL = f"ws://exchange.virtual{PUBLIC_PATH}"
AGAIN_AFTER_S = 0.5


class Quote(NamedTuple):
    """The best prices of a book that is trusted."""

    bid: float
    ask: float
    recv_ns: int  # monotonic


class Quotes:
    """What the compiled feed is in production, of which it has the rules but not the speed."""

    def __init__(self, wires: Wires, clock: Clock) -> None:
        self.on_quote: Callable[[str, Quote], None] = lambda symbol, quote: None
        self._wires = wires
        self._now_ns = clock.monotonic_ns
        self._books = {topic_name("orderbook.50", symbol): OrderBook() for symbol in SYMBOLS}
        self._quotes: dict[str, Quote] = {}
        self._ended = asyncio.Event()
        self._number = 0

    def latest(self, symbol: str) -> Quote | None:
        return self._quotes.get(symbol)

    async def run(self) -> None:
        """Keep the books until cancelled."""
        while True:
            try:
                self._link, _ = await self._wires.connect(lambda: self, URL, disconnect_on_exception=False)
            except ConnectionError:
                await asyncio.sleep(AGAIN_AFTER_S)
                continue
            self._ended.clear()
            self._subscribe(list(self._books))
            await self._ended.wait()
            for book in self._books.values():
                book.reset()

    # As a listener of picows

    def on_ws_frame(self, transport: object, frame: TextFrame) -> None:
        content = frame.get_payload_as_bytes()
        try:
            if decode_public_reply(content).is_data:
                self._on_book(content)
        except (msgspec.DecodeError, ValueError):
            pass  # it was spoilt on its way: the next one shows the hole

    def on_ws_disconnected(self, transport: object) -> None:
        self._ended.set()

    def _on_book(self, content: bytes) -> None:
        frame = decode_book_frame(content)
        book = self._books[frame.topic]
        match book.apply(frame):
            case BookOutcome.GAP:
                self._number += 1
                self._link.send(None, unsubscribe_request(str(self._number), [frame.topic]))
                self._subscribe([frame.topic])
            case BookOutcome.APPLIED:
                self._note(frame.data.s, book)

    def _note(self, symbol: str, book: OrderBook) -> None:
        top = book.top()
        if top is not None and top.bid_px < top.ask_px:
            quote = self._quotes[symbol] = Quote(top.bid_px, top.ask_px, self._now_ns())
            self.on_quote(symbol, quote)

    def _subscribe(self, topics: list[str]) -> None:
        self._number += 1
        self._link.send(None, subscribe_request(str(self._number), topics))
