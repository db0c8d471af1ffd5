"""The ring's face to Python: memory, market updates in and out, exact counts."""

from libc.stdint cimport int16_t, int64_t
from libc.string cimport memcpy
from synthcore._core.clock cimport monotonic_ns
from synthcore._core.update cimport update_stamp, update_write


cdef uint64_t MAX_CAPACITY = 1 << 20    # slots: 64 MiB


cdef class Ring:
    """A lock-free ring of market updates: one producer, one consumer, drop-oldest, exact.

    One thread (or process) pushes, one pops; everybody may look at the counts.
    When the ring is full a push overwrites the oldest update, which counts as dropped at once.

    Parameters
    ----------
    capacity
        Slots of 64 bytes, a power of two, at most 1048576.
    buffer
        Writable, 64-byte aligned memory of at least `Ring.size_for(capacity)` bytes, such as a shared mapping.
        Zeroed memory becomes a new ring; memory that holds a ring of this capacity is joined.

    Raises
    ------
    ValueError
        If the capacity is no power of two or too large, or the buffer can't hold the ring or holds another one.
    """

    def __cinit__(self, capacity, buffer=None):
        check_capacity(capacity)
        self.memory = Memory(ring_block_size(capacity), buffer)
        self.block = <RingBlock *>self.memory.address
        if ring_is_built(self.block):
            check_same(self.block, capacity)
        elif self.memory.is_zero(sizeof(RingBlock)):
            ring_build(self.block, capacity)
        else:
            raise ValueError("the buffer must be zeroed or hold a ring, held something else")

    @staticmethod
    def size_for(capacity):
        """Return the bytes that a ring of this capacity needs."""
        check_capacity(capacity)
        return ring_block_size(capacity)

    cdef MarketUpdate *claim_update(self) noexcept nogil:
        return <MarketUpdate *>ring_claim(self.block)

    cdef void publish_update(self, MarketUpdate *slot) noexcept nogil:
        update_stamp(slot, monotonic_ns())
        ring_publish(self.block)

    def push(
        self, int16_t symbol_id, double bid, double ask, double bid_size, double ask_size,
        int64_t exchange_us, int64_t recv_ns,
    ):
        """Publish one update; it never waits and never fails. The oldest is dropped from a full ring."""
        cdef MarketUpdate *slot = self.claim_update()
        update_write(slot, symbol_id, 0, bid, ask, bid_size, ask_size, exchange_us, recv_ns)
        self.publish_update(slot)

    def pop(self):
        """Take the oldest update.

        Returns
        -------
        tuple or None
            What was pushed, in the same order: symbol_id, bid, ask, bid_size, ask_size, exchange_us, recv_ns.
        """
        cdef MarketUpdate update
        if not ring_pop(self.block, &update):
            return None
        return (
            update.symbol_id,
            update.bid_px,
            update.ask_px,
            update.bid_qty,
            update.ask_qty,
            update.exchange_us,
            update.recv_ns,
        )

    def pop_into(self, updates):
        """Take the oldest updates, as many as wait and fit.

        Parameters
        ----------
        updates
            Writable, contiguous memory of whole 64-byte records, such as an array of dtype
            `synthcore.strategies.compiled.UPDATE`.

        Returns
        -------
        int
            How many records were written.
        """
        cdef unsigned char[::1] octets = memoryview(updates).cast("B")
        cdef Py_ssize_t room = octets.shape[0] // <Py_ssize_t>sizeof(MarketUpdate)
        cdef Py_ssize_t taken = 0
        cdef MarketUpdate update
        if octets.shape[0] % <Py_ssize_t>sizeof(MarketUpdate) != 0:
            raise ValueError(f"the memory must be whole records of {sizeof(MarketUpdate)} bytes, was {octets.shape[0]}")
        while taken < room and ring_pop(self.block, &update):
            memcpy(&octets[taken * <Py_ssize_t>sizeof(MarketUpdate)], &update, sizeof(MarketUpdate))
            taken += 1
        return taken

    def __len__(self):
        return ring_counts(self.block).length

    def counts(self):
        """Return one consistent view: pushed, popped, dropped, length; the last three add up to the first."""
        cdef RingCounts counts = ring_counts(self.block)
        return (counts.pushed, counts.popped, counts.dropped, counts.length)

    @property
    def capacity(self):
        """Slots."""
        return self.block.capacity

    @property
    def pushed(self):
        """Updates published since the ring was built."""
        return ring_counts(self.block).pushed

    @property
    def dropped(self):
        """Updates overwritten before anybody popped them."""
        return ring_counts(self.block).dropped

    def __repr__(self):
        return f"Ring(capacity={self.capacity}, length={len(self)}, dropped={self.dropped})"


cdef int check_capacity(object capacity) except -1:
    if not isinstance(capacity, int):
        raise TypeError(f"capacity must be an int, was {capacity!r}")
    if capacity > MAX_CAPACITY:
        raise ValueError(f"capacity must be at most {MAX_CAPACITY}, was {capacity}")
    if capacity < 1 or not ring_capacity_is_valid(capacity):
        raise ValueError(f"capacity must be a power of two, was {capacity}")
    return 0


cdef int check_same(const RingBlock *block, uint64_t capacity) except -1:
    if block.capacity != capacity:
        raise ValueError(f"the buffer holds a ring of {block.capacity} slots, capacity was {capacity}")
    return 0
