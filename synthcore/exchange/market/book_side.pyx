"""One side of a stream's book, compiled: levels are looked up by integers, and read as Decimals by who looks.

A frame changes few levels of many, and mostly nobody looks before the next one comes: what a level is worth
is not read before somebody asks for it.
"""

from libc.stdlib cimport free, realloc
from libc.string cimport memmove

from decimal import Decimal

DECIMALS = 10  # of a price that is understood
MOST_DIGITS = 18  # of a key

cdef object ENDLESS = Decimal("Infinity")
cdef object EMPTY = ()


cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL


cdef class BookSide:
    """Levels, best first; `sign` is −1 for bids, so that keys ascend."""

    cdef readonly list texts    # price and size as the venue wrote them
    cdef list _levels           # the same as Decimals; None where nobody has looked yet
    cdef bint _has_unread
    cdef long long *_keys       # the same prices in units of 10⁻¹⁰, times the sign
    cdef Py_ssize_t _room       # of `_keys`
    cdef long long _sign
    cdef long long *_read       # prices of the frame that is read, shifted; the last bit: its level is gone
    cdef Py_ssize_t _read_room
    cdef object _pairs          # of that frame

    def __init__(self, long long sign):
        self._sign = sign
        self.texts, self._levels = [], []
        self._pairs = EMPTY

    def __dealloc__(self):
        free(self._keys)
        free(self._read)

    def __len__(self):
        return len(self.texts)

    @property
    def levels(self):
        """Price and size as numbers. Not to be changed, nor kept."""
        cdef Py_ssize_t place
        cdef tuple pair
        if self._has_unread:
            for place in range(len(self._levels)):
                if self._levels[place] is None:
                    pair = self.texts[place]
                    self._levels[place] = (Decimal(pair[0]), Decimal(pair[1]))
            self._has_unread = False
        return self._levels

    def read(self, list pairs):
        """Read a frame's levels; nothing changes before `replace` or `update`.

        Raises
        ------
        ValueError, ArithmeticError
            A text that is no number, or a number that no level can have.
        """
        cdef Py_ssize_t at = 0, count = len(pairs)
        cdef long long price
        cdef bint is_gone
        cdef tuple pair
        self._read = <long long *>grown(self._read, &self._read_room, count)
        for pair in pairs:
            price = price_of(pair[0])
            is_gone = is_zero_size(pair[1])
            self._read[at] = (price << 1) | is_gone
            at += 1
        self._pairs = pairs

    def replace(self):
        """Have the levels that were read, and no others."""
        self.texts, self._levels = [], []
        self.update()

    def update(self):
        """Change the levels that were read, and leave the others."""
        cdef Py_ssize_t at = 0, place, count
        cdef long long key
        cdef bint is_known
        for pair in self._pairs:
            key = self._sign * (self._read[at] >> 1)
            count = len(self._levels)
            place = self._place_of(key, count)
            is_known = place < count and self._keys[place] == key
            if self._read[at] & 1:
                if is_known:
                    self._remove(place, count)
            elif is_known:
                self.texts[place], self._levels[place] = pair, None
                self._has_unread = True
            else:
                self._insert(place, count, key, pair)
            at += 1
        self._pairs = EMPTY

    def remove_best(self):
        self._remove(0, len(self._levels))

    def crosses(self, BookSide asks):
        """Whether the best of these bids reaches the best of those asks."""
        return len(self._levels) > 0 and len(asks._levels) > 0 and -self._keys[0] >= asks._keys[0]

    cdef Py_ssize_t _place_of(self, long long key, Py_ssize_t high) noexcept:
        """The first place whose key is not below this one."""
        cdef Py_ssize_t low = 0, middle
        while low < high:
            middle = (low + high) // 2
            if self._keys[middle] < key:
                low = middle + 1
            else:
                high = middle
        return low

    cdef int _remove(self, Py_ssize_t place, Py_ssize_t count) except -1:
        memmove(&self._keys[place], &self._keys[place + 1], (count - place - 1) * sizeof(long long))
        del self.texts[place], self._levels[place]
        return 0

    cdef int _insert(self, Py_ssize_t place, Py_ssize_t count, long long key, pair) except -1:
        self._keys = <long long *>grown(self._keys, &self._room, count + 1)
        memmove(&self._keys[place + 1], &self._keys[place], (count - place) * sizeof(long long))
        self._keys[place] = key
        self.texts.insert(place, pair)
        self._levels.insert(place, None)
        self._has_unread = True
        return 0


def laid_over(list sides):
    """The levels of the last side, then what lies behind them of the one before it, and so on."""
    cdef list levels = []
    cdef Py_ssize_t number, count, place = 0
    cdef long long last = 0
    cdef BookSide side
    for number in reversed(range(len(sides))):
        side = sides[number]
        count = len(side._levels)
        if levels:
            place = side._place_of(last + 1, count)
        if place < count:
            levels = side.levels if not levels else levels + side.levels[place:]
            last = side._keys[count - 1]
    return levels


cdef void *grown(void *numbers, Py_ssize_t *room, Py_ssize_t needed) except? NULL:
    """The same numbers with room for so many."""
    if needed <= room[0] and numbers != NULL:
        return numbers
    cdef Py_ssize_t wanted = max(16, 2 * needed)
    cdef void *moved = realloc(numbers, wanted * sizeof(long long))
    if moved == NULL:
        raise MemoryError
    room[0] = wanted
    return moved


cdef long long price_of(str text) except -1:
    """A price in units of 10⁻¹⁰."""
    cdef Py_ssize_t size, at, decimals = -1
    cdef const char *digits = PyUnicode_AsUTF8AndSize(text, &size)
    cdef long long price = 0
    if size <= MOST_DIGITS - DECIMALS:
        for at in range(size):
            if digits[at] == c"." and decimals < 0 and at > 0:
                decimals = 0
            elif c"0" <= digits[at] <= c"9":
                price = 10 * price + (digits[at] - c"0")
                decimals += decimals >= 0
            else:
                return unusual_price(text)
        if price > 0:
            for at in range(DECIMALS - max(0, decimals)):
                price *= 10
            return price
    return unusual_price(text)


cdef long long unusual_price(str text) except -1:
    """The same of any text that a number can have."""
    price = Decimal(text)
    if not 0 < price < ENDLESS:
        raise ValueError(f"a level has a price above 0, was {price}")
    units = price.scaleb(DECIMALS)
    if units != int(units) or units >= 10**MOST_DIGITS:
        raise ValueError(f"a price has at most {DECIMALS} decimals and is below 10⁸, was {price}")
    return int(units)


cdef bint is_zero_size(str text) except -1:
    """Whether a size says that its level is gone."""
    cdef Py_ssize_t size, at, points = 0, digits_seen = 0
    cdef const char *digits = PyUnicode_AsUTF8AndSize(text, &size)
    cdef bint is_zero = True
    for at in range(size):
        if digits[at] == c".":
            points += 1
        elif c"0" <= digits[at] <= c"9":
            digits_seen += 1
            is_zero = is_zero and digits[at] == c"0"
        else:
            points = 2
    if points <= 1 and digits_seen > 0:
        return is_zero
    number = Decimal(text)
    if not 0 <= number < ENDLESS:
        raise ValueError(f"a level has a size of 0 or more, was {number}")
    return number == 0
