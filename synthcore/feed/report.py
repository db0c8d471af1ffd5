"""One log line per kind of trouble and interval, whatever the rate of the trouble."""

from __future__ import annotations

from synthcore.feed.counters import TROUBLE, FeedCounters

WORDS = {
    "crossed": "crossed quotes",
    "locked": "locked quotes",
    "zero_size": "quotes of size zero",
    "bad_price": "prices not above zero",
    "out_of_order": "messages older than what we have",
    "unknown_symbol": "messages of unknown symbols",
    "malformed": "malformed messages",
    "unrelated": "messages of topics that nobody asked for",
}


class TroubleReport:
    """Compares counters, so that the hot path only counts. Pure: it is told the time and gives the lines."""

    def __init__(self, interval_ns: int) -> None:
        self._interval_ns = interval_ns
        self._told = FeedCounters()
        self._told_ns: dict[str, int] = {}

    def lines(self, counters: FeedCounters, now_ns: int) -> list[str]:
        """Give a line for each kind that grew and was silent for an interval."""
        return [
            f"{new} {WORDS[kind]} left out ({getattr(counters, kind)} in all)"
            for kind in TROUBLE
            if (new := self._grown(kind, counters, now_ns))
        ]

    def _grown(self, kind: str, counters: FeedCounters, now_ns: int) -> int:
        new = int(getattr(counters, kind) - getattr(self._told, kind))
        if not new or now_ns - self._told_ns.get(kind, now_ns - self._interval_ns) < self._interval_ns:
            return 0
        self._told_ns[kind] = now_ns
        self._told = self._told.__class__(
            **{name: getattr(counters if name == kind else self._told, name) for name in TROUBLE}
        )
        return new
