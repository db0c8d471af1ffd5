"""The synthetic venue's price of a trade's second leg, and when the trade should be left.

A pair of opposite legs on one symbol has a constant marked profit, so the second leg is marked where
it would be held: at mid × (1 + s), with a spread s that starts at the opportunity's and reverts to zero.
"""

from __future__ import annotations

from math import cos, exp, log, pi, sqrt

from msgspec import Struct

BPS = 10_000.0
MASK_64 = (1 << 64) - 1


class MarkRules(Struct, frozen=True, kw_only=True):
    """How the spread reverts, and where the trade is left. Bps of the entry's mid."""

    half_life_ns: int
    noise_bps: float  # per square root of a second
    take_profit_bps: float
    stop_loss_bps: float


class SyntheticMark(Struct, frozen=True, kw_only=True):
    """The spread s at one moment; `advance` gives the next. A function of the seed and the times alone."""

    seed: int
    spread_bps: float
    entry_spread_bps: float
    entry_mid: float
    at_ns: int
    steps: int = 0

    def earned_bps(self, mid: float) -> float:
        """What the pair earned on the two venues, in bps of the entry's mid.

        Bought at mid₀, sold at mid₀ (1 + s₀); worth mid and mid (1 + s) now.
        """
        return self.entry_spread_bps - self.spread_bps * mid / self.entry_mid


def start_mark(seed: int, spread_bps: float, mid: float, now_ns: int) -> SyntheticMark:
    """Begin at the spread of the opportunity."""
    return SyntheticMark(
        seed=seed, spread_bps=spread_bps, entry_spread_bps=spread_bps, entry_mid=mid, at_ns=now_ns
    )


def advance(mark: SyntheticMark, rules: MarkRules, now_ns: int) -> SyntheticMark:
    """Let the spread revert until now: the exact step of an Ornstein-Uhlenbeck process."""
    elapsed_ns = now_ns - mark.at_ns
    if elapsed_ns <= 0:
        return mark
    rate_per_s = log(2.0) / (rules.half_life_ns / 1e9)
    decay = exp(-rate_per_s * elapsed_ns / 1e9)
    deviation_bps = rules.noise_bps * sqrt((1.0 - decay * decay) / (2.0 * rate_per_s))
    spread_bps = mark.spread_bps * decay + deviation_bps * normal(mark.seed, mark.steps)
    return SyntheticMark(
        seed=mark.seed,
        spread_bps=spread_bps,
        entry_spread_bps=mark.entry_spread_bps,
        entry_mid=mark.entry_mid,
        at_ns=now_ns,
        steps=mark.steps + 1,
    )


def exit_reason(mark: SyntheticMark, rules: MarkRules, mid: float) -> str | None:
    """Why the trade should be left now, if it should."""
    earned_bps = mark.earned_bps(mid)
    if earned_bps >= rules.take_profit_bps:
        return "take_profit"
    if earned_bps <= -rules.stop_loss_bps:
        return "stop_loss"
    return None


def normal(seed: int, step: int) -> float:
    """A standard normal number that depends on the seed and the step only (Box and Muller)."""
    u1 = (mixed(seed, 2 * step) + 1) / (MASK_64 + 2)  # in (0, 1): its logarithm is taken
    u2 = mixed(seed, 2 * step + 1) / (MASK_64 + 1)
    return sqrt(-2.0 * log(u1)) * cos(2.0 * pi * u2)


def mixed(seed: int, index: int) -> int:
    """64 well-mixed bits of a counter (the finaliser of SplitMix64)."""
    z = (seed * 0x9E3779B97F4A7C15 + (index + 1) * 0xBF58476D1CE4E5B9) & MASK_64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK_64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK_64
    return z ^ (z >> 31)
