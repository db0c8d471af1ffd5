"""What a run keeps on disk of its trades, and what an earlier run left there."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from synthcore.engine.venue import Venue
from synthcore.execution.desk import RUN_PREFIX
from synthcore.execution.journal import Journal, NoJournal, RunRecord, TradeJournal
from synthcore.execution.journal_read import Leftover, leftovers, lost_on
from synthcore.execution.lane_record import adopt_records, unadopted
from synthcore.execution.lock import AccountLock, account_id
from synthcore.risk.losses import day_of
from synthcore.settings.run import RunSettings

JOURNAL = "journal.sqlite"
PROBE_S = 0.5


class Books(Struct, frozen=True):
    """The journal of this run, and the trades that earlier ones left open."""

    journal: TradeJournal
    account: str
    leftovers: tuple[Leftover, ...] = ()
    lost_today_usdt: Decimal = Decimal(0)

    def run_begun(self, run: str, venue: Venue) -> None:
        self.journal.run_begun(
            RunRecord(
                run=run,
                account=self.account,
                venue=venue.environment.rest_urls[0],
                instance_id=venue.instance_id,
                pid=os.getpid(),
            )
        )


@contextmanager
def open_books(settings: RunSettings, venue: Venue, on_failure: Callable[[str], None]) -> Iterator[Books]:
    """Take the account for this process, and open its journal.

    Raises
    ------
    ConfigError
        Another process trades on the account, or nothing can be recorded.
    """
    account = account_of(venue)
    with AccountLock(account):
        if settings.journal == "off":
            yield Books(NoJournal(), account)
            return
        path = settings.state_dir / JOURNAL
        adopt_records(path, settings.journal)
        journal = Journal(path, settings.journal)
        journal.on_failure = on_failure
        try:
            lost_usdt = lost_on(path, account, day_of(time.time_ns()))
            yield Books(journal, account, tuple(left_open(path, account, venue)), lost_usdt)
        finally:
            journal.close()


@contextmanager
def read_books(settings: RunSettings, venue: Venue) -> Iterator[Books]:
    """Hold the account, and tell what is left open on it; nothing is written.

    Raises
    ------
    ConfigError
        Another process trades on the account, or the journal can't be read.
    """
    account = account_of(venue)
    with AccountLock(account):
        is_kept = settings.journal != "off"
        path = settings.state_dir / JOURNAL
        left = left_open(path, account, venue, unadopted(path)) if is_kept else []
        yield Books(NoJournal(), account, tuple(left))


def account_of(venue: Venue) -> str:
    return account_id(venue.environment.rest_urls[0], venue.credentials.api_key.reveal(), RUN_PREFIX)


def left_open(path: Path, account: str, venue: Venue, more: Iterable[Leftover] = ()) -> list[Leftover]:
    """The account's open trades, and those of embedded exchanges that are no more."""
    found = [*leftovers(path), *more]
    return [one for one in found if one.account == account or has_vanished(one, venue)]


def has_vanished(one: Leftover, venue: Venue) -> bool:
    """Whether a trade was on an embedded exchange that nobody serves and no process trades on."""
    if one.instance_id is None or not AccountLock(one.account).is_free():
        return False
    if one.venue == venue.environment.rest_urls[0]:  # another one may be at its address now
        return one.instance_id != venue.instance_id
    address = urlsplit(one.venue)
    try:
        socket.create_connection((address.hostname or "", address.port or 80), PROBE_S).close()
    except OSError:
        return True
    return False
