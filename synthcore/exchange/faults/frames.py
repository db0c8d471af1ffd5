"""Between a stream's frames and its connections: where a frame is lost, doubled, late or spoilt."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from synthcore.exchange.faults.crossing import Crossing
from synthcore.exchange.faults.effects import FrameEffect
from synthcore.exchange.faults.engine import FaultEngine
from synthcore.exchange.faults.trigger import Happening, Point

SEQUENCE = re.compile(rb'"seq":(\d+)')
HELD_AT_MOST_S = 1.0  # a frame that nothing follows goes out after all

Change = Callable[[bytes], bytes] | None
Send = Callable[[Change], None]  # carries the frame out, spoilt by the change


class FrameGate:
    """Lets the frames of one stream through, or not as they are."""

    def __init__(self, faults: FaultEngine, point: Point) -> None:
        self._faults = faults
        self._point = point
        # By whatever keeps an order: a user, a topic.
        self._held: dict[str, tuple[list[Send], asyncio.TimerHandle]] = {}
        self._changes_next: dict[str, Change] = {}
        self.crossing: Crossing | None = None

    @property
    def is_open(self) -> bool:
        """Whether every frame passes as it is: nobody watches, nothing is held."""
        return not (self._held or self._changes_next) and not self._faults.watches(self._point)

    def seq_of(self, frame: bytes) -> int | None:
        """The sequence of a public frame, where a trigger looks at it and the frame has one."""
        found = SEQUENCE.search(frame) if self._faults.needs_seq else None
        return int(found[1]) if found is not None else None

    def pass_on(self, happening: Happening, order_of: str, send: Send) -> None:
        """Send a frame as the faults have it, then what waited for it."""
        self.carry(self._faults.frame(happening), order_of, send)

    def carry(self, effects: list[FrameEffect], order_of: str, send: Send) -> None:
        """Send a frame as these effects have it, then what waited for it."""
        effects = self._completed(effects, order_of)
        if any(effect.is_swapped for effect in effects):
            self._hold(order_of, send)
            return
        self._carry_out(effects, send)
        self._release(order_of)

    def _completed(self, effects: list[FrameEffect], order_of: str) -> list[FrameEffect]:
        """The effects, with what the frame before left for this one, and with the book where one crosses."""
        if self.crossing is not None and any(effect.is_crossed for effect in effects):
            effects = [*effects, self.crossing.effect(order_of)]
        left = self._changes_next.pop(order_of, None)
        following = next((effect.change_next for effect in effects if effect.change_next is not None), None)
        if following is not None:
            self._changes_next[order_of] = following
        return effects if left is None else [*effects, FrameEffect(change=left)]

    def _carry_out(self, effects: list[FrameEffect], send: Send) -> None:
        copies = min((effect.copies for effect in effects if effect.copies != 1), default=1)
        late_ms = sum(effect.late_ms for effect in effects)
        change = next((effect.change for effect in effects if effect.change is not None), None)
        for _ in range(copies):
            if late_ms:
                asyncio.get_running_loop().call_later(late_ms / 1000, send, change)
            else:
                send(change)

    def _hold(self, order_of: str, send: Send) -> None:
        if order_of in self._held:
            self._held[order_of][0].append(send)
            return
        loop = asyncio.get_running_loop()
        self._held[order_of] = [send], loop.call_later(HELD_AT_MOST_S, self._release, order_of)

    def _release(self, order_of: str) -> None:
        if order_of in self._held:
            waiting, timer = self._held.pop(order_of)
            timer.cancel()
            for send in waiting:
                send(None)


def changed(frame: bytes, change: Change) -> bytes:
    return frame if change is None else change(frame)
