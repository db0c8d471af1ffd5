"""The fast lane's record on disk: a file of slots that is mapped into memory while a run lasts.

What is written there outlives the process at once, though not always a power cut. The next process that opens
the journal copies what the journal doesn't know into it, and recovery finds it there like any other trade.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from synthcore._core.lane import SLOT_BYTES, Lane, Spent, Wire
from synthcore.errors import ConfigError
from synthcore.execution.driver import order_request
from synthcore.execution.events import Send
from synthcore.execution.journal import Begun, Durability, Records, open_journal
from synthcore.execution.journal_read import Leftover, begun_again, reading
from synthcore.model import OrderRequest

PREFIX, SUFFIX = "fast-lane-", ".record"

RUN = "SELECT account, venue, instance_id FROM runs WHERE run = ?"

decode_begun = msgspec.json.Decoder(Begun).decode


class Recorded(Struct, frozen=True):
    """A trade whose orders may have left."""

    begun: Begun
    orders: tuple[OrderRequest, ...]
    server_ms: int  # the time in both orders


@contextmanager
def lane_record(folder: Path, symbols: int) -> Iterator[mmap.mmap]:
    """A mapped file of empty slots, held by this process; it goes once it holds nothing that matters.

    Raises
    ------
    ConfigError
        There is no room for it, or it can't be written.
    """
    try:
        descriptor, path = new_record(folder, symbols * SLOT_BYTES)
    except OSError as error:
        raise ConfigError(
            f"the fast lane's record must be writable, {folder} isn't ({error.strerror});"
            " choose another --state folder, or --fast-lane off"
        ) from error
    try:
        yield mmap.mmap(descriptor, symbols * SLOT_BYTES)
    finally:
        if not recorded_in(path):
            path.unlink()
        os.close(descriptor)


def new_record(folder: Path, size: int) -> tuple[int, Path]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, new = tempfile.mkstemp(".new", PREFIX, folder)
    path = Path(new).with_suffix(SUFFIX)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.posix_fallocate(descriptor, 0, size)  # a mapped page that finds no room on the disk ends the process
    os.rename(new, path)  # only now others look at it
    return descriptor, path


def left_behind(folder: Path) -> list[Path]:
    """The records whose process has ended."""
    return [path for path in sorted(folder.glob(f"{PREFIX}*{SUFFIX}")) if is_free(path)]


def is_free(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def recorded_in(path: Path) -> list[Recorded]:
    """The trades of a record, as far as it is whole."""
    size = path.stat().st_size // SLOT_BYTES * SLOT_BYTES
    if not size:
        return []
    with path.open("rb") as file, mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY) as copied:
        lane = Lane(size // SLOT_BYTES, Wire(), copied)
        spent = lane.recorded()
        del lane  # it lends the mapping
    return [recorded(one) for one in spent]


def recorded(spent: Spent) -> Recorded:
    begun = decode_begun(spent.begun)
    found = replace(begun.opportunity, bid=spent.bid, ask=spent.ask, recv_ns=spent.recv_ns)
    begun = replace(begun, now_ns=spent.decided_ns, opportunity=replace(found, decided_ns=spent.decided_ns))
    return Recorded(begun, orders_of(begun, spent.limits), spent.server_ms)


def orders_of(begun: Begun, limits: tuple[Decimal, Decimal]) -> tuple[OrderRequest, ...]:
    """What the machine sends when the trade begins, at these prices: the long order, the short one."""
    _, actions = begun_again(begun)
    sends = [action for action in actions if isinstance(action, Send)]
    return tuple(order_request(begun.symbol, send, limits[send.leg]) for send in sends)


# Into the journal


class SentThen:
    """The clock as it was when a trade was sent."""

    def __init__(self, one: Recorded) -> None:
        self._one = one

    def epoch_ns(self) -> int:
        return self._one.server_ms * 1_000_000

    def monotonic_ns(self) -> int:
        return self._one.begun.now_ns


class Adopted(Records):
    """Writes at once into a journal that nobody else has open."""

    def __init__(self, db: sqlite3.Connection, one: Recorded) -> None:
        super().__init__(SentThen(one))
        self._db = db

    def _write(self, statement: str, values: tuple[Any, ...]) -> None:
        self._db.execute(statement, values)


def adopt_records(journal: Path, durability: Durability) -> None:
    """Copy what ended processes sent and the journal doesn't know into it; their records go then.

    Where the journal is another than theirs, the exchange alone tells what they left, by our link ids.
    """
    for path in left_behind(journal.parent):
        with closing(open_journal(journal, durability)) as db, db:
            adopt_from(path, db)
        path.unlink(missing_ok=True)


def adopt_from(path: Path, db: sqlite3.Connection) -> None:
    """Copy what one record has and an open journal doesn't know."""
    for one in recorded_in(path):
        if run_row(db, one) is not None and not is_known(db, one.begun.key):
            adopt(db, one)


def unadopted(journal: Path) -> list[Leftover]:
    """As leftovers of the journal: what `adopt_records` would copy into it."""
    if not journal.is_file():
        return []
    with reading(journal) as db:
        return [
            leftover(one, *run)
            for path in left_behind(journal.parent)
            for one in recorded_in(path)
            if not is_known(db, one.begun.key) and (run := run_row(db, one)) is not None
        ]


def leftover(one: Recorded, account: str, venue: str, instance_id: str | None) -> Leftover:
    begun = one.begun
    state, _ = begun_again(begun)
    return Leftover(
        key=begun.key,
        symbol=begun.symbol,
        account=account,
        venue=venue,
        instance_id=instance_id,
        last_ms=float(one.server_ms),
        state=state,
        opportunity=begun.opportunity,
    )


def run_of(one: Recorded) -> str:
    return one.begun.key.rpartition("-")[0]


def run_row(db: sqlite3.Connection, one: Recorded) -> tuple[str, str, str | None] | None:
    """Account, venue and instance of the run that sent it, if the journal is that run's."""
    row: tuple[str, str, str | None] | None = db.execute(RUN, (run_of(one),)).fetchone()
    return row


def is_known(db: sqlite3.Connection, key: str) -> bool:
    return db.execute("SELECT 1 FROM trades WHERE trade = ?", (key,)).fetchone() is not None


def adopt(db: sqlite3.Connection, one: Recorded) -> None:
    """Write what the desk would have written."""
    begun = one.begun
    _, actions = begun_again(begun)
    records = Adopted(db, one)
    records.trade_begun(run_of(one), begun)
    records.stepped(begun.key, begun.now_ns, None, actions)
    for order in one.orders:
        records.noted(begun.key, begun.now_ns, order)
