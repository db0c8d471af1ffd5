"""Seeded numbers, the same as those of `random.Random`."""

cimport cython
from libc.stdint cimport uint32_t, uint64_t

cdef enum:
    WORDS = 624


@cython.final
cdef class Draws:
    cdef uint32_t _words[WORDS]     # the Mersenne Twister's state
    cdef int _at                    # the word that is drawn next
    cdef double _second             # normal numbers are made in pairs: the one that waits, …
    cdef bint _has_second           # … where one does

    cdef uint32_t word(self) noexcept
    cdef void _twist(self) noexcept
    cdef uint64_t bits(self, int count) noexcept        # 1 to 64
    cdef uint64_t below(self, uint64_t end) noexcept    # 0 to end − 1
    cpdef double random(self) noexcept
    cpdef double uniform(self, double low, double high) noexcept
    cpdef double gauss(self, double mean, double sigma) noexcept
    cpdef double expovariate(self, double rate) noexcept
    cpdef long long randrange(self, long long start, long long stop) noexcept
