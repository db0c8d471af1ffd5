"""What observers are told, in their words (`monitor.observer`)."""

from __future__ import annotations

import os
import time
from typing import Any

from synthcore.engine.market import MarketSide
from synthcore.engine.tally import delays_of
from synthcore.engine.venue import Venue
from synthcore.execution.desk import Desk
from synthcore.execution.paper import PaperTrade
from synthcore.settings.run import RunSettings


def start_facts(settings: RunSettings, venue: Venue, market: MarketSide, order_entry: str) -> dict[str, Any]:
    """Where and with what the run begins; no keys."""
    config = settings.config
    return {
        "profile": settings.profile,
        "seed": config.seed,
        "environment": settings.environment.name,
        "delays": delays_of(settings),
        "order_entry": order_entry,
        "topology": market.topology,
        "pinned": {"feed": market.feed_pinning.core, "strategy": market.pipeline.pinned_core},
        "idle_states_held": market.machine.idle_states.held,
        "symbols": list(config.symbols_to_trade),
        "duration_s": settings.duration_s,
        "spread_bps": config.synthetic_spread_bps,
        "funding_delta": config.synthetic_funding_delta,
        "size_usdt": config.estimated_position_size,
        "max_trades": config.max_concurrent_trades,
        "pid": os.getpid(),
        "exchange": {
            "rest": venue.environment.rest_urls[0],
            "ws_public": venue.environment.ws_public_url,
            "ws_private": venue.environment.ws_private_url,
        },
    }


def live_facts(market: MarketSide, desk: Desk, elapsed_s: float, duration_s: float | None) -> dict[str, Any]:
    """What a snapshot has beyond the summary: links, prices, open trades, the rate budget."""
    now_ns = time.monotonic_ns()
    links = market.connector.status()
    return {
        "elapsed_s": elapsed_s,
        "duration_s": duration_s,
        "connected": {
            "public": bool(links) and all(link.is_up for link in links),
            "private": desk.is_stream_up,
        },
        "prices": {
            quote.symbol: {"bid": quote.bid, "ask": quote.ask, "age_ms": (now_ns - quote.recv_ns) / 1e6}
            for quote in market.store
        },
        "open_trades": [
            {
                "trade": driver.key,
                "symbol": driver.symbol,
                "state": driver.state.phase,
                "age_ms": (now_ns - driver.state.opened_ns) / 1e6,
                "mark_bps": driver.mark_bps,
            }
            for driver in desk.trades.values()
        ],
        "rate_budget": budget_facts(desk, now_ns),
    }


def budget_facts(desk: Desk, now_ns: int) -> dict[str, Any]:
    capacity = desk.budget.capacity("create")
    used = desk.budget.used("create", now_ns)
    return {
        "capacity": capacity,
        "free": None if capacity is None else max(0, capacity - used),
        "reserved": 2 * len(desk.trades),
    }


def trade_facts(trade: PaperTrade) -> dict[str, Any]:
    """A trade at its end."""
    hedge = trade.hedge
    return {
        "trade": trade.trade,
        "symbol": trade.symbol,
        "end": trade.end,
        "successful": trade.successful,
        "reason": trade.reason,
        "qty": str(trade.qty),
        "long_entry_px": trade.long_entry_px,
        "short_entry_px": trade.short_entry_px,
        "held_ms": trade.held_ns / 1e6,
        "synthetic_edge_usdt": trade.synthetic_edge_usdt,
        "real_cost_usdt": trade.real_cost_usdt,
        "hedge_ns": {
            "first_send": hedge.first_send_ns,
            "ack_long": hedge.ack_long_ns,
            "ack_short": hedge.ack_short_ns,
            "fill_long": hedge.fill_long_ns,
            "fill_short": hedge.fill_short_ns,
            "gap": hedge.gap_ns,
            "exposed": hedge.exposed_ns,
        },
        "open_legs": [
            {"symbol": leg.symbol, "leg": leg.leg, "qty": str(leg.qty), "in_doubt_qty": str(leg.in_doubt_qty)}
            for leg in trade.open_legs
        ],
    }
