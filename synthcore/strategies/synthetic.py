"""The synthetic strategy: pretend a second venue whose price differs by a fixed spread, and qualify that."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from synthcore.config import SyntheticConfig
from synthcore.model import ArbitrageOpportunity
from synthcore.qualification import Qualification, QualificationRules, qualify, synthetic_prices

log = logging.getLogger(__name__)

LONG_EXCHANGE = "bybit"
SHORT_EXCHANGE = "bybit_synthetic"


class SyntheticOpportunityGenerator:
    """Turns one book's top into an opportunity against the synthetic venue, if it qualifies.

    The synthetic spread and funding delta are settings, so that one qualification holds for every update
    of a run (no boosts: neutral book, normal open interest, mid-cycle); the prices are the update's.

    Parameters
    ----------
    config
        Spread, funding delta, position size, symbols.
    rules
        Thresholds; the production values unless given.
    wall_clock_ns
        Epoch clock in ns, for the opportunity's timestamp.
    """

    def __init__(
        self,
        config: SyntheticConfig,
        rules: QualificationRules | None = None,
        wall_clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.config = config
        self.rules = rules or QualificationRules()
        self.qualification: Qualification = qualify(
            spread_bps=config.synthetic_spread_bps,
            funding_delta=config.synthetic_funding_delta,
            position_size=config.estimated_position_size,
            long_exchange=LONG_EXCHANGE,
            short_exchange=SHORT_EXCHANGE,
            rules=self.rules,
        )
        self._symbols = frozenset(config.symbols_to_trade)
        self._wall_clock_ns = wall_clock_ns

    def generate_opportunity(self, symbol: str, bid: float, ask: float) -> ArbitrageOpportunity | None:
        """Qualify one quote; None for a symbol that isn't configured, a bad quote, or a failed check."""
        if symbol not in self._symbols or not 0.0 < bid < ask:
            return None
        if self.qualification.reason != "qualified":
            return None
        return self.opportunity(symbol, bid, ask)

    def opportunity(
        self, symbol: str, bid: float, ask: float, *, recv_ns: int = 0, decided_ns: int = 0, sequence: int = 0
    ) -> ArbitrageOpportunity:
        """Describe an update that has qualified; the stamps are the compiled kernel's (monotonic ns)."""
        _, long_price, short_price = synthetic_prices(bid, ask, self.config.synthetic_spread_bps)
        now_ns = self._wall_clock_ns()
        found = self.qualification
        opportunity = ArbitrageOpportunity(
            symbol=symbol,
            long_exchange=LONG_EXCHANGE,
            short_exchange=SHORT_EXCHANGE,
            long_price=long_price,
            short_price=short_price,
            spread_bps=self.config.synthetic_spread_bps,
            funding_delta_8h=self.config.synthetic_funding_delta,
            order_book_depth_long=found.depth,
            order_book_depth_short=found.depth,
            confidence_score=found.confidence,
            projected_profit_after_slippage=found.projected_profit_bps,
            timestamp=now_ns // 1_000_000_000,
            timestamp_ns=now_ns,
            bid=bid,
            ask=ask,
            recv_ns=recv_ns,
            decided_ns=decided_ns,
            sequence=sequence,
        )
        log.info(
            "opportunity %s spread %.2f bps confidence %d profit %.2f bps",
            symbol,
            opportunity.spread_bps,
            opportunity.confidence_score,
            opportunity.projected_profit_after_slippage,
        )
        return opportunity
