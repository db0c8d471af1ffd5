"""Rows of the private stream, written."""

cpdef bytes order_json(object order)
cpdef bytes position_json(object position, object mark, object margin)
cpdef bytes wallet_json(object account, object margin)

cdef int append_order(object order) except -1
cdef int append_position(object position, object mark, object margin) except -1
cdef tuple wallet_values(object account, object margin)
cdef int append_wallet(tuple values) except -1
