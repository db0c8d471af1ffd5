"""One side of a stream's book."""

cdef struct ReadLevel:
    long long price         # in units of 10⁻¹⁰
    bint is_gone
    Py_ssize_t start, size  # of its two numbers in the frame's text, where that was read


cdef class BookSide:
    cdef list _rows             # price and size as the venue wrote them: pairs, or bytes where nobody has looked yet
    cdef bint _has_raw          # whether there are such bytes
    cdef list _levels           # the same as Decimals; None where nobody has looked yet
    cdef bint _has_unread
    cdef long long *_keys       # the same prices, times the sign
    cdef Py_ssize_t _room       # of `_keys`
    cdef long long _sign
    cdef ReadLevel *_read       # levels of the frame that is read
    cdef Py_ssize_t _read_room
    cdef Py_ssize_t _read_count
    cdef list _pairs            # of that frame …
    cdef bytes _text            # … or the frame itself

    cdef const char *scan(self, bytes text, const char *at) except? NULL
    cpdef replace(self)
    cpdef update(self)
    cpdef remove_best(self)
    cpdef bint crosses(self, BookSide asks)
    cdef object _row(self, Py_ssize_t at)
    cdef tuple _pair(self, Py_ssize_t place)
    cdef Py_ssize_t _place_of(self, long long key, Py_ssize_t high) noexcept
    cdef int _remove(self, Py_ssize_t place, Py_ssize_t count) except -1
    cdef int _insert(self, Py_ssize_t place, Py_ssize_t count, long long key, row) except -1
