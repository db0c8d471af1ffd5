"""The same rule without Cython: a Numba `cfunc` that sees NumPy records."""

import numba
import numpy as np

from synthcore.strategies.compiled import INPUTS, RULES, UPDATE, VERDICT

QUALIFIED, STRATEGY = 0, 5

kernel_context = np.zeros(1, [("max_spread_bps", "f8"), ("too_wide", "u8")])
kernel_context["max_spread_bps"] = 1.0
LIMITS = kernel_context.dtype

pointer = numba.types.voidptr


@numba.cfunc(numba.types.void(pointer, pointer, pointer, pointer, pointer))
def kernel(update, inputs, rules, context, out):
    quote = numba.carray(update, 1, UPDATE)[0]
    given = numba.carray(inputs, 1, INPUTS)[0]
    least = numba.carray(rules, 1, RULES)[0]
    limits = numba.carray(context, 1, LIMITS)[0]
    verdict = numba.carray(out, 1, VERDICT)[0]
    verdict.profit_bps = given.spread_bps - given.fees_bps - least.funding_cost_bps
    mid = (quote.bid_px + quote.ask_px) / 2
    if (quote.ask_px - quote.bid_px) / mid * 1e4 > limits.max_spread_bps:
        verdict.reason = STRATEGY
        limits.too_wide += 1
