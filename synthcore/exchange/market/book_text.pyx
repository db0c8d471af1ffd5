"""Book frames as Bybit writes them, key order and number text; compiled, since two of three frames are books."""

from libc.string cimport memcpy

cdef enum:
    FIXED = 256    # bytes of a frame at most, without its levels and its symbol


cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL


cdef class Grid:
    """How prices or sizes of one contract are written."""

    def __init__(self, long long scale, int decimals):
        self.scale, self.decimals = scale, decimals


def book_text(
    int depth, str symbol, str kind, bytes bids, bytes asks, long long u, long long seq, long long ts_ms, long long cts_ms
):
    """`orderbook.{depth}.{symbol}` of written levels; level 1 has `ts` before `type`, the others after it."""
    cdef Py_ssize_t size
    cdef const char *name = PyUnicode_AsUTF8AndSize(symbol, &size)
    cdef bytearray room = bytearray(FIXED + 2 * size + len(bids) + len(asks))
    cdef char *start = room
    cdef char *end = start
    end = put_text(end, b'{"topic":"orderbook.')
    end = put_number(end, depth, 0)
    end = put_text(end, b".")
    end = put_bytes(end, name, size)
    end = put_text(end, b'",')
    if depth == 1:
        end = put_text(end, b'"ts":')
        end = put_number(end, ts_ms, 0)
        end = put_text(end, b",")
    end = put_text(end, b'"type":"')
    end = put_text(end, PyUnicode_AsUTF8AndSize(kind, NULL))
    if depth != 1:
        end = put_text(end, b'","ts":')
        end = put_number(end, ts_ms, 0)
        end = put_text(end, b',"data":{"s":"')
    else:
        end = put_text(end, b'","data":{"s":"')
    end = put_bytes(end, name, size)
    end = put_text(end, b'","b":[')
    end = put_bytes(end, bids, len(bids))
    end = put_text(end, b'],"a":[')
    end = put_bytes(end, asks, len(asks))
    end = put_text(end, b'],"u":')
    end = put_number(end, u, 0)
    end = put_text(end, b',"seq":')
    end = put_number(end, seq, 0)
    end = put_text(end, b'},"cts":')
    end = put_number(end, cts_ms, 0)
    end = put_text(end, b"}")
    return start[: end - start]


def short_level(long long ticks, Grid price, long long lots, Grid lot):
    """A level as level 1 has it: without trailing zeros."""
    cdef char level[LONGEST]
    cdef char *end = put_text(level, b'["')
    end = put_short(end, ticks * price.scale, price.decimals)
    end = put_text(end, b'","')
    end = put_short(end, lots * lot.scale, lot.decimals)
    end = put_text(end, b'"]')
    return level[: end - level]


cdef char *put_level(char *end, long long ticks, Grid price, long long lots, Grid lot) noexcept:
    end = put_text(end, b'["')
    end = put_number(end, ticks * price.scale, price.decimals)
    end = put_text(end, b'","')
    end = put_number(end, lots * lot.scale, lot.decimals if lots else 0)
    return put_text(end, b'"],')


cdef inline char *put_text(char *end, const char *text) noexcept:
    while text[0]:
        end[0] = text[0]
        end += 1
        text += 1
    return end


cdef char *put_number(char *end, long long units, int decimals) noexcept:
    """Write a number of so many decimals."""
    cdef char digits[24]
    cdef int count = 0
    while units or count <= decimals:
        digits[count] = <char>(c"0" + units % 10)
        units //= 10
        count += 1
    while count:
        count -= 1
        end[0] = digits[count]
        end += 1
        if count == decimals and decimals:
            end[0] = c"."
            end += 1
    return end


cdef char *put_short(char *end, long long units, int decimals) noexcept:
    """Write a number of so many decimals, but without its trailing zeros."""
    while decimals and units % 10 == 0:
        units //= 10
        decimals -= 1
    return put_number(end, units, decimals)


cdef inline char *put_bytes(char *end, const char *data, Py_ssize_t size) noexcept:
    memcpy(end, data, size)
    return end + size
