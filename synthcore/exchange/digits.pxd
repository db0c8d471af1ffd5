"""Numbers as the wire has them: written, rounded and read."""

cpdef str text(object value)
cpdef object round8(object value)


cdef class GridTexts:
    cdef object unit        # Decimal
    cdef dict texts         # by count of units

    cpdef str of(self, object count)
