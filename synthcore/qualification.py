"""Whether a candidate may be traded: the four checks of the production rules, exactly.

The arithmetic is compiled (`synthcore._core.qualify`); here are its names, its thresholds and its results.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from msgspec import Struct, structs

from synthcore._core.qualify import evaluate, evaluate_many, prices
from synthcore.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

Reason = Literal["qualified", "funding_delta", "depth", "confidence", "profit"]
REASONS: tuple[Reason, ...] = get_args(Reason)  # by the compiled core's number

TAKER_FEES_BPS: tuple[tuple[str, float], ...] = (
    ("binance", 4.0),
    ("okx", 5.0),
    ("bybit", 5.5),
    ("bybit_synthetic", 5.5),
    ("bitget", 6.0),
    ("kucoin", 6.0),
    ("hyperliquid", 3.5),
    ("paradex", 5.0),
    ("gateio", 6.0),
)
MAX_BOOST = 255  # beyond it a boost can't change a score


def _require_finite(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ConfigError(f"{name} must be a finite number, was {value!r}, in QualificationRules")


class QualificationRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds and costs of the qualification; the defaults are the production values.

    Raises
    ------
    ConfigError
        A number isn't finite, or `min_confidence` isn't an int from 0 to 100.
    """

    min_funding_delta: float = 0.0001  # per 8 hours; strict
    min_depth_multiple: float = 2.0  # of the position size, on each leg
    min_confidence: int = 70
    min_profit_bps: float = 0.0  # strict
    funding_cost_bps: float = 10.0
    slippage_base_bps: float = 2.0
    slippage_slope_bps: float = 3.0  # for a position as large as the depth
    slippage_cap_bps: float = 5.0
    taker_fees_bps: tuple[tuple[str, float], ...] = TAKER_FEES_BPS
    other_taker_fee_bps: float = 6.0  # of an exchange that isn't listed

    def __post_init__(self) -> None:
        for name in structs.asdict(self):
            if name.endswith(("_bps", "_delta", "_multiple")) and name != "taker_fees_bps":
                _require_finite(name, getattr(self, name))
        for exchange, fee_bps in self.taker_fees_bps:
            _require_finite(f"taker_fees_bps of {exchange}", fee_bps)
        lower = tuple((exchange.lower(), fee_bps) for exchange, fee_bps in self.taker_fees_bps)
        structs.force_setattr(self, "taker_fees_bps", lower)
        if type(self.min_confidence) is not int or not 0 <= self.min_confidence <= 100:
            raise ConfigError(
                f"min_confidence must be an int from 0 to 100, was {self.min_confidence!r}, "
                "in QualificationRules"
            )

    def fee_bps(self, exchange: str) -> float:
        """Look up an exchange's taker fee, whatever the case of its name."""
        wanted = exchange.lower()
        for listed, fee_bps in self.taker_fees_bps:
            if listed == wanted:
                return fee_bps
        return self.other_taker_fee_bps

    def total_fees_bps(self, long_exchange: str, short_exchange: str) -> float:
        """Sum both legs' taker fees."""
        return self.fee_bps(long_exchange) + self.fee_bps(short_exchange)


class Failure(Struct, frozen=True):
    """One check that a candidate didn't pass. `margin` is `value - threshold`."""

    reason: Reason
    value: float
    threshold: float
    margin: float


class Qualification(Struct, frozen=True):
    """What the four checks say about one candidate."""

    depth: float  # USDT
    confidence: int  # 0 to 100
    total_fees_bps: float
    slippage_bps: float
    projected_profit_bps: float
    reason: Reason  # the first check that fails, or "qualified"
    failures: tuple[Failure, ...]  # all of them, in the order of the checks

    @property
    def qualifies(self) -> bool:
        """Whether all four checks pass."""
        return self.reason == "qualified"


PRODUCTION_RULES = QualificationRules()


