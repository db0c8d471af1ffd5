from typing import Any, Final

from typing_extensions import Buffer

REASONS: Final[tuple[str, ...]]

def evaluate(
    spread_bps: float,
    funding_delta: float,
    position_size: float,
    depth: float | None,
    fees_bps: float,
    obi_boost: int,
    oi_boost: int,
    gravity_boost: int,
    rules: Any,
) -> tuple[float, int, float, float, int, int, float, float, int, float]: ...
def prices(bid: float, ask: float, spread_bps: float) -> tuple[float, float, float]: ...
def depth_estimate(spread_bps: float) -> float: ...
def evaluate_many(
    spread_bps: Buffer,
    funding_delta: Buffer,
    position_size: Buffer,
    depth: Buffer | None,
    fees_bps: Buffer,
    obi_boost: Buffer,
    oi_boost: Buffer,
    gravity_boost: Buffer,
    rules: Any,
    depth_out: Buffer,
    confidence: Buffer,
    slippage: Buffer,
    profit: Buffer,
    reason: Buffer,
    failed: Buffer,
) -> None: ...
