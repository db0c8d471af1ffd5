/* A ring of 64-byte slots: one producer, one consumer, lock-free, drop-oldest, exact.
 *
 *   producer:  slot = ring_claim(ring); fill words 1 to 7; ring_publish(ring)
 *   consumer:  while (ring_pop(ring, &copy)) ...
 *   anybody:   ring_counts(ring)
 *
 * The slot's first word is its sequence: 2 * index + 1 while item `index` is being written, 2 * index + 2 once
 * it is published. The producer never waits and never looks at the consumer; a consumer that was lapped goes on
 * at the oldest slot that is still whole and counts what it lost.
 * docs/ring.md has the memory-order argument; every atomic below names its pair.
 *
 * Everything is in one pointer-free block, so it can live in memory that two processes share.
 */
#ifndef SYNTHCORE_RING_H
#define SYNTHCORE_RING_H

#include <stddef.h>

#include "atomics.h"
#include "waiter.h"

enum { RING_SLOT_WORDS = 8, RING_PREFETCH_SLOTS = 16 };

#ifndef RING_MID_COPY
#define RING_MID_COPY() ((void)0) /* where the stress test stops the consumer in the middle of an item */
#endif

#define RING_MAGIC UINT64_C(0x3130676e69725953) /* "SYring01" */

typedef struct {
    word_t word[RING_SLOT_WORDS]; /* [0] the sequence, [1] to [7] the payload */
} RingSlot;

/* Two cache lines each, so that no party's stores take another's line away (neighbours are prefetched). */
typedef struct {
    /* read-only once built */
    word_t magic;
    word_t capacity; /* slots, a power of two */
    uint8_t pad_0[112];
    /* written by the producer */
    word_t cursor; /* 2 * items published, + 1 while a slot is claimed */
    uint8_t pad_1[120];
    /* written by the consumer */
    word_t head;    /* index of the next item */
    word_t lost;    /* items that were overwritten before they were popped */
    word_t lapping; /* odd while head and lost are changed together */
    uint8_t pad_2[104];
    /* written by both, where the consumer parks */
    Waiter waiter;
    uint8_t pad_3[120];
    /* RingSlot slots[capacity] */
} RingBlock;

_Static_assert(sizeof(RingSlot) == 64, "a slot is one cache line");
_Static_assert(sizeof(RingBlock) == 512, "the slots start on a cache line");

typedef struct {
    uint64_t pushed;
    uint64_t popped;
    uint64_t dropped;
    uint64_t length; /* dropped + popped + length == pushed, always */
} RingCounts;

static inline int ring_capacity_is_valid(uint64_t capacity) {
    return capacity != 0 && (capacity & (capacity - 1)) == 0;
}

static inline size_t ring_block_size(uint64_t capacity) { return sizeof(RingBlock) + capacity * sizeof(RingSlot); }

/* Build a ring in zeroed memory of ring_block_size(capacity), 64-byte aligned. */
static inline void ring_build(RingBlock *ring, uint64_t capacity) {
    ring->capacity = capacity;
    store_release(&ring->magic, RING_MAGIC); /* pairs with the acquire in ring_is_built */
}

static inline int ring_is_built(const RingBlock *ring) { return load_acquire(&ring->magic) == RING_MAGIC; }

static inline RingSlot *ring_slot(const RingBlock *ring, uint64_t index) {
    return (RingSlot *)(ring + 1) + (index & (ring->capacity - 1));
}

/* ── the producer's ──────────────────────────────────────────────────────────────────────────────────────── */

static inline void ring_prefetch_for_write(const RingSlot *slot) {
#if defined(__x86_64__)
    /* __builtin_prefetch(…, 1) asks for ownership only with -mprfchw; older processors take it as a no-op. */
    __asm__ volatile("prefetchw %0" : : "m"(*slot));
#else
    __builtin_prefetch(slot, 1, 3);
#endif
}

/* The next slot, to be filled in place with relaxed stores. It is the caller's until ring_publish.
 * The oldest item of a full ring is gone from here on. Claiming again gives the same slot again. */
static inline RingSlot *ring_claim(RingBlock *ring) {
    uint64_t index = load_relaxed(&ring->cursor) >> 1;
    RingSlot *slot = ring_slot(ring, index);
    ring_prefetch_for_write(ring_slot(ring, index + RING_PREFETCH_SLOTS));
    store_relaxed(&ring->cursor, 2 * index + 1);
    store_relaxed(&slot->word[0], 2 * index + 1);
    fence_release(); /* pairs with the acquire fence in ring_pop: who sees a new word sees the odd sequence */
    return slot;
}

static inline void ring_publish(RingBlock *ring) {
    uint64_t index = load_relaxed(&ring->cursor) >> 1;
    store_relaxed(&ring->cursor, 2 * index + 2); /* first, so that nobody sees more popped than pushed */
    store_release(&ring_slot(ring, index)->word[0], 2 * index + 2); /* pairs with the acquire in ring_pop */
}

