"""An exchange behind sockets whose every input is logged, so that it can be replayed to the byte.

The sockets are only its shell: what comes in is stamped, logged and given to an exchange on a virtual clock,
and what comes out is written. Timers strike at their time on that clock, whenever the machine gets to it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from itertools import count
from pathlib import Path

import msgspec

from synthcore.exchange.control.token import AUTO, given_token, new_token
from synthcore.exchange.in_process.input_log import Head, InputLog
from synthcore.exchange.in_process.inputs import AnyInput
from synthcore.exchange.in_process.output import Output
from synthcore.exchange.in_process.stepped import SteppedExchange
from synthcore.exchange.in_process.veil import Veil
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.venue import random_key


class LoggedExchange:
    """The shell: stamps and logs inputs, wakes the exchange when something is due, delivers outputs.

    Raises
    ------
    ConfigError
        The log can't be written, or a setting can't work.
    """

    def __init__(self, settings: ExchangeSettings, path: Path) -> None:
        head = head_of(settings)
        self._veil = Veil(head)
        self._log = InputLog(path, self._veil.head)
        self._loop = asyncio.get_running_loop()
        self.failed: asyncio.Future[None] = self._loop.create_future()  # has the reason, if a market does
        self._begun_ns = time.monotonic_ns()
        self._outputs: deque[Output] = deque()
        self._receivers: dict[int, Callable[[Output], None]] = {}  # by channel
        self._channels = count(1)
        self._alarm: asyncio.TimerHandle | None = None
        self._exchange = SteppedExchange(head, self._outputs.append)
        self.inside = self._exchange.inside
        self._wake()

    def channel(self, receiver: Callable[[Output], None]) -> int:
        """A new channel, and who gets what comes over it."""
        number = next(self._channels)
        self._receivers[number] = receiver
        return number

    def forget(self, channel: int) -> None:
        del self._receivers[channel]

    def give(self, given: AnyInput) -> None:
        """Stamp one input, log it and let it act; what comes out waits for `deliver`."""
        at_ns = max(time.monotonic_ns() - self._begun_ns, self._exchange.clock.passed_ns)
        stamped = msgspec.structs.replace(given, at_ns=at_ns)
        self._log.put(self._veil.over(stamped))
        self._exchange.give(stamped)

    def deliver(self) -> None:
        """Hand on what came out, and see to it that what is due next happens in time."""
        while self._outputs:
            self.deliver_next()
        self._set_alarm()

    def deliver_next(self) -> None:
        output = self._outputs.popleft()
        receiver = self._receivers.get(output.channel)
        if receiver is not None:  # else its client is gone
            receiver(output)

    def do(self, act: Callable[[], None]) -> None:
        """Let the exchange do something that is no input: its end."""
        self._exchange.do(act)
        self.deliver()

    @property
    def has_outputs(self) -> bool:
        return bool(self._outputs)

    def close(self) -> None:
        """End it; whoever waits is cut."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._exchange.close()
        self.deliver()
        self._log.close()

    def _wake(self) -> None:
        self._alarm = None
        self._exchange.catch_up(time.monotonic_ns() - self._begun_ns)
        self.deliver()
        for task in self.inside.beside:
            error = task.exception() if task.done() else None
            if error is not None and not self.failed.done():
                self.failed.set_exception(error)

    def _set_alarm(self) -> None:
        due_ns = self._exchange.loop.next_due_ns
        if self._alarm is not None:
            self._alarm.cancel()
        if due_ns is not None:
            in_s = (due_ns + self._begun_ns - time.monotonic_ns()) / 1e9
            self._alarm = self._loop.call_later(max(0.0, in_s), self._wake)


def head_of(settings: ExchangeSettings) -> Head:
    """A beginning that can be repeated: what is made at random is made here."""
    token = given_token(settings.control_token)
    repeatable = msgspec.structs.replace(settings, control_token=new_token() if token == AUTO else token)
    keys = tuple(
        random_key() for _ in range((settings.accounts + len(settings.keys)) * len(settings.flavours))
    )
    return Head(time.time_ns(), keys, repeatable)
