"""The qualification, exactly: free functions that read as the formulas, inlined where they are cimported.

Every operation is an IEEE double operation, left to right as written, each rounded: no contraction and no
reciprocals (setup.py: -ffp-contract=off, never -ffast-math; `cdivision`: x/0 is inf or NaN, never an
exception).
A comparison with NaN fails, and `smaller(NaN, c)` is `c`; so every function is defined for every double.
"""

from libc.math cimport fabs


cdef extern from "qualify_many.h" nogil:
    ctypedef struct Rules "QualifyRules":     # the numbers of one QualificationRules
        double min_funding_delta       # per 8 hours, strict
        double min_depth_multiple      # of the position size, on each leg
        double min_profit_bps          # strict
        double funding_cost_bps
        double slippage_base_bps
        double slippage_slope_bps      # for a position as large as the depth
        double slippage_cap_bps
        int min_confidence             # 0 to 100

    ctypedef struct Columns "QualifyColumns":     # many candidates; all columns have one length
        const double *spread_bps
        const double *funding_delta
        const double *position_size
        const double *depth        # NULL: estimated from the spread
        const double *fees_bps
        const int *obi_boost
        const int *oi_boost
        const int *gravity_boost
        double *depth_out
        double *slippage_bps
        double *profit_bps
        unsigned char *confidence
        unsigned char *reason
        unsigned char *failed

    void qualify_many(size_t count, const Columns *columns, const Rules *rules) noexcept


cdef enum Reason:          # the first check that fails
    QUALIFIED = 0
    FUNDING_DELTA = 1
    DEPTH = 2
    CONFIDENCE = 3
    PROFIT = 4
    STRATEGY = 5           # a reason of a strategy's own kernel; never of `qualify`


ctypedef struct Inputs:    # per symbol: everything that isn't bid and ask
    double spread_bps
    double funding_delta           # per 8 hours, signed
    double position_size           # USDT per leg
    double depth_long              # USDT
    double depth_short             # USDT
    double fees_bps                # both legs' taker fees
    int obi_boost                  # order-book imbalance
    int oi_boost                   # open interest
    int gravity_boost              # time to the next funding payment


ctypedef struct Verdict:
    double slippage_bps
    double profit_bps              # projected, after slippage
    double funding_margin          # each margin is value - threshold
    double depth_margin            # USDT, of the thinner leg
    double profit_margin           # bps
    int confidence_margin
    int confidence                 # 0 to 100
    int reason                     # Reason
    unsigned int failed            # all failures: bit (reason - 1)


# ── the formulas ──────────────────────────────────────────────────────────────────────────────────────────

cdef inline double smaller(double x, double cap) noexcept nogil:
    """min(x, cap), where min(NaN, cap) is cap."""
    return x if x < cap else cap


cdef inline int u8(double x) noexcept nogil:
    """Truncate toward zero, saturate at 0 and 255; NaN gives 0."""
    if not x > 0.0:
        return 0
    return 255 if x >= 255.0 else <int>x


cdef inline int boosted(int score, int boost) noexcept nogil:
    """Add a boost to a score (0 to 255), held within 0 to 100, whatever the boost."""
    if boost > 100:
        boost = 100
    elif boost < -255:
        boost = -255
    score += boost
    return 0 if score < 0 else 100 if score > 100 else score


cdef inline double mid_price(double bid, double ask) noexcept nogil:
    return (bid + ask) / 2.0


cdef inline double long_price(double mid, double spread_bps) noexcept nogil:
    return mid * (1.0 - spread_bps / 20000.0)


cdef inline double short_price(double mid, double spread_bps) noexcept nogil:
    return mid * (1.0 + spread_bps / 20000.0)


cdef inline double estimated_depth(double spread_bps) noexcept nogil:
    """USDT on each leg where no book tells it: a wide spread means a thin book."""
    return 5000.0 if spread_bps > 200.0 else 10000.0 if spread_bps > 100.0 else 50000.0


cdef inline int base_score(double spread_bps, double funding_delta) noexcept nogil:
    return u8(
        smaller(spread_bps / 50.0, 1.0) * 100.0 * 0.5
        + smaller(fabs(funding_delta) / 0.01, 1.0) * 100.0 * 0.3
    )


cdef inline int confidence_score(const Inputs *inputs) noexcept nogil:
    cdef int score = base_score(inputs.spread_bps, inputs.funding_delta)
    score = boosted(score, inputs.obi_boost)
    score = boosted(score, inputs.oi_boost)
    return boosted(score, inputs.gravity_boost)


cdef inline double slippage_bps(double position_size, double depth, const Rules *rules) noexcept nogil:
    return smaller(
        rules.slippage_base_bps + position_size / depth * rules.slippage_slope_bps, rules.slippage_cap_bps
    )


cdef inline double projected_profit_bps(
    double spread_bps, double fees_bps, double slippage, const Rules *rules
) noexcept nogil:
    return spread_bps - fees_bps - rules.funding_cost_bps - slippage


# ── the four checks, in order ─────────────────────────────────────────────────────────────────────────────

cdef inline void qualify(const Inputs *inputs, const Rules *rules, Verdict *out) noexcept nogil:
    """Fill `out` completely: the quantities, each check's margin, the first failure and all of them."""
    cdef double funding = fabs(inputs.funding_delta)
    cdef double depth = smaller(inputs.depth_long, inputs.depth_short)
    cdef double needed = rules.min_depth_multiple * inputs.position_size
    cdef unsigned int failed = 0

    out.confidence = confidence_score(inputs)
    out.slippage_bps = slippage_bps(inputs.position_size, depth, rules)
    out.profit_bps = projected_profit_bps(inputs.spread_bps, inputs.fees_bps, out.slippage_bps, rules)

    # Highest check first, so that the last write of `reason` is the first check that fails.
    out.reason = QUALIFIED
    if not out.profit_bps > rules.min_profit_bps:
        failed |= 8
        out.reason = PROFIT
    if not out.confidence >= rules.min_confidence:
        failed |= 4
        out.reason = CONFIDENCE
    if not (inputs.depth_long >= needed and inputs.depth_short >= needed):
        failed |= 2
        out.reason = DEPTH
    if not funding > rules.min_funding_delta:
        failed |= 1
        out.reason = FUNDING_DELTA

    out.failed = failed
    out.funding_margin = funding - rules.min_funding_delta
    out.depth_margin = depth - needed
    out.confidence_margin = out.confidence - rules.min_confidence
    out.profit_margin = out.profit_bps - rules.min_profit_bps


# ── from Python's objects ─────────────────────────────────────────────────────────────────────────────────

cdef int load_rules(object rules, Rules *out) except -1      # from any object with the fields of Rules
cdef int boost_of(object boost) except? -2147483648          # any Python int, held within what can matter
cdef int load_inputs(
    Inputs *out, double spread_bps, double funding_delta, double position_size, object depth,
    double fees_bps, object obi_boost, object oi_boost, object gravity_boost,
) except -1                                                  # `depth` None: estimated from the spread
