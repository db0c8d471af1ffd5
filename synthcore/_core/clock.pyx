"""The clocks' face to Python."""

from posix.types cimport clockid_t


cdef extern from "<pthread.h>" nogil:
    ctypedef unsigned long pthread_t
    pthread_t pthread_self() noexcept
    int pthread_getcpuclockid(pthread_t thread, clockid_t *clock) noexcept


cdef clockid_t own_cpu_clock() noexcept nogil:
    cdef clockid_t clock = CLOCK_THREAD_CPUTIME_ID
    pthread_getcpuclockid(pthread_self(), &clock)
    return clock


def now_ns():
    """Return the monotonic clock, in ns: the clock of every `*_ns` stamp."""
    return monotonic_ns()


def own_cpu_ns():
    """Return the CPU time that the calling thread has used, in ns."""
    return thread_cpu_ns()
