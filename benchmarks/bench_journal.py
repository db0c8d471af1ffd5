"""What does it cost an order to be recorded before it leaves, and does the journal hold up the event loop?

Whole trades are written down as their driver does it, by durability: `off` keeps nothing, `normal` survives
the end of the process, `full` waits for the disk. One trade begins every 5 ms, so that two or three overlap,
and the levels take turns, round by round. Beside it a ticker says every millisecond by how much it is late:
whatever holds up the loop shows there, and `off` is the rival, the machine's own noise. Flat out the trades
run ten at a time, and share commits.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
from harness import StampTimer
from pytest_benchmark.fixture import BenchmarkFixture
from trade_stories import QTY, RULES, straight

from synthcore.execution.events import Acknowledged, Action, Event, Filled, Send
from synthcore.execution.journal import Begun, Durability, Journal, NoJournal, RunRecord, TradeJournal
from synthcore.execution.paper import PaperTrade
from synthcore.execution.recovery import nothing_offered
from synthcore.execution.trade import MS, begin, step
from synthcore.feed.thread import new_event_loop
from synthcore.model import Fill, OrderAck, OrderRequest

TIMER = StampTimer()
LEVELS = ("off", "normal", "full")
ROUNDS = 3
TRADES = 20  # of a round
EVERY_S = 0.005
AT_ONCE = 10  # flat out
TICK_S = 0.001
SWITCH_INTERVAL_S = 1e-4  # a run's
SYMBOL = "BTCUSDT"
RUN = RunRecord(run="st1", account="a", venue="http://127.0.0.1:1", instance_id=None, pid=1)
NUMBERS = itertools.count(1)

Readings = dict[str, list[int]]  # ns by durability


class Recorder:
    """A trade's driver as far as the journal sees it; notes how long each order waits to be kept."""

    def __init__(self, journal: TradeJournal) -> None:
        self.waits_ns: list[int] = []
        self._journal = journal

    async def trade(self) -> None:
        key = f"st1-{next(NUMBERS)}"
        state, actions = begin(key, SYMBOL, QTY, RULES, 0)
        self._journal.trade_begun(RUN.run, begun(key))
        await self._on_step(key, 0, None, actions)
        for at_ms, event in straight(key):
            state, actions = step(state, event, at_ms * MS)
            await self._on_step(key, at_ms * MS, event, actions)
        paper = PaperTrade(trade=key, symbol=SYMBOL, end="CLOSED", reason="take_profit", was_hedged=True)
        self._journal.trade_ended(key, "CLOSED", paper)

    async def _on_step(self, key: str, now_ns: int, event: Event | None, actions: list[Action]) -> None:
        if event is not None:
            self._note(key, now_ns, event)
        self._journal.stepped(key, now_ns, event, actions)
        sends = [action for action in actions if isinstance(action, Send)]
        await asyncio.gather(*(self._send(key, now_ns, send) for send in sends))

    def _note(self, key: str, now_ns: int, event: Event) -> None:
        match event:
            case Acknowledged():
                self._journal.noted(key, now_ns, OrderAck("order", event.link_id, now_ns, now_ns))
            case Filled():
                self._journal.noted(key, now_ns, fill(event))

    async def _send(self, key: str, now_ns: int, send: Send) -> None:
        noted_ns = time.perf_counter_ns()
        self._journal.noted(key, now_ns, order(send))
        await self._journal.kept()
        self.waits_ns.append(time.perf_counter_ns() - noted_ns)


def begun(key: str) -> Begun:
    offered = nothing_offered(SYMBOL)
    return Begun(key=key, symbol=SYMBOL, qty=QTY, rules=RULES, now_ns=0, opportunity=offered)


def order(send: Send) -> OrderRequest:
    return OrderRequest(
        symbol=SYMBOL,
        side="Buy",
        qty=send.qty,
        order_type="Limit",
        link_id=send.link_id,
        price=Decimal("60000.1"),
        reduce_only=send.is_close,
        position_idx=1,
    )


