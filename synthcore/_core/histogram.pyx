"""The histogram's face to Python: record, percentiles, merge."""

from libc.math cimport ceil
from synthcore._core.atomics cimport load_acquire, load_relaxed, store_relaxed, store_release


cdef uint64_t MAGIC = 0x3230747369685953ULL    # "SYhist02"


cdef class LatencyHistogram:
    """Latencies in ns, in 36 KiB however many there are.

    `count` and `max` are exact; percentiles are within 0.4 % (nearest rank). One thread records; any may read.

    Parameters
    ----------
    buffer
        Writable, 64-byte aligned memory of at least `LatencyHistogram.size` bytes, such as a shared mapping.
        Zeroed memory becomes a new histogram; memory that holds one is joined.
    """

    size = sizeof(Histogram)

    def __cinit__(self, buffer=None):
        self.memory = Memory(sizeof(Histogram), buffer)
        self.block = <Histogram *>self.memory.address
        if load_acquire(&self.block.magic) != MAGIC:
            if not self.memory.is_zero(sizeof(Histogram)):
                raise ValueError("the buffer must be zeroed or hold a histogram, held something else")
            store_release(&self.block.magic, MAGIC)    # pairs with the acquire above

    def record(self, int64_t ns):
        """Count one latency. Below 0 it counts as 0, and as `negative`."""
        histogram_record(self.block, ns)

    def percentile(self, double q):
        """Return the latency in ns that q percent of the records don't exceed, within 0.4 %; 0 if there are none.

        Raises
        ------
        ValueError
            If q is not within 0 to 100.
        """
        return self.percentiles([q])[0]

    def percentiles(self, qs):
        """Return the percentile for each q, all of the same moment."""
        cdef list counts = [load_relaxed(&self.block.bucket[i]) for i in range(HISTOGRAM_BUCKETS)]
        cdef uint64_t max_ns = load_relaxed(&self.block.max_ns)
        cdef uint64_t count = sum(counts)
        return [value_at(counts, rank_of(q, count), max_ns) for q in qs]

    def summary(self):
        """Return count, p50, p95, p99, p999 and max; all but the count in ns."""
        p50, p95, p99, p999 = self.percentiles((50.0, 95.0, 99.0, 99.9))
        return {"count": self.count, "p50": p50, "p95": p95, "p99": p99, "p999": p999, "max": self.max}

    def merge(self, LatencyHistogram other not None):
        """Add the other's records to ours. For the thread that records here."""
        cdef int i
        for i in range(HISTOGRAM_BUCKETS):
            add(&self.block.bucket[i], &other.block.bucket[i])
        add(&self.block.saturated, &other.block.saturated)
        add(&self.block.negative, &other.block.negative)
        if load_relaxed(&other.block.max_ns) > load_relaxed(&self.block.max_ns):
            store_relaxed(&self.block.max_ns, load_relaxed(&other.block.max_ns))

    def reset(self):
        """Forget all records. For the thread that records here."""
        cdef int i
        for i in range(HISTOGRAM_BUCKETS):
            store_relaxed(&self.block.bucket[i], 0)
        store_relaxed(&self.block.max_ns, 0)
        store_relaxed(&self.block.saturated, 0)
        store_relaxed(&self.block.negative, 0)

    @property
    def count(self):
        """Records, exact."""
        cdef uint64_t count = 0
        for i in range(HISTOGRAM_BUCKETS):
            count += load_relaxed(&self.block.bucket[i])
        return count

    @property
    def max(self):
        """The largest record in ns, exact; 0 if there are none."""
        return load_relaxed(&self.block.max_ns)

    @property
    def saturated(self):
        """Records of 73 minutes and more, beyond what percentiles tell apart."""
        return load_relaxed(&self.block.saturated)

    @property
    def negative(self):
        """Records below 0, counted as 0."""
        return load_relaxed(&self.block.negative)

    def __len__(self):
        return self.count

    def __repr__(self):
        return f"LatencyHistogram({', '.join(f'{key}={value}' for key, value in self.summary().items())})"


cdef int add(uint64_t *ours, const uint64_t *theirs) except -1:
    store_relaxed(ours, load_relaxed(ours) + load_relaxed(theirs))
    return 0


cdef object rank_of(double q, uint64_t count):
    """Nearest rank, from 1."""
    if not 0.0 <= q <= 100.0:
        raise ValueError(f"a percentile must be 0 to 100, was {q}")
    # 99.9 / 100 * 1000 is a little above 999: without the slack it would be rank 1000.
    return max(1, <int64_t>ceil(q / 100.0 * count - 1e-9 * count))


cdef uint64_t value_at(list counts, uint64_t rank, uint64_t max_ns) except? 0:
    cdef uint64_t seen = 0
    cdef int bucket
    for bucket in range(HISTOGRAM_BUCKETS):
        seen += <uint64_t>counts[bucket]
        if seen >= rank:
            return max_ns if bucket == HISTOGRAM_BUCKETS - 1 else min(histogram_middle_ns(bucket), max_ns)
    return 0
