"""Plain lines: for a pipe, a log file, a dumb terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from synthcore.monitor.observer import Facts
from synthcore.monitor.text import summary_text
from synthcore.monitor.units import count_text, duration_text, percent, signed, time_text

STATUS_EVERY_S = 10.0


class PlainLines:
    """Writes figures to `out`, warnings to `words`; a status line every ten seconds at most."""

    def __init__(self, out: TextIO, words: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._words = words
        self._clock = clock
        self._next_status_s = clock() + STATUS_EVERY_S
        self._network_rtt_ns: float | None = None
        self.is_broken = False

    def on_start(self, info: Facts) -> None:
        symbols = ",".join(info.get("symbols", ()))
        limit = info.get("duration_s")
        length = "until stopped" if limit is None else f"for {duration_text(limit)}"
        self._write(
            f"started on {info.get('environment')}: {symbols} {length},"
            f" topology {info.get('topology')}, seed {info.get('seed')}"
        )

    def on_status(self, snapshot: Facts) -> None:
        self._network_rtt_ns = snapshot.get("network_rtt_ns", self._network_rtt_ns)
        if self._clock() >= self._next_status_s:
            self._next_status_s = self._clock() + STATUS_EVERY_S
            self._write(status_line(snapshot))

    def on_trade(self, trade: Facts) -> None:
        self._write(trade_line(trade))

    def on_warning(self, text: str) -> None:
        print(f"warning: {text}", file=self._words, flush=True)

    def on_summary(self, summary: Facts, final: bool) -> None:
        self._write(summary_text(summary, network_rtt_ns=self._network_rtt_ns, final=final).rstrip("\n"))

    def _write(self, text: str) -> None:
        if self.is_broken:
            return
        try:
            print(text, file=self._out, flush=True)
        except (BrokenPipeError, ValueError):  # who read it left: the run goes on and ends flat
            self.is_broken = True


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
