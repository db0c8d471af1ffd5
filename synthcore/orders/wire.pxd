"""The fast lane's way out: a trade socket, written to by compiled code on the socket's own event loop.

picows is cimported: its struct layout is our ABI, so it is pinned exactly in pyproject.toml.
"""

cimport cython
from picows.picows cimport WSTransport

from synthcore._core.lane cimport Wire


@cython.final
cdef class SocketWire(Wire):
    cdef WSTransport transport     # None while there is no connection

    cdef char *put_message(self, char *place, char *text, Py_ssize_t size) noexcept
