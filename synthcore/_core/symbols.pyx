"""The symbol table's face to Python: what may be a symbol, adding, looking up."""

import re

from synthcore._core.atomics cimport load_acquire, load_relaxed, store_half_release, store_release


cdef uint64_t MAGIC = 0x31306d7973795953ULL    # "SYsym01"
cdef int MAX_CAPACITY = 32_767                 # ids are 16 bits in an update

SYMBOL = re.compile(r"[A-Za-z0-9._/-]{1,24}", re.ASCII)


cdef class SymbolTable:
    """Symbol text to small integer: 0, 1, 2, … in the order of adding.

    Parameters
    ----------
    capacity
        The most symbols that it can hold, 1 to 32767.
    buffer
        Writable, 64-byte aligned memory of at least `SymbolTable.size_for(capacity)` bytes, such as a shared
        mapping. Zeroed memory becomes a new table; memory that holds a table of this capacity is joined.

    Raises
    ------
    ValueError
        If the capacity is out of range, or the buffer can't hold the table or holds something else.
    """

    def __cinit__(self, int capacity=1024, buffer=None):
        check_capacity(capacity)
        self.memory = Memory(block_size(capacity), buffer)
        self.block = <SymbolBlock *>self.memory.address
        if load_acquire(&self.block.magic) != MAGIC:
            if not self.memory.is_zero(block_size(capacity)):
                raise ValueError("the buffer must be zeroed or hold a symbol table, held something else")
            self.block.capacity = capacity
            self.block.slots = slots_for(capacity)
            store_release(&self.block.magic, MAGIC)    # pairs with the acquire above
        elif self.block.capacity != <uint64_t>capacity:
            raise ValueError(f"the buffer holds a table for {self.block.capacity} symbols, capacity was {capacity}")

    @staticmethod
    def size_for(int capacity):
        """Return the bytes that a table of this capacity needs."""
        check_capacity(capacity)
        return block_size(capacity)

    cdef int lookup(self, const char *text, size_t length) noexcept nogil:
        return symbol_lookup(self.block, text, length)

    def add(self, str text):
        """Return the symbol's id, the same one each time.

        Raises
        ------
        ValueError
            If the text can't be a symbol, or the table is full.
        """
        if SYMBOL.fullmatch(text) is None:
            raise ValueError(f"a symbol must be 1 to 24 of A-Z a-z 0-9 . _ / -, was {text!r}")
        cdef bytes encoded = text.encode("ascii")
        cdef SymbolText key
        cdef uint64_t count = self.block.count
        cdef int found = symbol_find(self.block, encoded, len(encoded))
        if found != UNKNOWN_SYMBOL:
            return found
        if count == self.block.capacity:
            raise ValueError(f"the symbol table holds {count} symbols and is full, no room for {text!r}")
        key.word[0] = key.word[1] = key.word[2] = 0
        memcpy(&key, <const char *>encoded, len(encoded))
        symbol_texts(self.block)[count] = key
        # Pairs with the acquire in symbol_slot: who finds the entry finds the text.
        store_half_release(&symbol_index(self.block)[symbol_slot(self.block, &key)], <uint32_t>(count + 1))
        store_release(&self.block.count, count + 1)    # pairs with the acquire in __len__
        return count

    def id(self, str text):
        """Return the symbol's id, or -1 for an unknown one, which is counted."""
        cdef bytes encoded = text.encode("utf-8")
        return symbol_lookup(self.block, encoded, len(encoded))

    def text(self, int symbol_id):
        """Return the symbol of an id.

        Raises
        ------
        IndexError
            If nobody has this id.
        """
        cdef int count = len(self)
        if not 0 <= symbol_id < count:
            raise IndexError(f"a symbol id must be 0 to {count - 1} here, was {symbol_id}")
        cdef const char *octets = <const char *>&symbol_texts(self.block)[symbol_id]
        return octets[:SYMBOL_BYTES].rstrip(b"\0").decode("ascii")

    def __len__(self):
        return load_acquire(&self.block.count)

    def __contains__(self, text):
        return isinstance(text, str) and self.find(text) != UNKNOWN_SYMBOL

    def find(self, str text):
        """Return the symbol's id, or -1; as `id`, without counting."""
        cdef bytes encoded = text.encode("utf-8")
        return symbol_find(self.block, encoded, len(encoded))

    @property
    def capacity(self):
        """The most symbols that it can hold."""
        return self.block.capacity

    @property
    def unknown(self):
        """Look-ups that found nothing."""
        return load_relaxed(&self.block.unknown)

    def __repr__(self):
        return f"SymbolTable({len(self)} of {self.capacity} symbols, {self.unknown} unknown)"


cdef int check_capacity(int capacity) except -1:
    if not 1 <= capacity <= MAX_CAPACITY:
        raise ValueError(f"capacity must be 1 to {MAX_CAPACITY}, was {capacity}")
    return 0


cdef uint64_t slots_for(uint64_t capacity) noexcept:
    cdef uint64_t slots = 2
    while slots < 2 * capacity:
        slots *= 2
    return slots


cdef size_t block_size(uint64_t capacity) noexcept:
    return sizeof(SymbolBlock) + capacity * sizeof(SymbolText) + slots_for(capacity) * sizeof(uint32_t)
