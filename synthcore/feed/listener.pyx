"""The compiled listener."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp
from picows.picows cimport WSCloseCode, WSMsgType

from synthcore._core cimport ticker
from synthcore._core.atomics cimport load_half_relaxed
from synthcore._core.clock cimport monotonic_ns
from synthcore._core.histogram cimport histogram_record
from synthcore._core.update cimport update_write

import logging

from synthcore.errors import ConfigError
from synthcore.feed import book as books
from synthcore.feed import counters
from synthcore.venues.bybit import public

cdef object log = logging.getLogger(__name__)

cdef str BOOK50 = "orderbook.50"
cdef bytes BOOK50_START = b'{"topic":"orderbook.50.'
cdef uint16_t SOURCE_BOOK50 = 2                    # of a MarketUpdate; 1 << source is its Wanted bit
cdef Py_ssize_t MAX_MESSAGE_BYTES = 4 << 20        # of the fragments of one message together
cdef Py_ssize_t SAMPLE_BYTES = 200
cdef int64_t COMPLAINT_INTERVAL_NS = 10_000_000_000

# What an exchange that stamps its frames puts at their end: 19 digits of monotonic ns after the name.
cdef char *STAMP = b',"sentNs":"'
cdef Py_ssize_t STAMP_DIGITS = 11                  # where they begin
cdef Py_ssize_t STAMP_BYTES = 11 + 19 + 2
cdef int64_t OLDEST_STAMP_NS = 10_000_000_000


cdef class FeedListener(WSListener):
    """Take every frame of one connection, through all its links.

    Whatever comes, the link stays: each message ends in exactly one counter.

    Parameters
    ----------
    symbols
        The symbols to accept.
    topics
        What will be subscribed; decides when a symbol is trustworthy.
    sink
        Where updates are published and, a pipeline, where trust is told; None to publish none.
    connection
        The number of the connection, for the recording.
    """

    def __cinit__(self, SymbolTable symbols not None, topics, sink=None, int connection=0):
        self.symbols = symbols
        self.symbol_count = symbols.capacity    # symbols may be added later
        self.states = <SymbolState *>calloc(self.symbol_count, sizeof(SymbolState))
        self.looked_ms = <int64_t *>calloc(2 * self.symbol_count, sizeof(int64_t))
        if self.states is NULL or self.looked_ms is NULL:
            raise MemoryError
        if isinstance(sink, Pipeline):
            self.pipeline = sink
        else:
            self.ring = sink
        self.connection = connection
        self.parser = ticker.TickerParser(symbols)
        self.topics = tuple(topics)
        self.books = {}
        self.awaited = set()
        self.seen = {}
        for topic in self.topics:
            self.awaited.add(self.want(topic))
        for symbol_id in self.awaited:
            self.set_trust(symbol_id, False)

    def __dealloc__(self):
        free(self.states)
        free(self.looked_ms)

    cdef int want(self, str topic) except -1:
        """Note that a topic will be subscribed; gives its symbol's id."""
        kind, symbol = public.topic_kind(topic), public.topic_symbol(topic)
        cdef int symbol_id = self.symbols.find(symbol)
        if kind not in public.TOPIC_KINDS or symbol_id < 0:
            kinds = ", ".join(public.TOPIC_KINDS)
            raise ConfigError(f"a topic is one of {kinds}, a dot and a symbol of the table, was {topic!r}")
        self.states[symbol_id].wanted |= 1 << <int>public.TOPIC_KINDS.index(kind)
        if kind == BOOK50 and symbol not in self.books:
            self.books[symbol] = books.OrderBook()
        return symbol_id

    # ── picows calls these ───────────────────────────────────────────────────────────────────────────────────

    cpdef on_ws_connected(self, WSTransport transport):
        """A new link: everything is merged anew from its snapshots."""
        self.partial = None
        self.parser.reset()
        for i in range(2 * self.symbol_count):
            self.looked_ms[i] = 0
        for symbol, book in self.books.items():
            book.reset()
            self.states[<int>self.symbols.find(symbol)].book50_is_whole = 0
        for topic in self.topics:
            self.want(topic)

    cpdef on_ws_frame(self, WSTransport transport, WSFrame frame):
        """Stamp, then take a whole text message at once; the payload lives until this returns."""
        cdef int64_t recv_ns = monotonic_ns()
        self.last_frame_ns = recv_ns
        if frame.msg_type == WSMsgType.TEXT and frame.fin and self.partial is None and not frame.rsv1:
            self.on_message(recv_ns, frame.payload_ptr, frame.payload_size)
            self.heed_stamp(recv_ns, frame.payload_ptr, frame.payload_size)
        else:
            self.on_odd_frame(recv_ns, transport, frame)

    cpdef on_ws_disconnected(self, WSTransport transport):
        """The link is gone: nobody is trusted, and those who were are awaited."""
        self.drop_partial()
        for symbol_id in range(self.symbol_count):
            if self.states[symbol_id].is_trusted:
                self.awaited.add(symbol_id)
                self.set_trust(symbol_id, False)
        if not self.awaited:    # the last of them had gone before the link did
            self.awaited.update([i for i in range(self.symbol_count) if self.states[i].wanted])
        if self.on_closed is not None:
            self.tell(self.on_closed, ())

    # ── one message ──────────────────────────────────────────────────────────────────────────────────────────

    cdef void on_message(self, int64_t recv_ns, const char *text, Py_ssize_t size) noexcept:
        cdef int outcome = self.take(recv_ns, text, size)
        self.received += 1
        self.outcomes[outcome] += 1
        if outcome == BROKEN:
            self.last_malformed = PyBytes_FromStringAndSize(text, min(size, SAMPLE_BYTES))
        if self.tap is not None:
            self.tell(self.tap, (recv_ns, self.connection, PyBytes_FromStringAndSize(text, size)))

    cdef void heed_stamp(self, int64_t recv_ns, const char *text, Py_ssize_t size) noexcept:
        """Record how long a frame took from its writing to its publishing, if it tells; a replayed stamp is too old.

        Of a frame that published nothing it is the time until it was here. Before and after trading nothing is
        recorded: the start holds the interpreter's lock as long as it likes.
        """
        cdef int64_t took_ns
        if self.pipeline is None or size <= STAMP_BYTES or memcmp(text + size - STAMP_BYTES, STAMP, STAMP_DIGITS):
            return
        if load_half_relaxed(&self.pipeline.kernel.block.is_halted):
            return
        took_ns = max(recv_ns, self.pipeline.published_ns) - stamp_of(text + size - STAMP_BYTES + STAMP_DIGITS)
        if took_ns < OLDEST_STAMP_NS:
            histogram_record(self.pipeline.sent_to_queue.block, took_ns)

    cdef int take(self, int64_t recv_ns, const char *text, Py_ssize_t size) noexcept:
        """Parse, merge, publish; gives the outcome."""
        cdef MarketUpdate update
        cdef int code = self.parser.take(text, size, &update)
        if code == ticker.EMIT:
            update.recv_ns = recv_ns
            return self.accept(&update)
        if code == ticker.NOT_MARKET:
            return self.on_other_message(recv_ns, PyBytes_FromStringAndSize(text, size))
        if code == ticker.GAP:
            self.on_top_gap(PyBytes_FromStringAndSize(text, size))
        return outcome_of(code)

    cdef int accept(self, const MarketUpdate *update) noexcept:
        """Publish a valid quote, unless nobody asked for it."""
        cdef SymbolState *state = &self.states[update.symbol_id]
        if not state.wanted >> update.source & 1:
            return UNRELATED
        if not state.is_trusted:
            self.regain(update.symbol_id)
        self.publish(update)
        return PUSHED

    cdef void publish(self, const MarketUpdate *update) noexcept:
        cdef MarketUpdate *slot
        if self.pipeline is not None:
            slot = self.pipeline.claim()
            write(slot, update)
            self.pipeline.publish(slot)
        elif self.ring is not None:
            slot = self.ring.claim_update()
            write(slot, update)
            self.ring.publish_update(slot)
        if self.on_update is not None:
            self.tell(self.on_update, (
                update.symbol_id, update.bid_px, update.ask_px, update.bid_qty, update.ask_qty,
                update.exchange_us, update.recv_ns,
            ))

    # ── what isn't a ticker or an orderbook.1 ────────────────────────────────────────────────────────────────

    cdef int on_other_message(self, int64_t recv_ns, bytes text) noexcept:
        """A book, an answer, or nothing that we know."""
        try:
            if text.startswith(BOOK50_START):
                return self.on_book(recv_ns, text)
            reply = public.decode_public_reply(text)
            if reply.is_data:
                return self.on_book(recv_ns, text) if public.topic_kind(reply.topic) == BOOK50 else UNRELATED
        except Exception:    # whatever a message manages to break, it costs only itself
            return BROKEN
        if not reply.is_control:
            return BROKEN
        if self.on_reply is not None:
            self.tell(self.on_reply, (reply,))
        return CONTROL

    cdef int on_book(self, int64_t recv_ns, bytes text) except -1:
        """Keep the book of the frame, and publish its top. Each frame proves it anew, changed or not."""
        frame = public.decode_book_frame(text)
        cdef str symbol = frame.data.s
        cdef int symbol_id = self.symbols.find(symbol)
        if frame.topic != public.topic_name(BOOK50, symbol):
            return BROKEN
        if symbol_id < 0:
            return UNKNOWN
        if symbol not in self.books or not self.states[symbol_id].wanted & WANTS_BOOK50:
            return UNRELATED
        book = self.books[symbol]
        outcome = book.apply(frame)
        if outcome is books.BookOutcome.STALE:
            return OUT_OF_ORDER
        if outcome is books.BookOutcome.GAP:
            self.on_book_gap(symbol_id, frame.topic)
        self.states[symbol_id].book50_is_whole = book.is_trusted
        if outcome is not books.BookOutcome.APPLIED:
            return UNTRUSTED
        self.seen[frame.topic] = recv_ns
        return self.on_top(recv_ns, symbol_id, frame.ts, book.top())

    cdef int on_top(self, int64_t recv_ns, int symbol_id, int64_t ts_ms, object top) except -1:
        cdef MarketUpdate update
        if top is None:
            return MERGED_IN
        update.bid_px, update.bid_qty, update.ask_px, update.ask_qty = top
        if update.bid_px > update.ask_px:
            return CROSSED_QUOTE
        if update.bid_px == update.ask_px:
            return LOCKED_QUOTE
        update.recv_ns = recv_ns
        update.exchange_us = ts_ms * 1000
        update.symbol_id = symbol_id
        update.source = SOURCE_BOOK50
        return self.accept(&update)

    # ── trust ────────────────────────────────────────────────────────────────────────────────────────────────

    cdef bint is_whole(self, int symbol_id) noexcept nogil:
        """Whether every wanted topic of a symbol had its snapshot and has lost nothing since."""
        cdef SymbolState *state = &self.states[symbol_id]
        if state.wanted & WANTS_TICKER and not self.parser.tops[2 * symbol_id].is_seeded:
            return False
        if state.wanted & WANTS_BOOK1 and not self.parser.tops[2 * symbol_id + 1].is_seeded:
            return False
        return state.wanted != 0 and (state.book50_is_whole or not state.wanted & WANTS_BOOK50)

    cdef void regain(self, int symbol_id) noexcept:
        if self.is_whole(symbol_id):
            self.set_trust(symbol_id, True)
            self.stop_awaiting(symbol_id)

    cdef void set_trust(self, int symbol_id, bint trusted) noexcept nogil:
        self.states[symbol_id].is_trusted = trusted
        if self.pipeline is not None:
            self.pipeline.kernel.set_trust(symbol_id, trusted)

    cdef void stop_awaiting(self, int symbol_id) noexcept:
        if symbol_id in self.awaited:
            self.awaited.discard(symbol_id)
            if not self.awaited:
                self.was_whole = True
                if self.on_whole is not None:
                    self.tell(self.on_whole, ())

    cdef void on_book_gap(self, int symbol_id, str topic) noexcept:
        self.gaps += 1
        self.set_trust(symbol_id, False)
        if self.on_gap is not None:
            self.tell(self.on_gap, (topic,))

    cdef void on_top_gap(self, bytes text) noexcept:
        """The parser lost a delta of an orderbook.1; only the text says of which."""
        try:
            topic = public.decode_public_reply(text).topic
        except Exception:    # the parser read it, so this is odd indeed; the watchdog will miss the topic
            return
        cdef int symbol_id = self.symbols.find(public.topic_symbol(topic))
        if symbol_id >= 0 and self.states[symbol_id].wanted & WANTS_BOOK1:
            self.on_book_gap(symbol_id, topic)

    def trusts(self, str symbol):
        """Whether a symbol's prices are whole and of this link."""
        cdef int symbol_id = self.symbols.find(symbol)
        return 0 <= symbol_id < self.symbol_count and self.states[symbol_id].is_trusted != 0

    def distrust(self, str topic):
        """Take a topic as lost until its next snapshot."""
        cdef int symbol_id = self.symbols.find(public.topic_symbol(topic))
        cdef int source = public.TOPIC_KINDS.index(public.topic_kind(topic))
        if source == SOURCE_BOOK50:
            self.books[public.topic_symbol(topic)].reset()
            self.states[symbol_id].book50_is_whole = 0
        else:
            self.parser.tops[2 * symbol_id + source].is_seeded = 0
            self.parser.tops[2 * symbol_id + source].has = 0
        self.set_trust(symbol_id, False)

    def refuse(self, str topic):
        """Expect a topic no more on this link: the venue refused it."""
        cdef int symbol_id = self.symbols.find(public.topic_symbol(topic))
        cdef int source = public.TOPIC_KINDS.index(public.topic_kind(topic))
        self.states[symbol_id].wanted &= ~(1 << source)
        if not self.states[symbol_id].wanted:
            self.set_trust(symbol_id, False)
            if any(self.states[i].wanted for i in range(self.symbol_count)):    # without any it is never whole
                self.stop_awaiting(symbol_id)

    def seen_ns(self):
        """By topic: when its last good message came; the parsed ones to the nearest call of this.

        The hot path keeps no stamp for each topic: what has moved since the last look was seen now.
        """
        cdef int64_t now_ns = monotonic_ns()
        cdef int source, i
        for topic in self.topics:
            source = public.TOPIC_KINDS.index(public.topic_kind(topic))
            if source != SOURCE_BOOK50:
                i = 2 * <int>self.symbols.find(public.topic_symbol(topic)) + source
                if self.parser.tops[i].ts_ms != self.looked_ms[i]:
                    self.looked_ms[i] = self.parser.tops[i].ts_ms
                    self.seen[topic] = now_ns
        return self.seen

    # ── frames that aren't one whole text message ────────────────────────────────────────────────────────────

    cdef void on_odd_frame(self, int64_t recv_ns, WSTransport transport, WSFrame frame) noexcept:
        if frame.msg_type in (WSMsgType.PING, WSMsgType.PONG):
            self.count(CONTROL)
        elif frame.msg_type == WSMsgType.CLOSE:
            self.count(CONTROL)
            self.tell(self.answer_close, (transport, frame.get_close_code()))
        elif frame.msg_type == WSMsgType.CONTINUATION:
            self.on_continuation(recv_ns, frame)
        else:
            self.on_start(recv_ns, frame)

    cdef void on_start(self, int64_t recv_ns, WSFrame frame) noexcept:
        """A message's first fragment, or one of a kind that the venue doesn't send."""
        self.drop_partial()
        self.partial_is_text = frame.msg_type == WSMsgType.TEXT and not frame.rsv1
        if not frame.fin:
            self.partial = bytearray(frame.payload_ptr[: frame.payload_size])
        elif self.partial_is_text:
            self.on_message(recv_ns, frame.payload_ptr, frame.payload_size)
        else:
            self.count(BROKEN)

    cdef void on_continuation(self, int64_t recv_ns, WSFrame frame) noexcept:
        cdef bytes whole
        if self.partial is None:
            self.count(BROKEN)
            return
        if len(self.partial) + frame.payload_size > MAX_MESSAGE_BYTES:
            self.partial_is_text = False       # what is left of it is skipped
            self.partial.clear()
        elif self.partial_is_text:
            self.partial += frame.payload_ptr[: frame.payload_size]
        if not frame.fin:
            return
        whole, self.partial = bytes(self.partial), None
        if self.partial_is_text:
            self.on_message(recv_ns, whole, len(whole))
        else:
            self.count(BROKEN)

    cdef void drop_partial(self) noexcept:
        """A message that will never be whole is a malformed one."""
        if self.partial is not None:
            self.partial = None
            self.count(BROKEN)

    cdef void count(self, int outcome) noexcept:
        """Count what has no text."""
        self.received += 1
        self.outcomes[outcome] += 1

    def answer_close(self, WSTransport transport, WSCloseCode code):
        """Answer a closing handshake, and close; a close without a code is a good one."""
        transport.send_close(WSCloseCode.OK if code == WSCloseCode.NO_INFO else code)
        transport.disconnect()

    # ── for people ───────────────────────────────────────────────────────────────────────────────────────────

    def counters(self, reconnects=0, dropped=0):
        """What became of every message so far."""
        return counters.FeedCounters(
            received=self.received,
            gaps=self.gaps,
            reconnects=reconnects,
            dropped=dropped,
            **{name: self.outcomes[outcome] for outcome, name in enumerate(counters.OUTCOMES)},
        )

    cdef void tell(self, object callback, tuple arguments) noexcept:
        """Call somebody of whom we can't know that he doesn't raise; the feed goes on in any case."""
        try:
            callback(*arguments)
        except Exception as error:
            self.complain(error)

    cdef void complain(self, object error) noexcept:
        cdef int64_t now_ns = monotonic_ns()
        self.callback_errors += 1
        if self.complained_ns == 0 or now_ns - self.complained_ns > COMPLAINT_INTERVAL_NS:
            self.complained_ns = now_ns
            log.error("a callback of the feed failed (%d in all): %r", self.callback_errors, error)


