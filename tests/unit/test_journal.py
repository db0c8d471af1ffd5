"""The journal: kept before it matters, bounded, and honest when it can't be written."""

import asyncio
import sqlite3
import stat
from contextlib import contextmanager
from decimal import Decimal

import pytest

from synthcore.clock import MACHINE_CLOCK
from synthcore.errors import ConfigError, JournalBroken
from synthcore.execution import events, journal
from synthcore.execution.journal import Begun, Journal, RunRecord
from synthcore.execution.journal_read import leftovers, lost_on, time_line, trades
from synthcore.execution.paper import PaperTrade
from synthcore.execution.recovery import nothing_offered
from synthcore.execution.trade import TradeRules, begin, step
from synthcore.risk.losses import DAY_NS
from synthcore.virtual_time import VirtualTime

RULES = TradeRules(min_qty=Decimal("0.001"))
QTY = Decimal("0.016")
RUN = RunRecord(run="st1", account="a", venue="http://127.0.0.1:1", instance_id="i1", pid=1)
STORY = (
    events.Acknowledged("st1-1-L-e0"),
    events.Filled("st1-1-S-e0", "x1", Decimal("0.006")),
    events.AnswerLost("st1-1-S-e0"),
    events.Woke(),
    events.Reported("st1-1-L-e0", QTY, True),
    events.LookedUp("st1-1-S-e0", events.Reported("st1-1-S-e0", QTY, True), 1.0, 2.0),
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "journal.sqlite"


@contextmanager
def opened(path, durability="normal", run=RUN, clock=MACHINE_CLOCK):
    kept = Journal(path, durability, clock)
    kept.run_begun(run)
    try:
        yield kept
    finally:
        kept.close()


def begun(key="st1-1"):
    return Begun(
        key=key,
        symbol="BTCUSDT",
        qty=QTY,
        rules=RULES,
        now_ns=5,
        opportunity=nothing_offered("BTCUSDT"),
    )


def tell(kept, key="st1-1", story=STORY):
    """Write a trade down as its driver does; returns the machine's state."""
    kept.trade_begun("st1", begun(key))
    state, actions = begin(key, "BTCUSDT", QTY, RULES, 5)
    kept.stepped(key, 5, None, actions)
    for number, event in enumerate(story):
        state, actions = step(state, event, 10 * number)
        kept.stepped(key, 10 * number, event, actions)
    return state


@pytest.mark.parametrize("durability", ["normal", "full"])
async def test_what_is_kept_can_be_read_at_once_by_others(path, durability):
    with opened(path, durability) as kept:
        tell(kept)
        await kept.kept()
        found = leftovers(path)

    assert [one.key for one in found] == ["st1-1"]


@pytest.mark.parametrize("length", range(len(STORY) + 1))
async def test_a_replay_makes_the_state_that_was_lost(path, length):
    with opened(path) as kept:
        state = tell(kept, story=STORY[:length])
        await kept.kept()

    (found,) = leftovers(path)
    assert found.state == state
    assert (found.account, found.instance_id, found.venue) == ("a", "i1", "http://127.0.0.1:1")


async def test_a_trade_with_an_end_is_left_alone(path):
    with opened(path) as kept:
        tell(kept)
        kept.trade_ended("st1-1", "CLOSED", None)
        await kept.kept()

    assert leftovers(path) == []
    assert [line.end for line in trades(path, 10)] == ["CLOSED"]


async def test_a_time_line_has_what_was_told_and_what_was_asked_for(path):
    with opened(path) as kept:
        tell(kept)

    kinds = [entry.kind for entry in time_line(path, "st1-1")]
    assert kinds[:2] == ["action", "action"]  # both legs sent
    assert kinds.count("event") == len(STORY)


async def test_a_day_s_cost_outlives_its_trades(path, monkeypatch):
    monkeypatch.setattr(journal, "KEPT_TRADES", 2)
    paper = PaperTrade(trade="", symbol="BTCUSDT", end="CLOSED", reason="", real_cost_usdt=0.1)
    with opened(path, clock=VirtualTime(20_000 * DAY_NS)) as kept:
        for number in range(10):
            tell(kept, f"st1-{number}", story=())
            kept.trade_ended(f"st1-{number}", "CLOSED", paper)
    with opened(path, run=RunRecord(run="st2", account="b", venue="", instance_id=None, pid=1)):
        pass  # forgets all but two

    assert lost_on(path, "a", 20_000) == 1
    assert lost_on(path, "a", 20_001) == lost_on(path, "b", 20_000) == 0


async def test_many_waits_share_a_commit(path):
    with opened(path) as kept:
        for number in range(50):
            tell(kept, f"st1-{number}")
        await asyncio.gather(*(kept.kept() for _ in range(50)))

    assert len(leftovers(path)) == 50


async def test_the_oldest_that_ended_are_forgotten_and_what_is_open_never(path, monkeypatch):
    monkeypatch.setattr(journal, "KEPT_TRADES", 5)
    monkeypatch.setattr(journal, "FORGET_EVERY", 10)
    with opened(path) as kept:
        tell(kept, "st1-open")
        for number in range(20):
            tell(kept, f"st1-{number}", story=STORY[:1])
            kept.trade_ended(f"st1-{number}", "CLOSED", None)

    assert [line.trade for line in trades(path, 100)] == [f"st1-{n}" for n in range(19, 14, -1)] + [
        "st1-open"
    ]
    assert time_line(path, "st1-19")
    with pytest.raises(ConfigError, match="st1-0 isn't"):
        time_line(path, "st1-0")


async def test_a_full_disk_breaks_it_once_and_for_all(path):
    said = []
    with opened(path) as kept:
        kept.on_failure = said.append
        await kept.kept()
        kept._db.execute("PRAGMA max_page_count = 10")
        with pytest.raises(JournalBroken, match="full"):
            for number in range(100):
                tell(kept, f"st1-{number}")
                await kept.kept()
        with pytest.raises(JournalBroken):
            await kept.kept()

    assert len(said) == 1
    assert "journal.sqlite can't be written" in said[0]


async def test_only_the_owner_may_read_it(path):
    with opened(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_place_that_takes_no_file_is_refused(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(ConfigError, match="must be writable"):
        Journal(tmp_path / "state" / "journal.sqlite")


async def test_another_file_is_refused_and_left_as_it_is(path):
    path.parent.mkdir()
    path.write_bytes(b"no database, but somebody's text " * 100)
    with pytest.raises(ConfigError, match="must be writable"):
        Journal(path)
    assert path.read_bytes().startswith(b"no database")


async def test_a_newer_format_is_refused(path):
    with opened(path):
        pass
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(ConfigError, match="format 99"):
        Journal(path)
