"""The market's prints, as the matching core wants them."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from msgspec import Struct

from synthcore.exchange.core import Trade
from synthcore.model import Side


class Print(Struct, rename={"taker_side": "S", "price": "p", "qty": "v"}):
    """One entry of a `publicTrade` frame."""

    taker_side: Side
    price: Decimal
    qty: Decimal


class TradeFrame(Struct):
    data: list[Print]


_decode = msgspec.json.Decoder(TradeFrame).decode


def read_trades(text: bytes) -> list[Trade]:
    """The trades of one frame, oldest first; a frame that can't be read has none."""
    try:
        return [Trade(trade.taker_side, trade.price, trade.qty) for trade in _decode(text).data]
    except msgspec.DecodeError:
        return []
