"""The fast lane's record: what a process that ended has sent is found, once, and copied into the journal."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from synthcore._core.kernel import Kernel
from synthcore._core.lane import CallWire, Lane
from synthcore._core.pipeline import Pipeline
from synthcore.errors import ConfigError
from synthcore.execution.journal import INSERT_RUN, Begun, open_journal
from synthcore.execution.journal_read import leftovers
from synthcore.execution.lane_record import adopt_records, lane_record, left_behind, unadopted
from synthcore.execution.recovery import nothing_offered
from synthcore.execution.trade import TradeRules
from synthcore.qualification import QualificationRules

RUN = "st12345678"
FRAME = (b'{"time":"', b'","price":"', b'"}')
SERVER_MS = 1_700_000_000_000


def begun(symbol: str) -> Begun:
    return Begun(
        key=f"{RUN}-{symbol[:3]}",
        symbol=symbol,
        qty=Decimal("0.016"),
        rules=TradeRules(min_qty=Decimal("0.001")),
        now_ns=1,
        opportunity=nothing_offered(symbol),
        by_fast_lane=True,
    )


def send(lane: Lane, symbol_id: int, symbol: str) -> None:
    now_ns = time.monotonic_ns()
    lane.fill(
        symbol_id,
        (FRAME, FRAME),
        expires_ns=now_ns + 10**9,
        least_bid=0.0,
        most_ask=1e9,
        server_offset_ns=SERVER_MS * 1_000_000 - now_ns,
        tick_size=Decimal("0.1"),
        max_cross_bps=Decimal(5),
        begun=msgspec.json.encode(begun(symbol)),
    )
    kernel = Kernel(2, QualificationRules())
    kernel.set_inputs(symbol_id, spread_bps=50.0, funding_delta=0.0075, position_size=1e3, fees_bps=11.0)
    kernel.send_by(lane)
    with Pipeline(kernel) as pipeline:
        pipeline.start("inline")
        pipeline.push(symbol_id, 60000.0, 60000.1, 1.0, 1.0, 0, now_ns)


@pytest.fixture
def crashed(tmp_path: Path) -> Path:
    """A state folder whose process ended with one trade sent and another one allowed."""
    working, state = tmp_path / "working", tmp_path / "state"
    state.mkdir()
    with lane_record(working, 2) as memory:
        lane = Lane(2, CallWire(len), memory)
        send(lane, 0, "BTCUSDT")
        (path,) = working.iterdir()
        shutil.copy(path, state)
    return state


def journal_of(state: Path) -> Path:
    path = state / "journal.sqlite"
    with closing(open_journal(path, "normal")) as db, db:
        db.execute(INSERT_RUN, (RUN, 0, "account", "http://venue", "instance", 1))
    return path


def test_what_was_sent_is_copied_once_and_is_left_over_like_any_other(crashed: Path) -> None:
    journal = journal_of(crashed)

    seen = unadopted(journal)
    adopt_records(journal, "normal")
    adopt_records(journal, "normal")

    (left,) = leftovers(journal)
    assert left == replace(seen[0], last_ms=left.last_ms)
    assert (left.key, left.symbol, left.account) == (f"{RUN}-BTC", "BTCUSDT", "account")
    assert abs(left.last_ms - SERVER_MS) < 1000
    assert left.state is not None
    assert [intent.link_id for intent in left.state.intents] == [f"{RUN}-BTC-L-e0", f"{RUN}-BTC-S-e0"]
    assert left_behind(crashed) == []
    assert unadopted(journal) == []


def test_the_journal_has_the_orders_as_they_were_sent(crashed: Path) -> None:
    journal = journal_of(crashed)

    adopt_records(journal, "normal")

    with closing(sqlite3.connect(journal)) as db:
        orders = [
            msgspec.json.decode(data)
            for (data,) in db.execute("SELECT data FROM entries WHERE kind = 'order' ORDER BY id")
        ]
    assert [(order["side"], order["price"]) for order in orders] == [("Buy", "60030.1"), ("Sell", "59970.0")]


def test_what_the_journal_knows_is_not_copied(crashed: Path) -> None:
    journal = journal_of(crashed)
    kept = next(crashed.glob("fast-lane-*")).read_bytes()
    adopt_records(journal, "normal")
    (crashed / "fast-lane-again.record").write_bytes(kept)

    assert unadopted(journal) == []
    adopt_records(journal, "normal")

    assert len(leftovers(journal)) == 1


def test_a_record_of_another_journal_is_left_to_the_exchange(crashed: Path) -> None:
    journal = crashed / "journal.sqlite"
    open_journal(journal, "normal").close()

    adopt_records(journal, "normal")

    assert leftovers(journal) == []
    assert left_behind(crashed) == []


def test_a_record_that_is_cut_or_empty_does_no_harm(tmp_path: Path) -> None:
    journal = journal_of(tmp_path)
    (tmp_path / "fast-lane-1.record").write_bytes(b"")
    (tmp_path / "fast-lane-2.record").write_bytes(b"\1" * 100)

    adopt_records(journal, "normal")

    assert left_behind(tmp_path) == []


def test_the_record_of_a_process_that_lives_is_left_alone(tmp_path: Path) -> None:
    journal = journal_of(tmp_path)
    with lane_record(tmp_path, 1) as memory:
        send(Lane(1, CallWire(len), memory), 0, "BTCUSDT")

        assert left_behind(tmp_path) == []
        adopt_records(journal, "normal")

        assert len(list(tmp_path.glob("fast-lane-*.record"))) == 1


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    record = lane_record(tmp_path / "file", 1)

    with pytest.raises(ConfigError, match=r"the fast lane's record must be writable, .*file"), record:
        pass


def test_a_record_that_holds_nothing_goes_with_its_process(tmp_path: Path) -> None:
    with lane_record(tmp_path, 1) as memory:
        assert len(memory) == 4096

    assert list(tmp_path.iterdir()) == []
