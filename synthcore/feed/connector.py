"""Market data of some symbols, from a public stream to wherever it is wanted: the feed's front door."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from synthcore._core.pipeline import Pipeline
from synthcore._core.ring import Ring
from synthcore._core.symbols import SymbolTable
from synthcore.errors import ConfigError
from synthcore.feed.connection import FeedConnection, LinkStatus, checked_url
from synthcore.feed.counters import FeedCounters
from synthcore.feed.listener import FeedListener
from synthcore.feed.outages import Outage
from synthcore.feed.settings import LinkSettings
from synthcore.model import MarketUpdate
from synthcore.venues.bybit.public import TOPIC_KINDS, spread_over_connections, topic_name

Tap = Callable[[int, int, bytes], object]


class BybitWebSocketConnector:
    """Subscribe symbols of Bybit's public linear stream and keep them coming.

    Updates go to a pipeline or a ring, to a callback, or to both.

    Parameters
    ----------
    url
        The public linear stream, full path.
    symbols
        Names; or a symbol table, of which all symbols are subscribed.
    topics
        Of "tickers", "orderbook.1" and "orderbook.50".
    sink
        Where updates are published; this connector is then its one producer.
    on_update
        Called with each update on the feed's own thread. For looking on: the sink is the fast way.
    on_outage
        Told when an outage begins and when it has ended, on the feed's thread: must return at once.
    tap
        Called with (receive ns, connection number, text) of every message, as a recorder is.

    Examples
    --------
    >>> connector = BybitWebSocketConnector(
    ...     "wss://stream.bybit.com/v5/public/linear", ["BTCUSDT"], on_update=print
    ... )
    >>> asyncio.run(connector.run())  # doctest: +SKIP
    """

    def __init__(
        self,
        url: str,
        symbols: Iterable[str] | SymbolTable,
        topics: Sequence[str] = ("tickers", "orderbook.1"),
        *,
        sink: Pipeline | Ring | None = None,
        on_update: Callable[[MarketUpdate], object] | None = None,
        on_outage: Callable[[Outage], None] | None = None,
        tap: Tap | None = None,
        settings: LinkSettings | None = None,
        ssl_context: ssl.SSLContext | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.url = checked_url(url)
        self.symbols = symbols if isinstance(symbols, SymbolTable) else table_of(symbols)
        self.ready = threading.Event()  # every symbol has been trustworthy at once
        self._sink = sink
        self._listeners: list[FeedListener] = []
        self._settings = settings
        self._on_outage = on_outage
        self._ssl_context = ssl_context
        self._clock = clock
        for number, share in enumerate(spread_over_connections(topics_by_symbol(self.names, topics))):
            listener = FeedListener(self.symbols, share, sink, number)
            listener.tap = tap
            listener.on_update = self._caller(on_update)
            self._listeners.append(listener)
        self._connections: list[FeedConnection] = []

    @property
    def names(self) -> list[str]:
        """The symbols, by id."""
        return [self.symbols.text(symbol_id) for symbol_id in range(len(self.symbols))]

    async def run(self) -> None:
        """Keep all connections alive until cancelled.

        Raises
        ------
        VenueError
            The exchange refused every topic of a connection.
        """
        self._connections = [self._connection(listener) for listener in self._listeners]
        runs = [asyncio.ensure_future(connection.run()) for connection in self._connections]
        try:
            await asyncio.gather(*runs)
        finally:
            for run in runs:
                run.cancel()
            await asyncio.gather(*runs, return_exceptions=True)

    def is_trustworthy(self, symbol: str) -> bool:
        """Whether a symbol's prices are whole and of the present link. From any thread."""
        return any(listener.trusts(symbol) for listener in self._listeners)

    def counters(self) -> FeedCounters:
        """What became of every message, over all connections. From any thread."""
        total = FeedCounters(dropped=0 if self._sink is None else self._sink.dropped)
        for listener in self._listeners:
            total += listener.counters()
        return total + FeedCounters(reconnects=sum(link.reconnects for link in self._connections))

    def status(self) -> list[LinkStatus]:
        """How each connection is, now. From any thread."""
        return [connection.status() for connection in self._connections]

    def blind_ms(self) -> float:
        """Milliseconds without trustworthy data, summed over the connections."""
        return sum(status.blind_ms for status in self.status())

    def refused(self) -> dict[str, str]:
        """Topics that the venue refused, with its words."""
        return {topic: words for status in self.status() for topic, words in status.refused.items()}

    def _connection(self, listener: FeedListener) -> FeedConnection:
        return FeedConnection(
            self.url,
            listener.topics,
            listener,
            settings=self._settings,
            on_outage=self._on_outage,
            on_whole=self._look_ready,
            ssl_context=self._ssl_context,
            clock=self._clock,
        )

    def _look_ready(self) -> None:
        if all(listener.was_whole for listener in self._listeners):
            self.ready.set()

    def _caller(
        self, on_update: Callable[[MarketUpdate], object] | None
    ) -> Callable[[int, float, float, float, float, int, int], object] | None:
        if on_update is None:
            return None
        names = self.names

        def call(
            symbol_id: int, bid: float, ask: float, bid_size: float, ask_size: float, us: int, ns: int
        ) -> None:
            on_update(MarketUpdate(names[symbol_id], bid, ask, bid_size, ask_size, us, ns, 0))

        return call


def table_of(symbols: Iterable[str]) -> SymbolTable:
    """Give each symbol an id, in order."""
    names = list(dict.fromkeys(symbols))
    if not names:
        raise ConfigError("a feed needs at least one symbol, there was none; name some, such as BTCUSDT")
    table = SymbolTable(len(names))
    for name in names:
        try:
            table.add(name)
        except ValueError as error:
            raise ConfigError(f"{error}, in the feed's symbols; spell it as the exchange does") from error
    return table


def topics_by_symbol(symbols: Iterable[str], kinds: Sequence[str]) -> list[list[str]]:
    """All topics of one symbol together: they must share a connection, since they are trusted together."""
    unknown = [kind for kind in kinds if kind not in TOPIC_KINDS]
    if unknown or not kinds:
        raise ConfigError(f"topics are some of {', '.join(TOPIC_KINDS)}, were {list(kinds)}")
    return [[topic_name(kind, symbol) for kind in dict.fromkeys(kinds)] for symbol in symbols]
