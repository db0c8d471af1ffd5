"""Messages as they stand on the wire, for writing one of them to many connections."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy

cdef enum:
    TEXT = 0x81     # a whole text message in one frame
    SHORT = 126     # in place of a length: two bytes have it
    MEDIUM = 127    # … eight


cdef inline int header_size(Py_ssize_t size) noexcept:
    return 2 if size < SHORT else 4 if size < 1 << 16 else 10


cdef char *put(char *data, bytes text) noexcept:
    """Write one message; gives where the next one begins."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(text)
    cdef int header = header_size(size), at
    data[0] = <char>TEXT
    data[1] = <char>(size if header == 2 else SHORT if header == 4 else MEDIUM)
    for at in range(2, header):
        data[at] = <char>(size >> 8 * (header - 1 - at) & 0xFF)
    memcpy(data + header, PyBytes_AS_STRING(text), size)
    return data + header + size


cpdef bytes framed(bytes text):
    """A server's text message with its WebSocket header (RFC 6455, 5.2): unmasked, in one frame."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(text)
    cdef bytes message = PyBytes_FromStringAndSize(NULL, header_size(size) + size)
    put(PyBytes_AS_STRING(message), text)
    return message


def framed_all(list texts):
    """Several messages, one after the other."""
    cdef bytes text
    cdef Py_ssize_t size = 0
    for text in texts:
        size += header_size(PyBytes_GET_SIZE(text)) + PyBytes_GET_SIZE(text)
    cdef bytes whole = PyBytes_FromStringAndSize(NULL, size)
    cdef char *data = PyBytes_AS_STRING(whole)
    for text in texts:
        data = put(data, text)
    return whole


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
