"""Taker orders of a generated market, compiled: how many fills each has, how large, at which prices."""

from libc.math cimport exp, rint

from synthcore.exchange.market.draws cimport Draws

cdef int MOST_FILLS = 600
cdef double FILLS_MEDIAN = 1.32         # of one order in a usual mood
cdef double FILLS_SIGMA = 1.3
cdef double SMALLEST_SHARE = 0.33       # of fills
cdef double SMALLEST_USDT = 92.0        # value of BTCUSDT's smallest lot
cdef double FILL_MEDIAN_USDT = 900.0    # of the other fills
cdef double FILL_SIGMA = 1.85


cdef class Taker:
    """Makes orders whose fills are worth the same in every contract, in whole lots."""

    cdef double _lot_usdt
    cdef Draws _draws

    def __init__(self, double lot_usdt, Draws draws):
        self._lot_usdt, self._draws = lot_usdt, draws

    def order(self, long long first_ticks, long long final_ticks, double heat=1.0):
        """Ticks and lots of each fill of one order that eats its way from the first price to the final one.

        `heat` says how many more fills it has than usual.
        """
        cdef Draws draws = self._draws
        cdef double drawn = rint(FILLS_MEDIAN * heat * exp(draws.gauss(0.0, FILLS_SIGMA)))
        cdef Py_ssize_t count = <Py_ssize_t>min(MOST_FILLS, max(1.0, drawn)), number
        cdef long long distance = final_ticks - first_ticks
        cdef list fills = []
        if not distance:
            for number in range(count):
                fills.append((first_ticks, self._lots()))
            return fills
        for way in sorted([draws.random() for number in range(count)]):
            fills.append((first_ticks + <long long>rint(distance * <double>way), self._lots()))
        return fills

    cdef long long _lots(self) noexcept:
        cdef double value_usdt = SMALLEST_USDT
        if self._draws.random() >= SMALLEST_SHARE:
            value_usdt = FILL_MEDIAN_USDT * exp(self._draws.gauss(0.0, FILL_SIGMA))
        return max(1, <long long>rint(value_usdt / self._lot_usdt))
