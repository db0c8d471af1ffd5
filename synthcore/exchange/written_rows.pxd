"""Rows of the private stream, written."""

cpdef bytes order_json(object order)
cpdef bytes position_json(object position, object mark, object margin)
cpdef bytes wallet_json(object account, object margin)
