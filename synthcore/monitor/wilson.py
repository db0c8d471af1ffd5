"""How well a rate is known from a number of trials."""

from __future__ import annotations

import math

Z_95 = 1.959963984540054  # the normal distribution's 97.5 % point


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float] | None:
    """Return Wilson's score interval of a success rate; None without trials.

    Unlike the plain normal interval it stays within 0 and 1 and means something at 100 % success.
    """
    if trials <= 0:
        return None
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must be from 0 to {trials}, was {successes}")
    rate = successes / trials
    spread = z * z / trials
    middle = rate + spread / 2
    half = z * math.sqrt(rate * (1 - rate) / trials + spread / (4 * trials))
    low, high = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    # Exact at the ends, where rounding would leave 1e-17 or 0.9999…
    return (0.0 if successes == 0 else low, 1.0 if successes == trials else high)
