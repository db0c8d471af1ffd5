"""What stops new entries after trades went wrong: the day's loss, failures in a row. Pure."""

from __future__ import annotations

from decimal import Decimal

DAY_NS = 86_400_000_000_000
ASKED_FOR = frozenset({"shutdown", "flatten", "emergency_stop", "journal", "recovered"})
BY_HAND = "by hand"  # begins the reason that a person gave


class LossGuard:
    """Counts what trades cost in a UTC day, and how many failed one after the other.

    Parameters
    ----------
    max_daily_loss
        In USDT; None: any loss.
    max_failures
        So many failures in a row are too many.
    epoch_ns, lost_usdt
        Now, and what the day has cost so far: an earlier process may have lost it.
    """

    def __init__(
        self,
        max_daily_loss: float | None,
        max_failures: int,
        epoch_ns: int = 0,
        lost_usdt: Decimal = Decimal(0),
    ) -> None:
        self.max_daily_loss = None if max_daily_loss is None else Decimal(repr(max_daily_loss))
        self.max_failures = max_failures
        self.lost_usdt = lost_usdt
        self.failures = 0
        self._day = day_of(epoch_ns)

    def on_cost(self, cost_usdt: float, epoch_ns: int) -> None:
        """Add a trade's real cost (> 0 is paid) to its day; a new day begins at zero."""
        if day_of(epoch_ns) != self._day:
            self._day, self.lost_usdt = day_of(epoch_ns), Decimal(0)
        self.lost_usdt += Decimal(repr(cost_usdt))

    def on_end(self, end: str, reason: str, successful: bool) -> None:
        """Note how a trade ended; what somebody asked for, or a price that was missed, says nothing."""
        if successful:
            self.failures = 0
        elif is_failure(end, reason):
            self.failures += 1

    def reason(self) -> str | None:
        """Why no new trade may begin, or None."""
        if self.max_daily_loss is not None and self.lost_usdt >= self.max_daily_loss:
            return (
                f"the day's loss must stay below max_daily_loss {self.max_daily_loss} USDT,"
                f" it is {self.lost_usdt:.4f} (real cost since 00:00 UTC)"
            )
        if self.failures >= self.max_failures:
            return f"{self.failures} trades in a row failed (max_consecutive_failures {self.max_failures})"
        return None


def day_of(epoch_ns: int) -> int:
    """Number a UTC day."""
    return epoch_ns // DAY_NS


def is_failure(end: str, reason: str) -> bool:
    """Whether an end without success speaks against the next trade."""
    if reason in ASKED_FOR or reason.startswith(BY_HAND):
        return False
    return not (end == "FLAT" and reason == "leg_timeout")
