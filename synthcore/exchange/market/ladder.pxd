"""One side of a generated book."""

from synthcore.exchange.market.draws cimport Draws


cdef class Ladder:
    cdef readonly long long sign
    cdef readonly dict lots         # by key
    cdef list _keys                 # best first
    cdef list _watchers             # sets of the keys whose sizes changed
    cdef object _depth
    cdef Draws _draws
    cdef double _top_lots
    cdef double _deep_lots          # median size of a level
    cdef list _deep_sizes           # quantiles, relative to that
    cdef list _stirred
    cdef Py_ssize_t _full_from
    cdef tuple _steps
    cdef double _gone
    cdef double _gone_in_front

    cdef set watch(self)
    cpdef dict best_levels(self, Py_ssize_t depth)
    cdef list keys_between(self, long long after, long long until)
    cdef Py_ssize_t stirred(self) except -1
    cdef int change_behind(self) except -1
    cdef int _fill_gap(self, long long best_key) except -1
    cdef int _fill_behind(self) except -1
    cdef int _drop_behind(self) except -1
    cdef int _insert(self, long long key, long long lots) except -1
    cdef int _resize(self, key, long long lots) except -1
    cdef int _forget(self, key) except -1
    cdef long long _step(self) except -1
    cdef long long _top_size(self) except -1
    cdef long long _deep_size(self, Py_ssize_t place) except -1
