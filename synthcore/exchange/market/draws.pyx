"""Seeded numbers, the same as those of `random.Random`, without the interpreter's part of the cost.

A market is defined by its seed, so these are Python's numbers to the last bit: its generator (MT19937) and the
formulas of its distributions. A generated frame takes about twenty of them.
"""

cimport cython
from libc.math cimport cos, log, pi, sin, sqrt

from random import Random

cdef enum:
    MIDDLE = 397
    UPPER = 0x80000000U
    LOWER = 0x7FFFFFFFU
    TWIST = 0x9908B0DFU


@cython.final
cdef class Draws:
    """What market code uses of `random.Random`.

    Parameters
    ----------
    seed
        Any int or str.
    """

    def __init__(self, seed):
        cdef tuple state = Random(seed).getstate()[1]
        cdef int place
        for place in range(WORDS):
            self._words[place] = state[place]
        self._at = state[WORDS]
        self._has_second = False

    def trade_id(self):
        """128 bits as the id of a trade: a UUID of version 5."""
        cdef uint64_t low = self.bits(64), high = self.bits(64)
        digits = f"{high:016x}{low:016x}"
        return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    cpdef double random(self) noexcept:
        """From 0 to 1, 1 excluded."""
        cdef uint32_t high = self.word() >> 5, low = self.word() >> 6
        return (high * 67108864.0 + low) * (1.0 / 9007199254740992.0)

    cpdef double uniform(self, double low, double high) noexcept:
        return low + (high - low) * self.random()

    cpdef double gauss(self, double mean, double sigma) noexcept:
        cdef double turn, radius
        if self._has_second:
            self._has_second = False
            return mean + self._second * sigma
        turn = self.random() * (2 * pi)
        radius = sqrt(-2.0 * log(1.0 - self.random()))
        self._second, self._has_second = sin(turn) * radius, True
        return mean + cos(turn) * radius * sigma

    cpdef double expovariate(self, double rate) noexcept:
        return -log(1.0 - self.random()) / rate

    cpdef long long randrange(self, long long start, long long stop) noexcept:
        """From `start` to `stop`, which is above it and excluded."""
        return start + <long long>self.below(stop - start)

    cdef uint64_t below(self, uint64_t end) noexcept:
        cdef int count = 0
        while count < 64 and end >> count:
            count += 1
        cdef uint64_t drawn = self.bits(count)
        while drawn >= end:
            drawn = self.bits(count)
        return drawn

    cdef uint64_t bits(self, int count) noexcept:
        if count <= 32:
            return self.word() >> (32 - count)
        cdef uint64_t low = self.word()
        return <uint64_t>(self.word() >> (64 - count)) << 32 | low

    cdef uint32_t word(self) noexcept:
        cdef uint32_t word
        if self._at >= WORDS:
            self._twist()
        word = self._words[self._at]
        self._at += 1
        word ^= word >> 11
        word ^= (word << 7) & 0x9D2C5680U
        word ^= (word << 15) & 0xEFC60000U
        return word ^ (word >> 18)

    cdef void _twist(self) noexcept:
        cdef int place, following
        cdef uint32_t joined
        for place in range(WORDS):
            following = place + 1 if place + 1 < WORDS else 0
            joined = (self._words[place] & UPPER) | (self._words[following] & LOWER)
            following = place + MIDDLE if place + MIDDLE < WORDS else place + MIDDLE - WORDS
            self._words[place] = self._words[following] ^ (joined >> 1) ^ (TWIST if joined & 1 else 0)
        self._at = 0
