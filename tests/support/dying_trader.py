"""Trading processes that kill themselves (SIGKILL) at one named step; what trades in them is production.

Run as a program it reads jobs from stdin, gives each a process of its own, and says how each of them ended.
The processes are forked from one that has imported everything, so a kill costs no start of Python.

A step is a record of the journal, named as `record_name` does, or its number:

- `before` it: everything earlier is on disk, this is not, and nothing was done after it;
- `after` it: it is on disk, and nothing was done since, so an order whose record it is has not left;
- `sent` (of an order): the exchange has it, the other leg's has not left, and no record tells of either.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import AsyncExitStack
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec
from lane_side import found
from msgspec import Struct
from offers import offered
from picows import WSMsgType

from synthcore._core.kernel import Kernel
from synthcore._core.lane import CallWire, Lane
from synthcore._core.pipeline import Pipeline
from synthcore.engine import account, books
from synthcore.engine.books import open_books
from synthcore.engine.fast_lane import lane_memory
from synthcore.engine.recover import idle_desk, named_venue, recover
from synthcore.execution import journal
from synthcore.execution.driver import TradeDriver
from synthcore.execution.fast_lane import FastLane
from synthcore.execution.journal import Journal, Write
from synthcore.model import ArbitrageOpportunity, Fill, OrderAck, OrderRequest, OrderState
from synthcore.orders.bybit import BybitBackend
from synthcore.orders.fast import FastSocket
from synthcore.orders.gateway import PrivateEvent
from synthcore.qualification import QualificationRules
from synthcore.settings.load import load_settings
from synthcore.settings.run import RunSettings

BID, ASK = 60000.0, 60000.1  # of the steady market
QTY = Decimal("0.016")  # of a leg, at the default size
AT_ONCE = 4
WITHIN_S = 60  # a process that hangs ends by SIGALRM
NUDGE: Write = ("SELECT 1", ())  # what is committed with it is on disk, and nothing else
NAMES = {
    journal.INSERT_RUN: "run",
    journal.INSERT_TRADE: "begun",
    journal.END_TRADE: "ended",
    journal.ADD_COST: "cost",
}


class Step(Struct, frozen=True):
    """Where a process ends; `Step("never")` goes on to the end."""

    when: Literal["before", "after", "sent", "never"]
    record: str = ""
    number: int = 0  # instead of the name: of all records, from 1

    def __str__(self) -> str:
        return f"{self.when} {self.record or self.number}"


class Job(Struct, frozen=True):
    """One process: what it does, where, and where it ends."""

    name: str
    settings: dict[str, str]  # by name, as flags give them; the ready file and the state folder among them
    step: Step = Step("never")
    does: Literal["trade", "trade fast", "recover"] = "trade"
    long_price: float = BID  # of a passive entry: above the ask it fills at once


class Ended(Struct, frozen=True):
    """How a process ended: its exit code, or minus the signal."""

    name: str
    code: int


def record_name(statement: str, values: tuple[Any, ...]) -> str:
    """Name a record: `begun`, `order L-e0`, `event Filled S-x0`, `action Finish`."""
    if statement != journal.INSERT_ENTRY:
        return NAMES.get(statement, "forget")
    *_, kind, data = values
    what = msgspec.json.decode(data)
    link = order_of(what["link_id"]) if "link_id" in what else ""
    return " ".join(filter(None, (kind, what.get("type", ""), link)))


def order_of(link_id: str) -> str:
    """The leg and the attempt of a link id: `L-e0`."""
    return "-".join(link_id.rsplit("-", 2)[1:])


class DyingJournal(Journal):
    """The journal in a process that ends at one of its records."""

    step = Step("never")

    def __init__(self, *args: Any) -> None:
        self._names: Counter[str] = Counter()
        super().__init__(*args)

    def _write(self, statement: str, values: tuple[Any, ...]) -> None:
        name = record_name(statement, values)
        self._names[name] += 1
        is_it = self._is_the_step(name)
        if is_it and self.step.when == "before":
            self.die()
        super()._write(statement, values)
        if is_it and self.step.when == "after":
            self.die()

    def _is_the_step(self, name: str) -> bool:
        if self.step.number:
            return self._names.total() == self.step.number
        return name == self.step.record and self._names[name] == 1

    def die(self) -> None:
        """Keep what was written, and end; until then this thread, the event loop's, does nothing more."""
        super()._write(*NUDGE)
        threading.Event().wait()

    def _commit(self, batch: list[Write]) -> None:
        super()._commit(batch)
        if NUDGE in batch:
            kill()


class DyingBackend(BybitBackend):
    """The account in a process that ends when the exchange has an order, before anybody here hears of it."""

    step = Step("never")

    async def place(self, order: OrderRequest) -> OrderAck:
        name = order_of(order.link_id)
        if self.step.when != "sent" or name[1:] != self.step.record[1:]:
            return await super().place(order)
        if name != self.step.record:
            await asyncio.Future()  # the other leg's doesn't leave
        await super().place(order)
        kill()

    def _on_event(self, event: PrivateEvent) -> None:
        is_order = isinstance(event, OrderState | Fill)
        if is_order and self.step.when == "sent" and order_of(event.link_id) == self.step.record:
            kill()
        super()._on_event(event)


