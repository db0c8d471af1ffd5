"""Where rings, tables and histograms live."""

import os

from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.errno cimport errno
from libc.stdint cimport uintptr_t
from libc.stdlib cimport free
from libc.string cimport memset


cdef extern from "<stdlib.h>" nogil:
    int posix_memalign(void **memory, size_t alignment, size_t size) noexcept


cdef extern from "<sys/mman.h>" nogil:
    int MCL_CURRENT, MCL_FUTURE
    int mlockall(int flags) noexcept
    int munlockall() noexcept


cdef int MCL_ONFAULT = 4           # since Linux 4.4; not in every C library's header
cdef size_t LINE = 64              # bytes; what a caller's buffer must be aligned to
cdef size_t OWN_ALIGNMENT = 128    # two lines: the processor fetches them in pairs


cdef class Memory:
    """A block of at least `size` bytes.

    Parameters
    ----------
    size
        Bytes.
    buffer
        Writable, contiguous, 64-byte aligned memory to use instead of our own.

    Raises
    ------
    ValueError
        If the buffer is too small or not aligned.
    BufferError
        If it is not writable or not contiguous.
    """

    def __cinit__(self, size_t size, buffer=None):
        self.size = size
        if buffer is None:
            self.address = zeroed(size)
            return
        PyObject_GetBuffer(buffer, &self.view, PyBUF_WRITABLE)
        self.is_borrowed = True
        if <size_t>self.view.len < size:
            raise ValueError(f"the buffer must have at least {size} bytes, had {self.view.len}")
        if <uintptr_t>self.view.buf % LINE != 0:
            raise ValueError(f"the buffer must be {LINE}-byte aligned, started at {<uintptr_t>self.view.buf:#x}")
        self.address = self.view.buf

    def __dealloc__(self):
        if self.is_borrowed:
            PyBuffer_Release(&self.view)
        else:
            free(self.address)

    cdef bint is_zero(self, size_t size) noexcept nogil:
        cdef const unsigned char *octet = <const unsigned char *>self.address
        cdef size_t i
        for i in range(size):
            if octet[i] != 0:
                return False
        return True


cdef void *zeroed(size_t size) except NULL:
    cdef void *memory = NULL
    if posix_memalign(&memory, OWN_ALIGNMENT, size) != 0:
        raise MemoryError(f"no memory for a block of {size} bytes")
    memset(memory, 0, size)        # also touches every page, so that no hot path meets a page fault
    return memory


class LockedMemory:
    """Keep the process's pages in memory once they are touched, so that none of them is read back from a disk.

    Where the OS refuses nothing changes, and `reason` says why. It ends with `release`, and with the process.
    """

    def __init__(self):
        self.held = False
        self.reason = "not asked for yet"

    def hold(self):
        """Lock what is touched now and later; returns whether the OS did."""
        self.held = mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0
        self.reason = "" if self.held else f"mlockall was refused: {os.strerror(errno)}"
        return self.held

    def release(self):
        if self.held:
            munlockall()
            self.held = False
            self.reason = "released"
