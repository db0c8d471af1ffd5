"""Rows of the private stream, written."""

from synthcore.exchange.layout cimport Margin, Order, Position

cpdef bytes order_json(Order order)
cpdef bytes position_json(Position position, object mark, Margin margin)
cpdef bytes wallet_json(object account, Margin margin)

cdef int append_order(Order order) except -1
cdef int append_position(Position position, object mark, Margin margin) except -1
cdef tuple wallet_values(object account, Margin margin)
cdef int append_wallet(tuple values) except -1
