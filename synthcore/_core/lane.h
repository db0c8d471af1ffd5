/* A whole trade that the risk gate allowed beforehand: written by the gate, spent by whoever decides.
 *
 * One page a symbol, so that a slot can lie in a mapped file, where it is the record of what was sent, too.
 *
 *   EMPTY ──fill──▶ READY ──claim──▶ CLAIMED ──record──▶ RECORDED ──both sent──▶ SENT ──▶ HANDED ──clear──▶ EMPTY
 *     ▲               │  ▲               │
 *     └────revoke─────┘  └───give back───┘
 *
 * The gate's thread fills, revokes, hands over and clears; the deciding thread does the rest. From RECORDED on
 * the orders may be with the exchange, so a process that starts later adopts the trade.
 */
#ifndef SYNTHCORE_LANE_H
#define SYNTHCORE_LANE_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "atomics.h"

enum { LANE_EMPTY, LANE_READY, LANE_CLAIMED, LANE_RECORDED, LANE_SENT, LANE_HANDED };

#define LANE_FORMAT 1u
#define LANE_LEGS 2
#define LANE_LONG 0
#define LANE_ROOM 16          /* bytes in front of a frame's text, for the header that a socket puts there */
#define LANE_TEXT 704         /* bytes of a frame's template */
#define LANE_FRAME 768        /* bytes of a frame: the template, the time and a price */
#define LANE_BEGUN 2304       /* bytes of what the trade begins with */
#define LANE_TIME_DIGITS 13   /* of an epoch in ms, until 2286 */
#define LANE_MOST_DECIMALS 15 /* 10^15 and less than 2^53 ticks of it are exact doubles */

typedef struct {              /* a frame in three parts: around the time, and around the price */
    uint32_t until_time;      /* where the first part ends */
    uint32_t until_price;     /* where the second part ends */
    uint32_t size;
    uint32_t reserved;
    char text[LANE_TEXT];
} LaneFrame;

typedef struct {              /* what the gate allowed */
    int64_t expires_ns;       /* monotonic, as all times here */
    double least_bid_px;      /* the quantity was made for prices from here */
    double most_ask_px;       /* to here */
    int64_t server_offset_ns; /* the server's epoch less our monotonic clock */
    int64_t tick;             /* the tick size is tick / 10^decimals */
    int64_t reach;            /* an order may cross by reach / reach_unit of the price */
    int64_t reach_unit;
    uint32_t decimals;
    uint32_t begun_size;
} LaneTerms;

typedef struct {              /* what was done with it */
    int64_t recv_ns;
    int64_t decided_ns;
    int64_t sent_ns[LANE_LEGS];
    int64_t server_ms;        /* the time in both frames */
    int64_t exchange_us;
    double bid_px;
    double ask_px;
    int64_t ticks[LANE_LEGS]; /* the limits */
    uint64_t update_sequence;
} LaneIntent;

typedef struct {
    uint32_t state;
    uint32_t format;
    LaneTerms terms;
    LaneIntent intent;
    LaneFrame frames[LANE_LEGS];
    char begun[LANE_BEGUN];   /* for recovery */
    char reserved[4096 - 8 - sizeof(LaneTerms) - sizeof(LaneIntent) - 2 * sizeof(LaneFrame) - LANE_BEGUN];
} LaneSlot;

_Static_assert(sizeof(LaneSlot) == 4096, "a slot is one page");

/* Change the state, if it is `from`. */
static inline int lane_moves(LaneSlot *slot, uint32_t from, uint32_t to) {
    /* A claim's acquire pairs with the gate's release of READY; a revocation's with a claim given back. */
    return atomic_compare_exchange_strong_explicit(
        (atomic_half_t *)&slot->state, &from, to, memory_order_acq_rel, memory_order_acquire);
}

static inline uint32_t lane_state(const LaneSlot *slot) {
    return load_half_acquire(&slot->state); /* pairs with lane_enters */
}

static inline void lane_enters(LaneSlot *slot, uint32_t state) {
    store_half_release(&slot->state, state);
}

/* Take the right to spend away. False: it is spent, or there is none. A claim in the making is waited for: its
 * thread either spends it or gives it back, in less than a microsecond. */
static inline int lane_revoke(LaneSlot *slot) {
    for (;;) {
        if (lane_moves(slot, LANE_READY, LANE_EMPTY)) return 1;
        if (lane_state(slot) != LANE_CLAIMED) return 0;
    }
}

