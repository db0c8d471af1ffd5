"""Who watches a run: the protocol between the engine and what shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

Facts = Mapping[str, Any]


class RunObserver(Protocol):
    """Told what happens, on the execution loop: every method returns at once and never raises.

    A view shows what it finds and leaves out what is missing, so that each key below may be absent.

    start
        `profile`, `seed`, `environment`, `delays`, `topology`, `order_entry` (socket, rest or fast lane),
        `pinned` {feed, strategy}, `idle_states_held`,
        `symbols`, `duration_s` (None: until stopped), `spread_bps`, `funding_delta`, `size_usdt`,
        `max_trades`, `pid`, `exchange` {rest, ws_public, ws_private} (URLs, no keys).
    snapshot (status, every `status_every_s`)
        every key of the summary but `exit_code`, and `elapsed_s`, `duration_s`,
        `connected` {public, private: bool}, `prices` {symbol: {bid, ask, age_ms}},
        `open_trades` [{trade, symbol, state, age_ms, mark_bps}],
        `rate_budget` {free, capacity, reserved}, `network_rtt_ns`.
    trade (once, at its end)
        `trade` (id), `symbol`, `end` (REFUSED … UNRESOLVED), `successful`, `reason` (why it failed, or
        why it was left: take_profit, stop_loss, holding_time, shutdown), `qty`, `long_entry_px`,
        `short_entry_px`, `held_ms`, `synthetic_edge_usdt`, `real_cost_usdt`, and
        `hedge_ns` {first_send, ack_long, ack_short, fill_long, fill_short, gap, exposed}
        (first_send from the update's receive stamp, the others from first_send).
    """

    status_every_s: float  # how often it wants to be told; a snapshot costs the trading loop about 1 ms

    def on_start(self, info: Facts) -> None:
        """The exchange answers, the pipeline is proved: trading begins."""
        ...

    def on_status(self, snapshot: Facts) -> None:
        """A picture of now."""
        ...

    def on_trade(self, trade: Facts) -> None:
        """A trade reached its end."""
        ...

    def on_warning(self, text: str) -> None:
        """One sentence that the user should read, and the run goes on."""
        ...

    def on_summary(self, summary: Facts, final: bool) -> None:
        """The figures so far: every 60 s, and once with `final` at the end."""
        ...
