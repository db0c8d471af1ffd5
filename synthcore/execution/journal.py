"""The journal: what every trade was told and asked for, on disk before it happens.

SQLite in WAL mode, written by a thread of its own: who must know that a record is kept waits for it, the
event loop never does. All records that wait while one commit runs go into the next one together.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
from msgspec import Struct

from synthcore.clock import MACHINE_CLOCK, Clock
from synthcore.errors import ConfigError, JournalBroken
from synthcore.execution.events import Action, Event, SetTimer
from synthcore.execution.paper import PaperTrade
from synthcore.execution.trade import TradeRules
from synthcore.model import ArbitrageOpportunity, Fill, OrderAck, OrderRequest
from synthcore.risk.losses import day_of

logger = logging.getLogger(__name__)

Durability = Literal["normal", "full"]

KEPT_TRADES = 10_000  # that ended; older ones are forgotten
FORGET_EVERY = 16  # trades; many at once would hold up the orders behind them

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    run TEXT PRIMARY KEY, started_ns INTEGER NOT NULL, account TEXT NOT NULL, venue TEXT NOT NULL,
    instance_id TEXT, pid INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS trades (
    trade TEXT PRIMARY KEY, run TEXT NOT NULL, symbol TEXT NOT NULL, begun_ns INTEGER NOT NULL,
    begun BLOB NOT NULL, end TEXT, ended_ns INTEGER, paper BLOB
);
CREATE INDEX IF NOT EXISTS trades_open ON trades (end) WHERE end IS NULL;
CREATE INDEX IF NOT EXISTS trades_ended ON trades (ended_ns) WHERE end IS NOT NULL;
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY, trade TEXT NOT NULL, at_ns INTEGER NOT NULL, now_ns INTEGER NOT NULL,
    kind TEXT NOT NULL, data BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_of_trade ON entries (trade);
CREATE TABLE IF NOT EXISTS days (
    day INTEGER, account TEXT, cost_nano INTEGER NOT NULL, PRIMARY KEY (day, account)
);
"""
VERSION = 1

INSERT_RUN = "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)"
INSERT_TRADE = "INSERT INTO trades (trade, run, symbol, begun_ns, begun) VALUES (?, ?, ?, ?, ?)"
INSERT_ENTRY = "INSERT INTO entries (trade, at_ns, now_ns, kind, data) VALUES (?, ?, ?, ?, ?)"
END_TRADE = "UPDATE trades SET end = ?, ended_ns = ?, paper = ? WHERE trade = ?"
ADD_COST = (  # apart from the trades: a day has more of them than are kept
    "INSERT INTO days SELECT ?, runs.account, ? FROM trades JOIN runs USING (run) WHERE trade = ?"
    " ON CONFLICT (day, account) DO UPDATE SET cost_nano = cost_nano + excluded.cost_nano"
)
NANO = 1_000_000_000  # of a USDT
FORGET = (
    "DELETE FROM entries WHERE trade IN (SELECT trade FROM trades WHERE end IS NOT NULL"
    " ORDER BY ended_ns DESC LIMIT -1 OFFSET ?)",
    "DELETE FROM trades WHERE trade IN (SELECT trade FROM trades WHERE end IS NOT NULL"
    " ORDER BY ended_ns DESC LIMIT -1 OFFSET ?)",
)

Write = tuple[str, tuple[Any, ...]]  # a statement and its values

encode = msgspec.json.Encoder().encode


class RunRecord(Struct, frozen=True, kw_only=True):
    """Which process traded, for whom and where."""

    run: str
    account: str  # of host, key and prefix: who may recover it (`account_id`)
    venue: str  # the REST host
    instance_id: str | None  # of an embedded exchange
    pid: int


class Begun(Struct, frozen=True, kw_only=True):
    """What a trade began with: enough to make its machine again."""

    key: str
    symbol: str
    qty: Decimal
    rules: TradeRules
    now_ns: int
    opportunity: ArbitrageOpportunity
    found: tuple[Decimal, Decimal] | None = None  # held of ours and in no trade: it began with that
    by_fast_lane: bool = False  # its entries were sent before the desk knew


class TradeJournal(Protocol):
    """What the desk writes to."""

    @property
    def failure(self) -> str:
        """Why nothing is kept any more; empty while it is."""
        ...

    def run_begun(self, run: RunRecord) -> None: ...

    def trade_begun(self, run: str, begun: Begun) -> None: ...

    def stepped(self, trade: str, now_ns: int, event: Event | None, actions: list[Action]) -> None: ...

    def noted(self, trade: str, now_ns: int, note: OrderRequest | OrderAck | Fill) -> None: ...

    def trade_ended(self, trade: str, end: str, paper: PaperTrade | None) -> None: ...

    async def kept(self) -> None:
        """Return when all that was written is on disk.

        Raises
        ------
        JournalBroken
            It never will be.
        """
        ...


class NoJournal:
    """For a desk that keeps nothing: a crash leaves its trades to a person."""

    failure = ""

    def run_begun(self, run: RunRecord) -> None:
        pass

    def trade_begun(self, run: str, begun: Begun) -> None:
        pass

    def stepped(self, trade: str, now_ns: int, event: Event | None, actions: list[Action]) -> None:
        pass

    def noted(self, trade: str, now_ns: int, note: OrderRequest | OrderAck | Fill) -> None:
        pass

    def trade_ended(self, trade: str, end: str, paper: PaperTrade | None) -> None:
        pass

    async def kept(self) -> None:
        pass


