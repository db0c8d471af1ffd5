"""Latencies in fixed memory: log-linear buckets, count and maximum exact, percentiles within 0.4 %.

One writer; any thread may read or copy at any time. Recording needs no GIL.
"""

cimport cython
from libc.stdint cimport int64_t, uint64_t
from synthcore._core.memory cimport Memory


cdef extern from "histogram.h" nogil:
    enum:
        HISTOGRAM_BUCKETS

    ctypedef struct Histogram:     # pointer-free, 36 KiB
        uint64_t magic
        uint64_t max_ns            # exact
        uint64_t saturated         # records of 2^42 ns (73 minutes) and more
        uint64_t negative          # records below 0, which count as 0
        uint64_t bucket[HISTOGRAM_BUCKETS]

    void histogram_record(Histogram *histogram, int64_t ns) noexcept    # the writer's only
    unsigned int histogram_bucket(uint64_t ns) noexcept
    uint64_t histogram_middle_ns(unsigned int bucket) noexcept


@cython.final
cdef class LatencyHistogram:
    cdef Memory memory
    cdef Histogram *block          # inside `memory`; lives as long as this object
