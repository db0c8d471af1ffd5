"""Numbers as the private stream writes them, compiled: an order's frames hold about forty."""

from libc.string cimport memchr


cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL


def text(value):
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
