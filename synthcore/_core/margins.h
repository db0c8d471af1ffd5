/* How far rejected candidates were from passing: the median of many shortfalls in fixed memory.
 *
 * Each octave from 2^-40 to 2^56 has 32 buckets, so the median is off by at most 1.6 % of its value.
 * One writer; the words are relaxed atomics, so that another thread may read at any time.
 */
#ifndef SYNTHCORE_MARGINS_H
#define SYNTHCORE_MARGINS_H

#include "atomics.h"

enum {
    MARGIN_SUB_BITS = 5,
    MARGIN_OCTAVES = 96,
    MARGIN_LOWEST_EXPONENT = -40,
    MARGIN_BUCKETS = MARGIN_OCTAVES << MARGIN_SUB_BITS,
    /* the exponent and the first mantissa bits of 2^-40 as they stand in a double */
    MARGIN_FIRST_KEY = (1023 + MARGIN_LOWEST_EXPONENT) << MARGIN_SUB_BITS,
    MARGIN_KEY_SHIFT = 52 - MARGIN_SUB_BITS
};

typedef struct {
    word_t count;     /* shortfalls of every kind */
    word_t undefined; /* NaN: the check could not be computed */
    word_t zero;      /* exactly at a threshold that is strict */
    word_t reserved[5];
    word_t bucket[MARGIN_BUCKETS];
} Margins;

static inline void margins_record(Margins *margins, double margin) {
    count_one(&margins->count);
    if (margin != margin) {
        count_one(&margins->undefined);
        return;
    }
    double shortfall = __builtin_fabs(margin);
    if (shortfall == 0.0) {
        count_one(&margins->zero);
        return;
    }
    int64_t bits;
    memcpy(&bits, &shortfall, sizeof bits);
    int64_t bucket = (bits >> MARGIN_KEY_SHIFT) - MARGIN_FIRST_KEY;
    if (bucket < 0) bucket = 0;
    if (bucket >= MARGIN_BUCKETS) bucket = MARGIN_BUCKETS - 1;
    count_one(&margins->bucket[bucket]);
}

/* The median shortfall of those that are numbers, NaN if there are none. */
static inline double margins_median(const Margins *margins) {
    uint64_t defined = load_relaxed(&margins->zero);
    for (int i = 0; i < MARGIN_BUCKETS; i++) defined += load_relaxed(&margins->bucket[i]);
    if (defined == 0) return __builtin_nan("");
    uint64_t rank = (defined + 1) / 2, seen = load_relaxed(&margins->zero);
    if (seen >= rank) return 0.0;
    int64_t bucket = 0;
    for (; bucket < MARGIN_BUCKETS - 1; bucket++) {
        seen += load_relaxed(&margins->bucket[bucket]);
        if (seen >= rank) break;
    }
    int64_t bits = ((bucket + MARGIN_FIRST_KEY) << MARGIN_KEY_SHIFT) + (INT64_C(1) << (MARGIN_KEY_SHIFT - 1));
    double middle;
    memcpy(&middle, &bits, sizeof middle);
    return middle;
}

#endif
