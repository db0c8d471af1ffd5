"""A rule of one's own: the production rules, and besides them the market's spread must be tight."""

cimport synthcore
from cpython.pycapsule cimport PyCapsule_New


cdef struct Limits:          # the context; as a NumPy record: [("max_spread_bps", "f8"), ("too_wide", "u8")]
    double max_spread_bps
    unsigned long long too_wide


cdef void decide(
    const synthcore.MarketUpdate *update, const synthcore.Inputs *inputs, const synthcore.Rules *rules,
    void *context, synthcore.Verdict *out,
) noexcept nogil:
    cdef Limits *limits = <Limits *>context
    cdef double mid = synthcore.mid_price(update.bid_px, update.ask_px)
    synthcore.qualify(inputs, rules, out)
    if out.reason == synthcore.QUALIFIED and (update.ask_px - update.bid_px) / mid * 1e4 > limits.max_spread_bps:
        out.reason = synthcore.STRATEGY
        limits.too_wide += 1


kernel = PyCapsule_New(<void *>decide, "synthcore.decide", NULL)
kernel_context = bytearray(sizeof(Limits))
(<Limits *><char *>kernel_context).max_spread_bps = 1.0
