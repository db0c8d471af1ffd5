"""One block of pointer-free memory, 64-byte aligned: our own, or a caller's buffer such as a shared mapping."""

cimport cython
from cpython.buffer cimport Py_buffer


@cython.final
cdef class Memory:
    cdef void *address             # lives as long as this object; zeroed if it is our own
    cdef size_t size               # bytes
    cdef bint is_borrowed          # a caller's buffer
    cdef Py_buffer view            # keeps that buffer exported

    cdef bint is_zero(self, size_t size) noexcept nogil    # whether the first bytes are all zero
