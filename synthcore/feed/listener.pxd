"""The compiled listener: a frame's memory in, an update in the ring out, everything counted.

    frame → stamp → parse and merge → judge → claim, write in place, publish

picows is cimported: its struct layout is our ABI, so it is pinned exactly in pyproject.toml.
"""

cimport cython
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint64_t
from picows.picows cimport WSFrame, WSListener, WSTransport

from synthcore._core.pipeline cimport Pipeline
from synthcore._core.ring cimport Ring
from synthcore._core.symbols cimport SymbolTable
from synthcore._core.ticker cimport TickerParser
from synthcore._core.update cimport MarketUpdate


cdef enum Outcome:              # of one message; the names and their order are OUTCOMES of counters.py
    PUSHED = 0
    MERGED_IN
    CROSSED_QUOTE
    LOCKED_QUOTE
    EMPTY_QUOTE                 # a size of zero
    BAD_QUOTE                   # a price that isn't above zero
    OUT_OF_ORDER
    UNKNOWN
    UNTRUSTED
    BROKEN
    CONTROL
    UNRELATED
    OUTCOME_COUNT


cdef enum Wanted:               # bits: which topics of a symbol are subscribed
    WANTS_TICKER = 1
    WANTS_BOOK1 = 2
    WANTS_BOOK50 = 4


cdef struct SymbolState:
    uint8_t wanted              # Wanted bits; 0: not ours
    uint8_t book50_is_whole
    uint8_t is_trusted          # every wanted topic is whole, and a quote came since


@cython.final
cdef class FeedListener(WSListener):
    cdef readonly SymbolTable symbols
    cdef readonly int connection           # number of the connection, for the recording
    cdef readonly bint was_whole           # at least once, every symbol was trusted
    cdef readonly int64_t last_frame_ns    # monotonic; 0: none yet
    cdef public object on_reply            # called with a PublicReply
    cdef public object on_gap              # called with the topic that lost an update
    cdef public object on_whole            # called when every awaited symbol is trusted (again)
    cdef public object on_closed           # called when the link is gone
    cdef public object on_update           # called with (symbol_id, bid, ask, bid_qty, ask_qty, us, ns), or None
    cdef public object tap                 # called with (recv_ns, connection, text) of each message, or None
    cdef readonly object last_malformed    # the start of the last malformed message, for people

    cdef readonly uint64_t callback_errors
    cdef readonly tuple topics             # what is subscribed

    cdef int want(self, str topic) except -1

    # the hot path
    cdef void on_message(self, int64_t recv_ns, const char *text, Py_ssize_t size) noexcept
    cdef void heed_stamp(self, int64_t recv_ns, const char *text, Py_ssize_t size) noexcept
    cdef int take(self, int64_t recv_ns, const char *text, Py_ssize_t size) noexcept
    cdef int accept(self, const MarketUpdate *update) noexcept
    cdef void publish(self, const MarketUpdate *update) noexcept

    # what isn't a ticker or an orderbook.1: with Python objects
    cdef int on_other_message(self, int64_t recv_ns, bytes text) noexcept
    cdef int on_book(self, int64_t recv_ns, bytes text) except -1
    cdef int on_top(self, int64_t recv_ns, int symbol_id, int64_t ts_ms, object top) except -1

    # trust
    cdef bint is_whole(self, int symbol_id) noexcept nogil
    cdef void regain(self, int symbol_id) noexcept
    cdef void set_trust(self, int symbol_id, bint trusted) noexcept nogil
    cdef void stop_awaiting(self, int symbol_id) noexcept
    cdef void on_book_gap(self, int symbol_id, str topic) noexcept
    cdef void on_top_gap(self, bytes text) noexcept

    # frames that aren't one whole text message
    cdef void on_odd_frame(self, int64_t recv_ns, WSTransport transport, WSFrame frame) noexcept
    cdef void on_start(self, int64_t recv_ns, WSFrame frame) noexcept
    cdef void on_continuation(self, int64_t recv_ns, WSFrame frame) noexcept
    cdef void drop_partial(self) noexcept
    cdef void count(self, int outcome) noexcept

    # callbacks
    cdef void tell(self, object callback, tuple arguments) noexcept
    cdef void complain(self, object error) noexcept
    cdef int64_t complained_ns

    cdef TickerParser parser
    cdef Pipeline pipeline                 # where updates go; at most one of these two is there
    cdef Ring ring
    cdef SymbolState *states               # by symbol id
    cdef int64_t *looked_ms                # [symbol_id * 2 + source]: exchange time at the last look
    cdef int symbol_count
    cdef dict seen                         # topic: when it was seen
    cdef set awaited                       # symbol ids that end the outage when they are trusted again
    cdef dict books                        # symbol: OrderBook
    cdef bytearray partial                 # of a fragmented message, None without one
    cdef bint partial_is_text
    cdef uint64_t received
    cdef uint64_t gaps
    cdef uint64_t[OUTCOME_COUNT] outcomes
