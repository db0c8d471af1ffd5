"""An exchange in its own process, from the side of whoever starts it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import subprocess
import sys
import tempfile
import time
from types import TracebackType
from typing import IO

import msgspec

from synthcore.errors import ConfigError, VenueUnreachable
from synthcore.exchange.control.token import VARIABLE
from synthcore.exchange.ready import Ready, read_ready
from synthcore.exchange.settings import ExchangeSettings

READY_WITHIN_S = 15.0
STOPPED_WITHIN_S = 5.0
CONFIG_EXIT = 2


class ExchangeProcess:
    """Starts an exchange, waits until it is ready, stops it; a context manager, sync and async.

    ::

        with ExchangeProcess(ExchangeSettings(market="steady")) as ready:
            print(ready.rest, ready.api_key)

    It dies with this process. The kernel ties that to the *thread* that starts it, so start it from a
    thread that lives as long as the exchange should (the main thread, as a rule).
    """

    def __init__(self, settings: ExchangeSettings, ready_within_s: float = READY_WITHIN_S) -> None:
        self.settings = msgspec.structs.replace(settings, die_with_parent=True, parent_pid=os.getpid())
        self.ready: Ready | None = None
        self._ready_within_s = ready_within_s
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> Ready:
        """Start it and wait for its ready line.

        Raises
        ------
        ConfigError
            It refused its settings.
        VenueUnreachable
            It did not get ready in time, or ended.
        """
        self._spawn()
        try:
            return self._wait_until_ready()
        except BaseException:  # Ctrl+C too: nothing of ours may stay behind
            self.stop()
            raise

    async def astart(self) -> Ready:
        """`start` for an event loop: the process is started here, the waiting is done beside."""
        self._spawn()
        try:
            return await asyncio.to_thread(self._wait_until_ready)
        except BaseException:  # cancelled too: nothing of ours may stay behind
            self.stop()
            raise

    def stop(self, within_s: float = STOPPED_WITHIN_S) -> int | None:
        """End it, by force if it must be. Returns its exit code; None where it never ran."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(within_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._release(process)
        return process.returncode

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _spawn(self) -> None:
        # What is on a command line can be read by everybody on the machine: the token goes another way.
        token = self.settings.control_token
        settings = msgspec.structs.replace(self.settings, control_token="")
        environment = os.environ | ({VARIABLE: token} if token else {})
        # A file and not a pipe: nobody reads it unless the start fails, and a full pipe would stall.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `stop`
        self._process = subprocess.Popen(
            [sys.executable, "-m", "synthcore.exchange", msgspec.json.encode(settings).decode()],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            # Ctrl+C at a terminal goes to the whole group; the exchange must outlive the closing of trades.
            start_new_session=True,
        )

    def _wait_until_ready(self) -> Ready:
        line = self._read_line()
        if line is None:
            raise self._failure()
        self.ready = read_ready(line)
        return self.ready

    def _read_line(self) -> bytes | None:
        """The first line of its output, or None if it ends or takes too long."""
        assert self._process is not None and self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        deadline_s = time.monotonic() + self._ready_within_s
        text = b""
        while not text.endswith(b"\n"):
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not select.select([descriptor], [], [], left_s)[0]:
                return None
            chunk = os.read(descriptor, 65536)
            if not chunk:
                return None
            text += chunk
        return text

    def _failure(self) -> ConfigError | VenueUnreachable:
        """Why it is not there, in its own words where it has any."""
        said = self._last_words()
        code = self.stop()
        if code == CONFIG_EXIT and said:
            return ConfigError(said.removeprefix("error: "))
        last = said.splitlines()[-1] if said else f"exit code {code}"
        return VenueUnreachable(
            f"the embedded exchange must be ready within {self._ready_within_s:g} s, but was not: {last}"
        )

    def _last_words(self) -> str:
        """What it wrote to stderr; waits a moment for it to end, since it speaks before it goes."""
        assert self._process is not None and self._errors is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace").strip()

    def _release(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is not None:
            process.stdout.close()
        if self._errors is not None:
            self._errors.close()

    def __enter__(self) -> Ready:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Ready:
        return await self.astart()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)
