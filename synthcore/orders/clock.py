"""The server's clock, estimated: how far ahead of ours it is, and how well we know. Pure."""

from __future__ import annotations

from msgspec import Struct

from synthcore.orders.gateway import ClockOffset


class ClockSample(Struct, frozen=True):
    """One question for the time: when it left, when the answer came, what it said."""

    sent_ns: int  # monotonic
    received_ns: int  # monotonic
    server_ms: float  # epoch

    @property
    def round_trip_ms(self) -> float:
        return (self.received_ns - self.sent_ns) / 1e6

    @property
    def offset_ms(self) -> float:
        """Server's epoch less our monotonic clock, if both ways took the same time."""
        return self.server_ms - (self.sent_ns + self.received_ns) / 2e6


class ServerClock:
    """Server time on the monotonic clock, so that a step of our wall clock can't move it."""

    def __init__(self) -> None:
        self._offset_ms = 0.0
        self.uncertainty_ms = float("inf")

    @property
    def is_known(self) -> bool:
        return self.uncertainty_ms != float("inf")

    def learn(self, samples: list[ClockSample], epoch_ns: int, monotonic_ns: int) -> ClockOffset:
        """Take the sample with the shortest round trip; report the offset to our wall clock."""
        best = min(samples, key=lambda sample: sample.round_trip_ms)
        self._offset_ms = best.offset_ms
        self.uncertainty_ms = best.round_trip_ms / 2
        wall_less_monotonic_ms = (epoch_ns - monotonic_ns) / 1e6
        return ClockOffset(
            offset_ms=best.offset_ms - wall_less_monotonic_ms,
            uncertainty_ms=self.uncertainty_ms,
            measured_ns=monotonic_ns,
        )

    def now_ms(self, monotonic_ns: int) -> float:
        """Server time at a moment of our monotonic clock."""
        return monotonic_ns / 1e6 + self._offset_ms
