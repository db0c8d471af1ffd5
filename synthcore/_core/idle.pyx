"""The eventfd, and holding idle states off."""

import os


cdef extern from "<unistd.h>" nogil:
    ssize_t read(int fd, void *data, size_t size) noexcept
    ssize_t write(int fd, const void *data, size_t size) noexcept


cdef void signal_event(int event_fd) noexcept nogil:
    # A full counter (2^64 - 2 signals unread) is refused with EAGAIN: the reader is woken already.
    cdef uint64_t one = 1
    write(event_fd, &one, sizeof(one))


cdef bint clear_event(int event_fd) noexcept nogil:
    cdef uint64_t signals
    return read(event_fd, &signals, sizeof(signals)) == sizeof(signals)


class IdleStates:
    """Hold the machine's idle states off: idle cores poll instead of halting, and wake in 5 µs instead of 50.

    Where the device can't be opened nothing changes, and `reason` says why. The hold ends with `release` (or the
    `with` block), and with the process in any case. Its price: idle cores use power though no thread is busy.

    Parameters
    ----------
    device
        The kernel's PM QoS device.
    """

    def __init__(self, device="/dev/cpu_dma_latency"):
        self.device = device
        self.reason = "not asked for yet"
        self._fd = -1

    @property
    def held(self):
        """Whether idle states are held off now."""
        return self._fd >= 0

    def hold(self):
        """Hold them off where the OS lets us; returns whether it did."""
        if self.held:
            return True
        try:
            fd = os.open(self.device, os.O_WRONLY | os.O_CLOEXEC)
        except OSError as error:
            self.reason = f"{self.device} can't be opened: {error.strerror}"
            return False
        try:
            os.write(fd, bytes(4))    # a latency of 0 µs, as a 32-bit integer
        except OSError as error:
            os.close(fd)
            self.reason = f"{self.device} can't be written: {error.strerror}"
            return False
        self._fd = fd
        self.reason = ""
        return True

    def release(self):
        """Let cores halt again."""
        if self.held:
            os.close(self._fd)
            self._fd = -1
            self.reason = "released"

    def __enter__(self):
        self.hold()
        return self

    def __exit__(self, *exception):
        self.release()
