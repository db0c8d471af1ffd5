"""Between the trade socket's messages and its replies: where an order, or what is said of it, goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

from synthcore.exchange.faults.calls import act_happening
from synthcore.exchange.faults.effects import CallEffect, FrameEffect, Refuse, Silence, Wait
from synthcore.exchange.faults.engine import FaultEngine
from synthcore.exchange.faults.frames import FrameGate, changed
from synthcore.exchange.outbox import Outbox
from synthcore.exchange.refusal import Refusal


class Act(Protocol):
    """One act that came over a trade socket."""

    op: str
    body: bytes
    account: str
    conn_id: str

    def carry_out(self) -> tuple[int, bytes]:
        """Its code and its reply."""
        ...

    def refused(self, refusal: Refusal, retry_after_ms: int | None) -> bytes: ...

    def answer(self, reply: bytes) -> None: ...

    def cut(self, *, resets: bool = False) -> None:
        """Break the connection it came over."""
        ...


class TradeGate:
    """Lets acts through, or not as they are.

    Parameters
    ----------
    answers_first
        Whether a reply is written before the frames of what it did, as where nothing is delayed.
    """

    def __init__(self, faults: FaultEngine, outbox: Outbox, answers_first: Callable[[], bool]) -> None:
        self._faults = faults
        self._outbox = outbox
        self._answers_first = answers_first
        self._replies = FrameGate(faults, "reply")

    @property
    def is_open(self) -> bool:
        """Whether every act passes as it is."""
        return self._replies.is_open and not self._faults.watches("request")

    def let_in(self, act: Act) -> None:
        effects = self._faults.call(act_happening("request", act.op, act.body, act.account))
        later(effects, lambda: self._arrive(act, effects))

    def _arrive(self, act: Act, effects: list[CallEffect]) -> None:
        match verdict(effects):
            case Silence() as silence:
                fall_silent(act, silence)
            case Refuse() as refuse:
                act.answer(act.refused(refuse.refusal, refuse.retry_after_ms))
            case None:
                self._carry_out(act)

    def _carry_out(self, act: Act) -> None:
        code, reply = act.carry_out()
        effects, frame = self._faults.reply(act_happening("reply", act.op, act.body, act.account, code))
        if self._answers_first() and not effects and not frame:
            self._replies.carry(frame, act.conn_id, lambda change: act.answer(reply))
            self._outbox.flush()
            return
        self._outbox.flush()  # its frames don't wait for a reply that may never come
        later(effects, lambda: self._answer(act, reply, effects, frame))

    def _answer(self, act: Act, reply: bytes, effects: list[CallEffect], frame: list[FrameEffect]) -> None:
        match verdict(effects):
            case Silence() as silence:
                fall_silent(act, silence)
                return
            case Refuse() as refuse:
                reply = act.refused(refuse.refusal, refuse.retry_after_ms)
        self._replies.carry(frame, act.conn_id, lambda change: act.answer(changed(reply, change)))


def later(effects: list[CallEffect], go_on: Callable[[], None]) -> None:
    """Go on when the waits are over."""
    wait_ms = sum(effect.ms for effect in effects if isinstance(effect, Wait))
    if wait_ms:
        asyncio.get_running_loop().call_later(wait_ms / 1000, go_on)
    else:
        go_on()


def verdict(effects: list[CallEffect]) -> Silence | Refuse | None:
    """What an act ends with, where it is not its own reply: silence before a refusal."""
    silence = next((effect for effect in effects if isinstance(effect, Silence)), None)
    return silence or next((effect for effect in effects if isinstance(effect, Refuse)), None)


def fall_silent(act: Act, silence: Silence) -> None:
    """Never reply; after its time, if it has one, the connection is cut."""
    if silence.ms is not None:
        cut = partial(act.cut, resets=silence.resets)
        asyncio.get_running_loop().call_later(silence.ms / 1000, cut)
