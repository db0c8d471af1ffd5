"""Plain lines: for a pipe, a log file, a dumb terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from synthcore.monitor.observer import Facts
from synthcore.monitor.units import count_text, duration_text, percent, signed, time_text
from synthcore.monitor.writer import LineWriter

STATUS_EVERY_S = 10.0


class PlainLines:
    """Writes figures to `out`, warnings to `words`; a status line every ten seconds at most."""

    status_every_s = 1.0

    def __init__(self, out: TextIO, words: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = LineWriter(out)
        self._words = LineWriter(words)
        self._clock = clock
        self._next_status_s = clock() + STATUS_EVERY_S
        self._network_rtt_ns: float | None = None

    def on_start(self, info: Facts) -> None:
        self._out.put(start_line(info))

    def on_status(self, snapshot: Facts) -> None:
        self._network_rtt_ns = snapshot.get("network_rtt_ns", self._network_rtt_ns)
        if self._clock() >= self._next_status_s:
            self._next_status_s = self._clock() + STATUS_EVERY_S
            self._out.put_status(status_line(snapshot))

    def on_trade(self, trade: Facts) -> None:
        self._out.put(trade_line(trade))

    def on_warning(self, text: str) -> None:
        self._words.put(f"warning: {text}")

    def on_summary(self, summary: Facts, final: bool) -> None:
        rtt_ns = self._network_rtt_ns
        self._out.put(lambda: written(summary, rtt_ns, final))

    def close(self) -> None:
        """Wait until every line is written."""
        self._words.close()
        self._out.close()


def written(summary: Facts, network_rtt_ns: float | None, final: bool) -> str:
    """Render the summary; in the writer's thread, because it takes some milliseconds."""
    from synthcore.monitor.text import summary_text

    return summary_text(summary, network_rtt_ns=network_rtt_ns, final=final).rstrip("\n")


def start_line(info: Facts) -> str:
    """Say in one line what begins."""
    limit_s = info.get("duration_s")
    return (
        f"started on {info.get('environment')}: {','.join(info.get('symbols', ()))}"
        f" {'until stopped' if limit_s is None else f'for {duration_text(limit_s)}'},"
        f" topology {info.get('topology')}, orders by {info.get('order_entry')}, seed {info.get('seed')}"
    )


def status_line(snapshot: Facts) -> str:
    """Say in one line how the run goes."""
    latency = snapshot.get("latency_ns", {})
    return (
        f"{duration_text(snapshot.get('elapsed_s', 0.0))}"
        f"  updates {count_text(snapshot.get('updates', 0))}"
        f"  dropped {count_text(snapshot.get('dropped', 0))}"
        f"  trades {count_text(snapshot.get('trades', 0))}"
        f"  success {percent(snapshot.get('success_rate'))}"
        f"  open {len(snapshot.get('open_trades', ()))}"
        f"  end_to_end p99 {time_text(latency.get('end_to_end', {}).get('p99'))}"
    )


def trade_line(trade: Facts) -> str:
    """Say in one line how a trade ended."""
    held = trade.get("held_ms")
    parts = [
        f"trade {trade.get('trade')}",
        str(trade.get("symbol")),
        str(trade.get("end")),
        str(trade.get("reason") or ""),
        "" if held is None else f"held {held:.0f} ms",
        f"synthetic {signed(trade.get('synthetic_edge_usdt') or 0.0, 4)}",
        f"cost {signed(-(trade.get('real_cost_usdt') or 0.0), 4)} USDT",
    ]
    return "  ".join(part for part in parts if part)
