"""Messages as they stand on the wire, for writing one of them to many connections."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy

cdef enum:
    TEXT = 0x81     # a whole text message in one frame
    SHORT = 126     # in place of a length: two bytes have it
    MEDIUM = 127    # … eight


cpdef bytes framed(bytes text):
    """A server's text message with its WebSocket header (RFC 6455, 5.2): unmasked, in one frame."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(text)
    cdef int extra = 0 if size < SHORT else 2 if size < 1 << 16 else 8
    cdef bytes message = PyBytes_FromStringAndSize(NULL, 2 + extra + size)
    cdef char *data = PyBytes_AS_STRING(message)
    cdef int at
    data[0] = <char>TEXT
    data[1] = <char>(size if extra == 0 else SHORT if extra == 2 else MEDIUM)
    for at in range(extra):
        data[2 + at] = <char>(size >> 8 * (extra - 1 - at) & 0xFF)
    memcpy(data + 2 + extra, PyBytes_AS_STRING(text), size)
    return message


def messages(bytes data):
    """The texts of messages that `framed` wrote."""
    place = 0
    while place < len(data):
        size, place = data[place + 1], place + 2
        extra = {SHORT: 2, MEDIUM: 8}.get(size, 0)
        if extra:
            size = int.from_bytes(data[place : place + extra], "big")
        place += extra
        yield data[place : place + size]
        place += size
