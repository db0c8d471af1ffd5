"""The qualification's face to Python: one candidate, or many over buffers of doubles."""

REASONS = ("qualified", "funding_delta", "depth", "confidence", "profit")


# ── from Python's objects ─────────────────────────────────────────────────────────────────────────────────

cdef int load_rules(object rules, Rules *out) except -1:
    out.min_funding_delta = rules.min_funding_delta
    out.min_depth_multiple = rules.min_depth_multiple
    out.min_profit_bps = rules.min_profit_bps
    out.funding_cost_bps = rules.funding_cost_bps
    out.slippage_base_bps = rules.slippage_base_bps
    out.slippage_slope_bps = rules.slippage_slope_bps
    out.slippage_cap_bps = rules.slippage_cap_bps
    out.min_confidence = rules.min_confidence
    return 0


cdef int boost_of(object boost) except? -2147483648:
    """A score is at most 255 before and 100 after a boost, so nothing beyond ±255 can matter."""
    if not isinstance(boost, int):
        raise TypeError(f"a boost must be an int, was {boost!r}")
    if boost > 255:
        return 255
    if boost < -255:
        return -255
    return boost


cdef int load_inputs(
    Inputs *out, double spread_bps, double funding_delta, double position_size, object depth,
    double fees_bps, object obi_boost, object oi_boost, object gravity_boost,
) except -1:
    out.spread_bps = spread_bps
    out.funding_delta = funding_delta
    out.position_size = position_size
    out.depth_long = estimated_depth(spread_bps) if depth is None else <double>depth
    out.depth_short = out.depth_long
    out.fees_bps = fees_bps
    out.obi_boost = boost_of(obi_boost)
    out.oi_boost = boost_of(oi_boost)
    out.gravity_boost = boost_of(gravity_boost)
    return 0


# ── one candidate ─────────────────────────────────────────────────────────────────────────────────────────

def evaluate(
    double spread_bps, double funding_delta, double position_size, object depth, double fees_bps,
    object obi_boost, object oi_boost, object gravity_boost, object rules,
):
    """Qualify one candidate.

    Returns
    -------
    tuple
        depth, confidence, slippage_bps, profit_bps, reason, failed (a bit for each check),
        funding margin, depth margin, confidence margin, profit margin.
    """
    cdef Rules limits
    cdef Inputs inputs
    cdef Verdict verdict
    load_rules(rules, &limits)
    load_inputs(
        &inputs, spread_bps, funding_delta, position_size, depth, fees_bps, obi_boost, oi_boost, gravity_boost
    )
    qualify(&inputs, &limits, &verdict)
    return (
        inputs.depth_long,
        verdict.confidence,
        verdict.slippage_bps,
        verdict.profit_bps,
        verdict.reason,
        verdict.failed,
        verdict.funding_margin,
        verdict.depth_margin,
        verdict.confidence_margin,
        verdict.profit_margin,
    )


def prices(double bid, double ask, double spread_bps):
    """The synthetic pair around a quote's middle: (mid, long price, short price)."""
    cdef double mid = mid_price(bid, ask)
    return mid, long_price(mid, spread_bps), short_price(mid, spread_bps)


def depth_estimate(double spread_bps):
    """Estimate the depth of a leg (USDT) from the spread alone."""
    return estimated_depth(spread_bps)


# ── many candidates ───────────────────────────────────────────────────────────────────────────────────────

def evaluate_many(
    const double[::1] spread_bps not None,
    const double[::1] funding_delta not None,
    const double[::1] position_size not None,
    const double[::1] depth,
    const double[::1] fees_bps not None,
    const int[::1] obi_boost not None,
    const int[::1] oi_boost not None,
    const int[::1] gravity_boost not None,
    object rules,
    double[::1] depth_out not None,
    unsigned char[::1] confidence not None,
    double[::1] slippage not None,
    double[::1] profit not None,
    unsigned char[::1] reason not None,
    unsigned char[::1] failed not None,
):
    """Qualify many candidates without the GIL, into the caller's buffers.

    All buffers have one length; `depth` None is estimated from each spread.
    """
    cdef Rules limits
    cdef Columns columns
    cdef size_t n = spread_bps.shape[0]
    lengths = {
        n, funding_delta.shape[0], position_size.shape[0], fees_bps.shape[0],
        obi_boost.shape[0], oi_boost.shape[0], gravity_boost.shape[0],
        depth_out.shape[0], confidence.shape[0], slippage.shape[0], profit.shape[0],
        reason.shape[0], failed.shape[0], n if depth is None else depth.shape[0],
    }
    if len(lengths) != 1:
        raise ValueError(f"the arrays of one batch must have one length, were {sorted(lengths)}")
    load_rules(rules, &limits)
    if n == 0:
        return
    columns.spread_bps = &spread_bps[0]
    columns.funding_delta = &funding_delta[0]
    columns.position_size = &position_size[0]
    columns.depth = NULL
    if depth is not None:
        columns.depth = &depth[0]
    columns.fees_bps = &fees_bps[0]
    columns.obi_boost = &obi_boost[0]
    columns.oi_boost = &oi_boost[0]
    columns.gravity_boost = &gravity_boost[0]
    columns.depth_out = &depth_out[0]
    columns.slippage_bps = &slippage[0]
    columns.profit_bps = &profit[0]
    columns.confidence = &confidence[0]
    columns.reason = &reason[0]
    columns.failed = &failed[0]
    with nogil:
        qualify_many(n, &columns, &limits)
