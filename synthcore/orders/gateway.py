"""The protocol between the trade desk and a venue: what an execution backend must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from synthcore.model import Fill, Instrument, OrderAck, OrderRequest, OrderState, Position


class ClockOffset(Struct, frozen=True):
    """How far the server's clock is ahead of ours, and how well we know it."""

    offset_ms: float  # server − local
    uncertainty_ms: float  # half of the fastest round trip
    measured_ns: int  # monotonic


class StreamDown(Struct, frozen=True):
    """The private stream broke: events may be missing until `StreamUp`."""

    reason: str


class StreamUp(Struct, frozen=True):
    """The private stream is authenticated and subscribed: reconcile now."""


class RateLimitSeen(Struct, frozen=True):
    """What the exchange says of one endpoint's rolling window, with an answer or a refusal."""

    path: str
    limit: int
    remaining: int
    reset_ms: int  # server time; when refused, the time to wait for
    is_refused: bool = False
    is_shut_out: bool = False  # our address, from every endpoint


class FastEntry(Protocol):
    """The fast lane's connection: orders that compiled code writes, and whose answers come here."""

    @property
    def is_up(self) -> bool: ...

    def frame(self, order: OrderRequest) -> tuple[bytes, bytes, bytes]:
        """An order's text around its time and its price, which the compiled code fills in."""
        ...

    async def answer(self, link_id: str, sent_ns: int) -> OrderAck:
        """Wait for what became of an order; raises as `ExecutionBackend.place`."""
        ...


PrivateEvent = OrderState | Fill | Position | StreamDown | StreamUp


class ExecutionBackend(Protocol):
    """Orders, look-ups and private events of one account at one venue.

    Every method that talks to the venue raises `VenueRefused` (an answer with an error code),
    `OutcomeUnknown` (sent, no trustworthy answer) or `VenueUnreachable` (nothing was sent).
    """

    order_recv_window_ms: int  # the exchange refuses an order's request that is older

    async def sync_server_time(self) -> ClockOffset: ...

    def server_time_ms(self) -> float:
        """The server's clock now, as well as we know it."""
        ...

    async def instruments(self, symbols: Iterable[str]) -> dict[str, Instrument]: ...

    async def hedge_mode(self, symbol: str) -> bool: ...

    async def set_hedge_mode(self, symbol: str) -> None: ...

    async def place(self, order: OrderRequest) -> OrderAck: ...

    async def place_by_batch(self, order: OrderRequest) -> OrderAck:
        """As `place`, by the call for several orders: its rate limit is another."""
        ...

    async def cancel(self, symbol: str, link_id: str) -> None: ...

    async def cancel_all(self, symbol: str) -> None: ...

    async def look_up(self, symbol: str, link_id: str) -> OrderState | None:
        """Find an order in `realtime`, then in `history`; None when neither knows it (yet)."""
        ...

    async def fills(self, symbol: str, link_id: str) -> list[Fill]: ...

    async def recent_fills(self, symbol: str) -> list[Fill]:
        """The account's fills on a symbol, newest first: as far back as the venue tells, 10,000 at most."""
        ...

    async def open_orders(self, symbol: str) -> list[OrderState]: ...

    async def positions(self, symbol: str) -> list[Position]: ...

    async def available_balance(self) -> Decimal: ...

    def on_private_event(self, handler: Callable[[PrivateEvent], None]) -> None:
        """Call `handler` on the event loop for every private event, in order of arrival."""
        ...

    def on_rate_limit(self, handler: Callable[[RateLimitSeen], None]) -> None:
        """Call `handler` with what each answer says of its endpoint's window."""
        ...

    async def start(self) -> None:
        """Open the connections and the private stream; returns when it is subscribed."""
        ...

    async def close(self) -> None: ...
