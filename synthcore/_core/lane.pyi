from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple, final

from typing_extensions import Buffer, disjoint_base

SLOT_BYTES: Final[int]
STATES: Final[tuple[str, ...]]

Frame = tuple[bytes, bytes, bytes]

class Spent(NamedTuple):
    symbol_id: int
    bid: float
    ask: float
    recv_ns: int
    decided_ns: int
    sent_ns: tuple[int, int]
    server_ms: int
    exchange_us: int
    sequence: int
    limits: tuple[Decimal, Decimal]
    begun: bytes

@disjoint_base
class Wire:
    @property
    def is_open(self) -> bool: ...
    def open(self, connection: Any) -> None: ...
    def shut(self) -> None: ...

@disjoint_base
class CallWire(Wire):
    def __init__(self, call: Callable[[bytes], object], now_ns: Callable[[], int] | None = None) -> None: ...

@final
class Lane:
    def __new__(cls, symbols: int, wire: Wire, buffer: Buffer | None = None) -> Lane: ...
    @property
    def wire(self) -> Wire: ...
    @property
    def symbols(self) -> int: ...
    @property
    def failure(self) -> Exception | None: ...
    def fill(
        self,
        symbol_id: int,
        frames: tuple[Frame, Frame],
        *,
        expires_ns: int,
        least_bid: float,
        most_ask: float,
        server_offset_ns: int,
        tick_size: Decimal,
        max_cross_bps: Decimal,
        begun: bytes,
    ) -> None: ...
    def renew(self, symbol_id: int, *, expires_ns: int, server_offset_ns: int) -> bool: ...
    def revoke(self, symbol_id: int) -> bool: ...
    def spend(
        self,
        symbol_id: int,
        bid: float,
        ask: float,
        *,
        recv_ns: int,
        decided_ns: int,
        exchange_us: int = 0,
    ) -> bool: ...
    def drain(self) -> list[Spent]: ...
    def clear(self, symbol_id: int) -> None: ...
    def state(self, symbol_id: int) -> str: ...
    def recorded(self) -> list[Spent]: ...
    def read(self, symbol_id: int) -> Spent: ...

def grid(tick_size: Decimal) -> tuple[int, int]: ...
def ratio(bps: Decimal) -> tuple[int, int]: ...
