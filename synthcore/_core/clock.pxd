"""The monotonic clock and threads' CPU clocks, in ns, without the GIL. Pairs with Python's time.monotonic_ns()."""

from libc.stdint cimport int64_t
from posix.time cimport CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID, clock_gettime, clockid_t, timespec


cdef inline int64_t clock_ns(clockid_t clock) noexcept nogil:
    """0 for a clock that no longer exists, such as the CPU clock of a thread that ended."""
    cdef timespec now
    if clock_gettime(clock, &now) != 0:
        return 0
    return <int64_t>now.tv_sec * 1_000_000_000 + now.tv_nsec


cdef inline int64_t monotonic_ns() noexcept nogil:
    return clock_ns(CLOCK_MONOTONIC)


cdef inline int64_t thread_cpu_ns() noexcept nogil:
    """CPU time of the calling thread."""
    return clock_ns(CLOCK_THREAD_CPUTIME_ID)


cdef clockid_t own_cpu_clock() noexcept nogil     # readable from other threads with clock_ns while this one lives
