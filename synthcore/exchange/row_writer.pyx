"""Rows written straight to JSON, as msgspec would write their Structs: only what differs is put together.

The fixed parts lie side by side in one piece of memory: an order that comes after a pause finds nothing in
the processor's caches, and pays for every place that it has to look at.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy

import msgspec

cdef object _encode = msgspec.json.Encoder().encode

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL

cdef extern from *:
    """
    #define MOST_DIGITS 21
    """
    enum: MOST_DIGITS


cdef struct Buffer:
    char *data
    Py_ssize_t size, room

cdef Buffer row = Buffer(NULL, 0, 0)    # the one that is being written; it keeps its room


cdef int grow(Py_ssize_t more) except -1:
    """Make room for so many bytes more."""
    cdef Py_ssize_t room = 2 * (row.size + more)
    if row.size + more <= row.room:
        return 0
    cdef char *data = <char *>realloc(row.data, room)
    if data == NULL:
        raise MemoryError("a row must fit into memory")
    row.data, row.room = data, room
    return 0


cdef int put(const char *data, Py_ssize_t size) except -1:
    grow(size)
    memcpy(row.data + row.size, data, size)
    row.size += size
    return 0


cdef int put_text(str text) except -1:
    """A text without its quotes; what JSON has to escape is left to msgspec."""
    cdef Py_ssize_t size, i
    cdef const char *data = PyUnicode_AsUTF8AndSize(text, &size)
    cdef bint is_plain = True
    for i in range(size):
        is_plain &= <unsigned char>data[i] >= 32 and data[i] != c'"' and data[i] != c"\\"
    if is_plain:
        return put(data, size)
    cdef bytes escaped = _encode(text)
    return put(PyBytes_AS_STRING(escaped) + 1, PyBytes_GET_SIZE(escaped) - 2)


cdef int put_number(long long value) except -1:
    cdef char digits[MOST_DIGITS]
    cdef int at = MOST_DIGITS
    cdef unsigned long long left = -<unsigned long long>value if value < 0 else <unsigned long long>value
    while True:
        at -= 1
        digits[at] = c"0" + <char>(left % 10)
        left //= 10
        if left == 0:
            break
    if value < 0:
        at -= 1
        digits[at] = c"-"
    return put(digits + at, MOST_DIGITS - at)


cdef int put_value(object value) except -1:
    """A text, a flag, a whole number, or bytes that are JSON already."""
    if isinstance(value, str):
        return put_text(<str>value)
    if value is True:
        return put(b"true", 4)
    if value is False:
        return put(b"false", 5)
    if isinstance(value, bytes):
        return put(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
    return put_number(value)


cdef bytes written():
    return PyBytes_FromStringAndSize(row.data, row.size)


cdef int put_comma() except -1:
    return put(b",", 1)


cdef class RowWriter:
    """Writes Structs of one kind, given the values of some of their fields.

    Parameters
    ----------
    kind
        The Struct: its fields' names, order and defaults.
    names
        The fields that differ, in the order of the Struct; texts, flags and whole numbers, anything else as
        the JSON that it is.
    fixed
        Fields that are the same in every row, unlike the defaults.
    """

    def __cinit__(self):
        self._ends = NULL

    def __init__(self, kind, names, **fixed):
        cdef list pieces = []
        cdef list left = list(names)
        cdef bytes piece = b"{"
        cdef Py_ssize_t i, end = 0
        for field in msgspec.structs.fields(kind):
            value = fixed.get(field.name, field.default)
            if value is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
                value = field.default_factory()
            if left and left[0] == field.name:
                quote = b'"' if field.type in (str, str | msgspec.UnsetType) else b""
                pieces.append(piece + b'"%s":%s' % (field.encode_name.encode(), quote))
                piece = quote + b","
                del left[0]
            elif value is msgspec.NODEFAULT:
                raise TypeError(f"a row's fields must have values, but {kind.__name__}.{field.name} has none")
            elif value is not msgspec.UNSET:
                piece += b'"%s":%s,' % (field.encode_name.encode(), _encode(value))
        if left:
            raise TypeError(f"a row's names must be fields of {kind.__name__} in their order, {left[0]} is not")
        pieces.append(piece.removesuffix(b",") + b"}")
        self._fixed, self._count = b"".join(pieces), len(pieces) - 1
        free(self._ends)
        self._ends = <Py_ssize_t *>malloc(len(pieces) * sizeof(Py_ssize_t))
        if self._ends == NULL:
            raise MemoryError("a row's pieces must fit into memory")
        for i in range(len(pieces)):
            end += len(pieces[i])
            self._ends[i] = end

    def __dealloc__(self):
        free(self._ends)

    cpdef bytes write(self, tuple values):
        """One row with these values."""
        row.size = 0
        self.append(values)
        return written()

    cdef int append(self, tuple values) except -1:
        """Add one row to what is being written."""
        if len(values) != self._count:
            raise TypeError(f"a row must have {self._count} values, was {len(values)}")
        cdef const char *fixed = PyBytes_AS_STRING(self._fixed)
        cdef Py_ssize_t i, begin = 0
        for i in range(self._count):
            put(fixed + begin, self._ends[i] - begin)
            put_value(values[i])
            begin = self._ends[i]
        return put(fixed + begin, self._ends[self._count] - begin)

    cdef int open(self, tuple values) except -1:
        """Begin a row whose last value is a list: its first values, up to the list's bracket."""
        cdef const char *fixed = PyBytes_AS_STRING(self._fixed)
        cdef Py_ssize_t i, begin = 0
        row.size = 0
        for i in range(self._count - 1):
            put(fixed + begin, self._ends[i] - begin)
            put_value(values[i])
            begin = self._ends[i]
        put(fixed + begin, self._ends[self._count - 1] - begin)
        return put(b"[", 1)

    cdef bytes close(self):
        """End the list and the row; gives all that was written."""
        cdef const char *fixed = PyBytes_AS_STRING(self._fixed)
        cdef Py_ssize_t begin = self._ends[self._count - 1]
        put(b"]", 1)
        put(fixed + begin, self._ends[self._count] - begin)
        return written()