cdef inline void write(MarketUpdate *slot, const MarketUpdate *update) noexcept nogil:
    """Fill a claimed slot. A claim can't be given back, so it is made only for what is to be published."""
    update_write(
        slot, update.symbol_id, update.source, update.bid_px, update.ask_px, update.bid_qty, update.ask_qty,
        update.exchange_us, update.recv_ns,
    )


cdef inline int outcome_of(int code) noexcept nogil:
    """What the parser's code is called here."""
    if code == ticker.MERGED:
        return MERGED_IN
    if code == ticker.CROSSED:
        return CROSSED_QUOTE
    if code == ticker.LOCKED:
        return LOCKED_QUOTE
    if code == ticker.ZERO_SIZE:
        return EMPTY_QUOTE
    if code == ticker.BAD_PRICE:
        return BAD_QUOTE
    if code == ticker.STALE:
        return OUT_OF_ORDER
    if code == ticker.UNKNOWN_SYMBOL:
        return UNKNOWN
    if code == ticker.GAP or code == ticker.NO_SNAPSHOT:
        return UNTRUSTED
    return BROKEN


cdef inline int64_t stamp_of(const char *digits) noexcept nogil:
    cdef int64_t stamp_ns = 0
    cdef int i
    for i in range(19):
        stamp_ns = 10 * stamp_ns + (digits[i] - 48)
    return stamp_ns