def fill(filled: Filled) -> Fill:
    return Fill(
        symbol=SYMBOL,
        exec_id=filled.exec_id,
        order_id="order",
        link_id=filled.link_id,
        side="Buy",
        price=Decimal("60000.1"),
        qty=filled.qty,
        fee=Decimal("0.0132"),
        is_maker=False,
    )


@contextmanager
def journal_of(level: str, folder: Path) -> Iterator[TradeJournal]:
    if level == "off":
        yield NoJournal()
        return
    journal = Journal(folder / f"{level}.sqlite", cast(Durability, level))
    if journal.path.stat().st_size == 0:
        journal.run_begun(RUN)
    try:
        yield journal
    finally:
        journal.close()


async def tick(lateness_ns: list[int]) -> None:
    while True:
        due_ns = time.perf_counter_ns() + int(TICK_S * 1e9)
        await asyncio.sleep(TICK_S)
        lateness_ns.append(max(0, time.perf_counter_ns() - due_ns))


class Measured:
    """What the rounds gave, by durability."""

    def __init__(self) -> None:
        self.waits_ns: Readings = {level: [] for level in LEVELS}
        self.lateness_ns: Readings = {level: [] for level in LEVELS}
        self.flat_out_ns: Readings = {level: [] for level in LEVELS}  # for `TRADES` trades

    async def paced(self, level: str, folder: Path) -> None:
        with journal_of(level, folder) as journal:
            recorder = Recorder(journal)
            ticking = asyncio.create_task(tick(self.lateness_ns[level]))
            trades = []
            for _ in range(TRADES):
                trades.append(asyncio.create_task(recorder.trade()))
                await asyncio.sleep(EVERY_S)
            await asyncio.gather(*trades)
            ticking.cancel()
        self.waits_ns[level] += recorder.waits_ns

    async def flat_out(self, level: str, folder: Path) -> None:
        with journal_of(level, folder) as journal:
            recorder = Recorder(journal)
            before_ns = time.perf_counter_ns()
            await asyncio.gather(*(several(recorder, TRADES // AT_ONCE) for _ in range(AT_ONCE)))
            await journal.kept()
            self.flat_out_ns[level].append(time.perf_counter_ns() - before_ns)


async def several(recorder: Recorder, trades: int) -> None:
    for _ in range(trades):
        await recorder.trade()


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """All levels, round by round, on the loop that a run has."""
    folder, measured = tmp_path_factory.mktemp("journal"), Measured()
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        for _ in range(ROUNDS):
            for level in LEVELS:
                runner.run(measured.paced(level, folder))
                runner.run(measured.flat_out(level, folder))
    sys.setswitchinterval(interval_s)
    return measured


def show(benchmark: BenchmarkFixture, what: str, stamps_ns: list[int]) -> None:
    benchmark.group = f"{benchmark.group} [{what}]"
    stamps = iter(stamps_ns)
    benchmark.pedantic(lambda: TIMER.add(next(stamps)), rounds=len(stamps_ns))


@pytest.mark.benchmark(timer=TIMER)
@pytest.mark.parametrize("level", LEVELS)
def test_an_order_noted_until_it_is_kept(benchmark: BenchmarkFixture, measured: Measured, level: str) -> None:
    show(benchmark, "noted → kept", measured.waits_ns[level])

    assert len(measured.waits_ns[level]) == ROUNDS * TRADES * 4


@pytest.mark.benchmark(timer=TIMER)
@pytest.mark.parametrize("level", LEVELS)
def test_a_ticker_is_late(benchmark: BenchmarkFixture, measured: Measured, level: str) -> None:
    show(benchmark, "lateness of a ticker on the loop", measured.lateness_ns[level])

    assert measured.lateness_ns[level]


@pytest.mark.benchmark(timer=TIMER)
@pytest.mark.parametrize("level", LEVELS)
def test_a_trade_flat_out(benchmark: BenchmarkFixture, measured: Measured, level: str) -> None:
    benchmark.extra_info.update(items=TRADES)
    show(benchmark, "one trade, flat out", measured.flat_out_ns[level])

    assert len(measured.flat_out_ns[level]) == ROUNDS
