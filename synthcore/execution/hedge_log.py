"""The log of trades: one line each."""

from __future__ import annotations

import logging

from synthcore.execution.paper import PaperTrade

logger = logging.getLogger(__name__)


class HedgeLogger:
    """One line a trade."""

    def log(self, trade: PaperTrade) -> None:
        """Write what happened and how long each part took, in milliseconds."""
        hedge = trade.hedge
        logger.info(
            "trade %s %s %s (%s) qty %s: sent %s, acks %s/%s, fills %s/%s, gap %s, exposed %s ms",
            trade.trade,
            trade.symbol,
            trade.end,
            trade.reason,
            trade.qty,
            milliseconds(hedge.first_send_ns),
            milliseconds(hedge.ack_long_ns),
            milliseconds(hedge.ack_short_ns),
            milliseconds(hedge.fill_long_ns),
            milliseconds(hedge.fill_short_ns),
            milliseconds(hedge.gap_ns),
            milliseconds(hedge.exposed_ns),
        )


def milliseconds(ns: int | None) -> str:
    return "-" if ns is None else f"{ns / 1e6:.2f}"
