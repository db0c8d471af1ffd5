"""The part of one side of a book that a stream shows, and what changed in it since the last push."""

from synthcore.exchange.market.ladder cimport Ladder

cdef enum:
    LONGEST = 48    # bytes of a level: two numbers, quotes, brackets and a comma


cdef class Grid:
    """How the levels of one contract are written."""

    cdef long long scale        # of a unit's last decimal
    cdef int decimals

    def __init__(self, long long scale, int decimals):
        self.scale, self.decimals = scale, decimals


cdef class Window:
    """The best `depth` levels of a ladder. Keys are prices in ticks times the ladder's sign.

    Parameters
    ----------
    price, lot
        How its prices and sizes are written.
    """

    cdef Ladder _ladder
    cdef Py_ssize_t _depth
    cdef set _touched
    cdef dict _shown
    cdef long long _last_key    # of the shown
    cdef Grid _price
    cdef Grid _lot

    def __init__(self, Ladder ladder, Py_ssize_t depth, Grid price, Grid lot):
        self._ladder, self._depth, self._price, self._lot = ladder, depth, price, lot
        self._touched, self._shown = ladder.watch(), {}

    def snapshot(self):
        """All levels, best first, as a frame has them."""
        self._touched.clear()
        self._shown = self._ladder.best_levels(self._depth)
        self._last_key = self._ladder._keys[self._depth - 1]
        return self._written(self._shown)

    def changes(self):
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

    cdef str _written(self, dict levels):
        cdef bytearray room = bytearray(LONGEST * len(levels) + 1)
        cdef char *start = room
        cdef char *end = start
        cdef long long sign = self._ladder.sign
        for key, lots in levels.items():
            end = put_level(end, sign * <long long>key, self._price, lots, self._lot)
        return (<bytes>start[: end - start - 1]).decode("ascii") if end > start else ""


cdef char *put_level(char *end, long long ticks, Grid price, long long lots, Grid lot) noexcept:
    """Write a level, and a comma behind it."""
    end = put_text(end, b'["')
    end = put_number(end, ticks * price.scale, price.decimals)
    end = put_text(end, b'","')
    end = put_number(end, lots * lot.scale, lot.decimals if lots else 0)
    return put_text(end, b'"],')


cdef inline char *put_text(char *end, const char *text) noexcept:
    while text[0]:
        end[0] = text[0]
        end += 1
        text += 1
    return end


cdef char *put_number(char *end, long long units, int decimals) noexcept:
    """Write a number of so many decimals."""
    cdef char digits[24]
    cdef int count = 0
    while units or count <= decimals:
        digits[count] = <char>(c"0" + units % 10)
        units //= 10
        count += 1
    while count:
        count -= 1
        end[0] = digits[count]
        end += 1
        if count == decimals and decimals:
            end[0] = c"."
            end += 1
    return end
