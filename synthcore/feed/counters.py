"""What became of every message that a feed received."""

from __future__ import annotations

from msgspec import Struct, structs

# Every received message ends in exactly one of these.
OUTCOMES = (
    "pushed",
    "merged",
    "crossed",
    "locked",
    "zero_size",
    "bad_price",
    "out_of_order",
    "unknown_symbol",
    "untrusted",
    "malformed",
    "control",
    "unrelated",
)
TROUBLE = (
    "crossed",
    "locked",
    "zero_size",
    "bad_price",
    "out_of_order",
    "unknown_symbol",
    "malformed",
    "unrelated",
)
NOT_MARKET_DATA = ("malformed", "control", "unrelated")


class FeedCounters(Struct, frozen=True, kw_only=True):
    """Counts since the start, over all links."""

    received: int = 0  # whole messages; the fragments of one message count once
    pushed: int = 0  # published to the ring
    merged: int = 0  # understood, and nothing to publish yet: one side is still unknown
    crossed: int = 0  # bid above ask
    locked: int = 0  # bid equal to ask
    zero_size: int = 0
    bad_price: int = 0  # not above zero
    out_of_order: int = 0  # older than what we have
    unknown_symbol: int = 0
    untrusted: int = 0  # of a book that waits for its snapshot
    malformed: int = 0
    control: int = 0  # answers, pongs, WebSocket control frames
    unrelated: int = 0  # well-formed, of a topic that nobody asked for
    gaps: int = 0  # events, not outcomes: from here on
    reconnects: int = 0
    dropped: int = 0  # overwritten in the ring before the strategy took them

    @property
    def accounted(self) -> int:
        """The sum of the outcomes: equal to `received`, always."""
        return self._sum(OUTCOMES)

    @property
    def parsed(self) -> int:
        """Messages that were understood as market data."""
        return self.received - self._sum(NOT_MARKET_DATA)

    def _sum(self, names: tuple[str, ...]) -> int:
        return sum(int(getattr(self, name)) for name in names)

    def __add__(self, other: FeedCounters) -> FeedCounters:
        mine, others = structs.asdict(self), structs.asdict(other)
        return FeedCounters(**{name: mine[name] + others[name] for name in mine})
