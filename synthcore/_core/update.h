/* The two things that cross threads: each is one 64-byte, pointer-free ring slot.
 *
 * The first word is the ring's own (see ring.h); the other seven are the payload.
 * All fields are naturally aligned, so the layout is the same for every compiler on a 64-bit machine.
 */
#ifndef SYNTHCORE_UPDATE_H
#define SYNTHCORE_UPDATE_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t sequence;         /*  0  the slot's own word: 2 * index + 2 once published */
    int64_t recv_ns;           /*  8  CLOCK_MONOTONIC, frame handed to the listener */
    int64_t exchange_us;       /* 16  exchange timestamp, epoch microseconds */
    double bid_px;             /* 24 */
    double ask_px;             /* 32 */
    double bid_qty;            /* 40  base coin */
    double ask_qty;            /* 48  base coin */
    uint32_t publish_delta_ns; /* 56  published - recv_ns, saturating; set at publish */
    int16_t symbol_id;         /* 60  symbol table id */
    uint16_t source;           /* 62  0 ticker, 1 orderbook.1, 2 orderbook.50 */
} MarketUpdate;

typedef struct {
    uint64_t sequence;         /*  0  the slot's own word */
    int64_t recv_ns;           /*  8  of the update that decided */
    int64_t exchange_us;       /* 16  of the update that decided */
    double bid_px;             /* 24 */
    double ask_px;             /* 32 */
    double profit_bps;         /* 40  projected profit after slippage */
    uint32_t popped_delta_ns;  /* 48  popped - recv_ns, saturating */
    uint32_t decided_delta_ns; /* 52  decided - recv_ns, saturating */
    uint32_t update_sequence;  /* 56  low 32 bits of the update's sequence */
    int16_t symbol_id;         /* 60 */
    uint8_t reason;            /* 62  0 qualified, 1 funding_delta, 2 depth, 3 confidence, 4 profit */
    uint8_t confidence;        /* 63  0 to 100 */
} Decision;

_Static_assert(sizeof(MarketUpdate) == 64, "an update is one cache line");
_Static_assert(offsetof(MarketUpdate, publish_delta_ns) == 56, "the delta is the low half of the last word");
_Static_assert(sizeof(Decision) == 64, "a decision is one cache line");

/* Nanoseconds from one stamp to a later one in 32 bits: 0 if it is earlier, all ones from 4.29 s on. */
static inline uint32_t saturating_delta_ns(int64_t from_ns, int64_t to_ns) {
    int64_t delta_ns = to_ns - from_ns;
    if (delta_ns < 0) return 0;
    return delta_ns > (int64_t)UINT32_MAX ? UINT32_MAX : (uint32_t)delta_ns;
}

#endif
