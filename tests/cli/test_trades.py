"""`synthtest trades`: words for people, objects for programs, one sentence where there is nothing."""

from __future__ import annotations

import asyncio
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from synthcli.cli import cli
from synthcore.errors import ConfigError
from synthcore.execution import events
from synthcore.execution.journal import Begun, Journal, RunRecord
from synthcore.execution.journal_read import trades
from synthcore.execution.paper import PaperTrade
from synthcore.execution.recovery import nothing_offered
from synthcore.execution.trade import TradeRules, begin, step
from synthcore.monitor.trades import print_trades

QTY = Decimal("0.016")
RULES = TradeRules(min_qty=Decimal("0.001"))


def synthtest(*args: str) -> Result:
    return CliRunner().invoke(cli, ["trades", "--state", "state", *args], catch_exceptions=False)


async def write_two_trades() -> None:
    """One that ended, and one that is still open."""
    kept = Journal(Path("state", "journal.sqlite"))
    kept.run_begun(RunRecord(run="st1", account="a", venue="http://x", instance_id=None, pid=1))
    for key in ("st1-1", "st1-2"):
        offer = nothing_offered("BTCUSDT")
        first = Begun(key=key, symbol="BTCUSDT", qty=QTY, rules=RULES, now_ns=5, opportunity=offer)
        kept.trade_begun("st1", first)
        state, actions = begin(key, "BTCUSDT", QTY, RULES, 5)
        kept.stepped(key, 5, None, actions)
        rejected = events.Rejected(f"{key}-S-e0", "account", 110007)
        kept.stepped(key, 9, rejected, step(state, rejected, 9)[1])
    paper = PaperTrade(
        trade="st1-1",
        symbol="BTCUSDT",
        end="FAILED_FLAT",
        reason="account",
        synthetic_edge_usdt=1.25,
        real_cost_usdt=0.5,
    )
    kept.trade_ended("st1-1", "FAILED_FLAT", paper)
    kept.close()


@pytest.fixture
def journal() -> None:
    asyncio.run(write_two_trades())


def objects(done: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.usefixtures("journal")
def test_the_list_is_newest_first_with_edge_and_cost_side_by_side() -> None:
    done = synthtest()

    _, _, newest, oldest = done.stdout.splitlines()
    assert done.exit_code == 0
    assert newest.split()[0] == "st1-2" and " open " in newest
    assert oldest.split()[0] == "st1-1"
    assert oldest.split()[4:8] == ["FAILED_FLAT", "account", "+1.2500", "−0.5000"]


@pytest.mark.usefixtures("journal")
def test_limit_and_json() -> None:
    (one,) = objects(synthtest("--limit", "1", "--json"))

    assert (one["type"], one["trade"], one["end"], one["paper"]) == ("trade", "st1-2", None, None)


@pytest.mark.usefixtures("journal")
def test_a_trade_s_time_line_reads_as_a_story() -> None:
    done, told = synthtest("st1-1"), objects(synthtest("st1-1", "--json"))

    assert "send long entry 0: 0.016" in done.stdout
    assert "short entry 0: refused (account, code 110007)" in done.stdout
    assert [one["kind"] for one in told][:4] == ["begun", "action", "action", "event"]
    assert {one["type"] for one in told} == {"moment"}


@pytest.mark.usefixtures("journal")
def test_an_unknown_trade_is_said_so() -> None:
    with pytest.raises(
        ConfigError, match="the trade must be in the journal, st9-9 isn't; `synthtest trades`"
    ):
        synthtest("st9-9")


def test_without_a_journal_it_says_where_it_looked() -> None:
    with pytest.raises(
        ConfigError, match=r"must hold a journal, state/journal\.sqlite isn't there; give --state"
    ):
        synthtest()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_no_name_is_cut_off_on_a_terminal(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("TERM", "dumb")
    asyncio.run(write_two_trades())
    terminal = Terminal()

    print_trades(terminal, msgspec.to_builtins(trades(Path("state", "journal.sqlite"), 5)))

    for words in ("st1-1", "BTCUSDT", "FAILED_FLAT", "account", "+1.2500", "−0.5000"):
        assert words in terminal.getvalue()
    assert "…" not in terminal.getvalue()
