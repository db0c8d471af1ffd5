"""The parser: from a frame's memory to a MarketUpdate, merged per symbol, without Python objects.

Two steps: `scanner.h` reads the fields of a frame, `merge` folds them into what is known of that book's top.
"""

cimport cython
from libc.stdint cimport int64_t, uint32_t, uint64_t

from synthcore._core.symbols cimport SymbolTable, symbol_lookup
from synthcore._core.update cimport MarketUpdate


cdef extern from "scanner.h" nogil:
    enum:
        SCAN_OK
        SCAN_ODD               # not the plain, known shape: for the reference decoder
        SCAN_OTHER             # another topic
        SCAN_TICKER
        SCAN_BOOK1
        HAS_BID_PX
        HAS_BID_QTY
        HAS_ASK_PX
        HAS_ASK_QTY
        HAS_BID                # price and quantity
        HAS_ASK
        HAS_BID_GONE           # a book's level was deleted; a ticker's side is empty
        HAS_ASK_GONE

    ctypedef struct scan_topic_t:
        const char *symbol     # borrowed from the frame, not terminated
        size_t symbol_size
        int source             # UpdateSource

    ctypedef struct scan_fields_t:
        uint32_t has           # HAS_*: what the message carried
        int is_snapshot
        int64_t ts_ms
        int64_t update_id
        double bid_px
        double bid_qty
        double ask_px
        double ask_qty
        double bid_gone_px
        double ask_gone_px

    int scan_topic(const char *frame, size_t size, scan_topic_t *out) noexcept
    int scan_rest(const char *frame, size_t size, const scan_topic_t *topic, scan_fields_t *out) noexcept


cdef enum Code:                # what became of a frame; each has its counter
    EMIT = 0                   # a complete, valid top of book
    MERGED = 1                 # accepted, nothing to emit: no quote in it, or not two-sided yet
    NOT_MARKET = 2             # a control message or another topic
    FALLBACK = 3               # odd: the reference decoder decides; never an end
    UNKNOWN_SYMBOL = 4
    STALE = 5                  # older than the last of its topic and symbol
    MALFORMED = 6
    CROSSED = 7                # bid above ask
    LOCKED = 8                 # bid equal to ask
    ZERO_SIZE = 9              # a size that isn't above zero
    BAD_PRICE = 10             # a price that isn't above zero
    GAP = 11                   # a lost delta: untrusted until a snapshot
    NO_SNAPSHOT = 12           # a delta before its snapshot
    CODE_COUNT = 13


ctypedef struct TopState:      # 64 bytes, pointer-free: the top of one book as one topic tells it
    double bid_px
    double ask_px
    double bid_qty
    double ask_qty
    int64_t ts_ms              # of the last message
    int64_t update_id          # orderbook.1: the last `u`
    uint32_t has               # HAS_BID_PX .. HAS_ASK_QTY
    uint32_t is_seeded         # a snapshot came, and no gap since
    uint64_t padding


# Fold a message into the state. EMIT: `top` is a valid two-sided quote.
cdef int merge(TopState *top, const scan_fields_t *message, int source) noexcept nogil


@cython.final
cdef class TickerParser:
    cdef readonly SymbolTable symbols
    cdef readonly object reference         # bytes -> code or Message
    cdef readonly int last                 # code of the last frame of `feed`
    cdef list names                        # by symbol id, as far as needed
    cdef TopState *tops                    # [symbol_id * 2 + source], as many as the table can hold
    cdef uint64_t counts[CODE_COUNT]

    # The hot path. `out` is written on EMIT only, and not its sequence, recv_ns and publish_delta_ns.
    # FALLBACK: nothing is merged yet; hand the frame to `settle`.
    cdef int parse(self, const char *frame, size_t size, MarketUpdate *out) noexcept nogil

    # The reference's way, with the GIL: decode, then the same merge. Never FALLBACK, never raises.
    cdef int settle(self, bytes frame, MarketUpdate *out) noexcept
    cdef int referred(self, bytes frame, MarketUpdate *out) except -1

    # `parse`, and `settle` where it must be; with the GIL.
    cdef int take(self, const char *frame, size_t size, MarketUpdate *out) noexcept

    cdef int apply(
        self, int symbol_id, int source, const scan_fields_t *message, MarketUpdate *out
    ) noexcept nogil

    cdef int counted(self, int code) noexcept nogil
    cdef str name_of(self, int symbol_id)
