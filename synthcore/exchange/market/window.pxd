"""The part of one side of a generated book that a stream shows."""

from synthcore.exchange.market.book_text cimport Grid
from synthcore.exchange.market.ladder cimport Ladder


cdef class Window:
    cdef Ladder _ladder
    cdef Py_ssize_t _depth
    cdef set _touched
    cdef dict _shown
    cdef long long _last_key    # of the shown
    cdef Grid _price
    cdef Grid _lot

    cpdef bytes snapshot(self)
    cpdef bytes changes(self)
    cdef bytes _written(self, dict levels)
