"""What a figure means, and what to do about it (specification, section 6)."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from synthcore.monitor.stages import MS

Tone = Literal["good", "fair", "bad"]


class Band(Struct, frozen=True):
    """A name for a range, and its advice."""

    name: str
    advice: str
    tone: Tone


EXCELLENT_SUCCESS = Band("excellent", "may grow", "good")
GOOD_SUCCESS = Band("good", "keep", "good")
ACCEPTABLE_SUCCESS = Band("acceptable", "watch closely", "fair")
POOR_SUCCESS = Band("poor", "reduce or stop", "bad")

EXCELLENT_LATENCY = Band("excellent", "keep", "good")
GOOD_LATENCY = Band("good", "keep", "good")
ACCEPTABLE_LATENCY = Band("acceptable", "watch closely", "fair")
POOR_LATENCY = Band("poor", "investigate", "bad")

POSITIVE = Band("positive", "keep", "good")
BREAK_EVEN = Band("break-even", "optimise", "fair")
NEGATIVE = Band("negative", "review trades", "bad")


def success_band(rate: float) -> Band:
    """Judge a success rate (0 to 1): above 98 %, 95 to 98 %, 90 to 95 %, below."""
    if rate > 0.98:
        return EXCELLENT_SUCCESS
    if rate >= 0.95:
        return GOOD_SUCCESS
    return ACCEPTABLE_SUCCESS if rate >= 0.90 else POOR_SUCCESS


def latency_band(end_to_end_ns: float, network_rtt_ns: float = 0.0) -> Band:
    """Judge end_to_end less the venue's measured round trip: under 5, 5 to 10, 10 to 20 ms, above."""
    own_ns = max(end_to_end_ns - network_rtt_ns, 0.0)
    if own_ns < 5 * MS:
        return EXCELLENT_LATENCY
    if own_ns <= 10 * MS:
        return GOOD_LATENCY
    return ACCEPTABLE_LATENCY if own_ns <= 20 * MS else POOR_LATENCY


def profit_band(usdt: float) -> Band:
    """Judge a day's profit; less than a cent either way is break-even."""
    if abs(usdt) < 0.005:
        return BREAK_EVEN
    return POSITIVE if usdt > 0 else NEGATIVE
