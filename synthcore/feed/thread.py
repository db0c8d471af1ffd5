"""The feed's own thread, with its own event loop, pinned to a core."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from synthcore._core.affinity import Pinning, Precedence, pin, take_precedence

Main = Callable[[], Coroutine[Any, Any, None]]


class FeedThread:
    """Run a coroutine on an event loop of its own, in a thread of its own.

    Parameters
    ----------
    main
        Makes the coroutine, inside the thread; it runs until `stop`.
    core
        The CPU core to pin the thread to. A refused pin is reported in `pinning`, never fatal.
    urgent
        Let the thread run as soon as it wakes. Reported in `precedence`, never fatal.
    on_failure
        Told when `main` ends by an error, on the feed's thread: must return at once.
    """

    def __init__(
        self,
        main: Main,
        *,
        core: int | None = None,
        urgent: bool = False,
        name: str = "feed",
        on_failure: Callable[[BaseException], None] | None = None,
    ) -> None:
        self.pinning = Pinning(None, "not started")
        self.precedence = Precedence(False, "")
        self.error: BaseException | None = None
        self._main = main
        self._core = core
        self._is_urgent = urgent
        self._on_failure = on_failure
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread; returns when its loop runs and the pin was tried."""
        self._thread.start()
        self._started.wait()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Cancel the coroutine and wait for the thread's end; may be called from any thread, repeatedly.

        Returns
        -------
        bool
            False if the thread still runs after the time-out.
        """
        self._is_stopping = True
        if self._loop is not None and self._task is not None:
            with suppress(RuntimeError):  # the loop has closed by itself
                self._loop.call_soon_threadsafe(self._task.cancel)
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self.pinning = pin(self._core)
            if self._is_urgent:
                self.precedence = take_precedence()
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(self._guarded())
        except BaseException as error:  # nobody is above us in this thread: the engine must hear of it
            self._fail(error)
        finally:
            self._started.set()

    async def _guarded(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._started.set()
        try:
            await self._main()
        except asyncio.CancelledError:
            if not self._is_stopping:
                raise

    def _fail(self, error: BaseException) -> None:
        self.error = error
        if self._on_failure is not None:
            self._on_failure(error)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """The faster loop where it is installed, else the standard one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
