"""The part of one side of a book that a stream shows, and what changed in it since the last push."""

from __future__ import annotations

from synthcore.exchange.market.ladder import Ladder


class Window:
    """The best `depth` levels of a ladder. Keys are prices in ticks times the ladder's sign."""

    def __init__(self, ladder: Ladder, depth: int) -> None:
        self._ladder = ladder
        self._depth = depth
        self._touched = ladder.watch()
        self._shown: dict[int, int] = {}
        self._last_key = 0  # of the shown

    def snapshot(self) -> dict[int, int]:
        """All levels, best first."""
        self._touched.clear()
        self._shown = self._ladder.best_levels(self._depth)
        self._last_key = self._ladder.key_at(self._depth - 1)
        return dict(self._shown)

    def changes(self) -> dict[int, int]:
        """Levels that came or changed, and 0 for those that left; best first.

        The cost is that of the changes, not of the window: only touched levels and those that the
        window's end has passed are looked at.
        """
        ladder, shown = self._ladder, self._shown
        last_key = ladder.key_at(self._depth - 1)
        suspects = self._touched
        if last_key != self._last_key:
            suspects.update(ladder.keys_between(min(last_key, self._last_key), max(last_key, self._last_key)))
        changed: dict[int, int] = {}
        for key in sorted(suspects):
            lots = ladder.lots.get(key, 0) if key <= last_key else 0
            if lots == shown.get(key, 0):
                continue
            changed[key] = lots
            if lots:
                shown[key] = lots
            else:
                del shown[key]
        suspects.clear()
        self._last_key = last_key
        return changed
