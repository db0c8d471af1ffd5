"""The nouns that every room shares: instruments, quotes, opportunities, orders, fills, positions.

Money and quantities on the order side are `Decimal` (exact); the qualification side is double, as specified.
Times: `*_ns` from the monotonic clock unless the name says otherwise, `*_ms`/`*_us` are the exchange's epoch.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from msgspec import Struct

Side = Literal["Buy", "Sell"]
LegName = Literal["long", "short"]
OrderType = Literal["Limit", "Market"]
TimeInForce = Literal["GTC", "IOC", "FOK", "PostOnly"]
OrderStatus = Literal[
    "New", "PartiallyFilled", "Untriggered", "Triggered", "Filled", "Cancelled", "Rejected", "Deactivated"
]

FINAL_STATUSES: frozenset[str] = frozenset({"Filled", "Cancelled", "Rejected", "Deactivated"})
OPPOSITE: dict[Side, Side] = {"Buy": "Sell", "Sell": "Buy"}


class Instrument(Struct, frozen=True):
    """An instrument's trading rules, read from the exchange, never assumed."""

    symbol: str
    tick_size: Decimal
    qty_step: Decimal
    min_qty: Decimal
    max_qty: Decimal
    max_market_qty: Decimal
    min_notional: Decimal  # USDT
    base_coin: str = ""
    quote_coin: str = "USDT"

    def floor_qty(self, qty: Decimal) -> Decimal:
        """Round a quantity in base coin down to the lot grid."""
        return (qty / self.qty_step).to_integral_value(ROUND_FLOOR) * self.qty_step

    def safe_price(self, price: Decimal, side: Side) -> Decimal:
        """Round a price to the tick grid toward safety: a buy never pays more, a sell never gets less."""
        rounding = ROUND_FLOOR if side == "Buy" else ROUND_CEILING
        return (price / self.tick_size).to_integral_value(rounding) * self.tick_size


class MarketUpdate(Struct, frozen=True):
    """The top of one book at one moment, as the compiled core publishes it."""

    symbol: str
    bid: float
    ask: float
    bid_size: float
    ask_size: float
    exchange_us: int  # exchange timestamp, epoch µs
    recv_ns: int  # frame handed to the listener, monotonic
    sequence: int  # the ring slot's own word


class ArbitrageOpportunity(Struct, frozen=True, kw_only=True):
    """A qualified chance to hold two opposite legs (specification, section 3)."""

    symbol: str
    long_exchange: str = "bybit"
    short_exchange: str = "bybit_synthetic"
    long_price: float
    short_price: float
    spread_bps: float
    funding_delta_8h: float
    order_book_depth_long: float  # USDT
    order_book_depth_short: float  # USDT
    confidence_score: int  # 0 to 100
    projected_profit_after_slippage: float  # bps
    timestamp: int  # epoch seconds
    timestamp_ns: int  # epoch ns
    bid: float = 0.0
    ask: float = 0.0
    recv_ns: int = 0  # the update's receive stamp, monotonic
    decided_ns: int = 0  # monotonic
    sequence: int = 0  # of the update that qualified


class OrderRequest(Struct, frozen=True, kw_only=True):
    """One order as we mean it; the gateway writes it in the venue's words."""

    symbol: str
    side: Side
    qty: Decimal  # base coin
    order_type: OrderType
    link_id: str  # our idempotency key: run, trade, leg, attempt; at most 36 of [A-Za-z0-9_-]
    price: Decimal | None = None
    time_in_force: TimeInForce = "IOC"
    reduce_only: bool = False
    position_idx: int = 0  # 0 one-way, 1 long leg, 2 short leg


class OrderAck(Struct, frozen=True):
    """The exchange accepted a request for processing. It proves neither resting nor filled."""

    order_id: str
    link_id: str
    sent_ns: int  # the request's last byte was handed to the socket
    acked_ns: int  # the answer was read


class OrderState(Struct, frozen=True, kw_only=True):
    """An order as the exchange reports it, by private stream or by look-up."""

    symbol: str
    order_id: str
    link_id: str
    side: Side
    status: str
    qty: Decimal
    filled_qty: Decimal
    avg_price: Decimal | None  # None before the first fill
    reduce_only: bool = False
    position_idx: int = 0
    reject_reason: str = "EC_NoError"
    cancel_type: str = "UNKNOWN"
    updated_ms: int = 0
    recv_ns: int = 0

    @property
    def is_final(self) -> bool:
        """Whether the order can change no more."""
        return self.status in FINAL_STATUSES


class Fill(Struct, frozen=True, kw_only=True):
    """One execution. De-duplicate on `exec_id`."""

    symbol: str
    exec_id: str
    order_id: str
    link_id: str
    side: Side
    price: Decimal
    qty: Decimal
    fee: Decimal  # > 0 is paid
    is_maker: bool
    closed_qty: Decimal = Decimal(0)
    exec_ms: int = 0
    recv_ns: int = 0


class Position(Struct, frozen=True, kw_only=True):
    """One position record of the account: (symbol, position_idx)."""

    symbol: str
    position_idx: int
    side: str  # "Buy", "Sell" or "" when empty
    size: Decimal
    entry_price: Decimal
    recv_ns: int = 0
