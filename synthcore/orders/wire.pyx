"""The fast lane's way out, over picows."""

from picows.picows cimport WSMsgType


cdef class SocketWire(Wire):
    """Write frames to whichever connection is there."""

    cdef bint is_ready(self) noexcept nogil:
        return self.is_open and not self.transport.is_disconnected and not self.transport.is_close_frame_sent

    cdef int send(self, char *text, Py_ssize_t size) except -1:
        self.transport.send_reuse_external_buffer(WSMsgType.TEXT, text, size)
        return 0

    def open(self, WSTransport transport not None):
        """Send by this connection from now on."""
        self.transport = transport
        self.is_open = True

    def shut(self):
        """Send nothing more, until another connection is there."""
        self.is_open = False
        self.transport = None
