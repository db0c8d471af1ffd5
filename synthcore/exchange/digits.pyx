"""Numbers as the wire has them, compiled: an order's frames hold about forty."""

from libc.string cimport memchr

import decimal
from decimal import Decimal

KEPT_TEXTS = 4096  # of a grid
MOST_DIGITS = 15  # before the point of a number that a client sent
MOST_DECIMALS = 12
MOST_COUNT_DIGITS = 18

cdef const char *HEX = "0123456789abcdef"
cdef enum:
    LONGEST_COUNTED = 16    # characters of a number that is counted in units
cdef long long MOST_SCALED = 900_000_000_000_000_000

cdef object E8 = Decimal("0.00000001")
cdef object HALF_UP = decimal.ROUND_HALF_UP


cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL


cpdef str text(object value):
    """Write a number as the private stream does: plain, without trailing zeros."""
    cdef Py_ssize_t size, end
    cdef str plain = str(value)
    cdef const char *digits = PyUnicode_AsUTF8AndSize(plain, &size)
    if memchr(digits, b"E", size) != NULL:
        plain = format(value, "f")
        digits = PyUnicode_AsUTF8AndSize(plain, &size)
    if memchr(digits, b".", size) != NULL:
        end = size
        while digits[end - 1] == b"0":
            end -= 1
        if digits[end - 1] == b".":
            end -= 1
        if end < size:
            plain = plain[:end]
    return "0" if plain == "-0" else plain


cpdef object round8(object value):
    """Round to 8 decimals, half up, as Bybit rounds fees and margins."""
    return value.quantize(E8, HALF_UP)


cdef Py_ssize_t digits_at(const char *data, Py_ssize_t size, Py_ssize_t at) noexcept:
    """How many digits stand there."""
    cdef Py_ssize_t end = at
    while end < size and c"0" <= data[end] <= c"9":
        end += 1
    return end - at


def read(str value):
    """Read a number that a client sent: plain digits, of a length that arithmetic can bear; else None."""
    cdef Py_ssize_t size, at = 0, whole, decimals = 0
    if not value.isascii():
        return None
    cdef const char *data = PyUnicode_AsUTF8AndSize(value, &size)
    if size and data[0] == c"-":
        at = 1
    whole = digits_at(data, size, at)
    at += whole
    if at < size and data[at] == c".":
        decimals = digits_at(data, size, at + 1)
        at += 1 + decimals
    return Decimal(value) if at == size and 0 < whole <= MOST_DIGITS and decimals <= MOST_DECIMALS else None


def read_count(str value):
    """Read a whole number of at most 18 plain digits that a client sent; anything else gives None."""
    cdef Py_ssize_t size
    if not value.isascii():
        return None
    cdef const char *data = PyUnicode_AsUTF8AndSize(value, &size)
    return int(value) if 0 < size <= MOST_COUNT_DIGITS and digits_at(data, size, 0) == size else None


def uuid_text(bits):
    """The UUID of version 4 that 128 bits make."""
    cdef bytes number = bits.to_bytes(16, "big")
    cdef const unsigned char *data = number
    cdef char digits[36]
    cdef int at, end = 0
    for at in range(16):
        if at in (4, 6, 8, 10):
            digits[end] = c"-"
            end += 1
        digits[end] = HEX[data[at] >> 4]
        digits[end + 1] = HEX[data[at] & 15]
        end += 2
    digits[14] = c"4"
    digits[19] = HEX[8 | data[8] >> 4 & 3]
    return digits[:36].decode("ascii")


cdef class GridTexts:
    """The numbers of a grid as rows write them, kept as they were asked for: the rows share them."""

    def __init__(self, unit):
        self.unit = unit
        self.texts = {}
        self.scaled = int(unit.scaleb(MOST_DECIMALS)) if unit < 1000 else 0

    def __repr__(self):
        return f"GridTexts({self.unit})"

    cpdef str of(self, object count):
        """`count` units, written."""
        known = self.texts.get(count)
        if known is None:
            if len(self.texts) >= KEPT_TEXTS:
                self.texts.clear()
            known = self.texts[count] = text(self.unit * count)
        return <str>known

    def count_of(self, str value):
        """How many units a plain number has; 0 where it is no such number, off the grid, 0 or too long."""
        cdef Py_ssize_t size, at = 0, decimals = -1
        cdef long long number = 0
        if not value.isascii() or self.scaled == 0:
            return 0
        cdef const char *data = PyUnicode_AsUTF8AndSize(value, &size)
        if size > LONGEST_COUNTED or size == 0 or data[0] == c"." or data[size - 1] == c".":
            return 0
        for at in range(size):
            if c"0" <= data[at] <= c"9":
                number = 10 * number + (data[at] - c"0")
                decimals += decimals >= 0
            elif data[at] == c"." and decimals < 0:
                decimals = 0
            else:
                return 0
        decimals = max(0, decimals)
        cdef long long unit = self.scaled
        for at in range(MOST_DECIMALS - decimals):
            if unit % 10:    # then the number is scaled instead
                if number > MOST_SCALED:
                    return 0
                number *= 10
            else:
                unit //= 10
        return number // unit if number % unit == 0 else 0
