"""A ring of 64-byte slots: lock-free, one producer, one consumer, drop-oldest, exact.

    producer   slot = ring_claim(block); fill it in place; ring_publish(block)
    consumer   while ring_pop(block, &copy): …

The block is pointer-free and can live in a mapping that two processes share. The memory-order argument is in
docs/ring.md, the layout in ring.h.
"""

cimport cython
from libc.stdint cimport uint64_t
from synthcore._core.memory cimport Memory
from synthcore._core.update cimport MarketUpdate
from synthcore._core.waiter cimport Waiter


cdef extern from "ring.h" nogil:
    ctypedef struct RingSlot:     # 64 bytes: the sequence word and seven payload words
        pass

    ctypedef struct RingBlock:    # 512 bytes, then the slots
        uint64_t capacity         # slots
        Waiter waiter             # where the consumer parks, if it does

    ctypedef struct RingCounts:   # dropped + popped + length == pushed, always
        uint64_t pushed
        uint64_t popped
        uint64_t dropped          # right at once, also before the consumer pops
        uint64_t length

    size_t ring_block_size(uint64_t capacity) noexcept
    bint ring_capacity_is_valid(uint64_t capacity) noexcept
    bint ring_is_built(const RingBlock *ring) noexcept
    void ring_build(RingBlock *ring, uint64_t capacity) noexcept

    # The producer's. A claimed slot is the producer's own until ring_publish, and must not be touched after:
    # the consumer may be reading it, and the next lap overwrites it. The oldest item of a full ring is gone
    # from the claim on, so claim when you know that you publish. Claiming twice gives the same slot.
    RingSlot *ring_claim(RingBlock *ring) noexcept
    void ring_publish(RingBlock *ring) noexcept
    void ring_push(RingBlock *ring, const void *item) noexcept    # claim, copy 56 bytes, publish

    # The consumer's. `out` receives a copy of 64 bytes, the sequence first; no pointer into the ring is given.
    bint ring_pop(RingBlock *ring, void *out) noexcept            # False: empty
    bint ring_is_empty(const RingBlock *ring) noexcept

    # Anybody's.
    RingCounts ring_counts(const RingBlock *ring) noexcept


@cython.final
cdef class Ring:
    cdef Memory memory
    cdef RingBlock *block         # inside `memory`

    # Claim, write in place, publish, for market updates; publish notes the time in publish_delta_ns.
    cdef MarketUpdate *claim_update(self) noexcept nogil
    cdef void publish_update(self, MarketUpdate *slot) noexcept nogil
