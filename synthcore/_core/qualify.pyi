from typing import Any, Final, TypeAlias

# C-contiguous buffers: of doubles, of C ints, of unsigned chars
_Doubles: TypeAlias = Any
_Ints: TypeAlias = Any
_Bytes: TypeAlias = Any

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
    spread_bps: _Doubles,
    funding_delta: _Doubles,
    position_size: _Doubles,
    depth: _Doubles | None,
    fees_bps: _Doubles,
    obi_boost: _Ints,
    oi_boost: _Ints,
    gravity_boost: _Ints,
    rules: Any,
    depth_out: _Doubles,
    confidence: _Bytes,
    slippage: _Doubles,
    profit: _Doubles,
    reason: _Bytes,
    failed: _Bytes,
) -> None: ...
