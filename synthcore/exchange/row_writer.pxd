"""Writes Structs of one kind as JSON without making them."""

cdef class RowWriter:
    cdef bytes _fixed           # what stands in every row alike, piece after piece
    cdef Py_ssize_t *_ends      # of each piece in `_fixed`; a value follows each but the last
    cdef Py_ssize_t _count      # of values

    cpdef bytes write(self, tuple values)
    cdef int append(self, tuple values) except -1
    cdef int open(self, tuple values) except -1
    cdef bytes close(self)

cdef int put_comma() except -1
