"""What a trade is told, and what it asks for: plain data, so that a journal can keep both.

An event says what the exchange, the clock or a person said; an action is performed by the driver.
Orders are named by their link id everywhere: it exists before the exchange has heard of the order.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

Pricing = Literal["entry", "bounded", "market"]
End = Literal["REFUSED", "FLAT", "CLOSED", "FAILED_FLAT", "UNRESOLVED"]

# Events


class Acknowledged(Struct, frozen=True, tag=True):
    """The exchange accepted the order for processing: it proves neither resting nor filled."""

    link_id: str


class Rejected(Struct, frozen=True, tag=True):
    """The order was refused and can't take effect.

    `error_class` is a class of the venue's error table, or `unreachable` (nothing was sent), or `flat`
    (a close found no position), or `shut_out` (for minutes nothing is taken from our address), or `unsent`
    (the driver could not make an order of it).
    """

    link_id: str
    error_class: str
    code: int = 0


class AnswerLost(Struct, frozen=True, tag=True):
    """The order went out and no answer tells its fate."""

    link_id: str


class Filled(Struct, frozen=True, tag=True):
    """One execution; it may come twice, and before the acknowledgement."""

    link_id: str
    exec_id: str
    qty: Decimal


class Reported(Struct, frozen=True, tag=True):
    """The order as the exchange describes it: by stream, or as the answer to a look-up."""

    link_id: str
    filled_qty: Decimal  # cumulative
    is_final: bool
    is_rejected: bool = False  # refused after the acknowledgement


class LookedUp(Struct, frozen=True, tag=True):
    """The answer to a look-up: found, not found, or no answer (`failed`)."""

    link_id: str
    found: Reported | None
    asked_at_ms: float = 0.0  # server time when the question left
    valid_until_ms: float = 0.0  # server time from which the exchange refuses the order's request
    failed: bool = False


class CancelAnswered(Struct, frozen=True, tag=True):
    """A cancel was answered, refused or lost. It proves nothing about the order."""

    link_id: str
    accepted: bool


class PositionReported(Struct, frozen=True, tag=True):
    """Sizes of the long and the short side, without what was there before the run; None: no answer."""

    sizes: tuple[Decimal, Decimal] | None


class StreamDown(Struct, frozen=True, tag=True):
    """Events may be missing from now on."""


class StreamUp(Struct, frozen=True, tag=True):
    """Events flow again; what happened meanwhile must be asked for."""


class ExitRequested(Struct, frozen=True, tag=True):
    """Leave the trade: take_profit, stop_loss, shutdown, or a person's reason."""

    reason: str


class Woke(Struct, frozen=True, tag=True):
    """The timer that the trade asked for."""


class Restarted(Struct, frozen=True, tag=True):
    """The process ended and another one took the trade over: answers and timers of before are lost."""


Event = (
    Acknowledged
    | Rejected
    | AnswerLost
    | Filled
    | Reported
    | LookedUp
    | CancelAnswered
    | PositionReported
    | StreamDown
    | StreamUp
    | ExitRequested
    | Woke
    | Restarted
)

# Actions


class Send(Struct, frozen=True, tag=True):
    """Place an order; the driver prices it from the book of the moment.

    A close is always reduce-only. The same link id again is the same intent: the exchange refuses the
    second copy if it knows the first.
    """

    link_id: str
    leg: int  # 0 long, 1 short
    is_close: bool
    qty: Decimal
    pricing: Pricing


class Cancel(Struct, frozen=True, tag=True):
    """Cancel an order by link id; answered by `CancelAnswered`."""

    link_id: str


class LookUp(Struct, frozen=True, tag=True):
    """Ask the exchange for an order; answered by `LookedUp`."""

    link_id: str


class CheckPosition(Struct, frozen=True, tag=True):
    """Ask the exchange for the position; answered by `PositionReported`."""


class Sweep(Struct, frozen=True, tag=True):
    """Cancel every open order of ours on the symbol, then as `CheckPosition`."""


class SetTimer(Struct, frozen=True, tag=True):
    """Say `Woke` at this time; it replaces the timer before it."""

    at_ns: int


class Alarm(Struct, frozen=True, tag=True):
    """Something a person should know."""

    kind: str
    detail: str


class OpenLeg(Struct, frozen=True):
    """A leg that is open, or may be."""

    symbol: str
    leg: Literal["long", "short"]
    qty: Decimal  # known to be held
    in_doubt_qty: Decimal = Decimal(0)  # may be held on top: orders whose fate is not known


class Finish(Struct, frozen=True, tag=True):
    """The trade reached its end."""

    end: End
    reason: str
    open_legs: tuple[OpenLeg, ...] = ()


Action = Send | Cancel | LookUp | CheckPosition | Sweep | SetTimer | Alarm | Finish
