"""An exchange whose time passes only when it is told: a log of its inputs is written and replayed with it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from synthcore.exchange.in_process.input_log import Head
from synthcore.exchange.in_process.inputs import AnyInput
from synthcore.exchange.in_process.inside import Inside
from synthcore.exchange.in_process.keys import given_keys
from synthcore.exchange.in_process.output import Output
from synthcore.virtual_time import VirtualLoop, VirtualTime

T = TypeVar("T")


class SteppedExchange:
    """An exchange on a virtual loop of its own; outputs come out while it is told something.

    What it does depends on the head and on the inputs with their times, and on nothing else: not on when,
    or how often, it was told that time has passed.
    """

    def __init__(self, head: Head, on_output: Callable[[Output], None]) -> None:
        self.clock = VirtualTime(head.start_ns)
        self.loop = VirtualLoop(self.clock)
        self.inside = self._done(self._open(head, on_output))

    async def _open(self, head: Head, on_output: Callable[[Output], None]) -> Inside:
        return await Inside(head.settings, self.clock, None, given_keys(head.keys), on_output).__aenter__()

    def give(self, given: AnyInput) -> None:
        """Let what is due before it happen, then this."""
        self.loop.advance_to(given.at_ns)
        self.loop.call_soon(self.inside.inlet.take, given)
        self.loop.advance_to(given.at_ns)

    def do(self, act: Callable[[], None]) -> None:
        """Let something happen now that is no input."""
        self.loop.call_soon(act)
        self.loop.advance_to(self.clock.passed_ns)

    def catch_up(self, passed_ns: int) -> None:
        """Let what is due until then happen."""
        while (due_ns := self.loop.next_due_ns) is not None and due_ns <= passed_ns:
            self.loop.advance_to(due_ns)

    def close(self) -> None:
        self._done(self.inside.__aexit__(None, None, None))
        self.loop.close()

    def _done(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end; another loop may be running around this."""
        task = self.loop.create_task(work)
        self.loop.advance_to(self.clock.passed_ns)
        while not task.done():
            due_ns = self.loop.next_due_ns
            assert due_ns is not None, "it waits for nothing but time"
            self.loop.advance_to(due_ns)
        return task.result()
