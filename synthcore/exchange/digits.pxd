"""Numbers as the wire has them: written, rounded and read."""

cpdef str text(object value)
cpdef object round8(object value)


cdef class GridTexts:
    cdef object unit        # Decimal
    cdef dict texts         # by count of units
    cdef long long scaled   # the unit in 10⁻¹²; 0 where it is too large to count in

    cpdef str of(self, object count)
