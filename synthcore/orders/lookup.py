"""Find an order by our own id: where it is still known to be open, then where it ended."""

from __future__ import annotations

import msgspec

from synthcore.model import OrderState
from synthcore.orders.rest import RestClient
from synthcore.orders.rows import order_state
from synthcore.venues.bybit.messages import OrderListResult

decode_order_list = msgspec.json.Decoder(OrderListResult).decode

# `realtime` finds open and recently closed ones by id; it is emptied when the venue restarts.
PLACES = ("/v5/order/realtime", "/v5/order/history")


async def look_up(rest: RestClient, symbol: str, link_id: str) -> OrderState | None:
    """Ask `realtime`, then `history`; None when neither knows the order, yet."""
    params = {"category": "linear", "symbol": symbol, "orderLinkId": link_id}
    for path in PLACES:
        reply = await rest.query(path, params)
        for row in decode_order_list(reply.result).list:
            if row.order_link_id == link_id:
                return order_state(row, rest.now_ns())
    return None
