"""Ctrl+C, SIGTERM and a terminal that is closed: an end that is flat, unless a person insists."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE_S = 5.0


@contextmanager
def restored_signals() -> Iterator[None]:
    """Put the handlers of all these signals back as they were."""
    handlers = [(number, signal.getsignal(number)) for number in SIGNALS]
    try:
        yield
    finally:
        for number, handler in handlers:
            signal.signal(number, handler)


class StopRequests:
    """Counts requests to stop: the first asks for a flat end, the third within 5 s abandons it.

    A second request changes nothing: closing positions is never skipped by accident. Afterwards the signals
    are ignored; `restored_signals` around it brings back the handlers from before.

    Attributes
    ----------
    asked
        Set by the first request: no new entries, close all, confirm flat.
    abandoned
        Set by the third request within `PATIENCE_S`: leave at once and say what is open.
    is_interrupted
        Whether a signal asked; `finish` is no interruption.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.asked = asyncio.Event()
        self.abandoned = asyncio.Event()
        self.is_interrupted = False
        self._clock = clock
        self._times_s: list[float] = []

    def __enter__(self) -> StopRequests:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # not under `nohup`
                loop.add_signal_handler(number, self.request)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)  # what is left to do is short, and how it ended is known

    def request(self) -> None:
        """Note one request to stop."""
        now_s = self._clock()
        self._times_s = [*self._times_s[-2:], now_s]
        if len(self._times_s) == 3 and now_s - self._times_s[0] <= PATIENCE_S:
            self.abandoned.set()
        self.is_interrupted = True
        self.asked.set()

    def finish(self) -> None:
        """Ask for a flat end as if the time were over."""
        self.asked.set()
