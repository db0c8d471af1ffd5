"""What the journal says of trades that did not begin or end as trades do."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import time_ns

import pytest
from test_desk import opportunity
from test_recovery import HELD, crash_when, is_active, sizes_on, trading

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import Ready
from synthcore.exchange.settings import ExchangeSettings
from synthcore.execution.driver import TradeDriver
from synthcore.execution.events import Alarm
from synthcore.execution.journal_read import begun_of, leftovers, lost_on, time_line, trades
from synthcore.execution.story import story
from synthcore.risk.losses import day_of


@pytest.fixture(scope="module")
def exchange() -> Iterator[Ready]:
    settings = ExchangeSettings(market="steady", position_mode="hedge", rate_tier="off")
    with ExchangeProcess(settings) as ready:
        yield ready


async def test_what_was_held_in_no_trade_has_a_row_and_a_time_line(exchange: Ready, tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    await crash_when(exchange, tmp_path / "lost.sqlite", HELD, is_active)

    async with trading(exchange, path):
        pass
    (line,) = trades(path, 10)
    told = [one.words for one in story(*begun_of(path, line.trade), time_line(path, line.trade))]

    assert (line.trade.endswith("-0r0"), line.end) == (True, "FAILED_FLAT")
    assert line.paper is not None and line.paper.reason == "recovered"
    assert told[0] == "BTCUSDT, found by a recovery: 0.016 long, 0.016 short of ours in no trade"
    assert any("close 0" in words for words in told)


async def test_a_crash_before_that_is_closed_is_recovered_too(
    exchange: Ready, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new.sqlite"
    await crash_when(exchange, tmp_path / "lost.sqlite", HELD, is_active)
    with monkeypatch.context() as crashing, pytest.raises(ConnectionAbortedError):
        crashing.setattr(TradeDriver, "adopt", crash)
        async with trading(exchange, path):
            pass
    begun = [(line.key[-4:], line.state) for line in leftovers(path)]

    async with trading(exchange, path) as desk:
        sizes = await sizes_on(desk.backend)

    assert begun == [("-0r0", None)]
    assert sizes == [0, 0]
    assert leftovers(path) == []
    assert [line.end for line in trades(path, 10)] == ["FAILED_FLAT", "FAILED_FLAT"]


def crash(*args: object) -> None:
    raise ConnectionAbortedError


async def test_a_trade_whose_machine_failed_has_its_end_in_the_journal(
    exchange: Ready, tmp_path: Path
) -> None:
    path = tmp_path / "journal.sqlite"
    async with trading(exchange, path, HELD) as desk:
        driver = desk.try_begin(opportunity())
        async with asyncio.timeout(5):
            while not is_active(driver):
                await asyncio.sleep(0)

        desk.on_lost(driver, RuntimeError("a defect of ours"))
        await desk.journal.kept()
        (line,) = trades(path, 10)
        told = [entry.what.detail for entry in time_line(path, driver.key) if isinstance(entry.what, Alarm)]
        await desk.stop()

    assert (line.trade, line.end) == (driver.key, "UNRESOLVED")
    assert told == ["RuntimeError: a defect of ours"]
    assert line.paper is not None and line.paper.reason == "internal_error"
    assert leftovers(path) == []


async def test_a_trade_that_ended_and_could_not_say_so_has_its_money_too(
    exchange: Ready, tmp_path: Path
) -> None:
    path, today = tmp_path / "journal.sqlite", day_of(time_ns())
    async with trading(exchange, path) as desk:
        driver = desk.try_begin(opportunity())
        assert isinstance(driver, TradeDriver)
        known = await driver.finished
    with closing(sqlite3.connect(path)) as db, db:  # as killed before the last record
        db.execute("UPDATE trades SET end = NULL, paper = NULL")
        db.execute("DELETE FROM days")

    async with trading(exchange, path) as desk:
        lost = desk.losses.lost_usdt

    (line,) = trades(path, 10)
    assert line.paper is not None
    assert (line.end, line.paper.end, line.paper.reason) == (known.end, known.end, known.reason)
    assert (line.paper.real_cost_usdt, line.paper.fees_usdt) == (known.real_cost_usdt, known.fees_usdt)
    assert float(lost) == pytest.approx(known.real_cost_usdt)
    assert float(lost_on(path, "a", today)) == pytest.approx(known.real_cost_usdt)
