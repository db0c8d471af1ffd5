"""A small value that one thread writes now and then and another reads on its hot path, without a lock."""

from libc.stdint cimport uint64_t


cdef extern from "cell.h" nogil:
    # `halves` has 2 * words words. Several writers must exclude each other.
    void cell_write(uint64_t *version, uint64_t *halves, unsigned int words, const void *value) noexcept
    # The version that was copied to `out`, 0 if nothing was ever written. Never waits for a writer.
    uint64_t cell_read(const uint64_t *version, const uint64_t *halves, unsigned int words, void *out) noexcept
