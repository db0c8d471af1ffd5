"""One stream's book of one symbol, compiled: most of a market's frames are books."""

from cpython.bytes cimport PyBytes_AS_STRING

from synthcore.exchange.market.book_side cimport BookSide

from synthcore.exchange.market.book_message import decode_book
from synthcore.exchange.market.frames import book_frame

cdef enum:
    MOST_DIGITS = 18    # of a number that is read here

cdef struct Numbers:
    long long u, seq, ts_ms, cts_ms
    bint is_whole, has_bids


cdef class BookState:
    """Levels of both sides, and the numbers of the last frame."""

    cdef readonly BookSide bids
    cdef readonly BookSide asks
    cdef readonly long long u
    cdef readonly long long seq
    cdef long long _ts_ms
    cdef long long _cts_ms

    def __cinit__(self):
        self.bids, self.asks = BookSide(-1), BookSide(1)

    @property
    def is_two_sided(self):
        return len(self.bids) > 0 and len(self.asks) > 0

    def apply(self, bytes text):
        """Apply one frame; returns how many stale levels had to go because the new ones crossed them.

        Raises
        ------
        DecodeError, UnicodeDecodeError, ValueError, ArithmeticError
            The frame can't be read; nothing has changed.
        """
        cdef Numbers numbers
        if not self._scan(text, &numbers):
            numbers = self._decoded(text)
        if numbers.is_whole:
            self.bids.replace()
            self.asks.replace()
        else:
            self.bids.update()
            self.asks.update()
        self.u, self.seq, self._ts_ms, self._cts_ms = numbers.u, numbers.seq, numbers.ts_ms, numbers.cts_ms
        return self._uncross(numbers.has_bids)

    def snapshot(self, int depth, str symbol, long long ts_ms):
        """The whole book as a frame, at this time or the last frame's."""
        return book_frame(
            depth,
            symbol,
            "snapshot",
            self.bids.texts,
            self.asks.texts,
            u=self.u,
            seq=self.seq,
            ts_ms=max(ts_ms, self._ts_ms),
            cts_ms=self._cts_ms,
        )

    cdef bint _scan(self, bytes text, Numbers *numbers) except -1:
        """Read a frame where it lies; False where it is written otherwise than Bybit does."""
        cdef const char *at = past_text(past(PyBytes_AS_STRING(text), b'{"topic":"'))
        cdef const char *behind_ts = past_number(past(at, b',"ts":'), &numbers.ts_ms)
        if behind_ts != NULL:    # level 1 has its time in front of the type
            at = past_type(behind_ts, &numbers.is_whole)
        else:
            at = past_type(at, &numbers.is_whole)
            at = past_number(past(at, b',"ts":'), &numbers.ts_ms)
        at = past(past_text(past(at, b',"data":{"s":"')), b',"b":')
        at = self.bids.scan(text, at) if at != NULL else NULL
        numbers.has_bids = self.bids._read_count > 0
        at = past(at, b',"a":')
        at = self.asks.scan(text, at) if at != NULL else NULL
        at = past_number(past(at, b',"u":'), &numbers.u)
        at = past_number(past(at, b',"seq":'), &numbers.seq)
        at = past_number(past(at, b'},"cts":'), &numbers.cts_ms)
        at = past(at, b"}")
        return at == PyBytes_AS_STRING(text) + len(text)

    cdef Numbers _decoded(self, bytes text) except *:
        """Read any other frame."""
        cdef Numbers numbers
        frame = decode_book(text)
        data = frame.data
        self.bids.read(data.b)
        self.asks.read(data.a)
        numbers.u, numbers.seq, numbers.ts_ms, numbers.cts_ms = data.u, data.seq, frame.ts, frame.cts
        numbers.is_whole, numbers.has_bids = frame.type == "snapshot", len(data.b) > 0
        return numbers

    cdef Py_ssize_t _uncross(self, bint bids_are_new) except -1:
        """Believe the side that was updated (the bids, if both were) after a delta was missed."""
        cdef BookSide stale = self.asks if bids_are_new else self.bids
        cdef Py_ssize_t removed = 0
        while self.bids.crosses(self.asks):
            stale.remove_best()
            removed += 1
        return removed


# Each gives where a text goes on behind what is expected; NULL where something else stands there.

cdef const char *past(const char *at, const char *expected) noexcept:
    if at == NULL:
        return NULL
    while expected[0]:
        if at[0] != expected[0]:
            return NULL
        at += 1
        expected += 1
    return at


cdef const char *past_text(const char *at) noexcept:
    """Behind the quote that ends a plain text."""
    if at == NULL:
        return NULL
    while c" " <= at[0] <= c"~" and at[0] != c'"' and at[0] != c"\\":
        at += 1
    return at + 1 if at[0] == c'"' else NULL


cdef const char *past_number(const char *at, long long *number) noexcept:
    cdef const char *start = at
    if at == NULL:
        return NULL
    number[0] = 0
    while c"0" <= at[0] <= c"9" and at - start < MOST_DIGITS:
        number[0] = 10 * number[0] + (at[0] - c"0")
        at += 1
    if at == start or (start[0] == c"0" and at - start > 1):
        return NULL
    return at


cdef const char *past_type(const char *at, bint *is_whole) noexcept:
    cdef const char *delta = past(at, b',"type":"delta"')
    is_whole[0] = delta == NULL
    return delta if delta != NULL else past(at, b',"type":"snapshot"')
