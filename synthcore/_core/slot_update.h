/* A market update written in place in a claimed ring slot, word by word. */
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

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the update's last word is packed for little-endian machines"
#endif

#endif
