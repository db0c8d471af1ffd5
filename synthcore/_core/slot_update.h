/* Updates and decisions written in place, word by word, where another thread may be reading. */
#ifndef SYNTHCORE_SLOT_UPDATE_H
#define SYNTHCORE_SLOT_UPDATE_H

#include "atomics.h"
#include "update.h"

static inline void update_write(MarketUpdate *slot, int16_t symbol_id, uint16_t source, double bid_px,
                                double ask_px, double bid_qty, double ask_qty, int64_t exchange_us,
                                int64_t recv_ns) {
    word_t *word = (word_t *)slot;
    store_relaxed(&word[1], (uint64_t)recv_ns);
    store_relaxed(&word[2], (uint64_t)exchange_us);
    store_relaxed_double(&slot->bid_px, bid_px);
    store_relaxed_double(&slot->ask_px, ask_px);
    store_relaxed_double(&slot->bid_qty, bid_qty);
    store_relaxed_double(&slot->ask_qty, ask_qty);
    /* publish_delta_ns 0, symbol_id, source: one word, little-endian */
    store_relaxed(&word[7], (uint64_t)(uint16_t)symbol_id << 32 | (uint64_t)source << 48);
}

static inline uint32_t update_stamp(MarketUpdate *slot, int64_t published_ns) {
    word_t *word = (word_t *)slot;
    uint32_t delta_ns = saturating_delta_ns((int64_t)load_relaxed(&word[1]), published_ns);
    uint64_t ids = load_relaxed(&word[7]) & ~(uint64_t)UINT32_MAX;
    store_relaxed(&word[7], ids | delta_ns);
    return delta_ns;
}

static inline void decision_write(Decision *slot, const Decision *decision) {
    const word_t *from = (const word_t *)decision;
    word_t *to = (word_t *)slot;
    for (int i = 1; i < 8; i++) store_relaxed(&to[i], from[i]);
}

/* Keep the latest update of a symbol for any reader; the sequence marks what is whole, as in a ring slot. */
static inline void update_keep(MarketUpdate *latest, const MarketUpdate *update) {
    const word_t *from = (const word_t *)update;
    word_t *to = (word_t *)latest;
    store_relaxed(&to[0], from[0] - 1);
    fence_release(); /* pairs with the acquire fence in update_read */
    for (int i = 1; i < 8; i++) store_relaxed(&to[i], from[i]);
    store_release(&to[0], from[0]); /* pairs with the acquire in update_read */
}

/* Copy the latest update; returns 0 if there is none yet. */
static inline int update_read(const MarketUpdate *latest, MarketUpdate *out) {
    const word_t *from = (const word_t *)latest;
    word_t *to = (word_t *)out;
    for (int attempt = 0; attempt < 1 << 20; attempt++) { /* not for ever: the writer may have died half-way */
        uint64_t sequence = load_acquire(&from[0]); /* pairs with the release in update_keep */
        if (sequence == 0) return 0;
        to[0] = sequence;
        for (int i = 1; i < 8; i++) to[i] = load_relaxed(&from[i]);
        fence_acquire(); /* pairs with the release fence in update_keep */
        if ((sequence & 1) == 0 && load_relaxed(&from[0]) == sequence) return 1;
    }
    return 0;
}

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the update's last word is packed for little-endian machines"
#endif

#endif