def kill() -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


# One process


def run(job: Job) -> None:
    """Do the job in this process, which may not come back."""
    DyingJournal.step = DyingBackend.step = job.step
    books.Journal = DyingJournal  # type: ignore[misc]
    account.BybitBackend = DyingBackend  # type: ignore[misc]
    settings = settings_of(job)
    if job.does == "recover":
        asyncio.run(recover(settings, lambda text: None))
    elif job.does == "trade fast":
        asyncio.run(trade_fast(settings, job.step))
    else:
        asyncio.run(trade(settings, job.long_price))


def settings_of(job: Job) -> RunSettings:
    return load_settings(job.settings, environ={}, cwd=Path(job.settings["state_dir"])).for_run()


async def trade(settings: RunSettings, long_price: float) -> None:
    """One trade to its end, on the desk and the books of `synthtest run`, without market data."""
    async with AsyncExitStack() as house:
        venue = await house.enter_async_context(named_venue(settings))
        kept = house.enter_context(open_books(settings, venue, print))
        desk = await house.enter_async_context(idle_desk(settings, venue, kept))
        kept.run_begun(desk.run, venue)
        await desk.start(kept.leftovers, venue.instance_id)
        driver = desk.try_begin(opportunity(long_price))
        assert isinstance(driver, TradeDriver), driver
        await driver.finished
        while driver._tasks:  # answers that come after the end are records, too
            await asyncio.sleep(0.001)


async def trade_fast(settings: RunSettings, step: Step) -> None:
    """As `trade`, with entries by the fast lane, which decides in this thread, on one tick of our own."""
    async with AsyncExitStack() as house:
        venue = await house.enter_async_context(named_venue(settings))
        slots = house.enter_context(lane_memory(settings, venue))
        kept = house.enter_context(open_books(settings, venue, print))
        desk = await house.enter_async_context(idle_desk(settings, venue, kept))
        desk.quote = lambda symbol: (BID, ASK, time.monotonic_ns())
        kept.run_begun(desk.run, venue)
        await desk.start(kept.leftovers, venue.instance_id)
        socket = FastSocket(str(venue.environment.ws_trade_url), desk.backend)
        lane = Lane(1, CallWire(partial(send_or_die, socket, step)), slots)
        desk.fast_lane = FastLane(desk, lane, socket, ["BTCUSDT"], found)
        keeping = asyncio.create_task(socket.run())
        desk.fast_lane.start()
        while lane.state(0) != "ready":
            await asyncio.sleep(0.001)
        tick(lane)
        desk.fast_lane.heed()
        (driver,) = desk.trades.values()
        await driver.finished
        desk.fast_lane.stop()
        while driver._tasks:
            await asyncio.sleep(0.001)
        keeping.cancel()


def tick(lane: Lane) -> None:
    """One update through the production kernel, whose decision the lane takes."""
    kernel = Kernel(1, QualificationRules())
    kernel.set_inputs(0, spread_bps=50.0, funding_delta=0.0075, position_size=1000.0, fees_bps=11.0)
    kernel.send_by(lane)
    pipeline = Pipeline(kernel)
    pipeline.start("inline")
    pipeline.push(0, BID, ASK, 1.0, 1.0, 0, time.monotonic_ns())
    pipeline.stop()


def send_or_die(socket: FastSocket, step: Step, text: bytes) -> None:
    """Send a frame of the lane, and end where the step says."""
    link = next(entry for entry in ("L-e0", "S-e0") if f'{entry}"'.encode() in text)
    if (step.when, step.record) == ("before", f"frame {link}"):
        kill()
    assert socket._transport is not None
    socket._transport.send(WSMsgType.TEXT, text)
    if (step.when, step.record) == ("after", f"frame {link}"):
        kill()


def opportunity(long_price: float) -> ArbitrageOpportunity:
    return offered("BTCUSDT", BID, ASK, long_price=long_price, short_price=ASK * 1.0025)


# All of them


def main() -> None:
    jobs = msgspec.json.decode(sys.stdin.buffer.read(), type=list[Job])
    running: dict[int, str] = {}
    for job in jobs:
        if len(running) == AT_ONCE:
            reap(running)
        pid = os.fork()
        if pid == 0:
            end_with(job)
        running[pid] = job.name
    while running:
        reap(running)


def reap(running: dict[int, str]) -> None:
    pid, status = os.wait()
    ended = Ended(running.pop(pid), os.waitstatus_to_exitcode(status))
    sys.stdout.buffer.write(msgspec.json.encode(ended) + b"\n")
    sys.stdout.flush()


def end_with(job: Job) -> None:
    """Be the job's process to its end."""
    signal.alarm(WITHIN_S)
    code = 1
    try:
        run(job)
        code = 0
    except Exception as error:
        print(f"{job.name}: {type(error).__name__}: {error}", file=sys.stderr)
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
