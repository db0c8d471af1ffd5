"""One side of a stream's book, compiled: levels are looked up by integers, and read as Decimals by who looks.

A frame changes few levels of many, and mostly nobody looks before the next one comes: what a level is worth
is not read before somebody asks for it. A frame as Bybit writes it is read where it lies; of any other the levels
are taken from whoever has decoded it.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdlib cimport free, realloc
from libc.string cimport memmove

from decimal import Decimal

DECIMALS = 10  # of a price that is understood
MOST_DIGITS = 18  # of a key

cdef enum:
    WHOLE = 8           # digits of a price in front of its point, at most
    DECIMAL = 10        # … and behind it

cdef long long[11] TEN_TO = [10**power for power in range(11)]
cdef object ENDLESS = Decimal("Infinity")


cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL


cdef class BookSide:
    """Levels, best first; `sign` is −1 for bids, so that keys ascend."""

    def __init__(self, long long sign):
        self._sign = sign
        self._rows, self._levels = [], []

    def __dealloc__(self):
        free(self._keys)
        free(self._read)

    def __len__(self):
        return len(self._rows)

    @property
    def texts(self):
        """Price and size as the venue wrote them. Not to be changed, nor kept."""
        cdef Py_ssize_t place
        if self._has_raw:
            for place in range(len(self._rows)):
                self._pair(place)
            self._has_raw = False
        return self._rows

    @property
    def levels(self):
        """Price and size as numbers. Not to be changed, nor kept."""
        cdef Py_ssize_t place
        cdef tuple pair
        if self._has_unread:
            for place in range(len(self._levels)):
                if self._levels[place] is None:
                    pair = self._pair(place)
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
        cdef Py_ssize_t at = 0
        cdef tuple pair
        self._read_count = 0
        self._read = <ReadLevel *>grown(self._read, &self._read_room, len(pairs), sizeof(ReadLevel))
        for pair in pairs:
            self._read[at].price = price_of(pair[0])
            self._read[at].is_gone = is_zero_size(pair[1])
            at += 1
        self._pairs, self._read_count = pairs, at

    cdef const char *scan(self, bytes text, const char *at) except? NULL:
        """Read the levels that stand in a frame's text from here on; gives what follows them.

        NULL where they are written otherwise than Bybit does. The text ends with a zero byte, which matches nothing.
        """
        cdef const char *start = PyBytes_AS_STRING(text)
        cdef ReadLevel level
        self._read_count, self._pairs, self._text = 0, None, text
        if at[0] != c"[":
            return NULL
        at += 1
        if at[0] == c"]":
            return at + 1
        while at[0] == c"[" and at[1] == c'"':
            level.start = at + 2 - start
            at = scan_level(at + 2, &level)
            if at == NULL:
                return NULL
            level.size = at - start - level.start
            at += 2     # `"]`
            self._read = <ReadLevel *>grown(self._read, &self._read_room, self._read_count + 1, sizeof(ReadLevel))
            self._read[self._read_count] = level
            self._read_count += 1
            if at[0] == c"]":
                return at + 1
            if at[0] != c",":
                return NULL
            at += 1
        return NULL

    cpdef replace(self):
        """Have the levels that were read, and no others."""
        self._rows, self._levels, self._has_raw = [], [], False
        self.update()

    cpdef update(self):
        """Change the levels that were read, and leave the others."""
        cdef Py_ssize_t at, place, count
        cdef long long key
        cdef bint is_known
        for at in range(self._read_count):
            key = self._sign * self._read[at].price
            count = len(self._levels)
            place = self._place_of(key, count)
            is_known = place < count and self._keys[place] == key
            if self._read[at].is_gone:
                if is_known:
                    self._remove(place, count)
            elif is_known:
                self._rows[place], self._levels[place] = self._row(at), None
                self._has_unread = True
            else:
                self._insert(place, count, key, self._row(at))
        self._read_count, self._pairs, self._text = 0, None, None

    cpdef remove_best(self):
        self._remove(0, len(self._levels))

    cpdef bint crosses(self, BookSide asks):
        """Whether the best of these bids reaches the best of those asks."""
        return len(self._levels) > 0 and len(asks._levels) > 0 and -self._keys[0] >= asks._keys[0]

    cdef object _row(self, Py_ssize_t at):
        """A level that was read, as its text."""
        if self._pairs is not None:
            return self._pairs[at]
        self._has_raw = True
        return PyBytes_FromStringAndSize(PyBytes_AS_STRING(self._text) + self._read[at].start, self._read[at].size)

    cdef tuple _pair(self, Py_ssize_t place):
        """Price and size at a place, as text."""
        row = self._rows[place]
        if type(row) is bytes:
            price, _, size = (<bytes>row).decode("ascii").partition('","')
            self._rows[place] = row = (price, size)
        return row

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
        del self._rows[place], self._levels[place]
        return 0

    cdef int _insert(self, Py_ssize_t place, Py_ssize_t count, long long key, row) except -1:
        self._keys = <long long *>grown(self._keys, &self._room, count + 1, sizeof(long long))
        memmove(&self._keys[place + 1], &self._keys[place], (count - place) * sizeof(long long))
        self._keys[place] = key
        self._rows.insert(place, row)
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


cdef const char *scan_level(const char *at, ReadLevel *level) noexcept:
    """Read a price and a size up to the closing quote; NULL where they are written otherwise than Bybit does."""
    cdef unsigned long long price = 0
    cdef const char *start = at
    cdef const char *point = NULL
    cdef Py_ssize_t decimals = 0
    while c"0" <= at[0] <= c"9" or (at[0] == c"." and point == NULL):
        if at[0] == c".":
            point = at
        else:
            price = 10 * price + (at[0] - c"0")
        at += 1
    if point != NULL:
        decimals = at - point - 1
    if decimals > DECIMAL or not 0 < (point if point != NULL else at) - start <= WHOLE or price == 0:
        return NULL
    if at[0] != c'"' or at[1] != c"," or at[2] != c'"':
        return NULL
    at += 3
    level.price, level.is_gone, start, point = price * TEN_TO[DECIMAL - decimals], True, at, NULL
    while c"0" <= at[0] <= c"9" or (at[0] == c"." and point == NULL):
        if at[0] == c".":
            point = at
        elif at[0] != c"0":
            level.is_gone = False
        at += 1
    if at - start - (point != NULL) < 1 or at[0] != c'"' or at[1] != c"]":
        return NULL
    return at


cdef void *grown(void *items, Py_ssize_t *room, Py_ssize_t needed, size_t size) except? NULL:
    """The same items with room for so many of this size."""
    if needed <= room[0] and items != NULL:
        return items
    cdef Py_ssize_t wanted = max(16, 2 * needed)
    cdef void *moved = realloc(items, wanted * size)
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
