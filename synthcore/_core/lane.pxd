"""The fast lane: orders that leave on the thread that decided, each allowed by the risk gate beforehand."""

cimport cython
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t
from synthcore._core.memory cimport Memory
from synthcore._core.update cimport MarketUpdate


cdef extern from "lane.h" nogil:
    enum:
        LANE_EMPTY
        LANE_READY
        LANE_CLAIMED
        LANE_RECORDED
        LANE_SENT
        LANE_HANDED
        LANE_FORMAT
        LANE_LEGS
        LANE_ROOM
        LANE_TEXT
        LANE_FRAME
        LANE_BEGUN
        LANE_TIME_DIGITS
        LANE_MOST_DECIMALS

    ctypedef struct LaneFrame:
        uint32_t until_time
        uint32_t until_price
        uint32_t size
        char *text

    ctypedef struct LaneTerms:
        int64_t expires_ns
        double least_bid_px
        double most_ask_px
        int64_t server_offset_ns
        int64_t tick
        int64_t reach
        int64_t reach_unit
        uint32_t decimals
        uint32_t begun_size

    ctypedef struct LaneIntent:
        int64_t recv_ns
        int64_t decided_ns
        int64_t *sent_ns
        int64_t server_ms
        int64_t exchange_us
        double bid_px
        double ask_px
        int64_t *ticks
        uint64_t update_sequence

    ctypedef struct LaneSlot:
        uint32_t state
        uint32_t format
        LaneTerms terms
        LaneIntent intent
        LaneFrame *frames
        char *begun

    bint lane_moves(LaneSlot *slot, uint32_t before, uint32_t after) noexcept
    uint32_t lane_state(const LaneSlot *slot) noexcept
    void lane_enters(LaneSlot *slot, uint32_t state) noexcept
    bint lane_revoke(LaneSlot *slot) noexcept
    size_t lane_write(const LaneSlot *slot, int leg, char *out) noexcept
    bint lane_take(LaneSlot *slot, const LaneIntent *quote, int64_t now_ns) noexcept


cdef class Wire:
    """Where frames go; a socket's is in the room of its library."""

    cdef readonly bint is_open

    # Whether a frame would leave now.
    cdef bint is_ready(self) noexcept nogil

    # Send both legs' texts at once, and note when each left. They may be changed, and the LANE_ROOM bytes before
    # each, too; the second one lies behind the first.
    cdef int send_both(self, char **texts, Py_ssize_t *sizes, int64_t *sent_ns) except -1


@cython.final
cdef class Lane:
    cdef readonly Wire wire
    cdef readonly int symbols
    cdef readonly object failure                   # the last error of a send, None without one
    cdef Memory memory
    cdef LaneSlot *slots                           # inside `memory`, by symbol id
    cdef Memory scratch
    cdef char *frames[2]                           # inside `scratch`, each behind its room

    # For the deciding thread, which holds the GIL all along: no Python thread sees a trade half sent.
    # True: both orders of the symbol's trade are with the wire. False: nothing happened.
    cdef bint take(self, const MarketUpdate *update, int64_t decided_ns) noexcept nogil
    cdef void send_both(self, LaneSlot *slot) noexcept

    cdef LaneSlot *slot_of(self, int symbol_id) except NULL    # IndexError if nobody has the id
