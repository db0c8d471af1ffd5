"""One public connection, kept alive: subscribe, ping, watch, reconnect, account for the blind times."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from msgspec import Struct
from picows import WSCloseCode, WSError, WSMsgType, WSTransport, ws_connect

from synthcore.backoff import Backoff
from synthcore.errors import ConfigError, VenueError
from synthcore.feed.counters import FeedCounters
from synthcore.feed.listener import FeedListener
from synthcore.feed.outages import Outage, OutageLog
from synthcore.feed.report import TroubleReport
from synthcore.feed.settings import LinkSettings
from synthcore.feed.subscription import Subscription
from synthcore.feed.watchdog import Silence, Watchdog
from synthcore.venues.bybit.public import PING, PublicReply, topic_kind

log = logging.getLogger(__name__)

S = 1_000_000_000  # ns


class LinkStatus(Struct, frozen=True):
    """How a connection is, for people to look at."""

    url: str
    is_up: bool
    attempts: int  # since the last time it was up
    last_error: str
    reconnects: int
    blind_ms: float
    refused: dict[str, str]  # topic: the venue's words


class FeedConnection:
    """Keep one listener fed from one URL.

    Parameters
    ----------
    url
        The public stream, ws or wss with full path.
    topics
        What to subscribe to; at most 21,000 characters in all.
    listener
        Takes every frame. It lives through all links of this connection.
    backoff
        The waits between attempts; from the settings by default.
    on_outage
        Told when an outage begins and when it has ended, on the feed's thread: must return at once.
    on_whole
        Told when every symbol is trustworthy, first and again after an outage.
    ssl_context
        For wss; the system's default otherwise.
    clock
        Monotonic ns.
    """

    def __init__(
        self,
        url: str,
        topics: Sequence[str],
        listener: FeedListener,
        *,
        settings: LinkSettings | None = None,
        backoff: Backoff | None = None,
        on_outage: Callable[[Outage], None] | None = None,
        on_whole: Callable[[], None] | None = None,
        ssl_context: ssl.SSLContext | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.url = checked_url(url)
        self.listener = listener
        self.settings = settings or LinkSettings()
        self.subscription = Subscription(topics, self.settings.topics_per_request)
        self.outages = OutageLog(on_outage)
        self.reconnects = 0
        self.attempts = 0
        self.last_error = ""
        self._backoff = backoff or self._default_backoff()
        self._ssl_context = ssl_context
        self._clock = clock
        self._watchdog = Watchdog(self._deadlines())
        self._report = TroubleReport(int(self.settings.report_interval_s * S))
        self._transport: WSTransport | None = None
        self._closed = asyncio.Event()
        self._was_up = False
        self._up_ns = 0
        self._lost_ns = 0
        self._next_ping_ns = 0
        self._fatal: VenueError | None = None
        self._tell_whole = on_whole or (lambda: None)
        listener.on_reply = self._on_reply
        listener.on_gap = self._renew
        listener.on_whole = self._on_whole
        listener.on_closed = self._closed.set

    @property
    def is_up(self) -> bool:
        """Whether there is a link, with or without data."""
        return self._transport is not None

    def counters(self) -> FeedCounters:
        """What became of every message so far, over all links."""
        return self.listener.counters(reconnects=self.reconnects)

    def status(self) -> LinkStatus:
        """How this connection is, now."""
        return LinkStatus(
            self.url,
            self.is_up,
            self.attempts,
            self.last_error,
            self.reconnects,
            self.outages.blind_ms(self._clock()),
            dict(self.subscription.refused),
        )

    async def run(self) -> None:
        """Keep the feed alive until cancelled.

        Raises
        ------
        VenueError
            The exchange refused every topic of the first link: it could never carry data.
        """
        while True:
            async with self._connected() as transport:  # waits with back-off until it is up
                self._subscribe(transport)
                reason, blind_since_ns = await self._tended(transport)
            self._on_lost(reason, blind_since_ns)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[WSTransport]:
        transport = await self._connect_at_last()
        try:
            yield transport
        finally:
            await self._disconnect(transport)

    async def _connect_at_last(self) -> WSTransport:
        while True:
            if self._was_up or self.attempts:
                await asyncio.sleep(self._backoff.delay_s(self._take_up_s()))
            self.attempts += 1
            try:
                return await self._connect()
            except (OSError, WSError, TimeoutError) as error:
                self._on_refused_link(error)

    async def _connect(self) -> WSTransport:
        self._closed.clear()
        async with asyncio.timeout(self.settings.connect_timeout_s):
            transport, _ = await ws_connect(
                lambda: self.listener,
                self.url,
                ssl_context=self._ssl_context,
                disconnect_on_exception=False,  # no frame, however bad, may cost the link
                websocket_handshake_timeout=self.settings.connect_timeout_s,
                logger_name=log,
            )
        self._on_up(transport)
        return transport

    def _on_up(self, transport: WSTransport) -> None:
        self._transport = transport
        self._up_ns = self._clock()
        self.attempts = 0
        if self._was_up:
            self.reconnects += 1
            log.info("connected to %s again (%d reconnects)", self.url, self.reconnects)
        self._was_up = True

    def _take_up_s(self) -> float:
        up_ns, self._up_ns = self._up_ns, 0
        return (self._lost_ns - up_ns) / S if up_ns else 0.0

    def _on_refused_link(self, error: Exception) -> None:
        self.last_error = str(error) or type(error).__name__
        log.warning("no connection to %s: %s (attempt %d)", self.url, self.last_error, self.attempts)

    def _subscribe(self, transport: WSTransport) -> None:
        now_ns = self._clock()
        self._watchdog.begin(now_ns)
        self._next_ping_ns = now_ns + int(self.settings.ping_interval_s * S)
        self._send(transport, self.subscription.begin())

    async def _tended(self, transport: WSTransport) -> tuple[str, int]:
        """Ping and watch; gives why the link is given up, and since when we are blind."""
        while not await self._is_closed_within(self.settings.check_interval_s):
            now_ns = self._clock()
            self._ping_if_due(transport, now_ns)
            self._tell_trouble(now_ns)
            silence = self._watchdog.check(now_ns, self.listener.seen_ns(), self.subscription.wanted)
            if silence and silence.is_link:
                return f"silent for {(now_ns - silence.since_ns) / S:.1f} s", silence.since_ns
            if silence:
                self._renew_silent(silence)
        if self._fatal is not None:
            raise self._fatal
        if self.subscription.is_hopeless:
            return "every topic was refused", self._clock()
        return "closed by the server", self._clock()

    async def _is_closed_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._closed.wait()
        except TimeoutError:
            return False
        return True

    def _ping_if_due(self, transport: WSTransport, now_ns: int) -> None:
        if now_ns >= self._next_ping_ns:
            self._next_ping_ns = now_ns + int(self.settings.ping_interval_s * S)
            self._send(transport, [PING])

    def _renew_silent(self, silence: Silence) -> None:
        for topic in silence.topics:
            log.warning("%s is silent: asking for it again", topic)
            self.listener.distrust(topic)
            self._renew(topic)

    def _renew(self, topic: str) -> None:
        if self._transport is not None and topic not in self.subscription.refused:
            self._send(self._transport, self.subscription.renew(topic))

    def _on_reply(self, reply: PublicReply) -> None:
        known = set(self.subscription.refused)
        messages = self.subscription.on_reply(reply)
        for topic in self.subscription.refused.keys() - known:
            log.warning("%s refused %s: %s", self.url, topic, self.subscription.refused[topic])
            self.listener.refuse(topic)
        if self._transport is not None:
            self._send(self._transport, messages)
            if self.subscription.is_hopeless:
                self._give_up(self._transport)

    def _give_up(self, transport: WSTransport) -> None:
        """Nothing is subscribed. On the first link it never will be; later it may be the venue's trouble."""
        topic, words = next(iter(self.subscription.refused.items()))
        self.last_error = f"{self.url} refused every topic, the first was {topic}: {words}"
        if not self.listener.was_whole:
            self._fatal = VenueError(f"{self.last_error}; check the symbols and the stream's path")
        transport.disconnect()

    def _on_whole(self) -> None:
        self.outages.end(self._clock())
        self._tell_whole()

    async def _disconnect(self, transport: WSTransport) -> None:
        self._transport = None
        self._lost_ns = self._clock()
        transport.send_close(WSCloseCode.OK)
        transport.disconnect()
        if not await self._is_closed_within(self.settings.close_timeout_s):
            transport.disconnect(graceful=False)
            await self._closed.wait()

    def _on_lost(self, reason: str, blind_since_ns: int) -> None:
        self.last_error = reason
        log.warning("lost %s: %s", self.url, reason)
        self._tell_trouble(self._clock())
        self.outages.begin(reason, blind_since_ns)

    def _tell_trouble(self, now_ns: int) -> None:
        for line in self._report.lines(self.counters(), now_ns):
            log.warning("%s: %s", self.url, line)

    def _send(self, transport: WSTransport, messages: Sequence[bytes]) -> None:
        for message in messages:
            transport.send(WSMsgType.TEXT, message)

    def _default_backoff(self) -> Backoff:
        settings = self.settings
        return Backoff(settings.backoff_first_s, settings.backoff_limit_s, settings.stable_s)

    def _deadlines(self) -> dict[str, int]:
        by_kind = self.settings.deadline_s
        return {topic: int(by_kind[topic_kind(topic)] * S) for topic in self.subscription.topics}


def checked_url(url: str) -> str:
    """Refuse what can't be a WebSocket address."""
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ConfigError(
            f"a stream's address starts with ws:// or wss:// and a host, was {url!r}; give it in full"
        )
    return url
