"""The journal of a simulation: the same records in SQLite, written on the event loop at virtual moments.

A commit takes a while here, too, so that what was not yet kept is lost when the process is killed.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typing_extensions import Buffer

from synthcore.clock import Clock
from synthcore.errors import JournalBroken
from synthcore.execution.journal import Records, Write, open_journal, prepare
from synthcore.execution.journal_read import Leftover, unfinished
from synthcore.execution.lane_record import PREFIX, SUFFIX, adopt_from, is_known, left_behind

COMMIT_S = 0.0005
KEPT_TRADES = 500  # that ended, in memory; a file keeps as many as in production


class Disk:
    """What outlives a trading process: the journal's database, and the fast lane's slots.

    Parameters
    ----------
    folder
        For the slots, of which the last process's stay.
    path
        A file to be read afterwards; without one the journal is in memory.
    """

    def __init__(self, folder: Path, path: Path | None = None) -> None:
        self._folder = folder
        self._kept_slots = 0
        self.path = path
        self.kept_trades = KEPT_TRADES if path is None else None
        self._open()

    def lose(self) -> None:
        """All that was written is gone."""
        self.db.close()
        if self.path is not None:
            self.path.unlink()
        self._open()

    def keep_slots(self, slots: Buffer) -> None:
        """They are as they are now, whatever a process that is dead still does to its memory."""
        self._kept_slots += 1
        (self._folder / f"{PREFIX}{self._kept_slots}{SUFFIX}").write_bytes(slots)

    def adopt_slots(self) -> None:
        """Copy what the journal lacks, as a process does that opens it."""
        for path in left_behind(self._folder):
            adopt_from(path, self.db)
            path.unlink()

    def leftovers(self) -> tuple[Leftover, ...]:
        """The trades without an end."""
        return tuple(unfinished(self.db))

    def knows(self, trade: str) -> bool:
        """Whether its beginning is written."""
        return is_known(self.db, trade)

    def end_of(self, trade: str) -> str | None:
        """How a trade ended by the journal; None where it says nothing."""
        row = self.db.execute("SELECT end FROM trades WHERE trade = ?", (trade,)).fetchone()
        return None if row is None else row[0]

    def close(self) -> None:
        self.db.commit()
        self.db.close()

    def _open(self) -> None:
        if self.path is None:
            self.db = sqlite3.connect(":memory:")
            prepare(self.db, "off")
        else:
            self.db = open_journal(self.path, "normal")
            self.db.execute("PRAGMA synchronous = OFF")


class SimulatedJournal(Records):
    """A `TradeJournal` of one process.

    Parameters
    ----------
    on_record
        Called with the values of each record.
    """

    def __init__(self, disk: Disk, clock: Clock, on_record: Callable[[tuple[Any, ...]], None]) -> None:
        super().__init__(clock, disk.kept_trades)
        self.on_failure: Callable[[str], None] = lambda reason: None
        self._disk = disk
        self._on_record = on_record
        self._unkept: list[Write] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._is_dead = False

    async def kept(self) -> None:
        if self.failure:
            raise JournalBroken(self.failure)
        if self._unkept:
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting

    def die(self, kept: float) -> None:
        """The process is killed: of what was not yet committed this share is on the disk."""
        self._write_out(self._unkept[: round(kept * len(self._unkept))])
        self._stop()

    def fail(self, reason: str) -> None:
        """The disk is full."""
        waiting = self._waiting
        self._stop()
        self.failure = reason
        for one in waiting:
            if not one.done():
                one.set_exception(JournalBroken(reason))
        self.on_failure(reason)

    def flush(self) -> None:
        """Commit what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        unkept, self._unkept = self._unkept, []
        self._write_out(unkept)
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)

    def _write(self, statement: str, values: tuple[Any, ...]) -> None:
        if self._is_dead or self.failure:
            return
        self._unkept.append((statement, values))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(COMMIT_S, self.flush)
        self._on_record(values)

    def _write_out(self, writes: list[Write]) -> None:
        execute = self._disk.db.execute
        for statement, values in writes:
            execute(statement, values)

    def _stop(self) -> None:
        self._is_dead = True
        self._unkept, self._waiting = [], []
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
