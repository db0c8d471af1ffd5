"""How far rejected candidates were from passing: the median of many shortfalls in fixed memory, within 1.6 %."""

from libc.stdint cimport uint64_t


cdef extern from "margins.h" nogil:
    ctypedef struct Margins:       # pointer-free, 24 KiB; one writer, any readers
        uint64_t count             # shortfalls of every kind
        uint64_t undefined         # NaN: the check could not be computed

    void margins_record(Margins *margins, double margin) noexcept    # its sign doesn't matter
    double margins_median(const Margins *margins) noexcept           # 0 or more; NaN if there are none
