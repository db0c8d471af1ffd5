"""Reading a journal: what an earlier process left open, and the time line of a trade."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from synthcore.errors import ConfigError
from synthcore.execution.events import Action, Event
from synthcore.execution.journal import NANO, VERSION, Begun
from synthcore.execution.paper import PaperTrade
from synthcore.execution.trade import Trade, begin, step
from synthcore.model import ArbitrageOpportunity, Fill, OrderAck, OrderRequest

decode_begun = msgspec.json.Decoder(Begun).decode
decode_event = msgspec.json.Decoder(Event).decode
decode_paper = msgspec.json.Decoder(PaperTrade).decode
DECODERS: dict[str, Any] = {
    "event": decode_event,
    "action": msgspec.json.Decoder(Action).decode,
    "order": msgspec.json.Decoder(OrderRequest).decode,
    "ack": msgspec.json.Decoder(OrderAck).decode,
    "fill": msgspec.json.Decoder(Fill).decode,
}

UNFINISHED = """
SELECT trades.trade, trades.symbol, trades.begun, runs.account, runs.venue, runs.instance_id,
       (SELECT max(at_ns) FROM entries WHERE entries.trade = trades.trade)
FROM trades JOIN runs USING (run) WHERE trades.end IS NULL ORDER BY trades.begun_ns
"""


class Leftover(Struct, frozen=True, kw_only=True):
    """A trade that had no end when its process ended."""

    key: str
    symbol: str
    account: str
    venue: str  # the REST host
    instance_id: str | None  # of the embedded exchange that it was on
    last_ms: float  # epoch: nothing was sent after this
    state: Trade | None  # None: it had ended, was no trade, or is of another version: found by its fills
    over: Trade | None = None  # of one that had ended and could not say so any more
    opportunity: ArbitrageOpportunity


class TradeLine(Struct, frozen=True, kw_only=True):
    """A trade as a list shows it."""

    trade: str
    symbol: str
    begun_ns: int  # epoch
    end: str | None
    paper: PaperTrade | None


class Entry(Struct, frozen=True, kw_only=True):
    """One line of a trade's time line."""

    at_ns: int  # epoch
    now_ns: int  # monotonic
    kind: str  # event, action, order, ack, fill
    what: Event | Action | OrderRequest | OrderAck | Fill


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a journal for reading, beside a process that may be writing it.

    Raises
    ------
    ConfigError
        There is none, or it can't be read.
    """
    if not path.is_file():
        raise ConfigError(f"the state folder must hold a journal, {path} isn't there; give --state")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                raise sqlite3.DatabaseError(f"it is of format {version}, this version reads {VERSION}")
            yield db
    except sqlite3.Error as error:
        raise ConfigError(f"the journal must be readable, {path} isn't ({error})") from error


def leftovers(path: Path) -> list[Leftover]:
    """All trades without an end, of whichever account, oldest first."""
    if not path.is_file():
        return []
    with reading(path) as db:
        return unfinished(db)


def unfinished(db: sqlite3.Connection) -> list[Leftover]:
    """As `leftovers`, of a journal that is open."""
    return [leftover(db, *row) for row in db.execute(UNFINISHED).fetchall()]


def leftover(
    db: sqlite3.Connection,
    key: str,
    symbol: str,
    begun: bytes,
    account: str,
    venue: str,
    instance_id: str | None,
    last_ns: int | None,
) -> Leftover:
    first = decode_begun(begun)
    state = replayed(first, events_of(db, key)) if first.found is None else None
    is_over = state is not None and state.phase == "done"
    return Leftover(
        key=key,
        symbol=symbol,
        account=account,
        venue=venue,
        instance_id=instance_id,
        last_ms=(last_ns or 0) / 1e6,
        state=None if is_over else state,
        over=state if is_over else None,
        opportunity=first.opportunity,
    )


def events_of(db: sqlite3.Connection, key: str) -> list[tuple[int, bytes]]:
    wanted = "SELECT now_ns, data FROM entries WHERE trade = ? AND kind = 'event' ORDER BY id"
    return db.execute(wanted, (key,)).fetchall()


def begun_again(first: Begun) -> tuple[Trade, list[Action]]:
    """The machine's first state and actions, as they were when the trade began."""
    return begin(first.key, first.symbol, Decimal(first.qty), first.rules, first.now_ns)


def replayed(first: Begun, events: list[tuple[int, bytes]]) -> Trade | None:
    """The machine's state after the events; it is pure, so the same events make the same state."""
    try:
        state, _ = begun_again(first)
        for now_ns, data in events:
            state, _ = step(state, decode_event(data), now_ns)
    except (msgspec.DecodeError, LookupError, TypeError, ValueError):  # of another version
        return None
    return state


def lost_on(path: Path, account: str, day: int) -> Decimal:
    """What an account's trades cost on a UTC day, in USDT."""
    wanted = "SELECT cost_nano FROM days WHERE day = ? AND account = ?"
    with reading(path) as db:
        row = db.execute(wanted, (day, account)).fetchone()
    return Decimal(row[0] if row else 0) / NANO


def begun_of(path: Path, trade: str) -> tuple[int, Begun]:
    """When a trade began (epoch ns), and with what.

    Raises
    ------
    ConfigError
        The journal has no such trade.
    """
    with reading(path) as db:
        row = db.execute("SELECT begun_ns, begun FROM trades WHERE trade = ?", (trade,)).fetchone()
    if row is None:
        raise ConfigError(f"the trade must be in the journal, {trade} isn't; `synthtest trades` lists them")
    return row[0], decode_begun(row[1])


def trades(path: Path, limit: int) -> list[TradeLine]:
    """The newest trades, newest first."""
    wanted = "SELECT trade, symbol, begun_ns, end, paper FROM trades ORDER BY begun_ns DESC LIMIT ?"
    with reading(path) as db:
        return [
            TradeLine(
                trade=trade,
                symbol=symbol,
                begun_ns=begun_ns,
                end=end,
                paper=None if paper is None else decode_paper(paper),
            )
            for trade, symbol, begun_ns, end, paper in db.execute(wanted, (limit,))
        ]


def time_line(path: Path, trade: str) -> list[Entry]:
    """Everything that is kept of one trade, in its order.

    Raises
    ------
    ConfigError
        The journal has no such trade.
    """
    with reading(path) as db:
        rows = db.execute(
            "SELECT at_ns, now_ns, kind, data FROM entries WHERE trade = ? ORDER BY id", (trade,)
        ).fetchall()
    if not rows:
        raise ConfigError(f"the trade must be in the journal, {trade} isn't; `synthtest trades` lists them")
    return [
        Entry(at_ns=at_ns, now_ns=now_ns, kind=kind, what=DECODERS[kind](data))
        for at_ns, now_ns, kind, data in rows
    ]