static const double LANE_POWERS[LANE_MOST_DECIMALS + 1] = {
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

/* A price in ticks; 0 if it is not exactly on the grid. */
static inline int64_t lane_ticks(const LaneTerms *terms, double px) {
    double unit = LANE_POWERS[terms->decimals];
    double wanted = px * unit / (double)terms->tick;
    if (!(wanted >= 0.5 && wanted < 1e15 / (double)terms->tick)) return 0;
    int64_t ticks = (int64_t)(wanted + 0.5);
    /* The quotient of two exact doubles is the double that the price's decimal text reads as; up to 15 digits,
     * that text is the only one so short. */
    return (double)(ticks * terms->tick) / unit == px ? ticks : 0;
}

/* The limit of a leg: as far through the book as allowed, rounded toward safety. 0: there is none. */
static inline int64_t lane_limit(const LaneTerms *terms, int leg, double bid_px, double ask_px) {
    __int128 unit = terms->reach_unit;
    if (leg == LANE_LONG) return (int64_t)(lane_ticks(terms, ask_px) * (unit + terms->reach) / unit);
    return (int64_t)((lane_ticks(terms, bid_px) * (unit - terms->reach) + unit - 1) / unit);
}

static inline int lane_fits(const LaneTerms *terms, double bid_px, double ask_px, int64_t now_ns) {
    return now_ns < terms->expires_ns && bid_px >= terms->least_bid_px && ask_px <= terms->most_ask_px;
}

static inline char *lane_put_digits(char *out, uint64_t number, unsigned digits) {
    for (unsigned i = digits; i-- > 0; number /= 10) out[i] = (char)('0' + number % 10);
    return out + digits;
}

static inline unsigned lane_digits(uint64_t number) {
    unsigned digits = 1;
    while (number >= 10) number /= 10, digits++;
    return digits;
}

static inline char *lane_put_price(char *out, const LaneTerms *terms, int64_t ticks) {
    uint64_t unit = (uint64_t)LANE_POWERS[terms->decimals];
    uint64_t number = (uint64_t)(ticks * terms->tick);
    out = lane_put_digits(out, number / unit, lane_digits(number / unit));
    if (terms->decimals == 0) return out;
    *out++ = '.';
    return lane_put_digits(out, number % unit, terms->decimals);
}

static inline char *lane_put_text(char *out, const LaneFrame *frame, uint32_t from, uint32_t until) {
    memcpy(out, frame->text + from, until - from);
    return out + (until - from);
}

/* Write a leg's frame; returns its size, at most LANE_FRAME. */
static inline size_t lane_write(const LaneSlot *slot, int leg, char *out) {
    const LaneFrame *frame = &slot->frames[leg];
    char *at = lane_put_text(out, frame, 0, frame->until_time);
    at = lane_put_digits(at, (uint64_t)slot->intent.server_ms, LANE_TIME_DIGITS);
    at = lane_put_text(at, frame, frame->until_time, frame->until_price);
    at = lane_put_price(at, &slot->terms, slot->intent.ticks[leg]);
    at = lane_put_text(at, frame, frame->until_price, frame->size);
    return (size_t)(at - out);
}

/* Spend the slot on a quote, if that is allowed: from here on it is recorded. False: it was not touched. */
static inline int lane_take(LaneSlot *slot, const LaneIntent *quote, int64_t now_ns) {
    if (!lane_moves(slot, LANE_READY, LANE_CLAIMED)) return 0;
    int64_t buy = lane_limit(&slot->terms, 0, quote->bid_px, quote->ask_px);
    int64_t sell = lane_limit(&slot->terms, 1, quote->bid_px, quote->ask_px);
    if (!lane_fits(&slot->terms, quote->bid_px, quote->ask_px, now_ns) || buy <= 0 || sell <= 0) {
        lane_enters(slot, LANE_READY);
        return 0;
    }
    slot->intent = *quote;
    slot->intent.server_ms = (now_ns + slot->terms.server_offset_ns) / 1000000;
    slot->intent.ticks[0] = buy;
    slot->intent.ticks[1] = sell;
    slot->intent.sent_ns[0] = slot->intent.sent_ns[1] = 0;
    lane_enters(slot, LANE_RECORDED);
    return 1;
}

#endif
