"""`synthtest` as a user starts it: its own process in an empty place, watched line by line."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[2]
WITHIN_S = 40.0  # generous: a busy machine is no defect
MARK = "LIVE_RUN_MARK"  # in the environment of every process that a test starts, and of their children
# Pairs stay open until somebody ends them, and a busy machine is no failed entry.
HELD_OPEN = {
    "SYNTHTEST_TAKE_PROFIT_BPS": "100000",
    "SYNTHTEST_STOP_LOSS_BPS": "100000",
    "SYNTHTEST_MAX_HOLDING_MS": "3600000",
    "SYNTHTEST_LEG_TIMEOUT_MS": "10000",
}


class Place:
    """Empty folders for everything a process may write to, and nothing of this machine's settings."""

    def __init__(self, root: Path) -> None:
        self.mark = uuid.uuid4().hex
        self.cwd, self.home, self.temporary, self.state = (
            root / name for name in ("work", "home", "tmp", "state")
        )
        for folder in (self.cwd, self.home, self.temporary, self.state):
            folder.mkdir()

    def environ(self, changes: Mapping[str, str]) -> dict[str, str]:
        own = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "SYNTHTEST_STATE_DIR": str(self.state),
            "LANG": "C.UTF-8",
            MARK: self.mark,
        }
        return own | dict(changes)

    def start(self, *args: str, **options: Any) -> LiveRun:
        return LiveRun(self, args, **options)

    def call(self, *args: str, **options: Any) -> Done:
        """Run a command to its end."""
        return self.start(*args, **options).finish()

    def processes(self) -> list[int]:
        """Every process that was started from here and still runs."""
        needle = f"{MARK}={self.mark}".encode()
        return [pid for pid in all_pids() if needle in read_of(pid, "environ")]

    def strays(self) -> list[str]:
        """Every file outside the state folder."""
        return [
            str(path)
            for folder in (self.cwd, self.home, self.temporary)
            for path in folder.rglob("*")
            if not path.is_dir()
        ]

    def record(self) -> str:
        """What the latest run has written into the state folder so far."""
        files = sorted(self.state.glob("runs/*.jsonl"))
        return files[-1].read_text() if files else ""

    def end_all(self) -> None:
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class Done:
    """What a command left: exit code, both streams, the objects among its lines."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def objects(self, kind: str | None = None) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]
        return [one for one in found if kind is None or one["type"] == kind]

    @property
    def summary(self) -> dict[str, Any]:
        """The last one; it must be the last line too."""
        last = self.objects()[-1]
        assert last["type"] == "summary", self
        return last

    @property
    def refusal(self) -> str:
        """The one sentence of a command that refused to start."""
        assert self.code == 2, self
        assert self.out == "", self
        words = [line for line in self.err.splitlines() if not line.startswith("profile ")]
        assert len(words) == 1, self
        return words[0].removeprefix("synthtest: ")

    def __repr__(self) -> str:
        return f"exit code {self.code}\n--- stdout\n{self.out[-4000:]}\n--- stderr\n{self.err[-4000:]}"


class LiveRun:
    """One process. Waiting is for a line or for the end, never for a time."""

    def __init__(
        self,
        place: Place,
        args: tuple[str, ...],
        environ: Mapping[str, str] | None = None,
        prepare: Callable[[], None] | None = None,
        stdout: int = subprocess.PIPE,
    ) -> None:
        self.lines: dict[str, list[str]] = {"out": [], "err": []}
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "synthcli", *args],
            cwd=place.cwd,
            env=place.environ(environ or {}),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=prepare,
        )
        self.pid = self.process.pid
        self._readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True)
            for name, stream in (("out", self.process.stdout), ("err", self.process.stderr))
            if stream is not None
        ]
        for reader in self._readers:
            reader.start()

    def wait_for(self, kind: str, claim: Callable[[dict[str, Any]], object] = bool) -> dict[str, Any]:
        """Wait for a JSON line of this type of which the claim is true."""
        for line in self.each("out"):
            one = json.loads(line)
            if one["type"] == kind and claim(one):
                return one
        raise AssertionError(f"it ended without that {kind}: {self.so_far()!r}")

    def wait_for_open(self, count: int = 1) -> dict[str, Any]:
        """Wait until so many pairs are held."""
        return self.wait_for(
            "status",
            lambda one: sum(trade["state"] == "active" for trade in one["open_trades"]) >= count,
        )

    def wait_for_words(self, words: str, stream: str = "out") -> str:
        """Wait for a line that has these words."""
        for line in self.each(stream):
            if words in line:
                return line
        raise AssertionError(f"it ended without saying {words!r}: {self.so_far()!r}")

    def each(self, stream: str) -> Iterator[str]:
        """Every line of a stream, those to come included, until its end."""
        deadline_s, at = time.monotonic() + WITHIN_S, 0
        while True:
            with self._news:
                while len(self.lines[stream]) <= at:
                    left_s = deadline_s - time.monotonic()
                    assert left_s > 0, f"nothing came in {WITHIN_S:g} s: {self.so_far()!r}"
                    self._news.wait(left_s)
                line = self.lines[stream][at]
            if line == "":
                return
            at += 1
            yield line

    def signal(self, number: int) -> None:
        """Send it, and wait until it has arrived: two of a kind that wait are one."""
        self.process.send_signal(number)
        wait_until(
            lambda: not is_alive(self.pid) or not has_pending_signals(self.pid), "the signal has arrived"
        )

    def children(self) -> list[int]:
        return [pid for pid in all_pids() if parent_of(pid) == self.pid]

    def finish(self, within_s: float = WITHIN_S) -> Done:
        """Wait for its end, and for the last of what it said."""
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"it didn't end in {within_s:g} s: {self.so_far()!r}") from None
        for reader in self._readers:
            reader.join(WITHIN_S)
        return self.so_far()

    def so_far(self) -> Done:
        code = self.process.returncode
        return Done(-1000 if code is None else code, "".join(self.lines["out"]), "".join(self.lines["err"]))

    def _read(self, name: str, stream: IO[str]) -> None:
        for line in stream:
            with self._news:
                self.lines[name].append(line)
                self._news.notify_all()
        with self._news:
            self.lines[name].append("")
            self._news.notify_all()


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait for something that no line tells of."""
    deadline_s = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline_s, f"not in {WITHIN_S:g} s: {what}"
        time.sleep(0.005)


def all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def read_of(pid: int, name: str) -> bytes:
    """A file of /proc; nothing for a process that is gone, or somebody else's."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/{name}").read_bytes()
    return b""


def parent_of(pid: int) -> int:
    status = read_of(pid, "stat").rpartition(b") ")[2].split()
    return int(status[1]) if len(status) > 1 else 0


def has_pending_signals(pid: int) -> bool:
    rows = read_of(pid, "status").decode().splitlines()
    return any(int(row.split()[1], 16) for row in rows if row.startswith(("SigPnd:", "ShdPnd:")))


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet waited for doesn't."""
    status = read_of(pid, "stat").rpartition(b") ")[2].split()
    return bool(status) and status[0] not in (b"Z", b"X")
