"""Book frames as Bybit writes them: key order and number text."""

cdef enum:
    LONGEST = 48    # bytes of a level: two numbers, quotes, brackets and a comma


cdef class Grid:
    cdef long long scale        # of a unit's last decimal
    cdef int decimals

cdef char *put_level(char *end, long long ticks, Grid price, long long lots, Grid lot) noexcept  # and a comma
