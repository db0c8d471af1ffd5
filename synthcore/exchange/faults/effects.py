"""What a fault does to a call or to a frame, as data: the edges carry it out."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from synthcore.exchange.refusal import Refusal


class Wait(Struct, frozen=True):
    """Go on, but later."""

    ms: float


class Refuse(Struct, frozen=True):
    """Answer with a code in Bybit's envelope; over a rate limit, say when it is lifted."""

    refusal: Refusal
    retry_after_ms: int | None = None


class Reply(Struct, frozen=True):
    """Answer with something that is not Bybit's."""

    status: int
    body: bytes
    content_type: bytes


class Silence(Struct, frozen=True):
    """No answer: the connection hangs for a while (None: until the client leaves), then it is cut."""

    ms: float | None = 0.0
    resets: bool = False  # the cut is a TCP reset


CallEffect = Wait | Refuse | Reply | Silence


class FrameEffect(Struct, frozen=True):
    """What becomes of one frame."""

    copies: int = 1
    late_ms: float = 0.0  # this one alone; those behind it overtake
    is_swapped: bool = False  # it goes out behind the next one
    change: Callable[[bytes], bytes] | None = None
    change_next: Callable[[bytes], bytes] | None = None  # of the frame behind it
    is_crossed: bool = False  # a book's frame: the gate knows the book and how to cross it
