/* The formulas of qualify.pxd over columns, a step at a time, so that the compiler makes vector code of each loop.
 *
 * The operations are the same IEEE operations in the same order, so the results are the same bit for bit; a test
 * holds the two against each other.
 */
#ifndef SYNTHCORE_QUALIFY_MANY_H
#define SYNTHCORE_QUALIFY_MANY_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* One body, compiled for what the machine has. A sanitizer's runtime isn't up yet when the choice is made. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) && __GNUC__ >= 12 && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FOR_EACH_MACHINE __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define FOR_EACH_MACHINE
#endif

enum { QUALIFY_BLOCK = 256 }; /* candidates at a time: the columns of a block stay in the first-level cache */

typedef struct {               /* the numbers of one QualificationRules */
    double min_funding_delta;  /* per 8 hours, strict */
    double min_depth_multiple; /* of the position size, on each leg */
    double min_profit_bps;     /* strict */
    double funding_cost_bps;
    double slippage_base_bps;
    double slippage_slope_bps; /* for a position as large as the depth */
    double slippage_cap_bps;
    int min_confidence;        /* 0 to 100 */
} QualifyRules;

typedef struct {
    const double *spread_bps, *funding_delta, *position_size, *depth, *fees_bps; /* depth NULL: estimated */
    const int *obi_boost, *oi_boost, *gravity_boost;
    double *depth_out, *slippage_bps, *profit_bps;
    unsigned char *confidence, *reason, *failed;
} QualifyColumns;

static inline int qualify_boosted(int score, int boost) {
    score += boost > 100 ? 100 : boost < -255 ? -255 : boost;
    return score < 0 ? 0 : score > 100 ? 100 : score;
}

FOR_EACH_MACHINE __attribute__((unused))
static void qualify_many(size_t count, const QualifyColumns *columns, const QualifyRules *limits) {
    const QualifyRules rules = *limits;
    int32_t score[QUALIFY_BLOCK], failures[QUALIFY_BLOCK];
    /* Octets may alias anything: written here and copied, or the loop would stay scalar. */
    unsigned char confidence[QUALIFY_BLOCK], reason[QUALIFY_BLOCK], failed[QUALIFY_BLOCK];

    for (size_t first = 0; first < count; first += QUALIFY_BLOCK) {
        const size_t n = count - first < QUALIFY_BLOCK ? count - first : QUALIFY_BLOCK;
        const double *restrict spread = columns->spread_bps + first;
        const double *restrict funding = columns->funding_delta + first;
        const double *restrict size = columns->position_size + first;
        const double *restrict fees = columns->fees_bps + first;
        const int *restrict obi = columns->obi_boost + first;
        const int *restrict oi = columns->oi_boost + first;
        const int *restrict gravity = columns->gravity_boost + first;
        double *restrict depth = columns->depth_out + first;
        double *restrict slippage = columns->slippage_bps + first;
        double *restrict profit = columns->profit_bps + first;

        if (columns->depth) {
            const double *restrict given = columns->depth + first;
            for (size_t i = 0; i < n; i++) depth[i] = given[i];
        } else {
            for (size_t i = 0; i < n; i++)
                depth[i] = spread[i] > 200.0 ? 5000.0 : spread[i] > 100.0 ? 10000.0 : 50000.0;
        }
        for (size_t i = 0; i < n; i++) {
            double wide = spread[i] / 50.0;
            double funded = fabs(funding[i]) / 0.01;
            wide = wide < 1.0 ? wide : 1.0;
            funded = funded < 1.0 ? funded : 1.0;
            const double sum = wide * 100.0 * 0.5 + funded * 100.0 * 0.3; /* at most 80 */
            score[i] = (int32_t)(sum > 0.0 ? sum : 0.0);
        }
        for (size_t i = 0; i < n; i++) {
            const double slipped = rules.slippage_base_bps + size[i] / depth[i] * rules.slippage_slope_bps;
            slippage[i] = slipped < rules.slippage_cap_bps ? slipped : rules.slippage_cap_bps;
            profit[i] = spread[i] - fees[i] - rules.funding_cost_bps - slippage[i];
        }
        for (size_t i = 0; i < n; i++) {
            failures[i] = (fabs(funding[i]) > rules.min_funding_delta ? 0 : 1) |
                          (depth[i] >= rules.min_depth_multiple * size[i] ? 0 : 2) |
                          (profit[i] > rules.min_profit_bps ? 0 : 8);
        }
        for (size_t i = 0; i < n; i++) {
            const int confident =
                qualify_boosted(qualify_boosted(qualify_boosted(score[i], obi[i]), oi[i]), gravity[i]);
            const int all = failures[i] | (confident >= rules.min_confidence ? 0 : 4);
            confidence[i] = (unsigned char)confident;
            failed[i] = (unsigned char)all;
            reason[i] = (unsigned char)(all & 1 ? 1 : all & 2 ? 2 : all & 4 ? 3 : all & 8 ? 4 : 0);
        }
        memcpy(columns->confidence + first, confidence, n);
        memcpy(columns->reason + first, reason, n);
        memcpy(columns->failed + first, failed, n);
    }
}

#endif