def qualify(
    *,
    spread_bps: float,
    funding_delta: float,
    position_size: float,
    long_exchange: str = "bybit",
    short_exchange: str = "bybit_synthetic",
    obi_boost: int = 0,
    oi_boost: int = 0,
    gravity_boost: int = 0,
    depth: float | None = None,
    rules: QualificationRules = PRODUCTION_RULES,
) -> Qualification:
    """Run one candidate through the four checks.

    Defined for every double: NaN, infinities, zeros and negative numbers included.

    Parameters
    ----------
    funding_delta
        Per 8 hours, signed.
    position_size
        USDT per leg.
    obi_boost, oi_boost, gravity_boost
        Any ints; the score is held within 0 to 100 after each.
    depth
        USDT on each leg; None estimates it from the spread.
    """
    fees_bps = rules.total_fees_bps(long_exchange, short_exchange)
    (
        depth, confidence, slippage_bps, profit_bps, reason, failed,
        funding_margin, depth_margin, confidence_margin, profit_margin,
    ) = evaluate(
        spread_bps, funding_delta, position_size, depth, fees_bps, obi_boost, oi_boost, gravity_boost, rules
    )  # fmt: skip
    failures: tuple[Failure, ...] = ()
    if failed:
        needed = rules.min_depth_multiple * position_size
        checks = (
            Failure("funding_delta", abs(float(funding_delta)), rules.min_funding_delta, funding_margin),
            Failure("depth", depth, needed, depth_margin),
            Failure("confidence", confidence, rules.min_confidence, confidence_margin),
            Failure("profit", profit_bps, rules.min_profit_bps, profit_margin),
        )
        failures = tuple(check for bit, check in enumerate(checks) if failed >> bit & 1)
    return Qualification(depth, confidence, fees_bps, slippage_bps, profit_bps, REASONS[reason], failures)


# ── many at once ──────────────────────────────────────────────────────────────────────────────────────────


class QualificationBatch(Struct, frozen=True, eq=False):
    """What the four checks say about many candidates: one array per quantity."""

    depth: NDArray[np.float64]
    confidence: NDArray[np.uint8]
    total_fees_bps: float
    slippage_bps: NDArray[np.float64]
    projected_profit_bps: NDArray[np.float64]
    reason: NDArray[np.uint8]  # index into REASONS
    failed: NDArray[np.uint8]  # a bit for each check that fails, funding_delta lowest

    @property
    def qualifies(self) -> NDArray[np.bool_]:
        """Which candidates pass all four checks."""
        qualified: NDArray[np.bool_] = self.reason == 0
        return qualified


def qualify_batch(
    *,
    spread_bps: ArrayLike,
    funding_delta: ArrayLike,
    position_size: ArrayLike,
    long_exchange: str = "bybit",
    short_exchange: str = "bybit_synthetic",
    obi_boost: ArrayLike | int = 0,
    oi_boost: ArrayLike | int = 0,
    gravity_boost: ArrayLike | int = 0,
    depth: ArrayLike | None = None,
    rules: QualificationRules = PRODUCTION_RULES,
) -> QualificationBatch:
    """Run many candidates through the four checks: `qualify`, bit for bit, over arrays.

    The arguments are broadcast against each other; the results have the common shape, flattened.
    """
    import numpy as np

    floats = [np.asarray(column, dtype=np.float64) for column in (spread_bps, funding_delta, position_size)]
    depths = [] if depth is None else [np.asarray(depth, dtype=np.float64)]
    boosts = [_boost_array(boost) for boost in (obi_boost, oi_boost, gravity_boost)]
    columns: list[NDArray[Any]] = [*floats, *depths, *boosts]
    shape = np.broadcast_shapes(*(column.shape for column in columns))
    spread, funding, size = (_flat(column, shape) for column in floats)
    given_depth = _flat(depths[0], shape) if depths else None
    obi, oi, gravity = (_flat(column, shape) for column in boosts)
    count = len(spread)
    fees_bps = rules.total_fees_bps(long_exchange, short_exchange)
    depth_out, slippage, profit = (np.empty(count) for _ in range(3))
    confidence, reason, failed = (np.empty(count, dtype=np.uint8) for _ in range(3))
    evaluate_many(
        spread, funding, size, given_depth, np.full(count, fees_bps), obi, oi, gravity, rules,
        depth_out, confidence, slippage, profit, reason, failed,
    )  # fmt: skip
    return QualificationBatch(depth_out, confidence, fees_bps, slippage, profit, reason, failed)


