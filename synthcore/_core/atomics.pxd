"""C11 atomics on plain words, with the order in the name. Each use names its pair."""

from libc.stdint cimport uint32_t, uint64_t


cdef extern from "atomics.h" nogil:
    uint64_t load_relaxed(const uint64_t *word) noexcept
    uint64_t load_acquire(const uint64_t *word) noexcept
    void store_relaxed(uint64_t *word, uint64_t value) noexcept
    void store_release(uint64_t *word, uint64_t value) noexcept
    void count_one(uint64_t *counter) noexcept             # one writer, any readers
    void count_one_shared(uint64_t *counter) noexcept      # any writers

    uint32_t load_half_relaxed(const uint32_t *half) noexcept
    uint32_t load_half_acquire(const uint32_t *half) noexcept
    void store_half_relaxed(uint32_t *half, uint32_t value) noexcept
    void store_half_release(uint32_t *half, uint32_t value) noexcept

    void fence_acquire() noexcept
    void fence_release() noexcept
    void fence_full() noexcept
