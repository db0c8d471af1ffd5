"""The ticker and orderbook.1 parser."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from typing import NamedTuple

CODES = (
    "emit", "merged", "not_market", "fallback", "unknown_symbol", "stale", "malformed",
    "crossed", "locked", "zero_size", "bad_price", "gap", "no_snapshot",
)
FIELD_BITS = (HAS_BID_PX, HAS_BID_QTY, HAS_ASK_PX, HAS_ASK_QTY, HAS_BID_GONE, HAS_ASK_GONE)
SOURCES = (SCAN_TICKER, SCAN_BOOK1)

cdef enum:
    COMPLETE = 15          # HAS_BID | HAS_ASK


class Quote(NamedTuple):
    """The top of a book, complete and valid."""

    symbol: str
    bid: float
    ask: float
    bid_size: float
    ask_size: float
    exchange_us: int
    source: int


def _table_of(symbols):
    """Make a symbol table of some names."""
    table = SymbolTable()
    for symbol in symbols:
        table.add(symbol)
    return table


cdef int merge(TopState *top, const scan_fields_t *message, int source) noexcept nogil:
    """Judge the order of the message, fold it in, judge the quote."""
    cdef int code = in_order(top, message, source)
    if code != EMIT:
        return code
    fold(top, message, source)
    if not message.has & (COMPLETE | HAS_BID_GONE | HAS_ASK_GONE) or top.has != COMPLETE:
        return MERGED
    return judge(top)


cdef inline bint replaces(const scan_fields_t *message, int source) noexcept nogil:
    """A snapshot replaces; so does update 1, which follows a restart of the venue's service."""
    return message.is_snapshot or (source == SCAN_BOOK1 and message.update_id == 1)


cdef inline int in_order(TopState *top, const scan_fields_t *message, int source) noexcept nogil:
    """EMIT if the message may be folded in, else why not."""
    cdef bint is_book = source == SCAN_BOOK1
    if is_book and message.update_id == 1:
        return EMIT
    if message.ts_ms < top.ts_ms:
        return STALE
    if replaces(message, source):
        if is_book and message.ts_ms == top.ts_ms and message.update_id < top.update_id:
            return STALE
        return EMIT
    if not top.is_seeded:
        return NO_SNAPSHOT
    if is_book:
        if message.update_id <= top.update_id:
            return STALE
        if message.update_id != top.update_id + 1:
            top.is_seeded = 0
            top.has = 0
            return GAP
    return EMIT


cdef inline void fold(TopState *top, const scan_fields_t *message, int source) noexcept nogil:
    cdef uint32_t has = message.has
    cdef bint replace = replaces(message, source)
    if replace:
        top.has = 0
        top.is_seeded = 1
    top.ts_ms = message.ts_ms
    top.update_id = message.update_id
    # What is gone first: a level that is there wins over one that is gone.
    if has & HAS_BID_GONE:
        if replace and source == SCAN_BOOK1:      # a snapshot deletes nothing: it shows a level of size zero
            top.bid_px = message.bid_gone_px
            top.bid_qty = 0.0
            top.has |= HAS_BID
        elif source == SCAN_TICKER or message.bid_gone_px == top.bid_px:
            top.has &= ~(<uint32_t>HAS_BID)
    if has & HAS_ASK_GONE:
        if replace and source == SCAN_BOOK1:
            top.ask_px = message.ask_gone_px
            top.ask_qty = 0.0
            top.has |= HAS_ASK
        elif source == SCAN_TICKER or message.ask_gone_px == top.ask_px:
            top.has &= ~(<uint32_t>HAS_ASK)
    if has & HAS_BID_PX:
        top.bid_px = message.bid_px
    if has & HAS_BID_QTY:
        top.bid_qty = message.bid_qty
    if has & HAS_ASK_PX:
        top.ask_px = message.ask_px
    if has & HAS_ASK_QTY:
        top.ask_qty = message.ask_qty
    top.has |= has & COMPLETE


cdef inline int judge(const TopState *top) noexcept nogil:
    if not (top.bid_px > 0.0 and top.ask_px > 0.0):
        return BAD_PRICE
    if not (top.bid_qty > 0.0 and top.ask_qty > 0.0):
        return ZERO_SIZE
    if top.bid_px == top.ask_px:
        return LOCKED
    return EMIT if top.bid_px < top.ask_px else CROSSED


