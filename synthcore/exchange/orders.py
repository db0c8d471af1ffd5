"""An order's life: what it is, what state it is in, what is left of it."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from synthcore.exchange.contract import Contract
from synthcore.exchange.decimals import ZERO
from synthcore.model import OPPOSITE, OrderType, Side, TimeInForce

ACTIVE_STATUSES = frozenset({"New", "PartiallyFilled"})
OPEN_STATUSES = ACTIVE_STATUSES | {"Untriggered", "Triggered"}


STOP = "Stop"  # stopOrderType of a user's own conditional order


class Trigger(Struct, frozen=True):
    """What a conditional order waits for."""

    price_ticks: int
    direction: int  # 1 rises to the price, 2 falls to it
    by: str  # LastPrice, MarkPrice or IndexPrice


class Stop(Struct, frozen=True):
    """One side of a position's protection."""

    price_ticks: int
    by: str
    limit_ticks: int | None = None  # None: it closes at the market


class Protection(Struct, frozen=True):
    """The stops that an order's position gets once it fills."""

    mode: str  # Full: the whole position, Partial: what this order filled
    take_profit: Stop | None
    stop_loss: Stop | None


class Slippage(Struct, frozen=True):
    """How far from the best price a market order may go."""

    kind: str  # TickSize or Percent
    amount: Decimal


class Trail(Struct, eq=False, kw_only=True):
    """A stop that follows the last price at a distance."""

    distance_ticks: int
    active_ticks: int | None = None  # it follows from this price on; None: from the start
    is_active: bool = False

    def is_as_asked(self, other: Trail) -> bool:
        return (self.distance_ticks, self.active_ticks) == (other.distance_ticks, other.active_ticks)


class Fate(Struct, frozen=True):
    """What is decided for an order before it is matched: as a rule nothing."""

    reject_reason: str = ""  # it is acknowledged, and then rejected
    share: Decimal | None = None  # the most of its quantity that it takes at once


NORMAL = Fate()


class Order(Struct, eq=False, kw_only=True):
    """One order of one account, open or closed."""

    uid: str
    contract: Contract
    number: int  # rises with each order of this exchange: time priority and paging
    order_id: str
    link_id: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    price_ticks: int  # for a market order: its bound
    lots: int
    position_idx: int
    reduce_only: bool
    close_on_trigger: bool
    created_ms: int
    updated_ms: int
    last_price: str = ""  # of the market, when the order was made
    trigger: Trigger | None = None  # of a conditional order, kept when it is set off
    stop_order_type: str = ""
    create_type: str = "CreateByUser"
    closes_all: bool = False  # the position says how much, when it is set off
    protection: Protection | None = None  # what its position gets
    children: tuple[Order, ...] = ()  # the stops that it made
    tpsl_mode: str = ""  # of a stop of a position
    parent_link_id: str = ""  # of the order whose fill made this stop
    pair: Order | None = None  # the stop that was set together with it
    trail: Trail | None = None
    smp_type: str = "None"  # what happens where it would take from its own user
    smp_order_id: str = ""  # the order that it met
    has_rested: bool = False
    slippage: Slippage | None = None

    status: str = "New"
    cancel_type: str = "UNKNOWN"
    reject_reason: str = "EC_NoError"
    filled_lots: int = 0
    filled_value: Decimal = ZERO
    fee: Decimal = ZERO
    closed_pnl: Decimal = ZERO  # fees of both sides included
    fate: Fate = NORMAL
    ahead_lots: int | None = None  # market's lots in front of us in the queue; None: level not seen yet
    queue_number: int = 0  # rises with each order that comes to rest: who stands behind whom at a price

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def is_waiting(self) -> bool:
        """Whether it is a conditional order that was not set off yet."""
        return self.status == "Untriggered"

    @property
    def avoids_own(self) -> bool:
        """Whether self-match prevention acts: a taker's setting that is spent once the order has rested."""
        return self.smp_type != "None" and not self.has_rested

    @property
    def leaves_lots(self) -> int:
        """What can still be filled: nothing once the order is final."""
        return self.lots - self.filled_lots if self.status in OPEN_STATUSES else 0

    @property
    def leaves_value(self) -> Decimal:
        return self.contract.value(self.price_ticks, self.leaves_lots)

    @property
    def reduces(self) -> bool:
        """Whether it may only shrink its position, by its flags or by its leg."""
        return self.reduce_only or self.close_on_trigger or closes_leg(self.side, self.position_idx)

    @property
    def rank(self) -> tuple[int, int]:
        """Sort key: best price first, then first come."""
        price = -self.price_ticks if self.side == "Buy" else self.price_ticks
        return price, self.number

    @property
    def opposite(self) -> Side:
        return OPPOSITE[self.side]

    def close(self, status: str, reject_reason: str, cancel_type: str, now_ms: int) -> None:
        """Bring the order to a final state."""
        self.status = "Deactivated" if self.is_waiting else status
        self.reject_reason = reject_reason
        self.cancel_type = cancel_type
        self.updated_ms = now_ms

    def follow(self, last: Decimal | None) -> None:
        """Move a trailing stop after the best price since it is active."""
        trail, trigger = self.trail, self.trigger
        if trail is None or trigger is None or last is None:
            return
        last_ticks, sign = int(last / self.contract.tick), 1 if self.side == "Sell" else -1
        if not trail.is_active:
            start = trail.active_ticks
            if start is not None and sign * last_ticks < sign * start:
                return
            trail.is_active = True
            self.trigger = Trigger(last_ticks - sign * trail.distance_ticks, trigger.direction, trigger.by)
            return
        best = max(sign * trigger.price_ticks, sign * last_ticks - trail.distance_ticks)
        if sign * best != trigger.price_ticks:
            self.trigger = Trigger(sign * best, trigger.direction, trigger.by)

    def fill(self, lots: int, value: Decimal, fee: Decimal, now_ms: int) -> None:
        """Add one fill."""
        self.filled_lots += lots
        self.filled_value += value
        self.fee += fee
        self.updated_ms = now_ms
        self.status = "Filled" if self.filled_lots == self.lots else "PartiallyFilled"


def closes_leg(side: Side, position_idx: int) -> bool:
    """Whether this side closes that hedge leg (1 is long, 2 is short)."""
    return (position_idx == 1 and side == "Sell") or (position_idx == 2 and side == "Buy")


def crosses(side: Side, limit_ticks: int, price_ticks: int) -> bool:
    """Whether an order of `side` with this limit would trade at `price_ticks`."""
    return price_ticks <= limit_ticks if side == "Buy" else price_ticks >= limit_ticks