class Records:
    """What a `TradeJournal` keeps, as statements; how they are written is its subclass's."""

    def __init__(self, clock: Clock, kept_trades: int | None = None) -> None:
        self.failure = ""
        self._epoch_ns = clock.epoch_ns
        self._kept_trades = KEPT_TRADES if kept_trades is None else kept_trades
        self._ended = 0

    def run_begun(self, run: RunRecord) -> None:
        self._write(INSERT_RUN, (run.run, self._epoch_ns(), run.account, run.venue, run.instance_id, run.pid))

    def trade_begun(self, run: str, begun: Begun) -> None:
        self._write(INSERT_TRADE, (begun.key, run, begun.symbol, self._epoch_ns(), encode(begun)))

    def stepped(self, trade: str, now_ns: int, event: Event | None, actions: list[Action]) -> None:
        """Keep an event and what the machine made of it; timers are made anew by a replay."""
        at_ns = self._epoch_ns()
        if event is not None:
            self._write(INSERT_ENTRY, (trade, at_ns, now_ns, "event", encode(event)))
        for action in actions:
            if not isinstance(action, SetTimer):
                self._write(INSERT_ENTRY, (trade, at_ns, now_ns, "action", encode(action)))

    def noted(self, trade: str, now_ns: int, note: OrderRequest | OrderAck | Fill) -> None:
        """Keep what a person wants to see later: prices, times."""
        kind = NOTE_KINDS[type(note)]
        self._write(INSERT_ENTRY, (trade, self._epoch_ns(), now_ns, kind, encode(note)))

    def trade_ended(self, trade: str, end: str, paper: PaperTrade | None) -> None:
        at_ns = self._epoch_ns()
        self._write(END_TRADE, (end, at_ns, None if paper is None else encode(paper), trade))
        if paper is not None:
            self._write(ADD_COST, (day_of(at_ns), round(paper.real_cost_usdt * NANO), trade))
        self._ended += 1
        if self._ended % FORGET_EVERY == 0:
            for statement in FORGET:
                self._write(statement, (self._kept_trades,))

    def _write(self, statement: str, values: tuple[Any, ...]) -> None:
        raise NotImplementedError


class Journal(Records):
    """A `TradeJournal` in a file.

    Parameters
    ----------
    durability
        `normal`: what is kept survives the end of the process, not always a power cut.
        `full`: each commit is on the disk itself.

    Attributes
    ----------
    on_failure
        Called once on the event loop when nothing can be kept any more, with the reason.

    Raises
    ------
    ConfigError
        The file can't be made or written, or isn't a journal.
    """

    def __init__(self, path: Path, durability: Durability = "normal", clock: Clock = MACHINE_CLOCK) -> None:
        super().__init__(clock)
        self.path = path
        self.on_failure: Callable[[str], None] = logger.error
        self._loop = asyncio.get_running_loop()
        self._db = open_journal(path, durability)
        self._writes: queue.SimpleQueue[Write | None] = queue.SimpleQueue()
        self._put = 0
        self._kept = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._thread = threading.Thread(target=self._write_all, name="journal", daemon=True)
        self._thread.start()

    async def kept(self) -> None:
        if self.failure:
            raise JournalBroken(self.failure)
        if self._kept < self._put:
            waiting = self._loop.create_future()
            self._waiting.append((self._put, waiting))
            await waiting

    def close(self) -> None:
        """Keep what is left, and let go of the file. Again does nothing."""
        if self._thread.is_alive():
            self._writes.put(None)
            self._thread.join()
        self._db.close()

    def _write(self, statement: str, values: tuple[Any, ...]) -> None:
        if self.failure:
            return
        self._put += 1
        self._writes.put((statement, values))

    # In the thread

    def _write_all(self) -> None:
        written = 0
        is_over = False
        while not is_over:
            batch = [self._writes.get()]
            while not self._writes.empty():
                batch.append(self._writes.get())
            is_over = batch[-1] is None
            try:
                self._commit([write for write in batch if write is not None])
            except sqlite3.Error as error:
                self._tell(self._on_broken, f"the journal {self.path} can't be written ({error})")
                return
            written += len(batch)
            self._tell(self._on_kept, written)

    def _commit(self, batch: list[Write]) -> None:
        if not batch:
            return
        with self._db:  # one transaction
            for statement, values in batch:
                self._db.execute(statement, values)

    def _tell(self, what: Callable[[Any], None], value: object) -> None:
        with suppress(RuntimeError):  # the loop is over, nobody waits
            self._loop.call_soon_threadsafe(what, value)

    # On the loop

    def _on_kept(self, count: int) -> None:
        self._kept = count
        while self._waiting and self._waiting[0][0] <= count:
            waiting = self._waiting.popleft()[1]
            if not waiting.done():
                waiting.set_result(None)

    def _on_broken(self, reason: str) -> None:
        self.failure = reason
        for _, waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(JournalBroken(reason))
        self._waiting.clear()
        self.on_failure(reason)


NOTE_KINDS: dict[type, str] = {OrderRequest: "order", OrderAck: "ack", Fill: "fill"}


def open_journal(path: Path, durability: Durability) -> sqlite3.Connection:
    """Make or open the file, readable by its owner only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        db = sqlite3.connect(path, check_same_thread=False)
        try:
            prepare(db, durability)
        except BaseException:
            db.close()
            raise
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            f"the journal must be writable, {path} isn't ({reason}); choose another --state folder,"
            " or --journal off: then a crash leaves open trades to you"
        ) from error
    return db


def prepare(db: sqlite3.Connection, durability: Durability | Literal["off"]) -> None:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"PRAGMA synchronous = {durability.upper()}")
    db.execute("PRAGMA journal_size_limit = 4194304")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version not in (0, VERSION):
        raise sqlite3.DatabaseError(f"it is of format {version}, this version knows {VERSION}")
    db.executescript(SCHEMA)
    db.execute(f"PRAGMA user_version = {VERSION}")
    with db:
        for statement in FORGET:
            db.execute(statement, (KEPT_TRADES,))
