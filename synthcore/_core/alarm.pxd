"""An alarm clock that an event loop can watch: the OS wakes it to the microsecond, not to the millisecond."""

from libc.stdint cimport int64_t


cdef class Alarm:
    cdef int fd                                     # a timerfd; -1 once it is closed

    cpdef set(self, int64_t after_ns)               # readable from then on; replaces what was set
    cpdef clear(self)                               # not readable any more, until the next `set`
