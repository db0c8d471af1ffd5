/* A value of several words that one thread writes now and then and another reads on its hot path.
 *
 * Two halves and a version: the writer fills the half that is not current, then makes it current. A reader copies
 * the current half and looks at the version again; it never waits for a writer that was stopped half-way, and
 * repeats only if a write was completed meanwhile.
 * Several writers must exclude each other (from Python: the GIL does, nothing in a write lets go of it).
 */
#ifndef SYNTHCORE_CELL_H
#define SYNTHCORE_CELL_H

#include "atomics.h"

/* `halves` has 2 * words words. */
static inline void cell_write(word_t *version, word_t *halves, unsigned words, const void *value) {
    const word_t *from = (const word_t *)value;
    uint64_t next = load_relaxed(version) + 1;
    word_t *half = halves + (next & 1) * words;
    fence_release(); /* pairs with the acquire fence in cell_read: who sees a new word sees the version before it */
    for (unsigned i = 0; i < words; i++) store_relaxed(&half[i], from[i]);
    store_release(version, next); /* pairs with the acquires in cell_read and of who compares versions */
}

/* Returns the version that was copied; 0: nothing was ever written, and nothing is copied. */
static inline uint64_t cell_read(const word_t *version, const word_t *halves, unsigned words, void *out) {
    word_t *to = (word_t *)out;
    for (;;) {
        uint64_t current = load_acquire(version); /* pairs with the release in cell_write */
        if (current == 0) return 0;
        const word_t *half = halves + (current & 1) * words;
        for (unsigned i = 0; i < words; i++) to[i] = load_relaxed(&half[i]);
        fence_acquire(); /* pairs with the release fence in cell_write */
        if (load_relaxed(version) == current) return current;
    }
}

#endif