/* Claim, copy and publish: for items that are made elsewhere. Word 0 of the item is ignored. */
static inline void ring_push(RingBlock *ring, const void *item) {
    const word_t *from = (const word_t *)item;
    RingSlot *slot = ring_claim(ring);
    for (int i = 1; i < RING_SLOT_WORDS; i++) store_relaxed(&slot->word[i], from[i]);
    ring_publish(ring);
}

/* ── the consumer's ──────────────────────────────────────────────────────────────────────────────────────── */

static inline int ring_is_empty(const RingBlock *ring) {
    uint64_t index = load_relaxed(&ring->head);
    return load_acquire(&ring_slot(ring, index)->word[0]) < 2 * index + 2;
}

/* Item `index` was overwritten: the index to go on at, everything before it counted as lost. */
static inline uint64_t ring_skip_lost(RingBlock *ring, uint64_t index, uint64_t margin) {
    uint64_t claimed = (load_relaxed(&ring->cursor) + 1) >> 1;
    uint64_t oldest = claimed - ring->capacity; /* wraps below one lap; the next line makes it good */
    if ((int64_t)(oldest - index) < 1) oldest = index + 1; /* the cursor may lag what the slot has shown */
    oldest += margin;
    uint64_t lapping = load_relaxed(&ring->lapping) | 1; /* odd already if our predecessor died here */
    store_relaxed(&ring->lapping, lapping);
    fence_release(); /* pairs with the acquire fence in ring_counts */
    store_relaxed(&ring->lost, load_relaxed(&ring->lost) + (oldest - index));
    store_relaxed(&ring->head, oldest);
    store_release(&ring->lapping, lapping + 1); /* pairs with the acquire in ring_counts */
    return oldest;
}

/* Copy the oldest item out and take it. Returns 0 if there is none.
 * The copy is the caller's for ever; no pointer into the ring is handed out. */
static inline int ring_pop(RingBlock *ring, void *out) {
    uint64_t index = load_relaxed(&ring->head);
    uint64_t margin = 0;
    word_t *to = (word_t *)out;
    for (;;) {
        const RingSlot *slot = ring_slot(ring, index);
        uint64_t published = 2 * index + 2;
        uint64_t sequence = load_acquire(&slot->word[0]); /* pairs with the release in ring_publish */
        if (sequence < published) return 0;
        if (sequence == published) {
            to[0] = sequence;
            for (int i = 1; i < RING_SLOT_WORDS; i++) {
                if (i == RING_SLOT_WORDS / 2) RING_MID_COPY();
                to[i] = load_relaxed(&slot->word[i]);
            }
#ifdef RING_SKIP_RECHECK /* only to prove that the stress test sees a torn item */
            store_release(&ring->head, index + 1);
            return 1;
#endif
            fence_acquire(); /* pairs with the release fence in ring_claim */
            if (load_relaxed(&slot->word[0]) == published) {
                store_release(&ring->head, index + 1); /* pairs with the acquire fence in ring_counts */
                return 1;
            }
        }
        index = ring_skip_lost(ring, index, margin);
        /* The oldest is the next to go: overtaken again in the middle of a copy, leave the producer more room. */
        margin = margin == 0 ? 1 : 2 * margin;
        if (margin > ring->capacity / 2) margin = ring->capacity / 2;
    }
}

/* ── anybody's ───────────────────────────────────────────────────────────────────────────────────────────── */

/* One consistent view, from any thread or process. While the two are at work, an item that the producer overwrites
 * just as the consumer takes it may show as dropped until the consumer has counted it as popped. */
static inline RingCounts ring_counts(const RingBlock *ring) {
    uint64_t head = 0, lost = 0;
    for (int attempt = 0; attempt < 1 << 20; attempt++) { /* not for ever: a consumer may have died while lapping */
        uint64_t lapping = load_acquire(&ring->lapping); /* pairs with the release in ring_skip_lost */
        head = load_relaxed(&ring->head);
        lost = load_relaxed(&ring->lost);
        fence_acquire(); /* pairs with the release fence in ring_skip_lost and the release of head in ring_pop */
        if ((lapping & 1) == 0 && load_relaxed(&ring->lapping) == lapping) break;
    }
    uint64_t cursor = load_relaxed(&ring->cursor); /* after head, so that head is not beyond it */
    uint64_t claimed = (cursor + 1) >> 1;
    uint64_t whole = claimed > ring->capacity ? claimed - ring->capacity : 0;
    uint64_t first = head > whole ? head : whole;
    RingCounts counts;
    counts.pushed = cursor >> 1;
    counts.popped = head - lost;
    counts.dropped = first - counts.popped;
    counts.length = counts.pushed - first;
    return counts;
}

#endif
