"""What crosses threads: two 64-byte, pointer-free ring slots whose first word is the ring's sequence."""

from libc.stdint cimport int16_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "update.h" nogil:
    ctypedef struct MarketUpdate:
        uint64_t sequence          # the ring slot's own word; set by the ring at publish
        int64_t recv_ns            # CLOCK_MONOTONIC, frame handed to the listener
        int64_t exchange_us        # exchange timestamp, epoch µs
        double bid_px
        double ask_px
        double bid_qty             # base coin
        double ask_qty             # base coin
        uint32_t publish_delta_ns  # published − recv_ns, saturating; set at publish
        int16_t symbol_id          # symbol table id
        uint16_t source            # UpdateSource

    ctypedef struct Decision:
        uint64_t sequence          # the ring slot's own word; set by the ring at publish
        int64_t recv_ns            # of the update that decided
        int64_t exchange_us        # of the update that decided
        double bid_px
        double ask_px
        double profit_bps          # projected profit after slippage
        uint32_t popped_delta_ns   # popped − recv_ns, saturating
        uint32_t decided_delta_ns  # decided − recv_ns, saturating
        uint32_t update_sequence   # low 32 bits of the update's sequence
        int16_t symbol_id
        uint8_t reason             # 0 qualified, 1 funding_delta, 2 depth, 3 confidence, 4 profit
        uint8_t confidence         # 0 to 100

    # 0 if `to_ns` is earlier, all ones from 4.29 s on.
    uint32_t saturating_delta_ns(int64_t from_ns, int64_t to_ns) noexcept


# Written in place, word by word, where another thread may be reading.
cdef extern from "slot_update.h" nogil:
    # Fill a claimed slot (the writer's way to set its fields: relaxed stores, in place).
    void update_write(
        MarketUpdate *slot, int16_t symbol_id, uint16_t source, double bid_px, double ask_px, double bid_qty,
        double ask_qty, int64_t exchange_us, int64_t recv_ns,
    ) noexcept
    # Note in a claimed slot when it is published; returns ns from receive to publish, saturating.
    uint32_t update_stamp(MarketUpdate *slot, int64_t published_ns) noexcept
    void decision_write(Decision *slot, const Decision *decision) noexcept

    # The latest update of a symbol: one writer, any readers. False: there is none yet.
    void update_keep(MarketUpdate *latest, const MarketUpdate *update) noexcept
    bint update_read(const MarketUpdate *latest, MarketUpdate *out) noexcept


cdef enum UpdateSource:
    SOURCE_TICKER = 0
    SOURCE_ORDERBOOK_1 = 1
    SOURCE_ORDERBOOK_50 = 2