# ── prices ────────────────────────────────────────────────────────────────────────────────────────────────


class SyntheticPrices(NamedTuple):
    """The synthetic pair around a quote's middle."""

    mid: float
    long_price: float
    short_price: float


def synthetic_prices(bid: float, ask: float, spread_bps: float) -> SyntheticPrices:
    """Spread the long and the short price evenly around the middle of a quote."""
    return SyntheticPrices(*prices(bid, ask, spread_bps))


# ── boosts (the thresholds are ours: the source gives none) ───────────────────────────────────────────────


class BoostSettings(Struct, frozen=True, kw_only=True):
    """Where a book is imbalanced and where open interest is low or high."""

    aligned_imbalance: float = 0.3  # of (bid - ask) / (bid + ask)
    low_open_interest: float = 0.5  # of its own rolling median
    high_open_interest: float = 2.0


DEFAULT_BOOSTS = BoostSettings()


def imbalance(bid_size: float, ask_size: float) -> float:
    """Put a book's lean in one number: 1 is all bids, -1 all asks, 0 balanced or empty."""
    total = bid_size + ask_size
    return (bid_size - ask_size) / total if total else 0.0


def obi_boost(long_imbalance: float, short_imbalance: float, settings: BoostSettings = DEFAULT_BOOSTS) -> int:
    """Give 20 if both legs' books favour us, 10 if one does, else 0.

    Bids favour the long leg (it buys), asks the short one.
    """
    favourable = (long_imbalance >= settings.aligned_imbalance) + (
        short_imbalance <= -settings.aligned_imbalance
    )
    return 10 * favourable


def oi_boost(open_interest: float, recent: Sequence[float], settings: BoostSettings = DEFAULT_BOOSTS) -> int:
    """Give 15 if open interest is low against the median of its recent values, -10 if high, else 0."""
    usual = median(recent) if recent else 0.0
    if not usual > 0.0:
        return 0
    ratio = open_interest / usual
    if ratio < settings.low_open_interest:
        return 15
    return -10 if ratio > settings.high_open_interest else 0


def gravity_boost(seconds_to_funding: float) -> int:
    """Give 30 under 5 minutes before the long exchange's next funding payment, 15 under 15, else 0."""
    if 0.0 <= seconds_to_funding < 300.0:
        return 30
    return 15 if 0.0 <= seconds_to_funding < 900.0 else 0


# ── helpers ───────────────────────────────────────────────────────────────────────────────────────────────


def _flat(column: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    import numpy as np

    if column.shape != shape:
        filled = np.empty(shape, dtype=column.dtype)
        filled[...] = column
        column = filled
    return np.ascontiguousarray(column).reshape(-1)


def _boost_array(boost: ArrayLike | int) -> NDArray[np.intc]:
    import numpy as np

    if isinstance(boost, int):  # any size, which NumPy has no type for
        return np.array(max(-MAX_BOOST, min(MAX_BOOST, boost)), dtype=np.intc)
    array = np.asarray(boost)
    if array.dtype.kind not in "iu" and not all(isinstance(one, int) for one in array.flat):
        raise TypeError(f"boosts must be ints, were of type {array.dtype}")
    lowest = 0 if array.dtype.kind == "u" else -MAX_BOOST
    return np.asarray(np.clip(array, lowest, MAX_BOOST)).astype(np.intc)
