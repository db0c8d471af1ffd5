"""The fast lane's way out, over picows."""

from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memcpy, memmove
from picows.picows cimport WSMsgType

from synthcore._core.clock cimport monotonic_ns
from synthcore._core.lane cimport LANE_LEGS


cdef class SocketWire(Wire):
    """Write frames to whichever connection is there, those of a trade in one write.

    picows sends each message by itself, so this joins two between its header and its write, and masks them.
    """

    cdef bint is_ready(self) noexcept nogil:
        return self.is_open and not self.transport.is_disconnected and not self.transport.is_close_frame_sent

    cdef int send_both(self, char **texts, Py_ssize_t *sizes, int64_t *sent_ns) except -1:
        cdef char *first
        cdef char *end
        cdef int leg
        self.transport._check_thread("send_both")
        first = end = texts[0] - self.transport._get_header_size(sizes[0])
        for leg in range(LANE_LEGS):
            end = self.put_message(end, texts[leg], sizes[leg])
        self.transport._fast_write(first, end - first)
        for leg in range(LANE_LEGS):
            sent_ns[leg] = monotonic_ns()
        return 0

    cdef char *put_message(self, char *place, char *text, Py_ssize_t size) noexcept:
        """Put header and masked text where the last message ended; gives the end of this one."""
        cdef Py_ssize_t header_size = self.transport._get_header_size(size)
        cdef char *header = text - header_size
        mask_text(text, size, self.transport._prepare_header(<uint8_t *>header, WSMsgType.TEXT, size, True, False, False, False))
        memmove(place, header, header_size + size)
        return place + header_size + size

    def open(self, WSTransport connection not None):
        """Send by this connection from now on."""
        self.transport = connection
        self.is_open = True

    def shut(self):
        """Send nothing more, until another connection is there."""
        self.is_open = False
        self.transport = None


cdef inline void mask_text(char *text, Py_ssize_t size, uint32_t mask) noexcept nogil:
    """Mask a text (RFC 6455, 5.3): each byte with the mask's byte of its turn."""
    cdef char[4] turns
    cdef Py_ssize_t i
    memcpy(turns, &mask, sizeof(mask))
    for i in range(size):
        text[i] ^= turns[i & 3]
