/* A log-linear histogram of nanoseconds in fixed memory: one increment a record, no lock, one writer.
 *
 * Values below 128 have a bucket each; every octave above has 128 of equal width, up to 2^42 ns (73 minutes).
 * A bucket stands for its middle, so a percentile is off by at most 1/256 (0.4 %) of its value.
 * Larger values go to the last bucket and are counted as saturated; the maximum is exact in any case.
 * How many records there are is the buckets' sum: a counter of its own would make each record wait for the one before.
 * The words are relaxed atomics: another thread may read them at any time and sees each count whole.
 */
#ifndef SYNTHCORE_HISTOGRAM_H
#define SYNTHCORE_HISTOGRAM_H

#include "atomics.h"

enum {
    HISTOGRAM_SUB_BITS = 7,
    HISTOGRAM_SUBS = 1 << HISTOGRAM_SUB_BITS,
    HISTOGRAM_TOP_BITS = 42,
    HISTOGRAM_BUCKETS = (HISTOGRAM_TOP_BITS - HISTOGRAM_SUB_BITS + 1) * HISTOGRAM_SUBS
};

typedef struct {
    word_t magic;
    word_t max_ns;    /* exact */
    word_t saturated; /* records of 2^42 ns and more */
    word_t negative;  /* records below 0, which count as 0 */
    word_t reserved[4];
    word_t bucket[HISTOGRAM_BUCKETS];
} Histogram;

_Static_assert(sizeof(Histogram) == 64 + 8 * HISTOGRAM_BUCKETS, "one line of header, then the buckets");

/* A double's exponent and first 7 bits of its mantissa are the octave and the place in it. They are read from the
 * converted value: a bit scan has a false dependency on its target register, which makes each record wait. */
static inline unsigned histogram_bucket(uint64_t ns) {
    if (ns < HISTOGRAM_SUBS) return (unsigned)ns;
    if (ns >> HISTOGRAM_TOP_BITS) return HISTOGRAM_BUCKETS - 1;
    const double exact = (double)(int64_t)ns;
    uint64_t bits;
    memcpy(&bits, &exact, sizeof bits);
    return (unsigned)(bits >> (52 - HISTOGRAM_SUB_BITS)) - (1023 + HISTOGRAM_SUB_BITS - 1) * HISTOGRAM_SUBS;
}

/* The middle of a bucket, rounded down. */
static inline uint64_t histogram_middle_ns(unsigned bucket) {
    if (bucket < HISTOGRAM_SUBS) return bucket;
    unsigned shift = bucket / HISTOGRAM_SUBS - 1;
    uint64_t low = (uint64_t)(HISTOGRAM_SUBS + bucket % HISTOGRAM_SUBS) << shift;
    return low + (((uint64_t)1 << shift) >> 1);
}

/* The writer's. */
static inline void histogram_record(Histogram *histogram, int64_t ns) {
    uint64_t value = (uint64_t)ns;
    if (__builtin_expect(ns < 0, 0)) {
        count_one(&histogram->negative);
        value = 0;
    } else if (__builtin_expect(value >> HISTOGRAM_TOP_BITS != 0, 0)) {
        count_one(&histogram->saturated);
    }
    count_one(&histogram->bucket[histogram_bucket(value)]);
    if (value > load_relaxed(&histogram->max_ns)) store_relaxed(&histogram->max_ns, value);
}

#endif
