"""Whether a qualified opportunity may become a trade now, and if not, why. Pure."""

from __future__ import annotations

from math import inf
from typing import Literal

from synthcore.risk.budget import RateBudget
from synthcore.risk.guard import RaceConditionGuard

Suppression = Literal["cool_down", "concurrency", "symbol_busy", "stale", "risk", "rate_budget"]
SUPPRESSIONS: tuple[Suppression, ...] = (
    "cool_down",
    "concurrency",
    "symbol_busy",
    "stale",
    "risk",
    "rate_budget",
)

LEGS = 2  # of a trade


class Gate:
    """Limits that every trade passes before anything is sent."""

    def __init__(
        self,
        max_concurrent_trades: int,
        cool_down_ns: int,
        max_quote_age_ns: int,
        budget: RateBudget,
        minimum_spread_bps: float = 0.0,
    ) -> None:
        self.max_concurrent_trades = max_concurrent_trades
        self.cool_down_ns = cool_down_ns
        self.max_quote_age_ns = max_quote_age_ns
        self.budget = budget
        self.minimum_spread_bps = minimum_spread_bps
        self.guard = RaceConditionGuard()
        self.reserved: set[str] = set()  # symbols of which a trade may be sent at any moment
        self.halt_reasons: list[str] = []
        self._ended_ns: dict[str, int] = {}

    @property
    def is_halted(self) -> bool:
        return bool(self.halt_reasons)

    def halt(self, reason: str) -> None:
        """Take no new trade from now on; what is open is not touched. It stays so."""
        if reason not in self.halt_reasons:
            self.halt_reasons.append(reason)

    def refusal(self, symbol: str, quote_ns: int, now_ns: int, spread_bps: float = inf) -> Suppression | None:
        """Why no trade may begin on the symbol, or None. The first reason that holds."""
        if self.is_halted or not spread_bps >= self.minimum_spread_bps:  # NaN is too small, too
            return "risk"
        if symbol in self.guard:
            return "symbol_busy"
        others = len(self.reserved - {symbol})
        if len(self.guard) + others >= self.max_concurrent_trades:
            return "concurrency"
        if self._is_cooling_down(symbol, now_ns):
            return "cool_down"
        if now_ns - quote_ns > self.max_quote_age_ns:
            return "stale"
        kept_back = LEGS * len(self.guard) + (LEGS + LEGS) * others  # closes, and what is reserved
        if not self.budget.allows_entry(now_ns, open_legs=kept_back):
            return "rate_budget"
        return None

    def allows_retry(self, now_ns: int) -> bool:
        """Whether a trade that is open may send one of its entries again: closes come first."""
        return self.budget.allows_retry(now_ns, open_legs=LEGS * len(self.guard))

    def begin(self, symbol: str) -> None:
        """Note that a trade works on the symbol."""
        self.reserved.discard(symbol)
        self.guard.try_acquire(symbol)

    def end(self, symbol: str, now_ns: int) -> None:
        """Note that it ended: the symbol cools down."""
        self.guard.release(symbol)
        self._ended_ns[symbol] = now_ns

    def _is_cooling_down(self, symbol: str, now_ns: int) -> bool:
        ended_ns = self._ended_ns.get(symbol)
        return ended_ns is not None and now_ns - ended_ns < self.cool_down_ns
