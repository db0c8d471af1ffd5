"""Symbol text (up to 24 bytes) to small integer, without Python objects and without the GIL.

One open-addressing table of three-word keys. Texts may be added by one thread while others look up.
"""

cimport cython
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy
from synthcore._core.atomics cimport count_one_shared, load_half_acquire
from synthcore._core.memory cimport Memory


cdef enum:
    SYMBOL_BYTES = 24              # of the longest text
    UNKNOWN_SYMBOL = -1


ctypedef struct SymbolText:        # 24 bytes, padded with zeros
    uint64_t word[3]


ctypedef struct SymbolBlock:       # 64 bytes, then SymbolText texts[capacity], then uint32_t index[slots]
    uint64_t magic
    uint64_t capacity              # symbols
    uint64_t slots                 # of the index: a power of two, at least twice the capacity
    uint64_t count                 # symbols added
    uint64_t unknown               # look-ups that found nothing
    uint64_t reserved[3]


cdef inline SymbolText *symbol_texts(const SymbolBlock *table) noexcept nogil:
    return <SymbolText *>(table + 1)


cdef inline uint32_t *symbol_index(const SymbolBlock *table) noexcept nogil:
    """Each entry: the id + 1 of the symbol that hashes here, 0 for none."""
    return <uint32_t *>(symbol_texts(table) + table.capacity)


cdef inline uint64_t symbol_hash(const SymbolText *key) noexcept nogil:
    cdef uint64_t mixed = (key.word[0] * 0x9E3779B97F4A7C15ULL) ^ (key.word[1] * 0xBF58476D1CE4E5B9ULL)
    mixed ^= key.word[2] * 0x94D049BB133111EBULL
    return mixed ^ (mixed >> 32)


cdef inline bint symbol_same(const SymbolText *one, const SymbolText *other) noexcept nogil:
    return ((one.word[0] ^ other.word[0]) | (one.word[1] ^ other.word[1]) | (one.word[2] ^ other.word[2])) == 0


cdef inline uint64_t symbol_slot(const SymbolBlock *table, const SymbolText *key) noexcept nogil:
    """The index entry that holds the key, or the empty one where it belongs."""
    cdef uint64_t slot = symbol_hash(key) & (table.slots - 1)
    cdef uint32_t entry
    while True:
        entry = load_half_acquire(&symbol_index(table)[slot])    # pairs with the release in symbols.pyx: add
        if entry == 0 or symbol_same(&symbol_texts(table)[entry - 1], key):
            return slot
        slot = (slot + 1) & (table.slots - 1)


cdef inline int symbol_find(const SymbolBlock *table, const char *text, size_t length) noexcept nogil:
    """The symbol's id, or -1. The text needs no terminator and is not kept."""
    cdef SymbolText key
    if length == 0 or length > SYMBOL_BYTES or text[length - 1] == 0:
        return UNKNOWN_SYMBOL
    key.word[0] = key.word[1] = key.word[2] = 0
    memcpy(&key, text, length)
    return <int>load_half_acquire(&symbol_index(table)[symbol_slot(table, &key)]) - 1


cdef inline int symbol_lookup(SymbolBlock *table, const char *text, size_t length) noexcept nogil:
    """As symbol_find; what is unknown is counted."""
    cdef int found = symbol_find(table, text, length)
    if found == UNKNOWN_SYMBOL:
        count_one_shared(&table.unknown)
    return found


@cython.final
cdef class SymbolTable:
    cdef Memory memory
    cdef SymbolBlock *block        # inside `memory`

    cdef int lookup(self, const char *text, size_t length) noexcept nogil    # the id, or -1, counted
