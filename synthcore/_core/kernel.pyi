from typing import Any, Final, NamedTuple, final

from typing_extensions import Buffer

from synthcore._core.histogram import LatencyHistogram
from synthcore._core.lane import Lane

REJECTIONS: Final[tuple[str, ...]]
SUPPRESSION_NAMES: Final[tuple[str, ...]]

class EmittedDecision(NamedTuple):
    symbol_id: int
    bid: float
    ask: float
    profit_bps: float
    confidence: int
    exchange_us: int
    recv_ns: int
    popped_ns: int
    decided_ns: int
    sequence: int

@final
class Kernel:
    def __new__(
        cls,
        symbols: int,
        rules: Any,
        *,
        cool_down_ns: int = 0,
        decision_capacity: int = 1024,
        decision_buffer: Buffer | None = None,
    ) -> Kernel: ...
    @property
    def queue_to_strategy(self) -> LatencyHistogram: ...
    @property
    def detection(self) -> LatencyHistogram: ...
    def set_rules(self, rules: Any) -> None: ...
    def decide_by(self, decide: Any, context: Buffer | None = None) -> None: ...
    def send_by(self, lane: Lane) -> None: ...
    def set_inputs(
        self,
        symbol_id: int,
        *,
        spread_bps: float,
        funding_delta: float,
        position_size: float,
        fees_bps: float,
        depth: float | None = None,
        obi_boost: int = 0,
        oi_boost: int = 0,
        gravity_boost: int = 0,
    ) -> None: ...
    def set_armed(self, symbol_id: int, armed: bool) -> None: ...
    def set_trusted(self, symbol_id: int, trusted: bool) -> None: ...
    @property
    def halted(self) -> bool: ...
    @halted.setter
    def halted(self, halted: bool) -> None: ...
    @property
    def cool_down_ns(self) -> int: ...
    @cool_down_ns.setter
    def cool_down_ns(self, cool_down_ns: int) -> None: ...
    def latest(self, symbol_id: int) -> tuple[int, float, float, float, float, int, int] | None: ...
    def funnel(self) -> dict[str, Any]: ...
    def rejected(self, reason: int) -> dict[str, int | float | None]: ...
    def drain_decisions(self) -> list[EmittedDecision]: ...
    @property
    def decisions_dropped(self) -> int: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...
