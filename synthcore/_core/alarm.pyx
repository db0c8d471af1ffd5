"""A timerfd."""

import os

cimport cython

from libc.errno cimport errno


cdef extern from "<time.h>" nogil:
    enum:
        CLOCK_MONOTONIC
    struct timespec:
        long tv_sec
        long tv_nsec


cdef extern from "<sys/timerfd.h>" nogil:
    enum:
        TFD_NONBLOCK
        TFD_CLOEXEC
    struct itimerspec:
        timespec it_interval
        timespec it_value
    int timerfd_create(int clock, int flags) noexcept
    int timerfd_settime(int fd, int flags, const itimerspec *new, itimerspec *old) noexcept


@cython.final
cdef class Alarm:
    """An alarm clock with a file descriptor.

    Raises
    ------
    OSError
        The OS has no descriptor left.
    """

    def __cinit__(self):
        self.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)
        if self.fd < 0:
            raise OSError(errno, os.strerror(errno))

    def fileno(self):
        """The descriptor, to be watched for reading."""
        return self.fd

    cpdef set(self, int64_t after_ns):
        """Ring after this time; what was set before is forgotten."""
        cdef itimerspec when
        cdef int64_t wait_ns = max(after_ns, 1)       # 0 would mean never
        when.it_interval.tv_sec = when.it_interval.tv_nsec = 0
        when.it_value.tv_sec = wait_ns // 1_000_000_000
        when.it_value.tv_nsec = wait_ns % 1_000_000_000
        if timerfd_settime(self.fd, 0, &when, NULL) != 0:
            raise OSError(errno, os.strerror(errno))

    cpdef clear(self):
        """Be silent until the next `set`."""
        cdef itimerspec never
        never.it_interval.tv_sec = never.it_interval.tv_nsec = 0
        never.it_value.tv_sec = never.it_value.tv_nsec = 0
        timerfd_settime(self.fd, 0, &never, NULL)    # an expiry that nobody read is forgotten with it

    def close(self):
        """Give the descriptor back."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __dealloc__(self):
        if self.fd >= 0:
            os.close(self.fd)