cdef class TickerParser:
    """Parse and merge frames of `tickers.S` and `orderbook.1.S`.

    Parameters
    ----------
    symbols
        The symbols to accept: a table that others may share, or names for a new one.
    reference
        What decides about odd frames: gives a `Message`, or NOT_MARKET or MALFORMED as an int;
        `synthcore._core.reference.decode` by default.

    Examples
    --------
    >>> parser = TickerParser(["BTCUSDT"])
    >>> parser.feed(b'{"topic":"orderbook.1.BTCUSDT","ts":1,"type":"snapshot","data":{"s":"BTCUSDT",'
    ...             b'"b":[["9","1"]],"a":[["10","2"]],"u":7,"seq":7},"cts":1}')
    Quote(symbol='BTCUSDT', bid=9.0, ask=10.0, bid_size=1.0, ask_size=2.0, exchange_us=1000, source=1)
    """

    def __cinit__(self, symbols, reference=None):
        from synthcore._core.reference import decode

        self.symbols = symbols if isinstance(symbols, SymbolTable) else _table_of(symbols)
        self.names = []
        self.reference = decode if reference is None else reference
        self.tops = <TopState *>calloc(2 * self.symbols.capacity, sizeof(TopState))
        if self.tops is NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.tops)

    cdef int parse(self, const char *frame, size_t size, MarketUpdate *out) noexcept nogil:
        cdef scan_topic_t topic
        cdef scan_fields_t message
        cdef int symbol_id
        cdef int code = scan_topic(frame, size, &topic)
        if code != SCAN_OK:
            return self.counted(NOT_MARKET if code == SCAN_OTHER else FALLBACK)
        symbol_id = symbol_lookup(self.symbols.block, topic.symbol, topic.symbol_size)
        if symbol_id < 0:
            return self.counted(UNKNOWN_SYMBOL)
        if scan_rest(frame, size, &topic, &message) != SCAN_OK:
            return self.counted(FALLBACK)
        return self.apply(symbol_id, topic.source, &message, out)

    cdef int apply(
        self, int symbol_id, int source, const scan_fields_t *message, MarketUpdate *out
    ) noexcept nogil:
        cdef TopState *top = &self.tops[2 * symbol_id + source]
        cdef int code = self.counted(merge(top, message, source))
        if code == EMIT:
            out.exchange_us = top.ts_ms * 1000
            out.bid_px = top.bid_px
            out.ask_px = top.ask_px
            out.bid_qty = top.bid_qty
            out.ask_qty = top.ask_qty
            out.symbol_id = symbol_id
            out.source = source
        return code

    cdef int counted(self, int code) noexcept nogil:
        self.counts[code] += 1
        return code

    cdef int settle(self, bytes frame, MarketUpdate *out) noexcept:
        try:
            return self.referred(frame, out)
        except Exception:              # a reference that fails must neither end the feed nor make a quote
            return self.counted(MALFORMED)

    cdef int referred(self, bytes frame, MarketUpdate *out) except -1:
        cdef scan_fields_t message
        cdef int symbol_id
        cdef bytes symbol
        cdef object decoded = self.reference(frame)
        if isinstance(decoded, int):
            return self.counted(NOT_MARKET if decoded == NOT_MARKET else MALFORMED)
        symbol = decoded.symbol.encode()
        symbol_id = symbol_lookup(self.symbols.block, symbol, len(symbol))
        if symbol_id < 0:
            return self.counted(UNKNOWN_SYMBOL)
        message.has = decoded.has
        message.is_snapshot = decoded.is_snapshot
        message.ts_ms = decoded.ts_ms
        message.update_id = decoded.update_id
        message.bid_px = decoded.bid_px
        message.bid_qty = decoded.bid_qty
        message.ask_px = decoded.ask_px
        message.ask_qty = decoded.ask_qty
        message.bid_gone_px = decoded.bid_gone_px
        message.ask_gone_px = decoded.ask_gone_px
        return self.apply(
            symbol_id, SCAN_TICKER if decoded.source == SCAN_TICKER else SCAN_BOOK1, &message, out
        )

    cdef int take(self, const char *frame, size_t size, MarketUpdate *out) noexcept:
        cdef int code = self.parse(frame, size, out)
        return self.settle(PyBytes_FromStringAndSize(frame, size), out) if code == FALLBACK else code

    def feed(self, frame):
        """Take one frame; give the quote it makes complete, or None.

        Parameters
        ----------
        frame
            Any bytes-like object; read before the call returns, never kept.

        Notes
        -----
        `outcome` tells what became of it, `counters` of all.
        """
        cdef MarketUpdate update
        cdef const unsigned char[::1] view
        cdef const char *start = b""
        cdef Py_ssize_t size
        if isinstance(frame, bytes):
            start = <bytes>frame
            size = len(<bytes>frame)
        else:
            view = memoryview(frame)
            size = view.shape[0]
            if size:
                start = <const char *>&view[0]
        self.last = self.take(start, size, &update)
        if self.last != EMIT:
            return None
        return tuple.__new__(Quote, (          # three times as fast as Quote(…)
            self.name_of(update.symbol_id), update.bid_px, update.ask_px, update.bid_qty, update.ask_qty,
            update.exchange_us, update.source,
        ))

    cdef str name_of(self, int symbol_id):
        while len(self.names) <= symbol_id:
            self.names.append(self.symbols.text(len(self.names)))
        return self.names[symbol_id]

    def feed_all(self, list frames):
        """Take many frames of bytes in order; give how many made a quote. For replays: no quote is built."""
        cdef MarketUpdate update
        cdef bytes frame
        cdef Py_ssize_t emitted = 0
        for frame in frames:
            self.last = self.take(frame, len(frame), &update)
            emitted += self.last == EMIT
        return emitted

    @property
    def outcome(self):
        """What became of the last frame that `feed` took: one of CODES."""
        return CODES[self.last]

    def counters(self):
        """Count the frames by outcome; "fallback" counts those that the reference decided, besides."""
        return {name: self.counts[code] for code, name in enumerate(CODES)}

    def reset(self):
        """Forget all quotes, as after a reconnect: each symbol waits for its snapshot. Counters stay."""
        memset(self.tops, 0, 2 * self.symbols.capacity * sizeof(TopState))
