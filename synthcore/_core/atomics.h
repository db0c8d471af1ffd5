/* C11 atomics on plain words, with the order in the name.
 *
 * Words live in memory that is shared between threads or processes, and are declared as plain integers so that
 * Cython can name them too; the casts are in this file and nowhere else.
 */
#ifndef SYNTHCORE_ATOMICS_H
#define SYNTHCORE_ATOMICS_H

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

/* A slot is written as the fields of a struct and copied as words. */
typedef uint64_t __attribute__((may_alias)) word_t;

_Static_assert(sizeof(_Atomic uint64_t) == 8 && sizeof(_Atomic uint32_t) == 4, "atomics add no bytes");
_Static_assert(ATOMIC_LONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2, "no lock behind an atomic");

typedef _Atomic uint64_t __attribute__((may_alias)) atomic_word_t;
typedef _Atomic uint32_t atomic_half_t;

static inline uint64_t load_relaxed(const word_t *word) {
    return atomic_load_explicit((const atomic_word_t *)word, memory_order_relaxed);
}

static inline uint64_t load_acquire(const word_t *word) {
    return atomic_load_explicit((const atomic_word_t *)word, memory_order_acquire);
}

static inline void store_relaxed(word_t *word, uint64_t value) {
    atomic_store_explicit((atomic_word_t *)word, value, memory_order_relaxed);
}

static inline void store_release(word_t *word, uint64_t value) {
    atomic_store_explicit((atomic_word_t *)word, value, memory_order_release);
}

static inline void store_relaxed_double(double *word, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    store_relaxed((word_t *)word, bits);
}

/* For a counter that one thread writes and any thread reads: no locked instruction. */
static inline void count_one(word_t *counter) {
    store_relaxed(counter, load_relaxed(counter) + 1);
}

/* For a counter that several threads write. */
static inline void count_one_shared(word_t *counter) {
    atomic_fetch_add_explicit((atomic_word_t *)counter, 1, memory_order_relaxed);
}

static inline uint32_t load_half_relaxed(const uint32_t *half) {
    return atomic_load_explicit((const atomic_half_t *)half, memory_order_relaxed);
}

static inline uint32_t load_half_acquire(const uint32_t *half) {
    return atomic_load_explicit((const atomic_half_t *)half, memory_order_acquire);
}

static inline void store_half_relaxed(uint32_t *half, uint32_t value) {
    atomic_store_explicit((atomic_half_t *)half, value, memory_order_relaxed);
}

static inline void store_half_release(uint32_t *half, uint32_t value) {
    atomic_store_explicit((atomic_half_t *)half, value, memory_order_release);
}

static inline void fence_acquire(void) { atomic_thread_fence(memory_order_acquire); }
static inline void fence_release(void) { atomic_thread_fence(memory_order_release); }
static inline void fence_full(void) { atomic_thread_fence(memory_order_seq_cst); }

#endif
