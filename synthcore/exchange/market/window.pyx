"""The part of one side of a book that a stream shows, and what changed in it since the last push."""

from synthcore.exchange.market.book_text cimport LONGEST, Grid, put_level
from synthcore.exchange.market.ladder cimport Ladder


cdef class Window:
    """The best `depth` levels of a ladder. Keys are prices in ticks times the ladder's sign.

    Parameters
    ----------
    price, lot
        How its prices and sizes are written.
    """

    def __init__(self, Ladder ladder, Py_ssize_t depth, Grid price, Grid lot):
        self._ladder, self._depth, self._price, self._lot = ladder, depth, price, lot
        self._touched, self._shown = ladder.watch(), {}

    cpdef bytes snapshot(self):
        """All levels, best first, as a frame has them."""
        self._touched.clear()
        self._shown = self._ladder.best_levels(self._depth)
        self._last_key = self._ladder._keys[self._depth - 1]
        return self._written(self._shown)

    cpdef bytes changes(self):
        """Levels that came or changed, and 0 for those that left; best first, as a frame has them.

        The cost is that of the changes, not of the window: only touched levels and those that the
        window's end has passed are looked at.
        """
        cdef Ladder ladder = self._ladder
        cdef dict shown = self._shown, changed = {}, sizes = ladder.lots
        cdef long long last_key = ladder._keys[self._depth - 1], passed = self._last_key
        cdef set suspects = self._touched
        if last_key != passed:
            suspects.update(ladder.keys_between(min(last_key, passed), max(last_key, passed)))
        for key in sorted(suspects):
            lots = sizes.get(key, 0) if <long long>key <= last_key else 0
            if lots == shown.get(key, 0):
                continue
            changed[key] = lots
            if lots:
                shown[key] = lots
            else:
                del shown[key]
        suspects.clear()
        self._last_key = last_key
        return self._written(changed)

    cdef bytes _written(self, dict levels):
        cdef bytearray room = bytearray(LONGEST * len(levels) + 1)
        cdef char *start = room
        cdef char *end = start
        cdef long long sign = self._ladder.sign
        for key, lots in levels.items():
            end = put_level(end, sign * <long long>key, self._price, lots, self._lot)
        return start[: end - start - 1] if end > start else b""
