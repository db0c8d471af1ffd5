"""A process that ends in the middle of a trade: the next one takes it over and ends flat, nothing doubled."""

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal
from time import time_ns

import pytest
from test_desk import CONFIG, PASSIVE, backend_of, opportunity, sizes_on

from synthcore.config import SyntheticConfig
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings
from synthcore.execution.desk import Desk
from synthcore.execution.journal import Journal, RunRecord
from synthcore.execution.journal_read import leftovers, lost_on, trades
from synthcore.model import OrderRequest
from synthcore.risk.budget import RateBudget
from synthcore.risk.losses import day_of

HELD = SyntheticConfig(max_holding_ms=60_000, half_life_ms=60_000, take_profit_bps=1000, cool_down_ms=0)


@pytest.fixture(scope="module")
def exchange():
    settings = ExchangeSettings(market="steady", position_mode="hedge", rate_tier="off")
    with ExchangeProcess(settings) as ready:
        yield ready


@asynccontextmanager
async def trading(ready, path, config=CONFIG, instance_id="this one", **options):
    """A desk with a journal; what an earlier one left is recovered by its start."""
    left = leftovers(path)
    journal = Journal(path)
    desk = Desk(
        backend_of(ready), config, lambda symbol: None, budget=RateBudget({}), journal=journal, **options
    )
    record = RunRecord(run=desk.run, account="a", venue=ready.rest, instance_id=instance_id, pid=1)
    journal.run_begun(record)
    try:
        await desk.start(left, instance_id)
        yield desk
    finally:
        await desk.close()
        journal.close()


async def crash_when(ready, path, config, reached):
    """Trade until something is so, then end as a process does that is killed: nobody closes anything."""
    async with trading(ready, path, config) as desk:
        driver = desk.try_begin(opportunity())
        async with asyncio.timeout(5):
            while not reached(driver):
                await asyncio.sleep(0)
        return driver.key


def is_sent(driver):
    return bool(driver._tasks)


def has_one_ack(driver):
    return any(intent.known != "sent" for intent in driver.state.intents)


def is_active(driver):
    return driver.state.phase == "active"


def is_closing(driver):
    return driver.state.phase == "reducing"


@pytest.mark.parametrize(
    ("config", "reached"),
    [
        (CONFIG, is_sent),
        (CONFIG, has_one_ack),
        (HELD, is_active),
        (CONFIG, is_closing),
        (PASSIVE, has_one_ack),
    ],
    ids=["sent", "one acknowledged", "active", "closing", "resting"],
)
async def test_the_next_process_ends_what_this_one_left(exchange, tmp_path, config, reached):
    path = tmp_path / "journal.sqlite"
    key = await crash_when(exchange, path, config, reached)

    async with trading(exchange, path) as desk:
        sizes = await sizes_on(desk.backend)
        orders = await desk.backend.open_orders("BTCUSDT")
        fills = [
            fill for fill in await desk.backend.recent_fills("BTCUSDT") if fill.link_id.startswith(f"{key}-")
        ]

    assert sizes == [0, 0]
    assert orders == []
    assert leftovers(path) == []
    (line,) = trades(path, 10)
    assert (line.trade, line.end in ("CLOSED", "FAILED_FLAT", "FLAT", "REFUSED")) == (key, True)
    for leg in "LS":  # nothing twice: what was opened, and no more, was closed
        opened = sum(fill.qty for fill in fills if f"-{leg}-e" in fill.link_id)
        closed = sum(fill.qty for fill in fills if f"-{leg}-x" in fill.link_id)
        assert opened == closed <= Decimal("0.016")


async def test_without_its_journal_the_exchange_alone_tells_what_is_ours(exchange, tmp_path):
    key = await crash_when(exchange, tmp_path / "lost.sqlite", HELD, is_active)
    foreign = backend_of(exchange)
    await foreign.start()
    await foreign.place(market("Buy", "0.005", f"stop-{time_ns()}"))

    said = []
    async with trading(exchange, tmp_path / "new.sqlite", on_alarm=said.append) as desk:
        sizes = await sizes_on(desk.backend)

    await foreign.place(market("Sell", "0.005", f"stop-{time_ns()}", reduce_only=True))
    await foreign.close()
    assert sizes == [Decimal("0.005"), 0]  # theirs stays
    assert len(said) == 1 and "of an earlier run: FAILED_FLAT" in said[0]
    assert key not in said[0]


async def test_what_somebody_opened_after_closing_ours_is_theirs(exchange, tmp_path):
    """By our fills alone our leg is still held, and as much as it was is there."""
    account = backend_of(exchange)
    await account.start()
    await account.place(market("Buy", "0.016", "st00000000-2-L-e0"))
    await account.place(market("Sell", "0.016", f"hand-{time_ns()}", reduce_only=True))
    await account.place(market("Buy", "0.016", f"hand-{time_ns()}"))

    async with trading(exchange, tmp_path / "new.sqlite") as desk:
        sizes = await sizes_on(desk.backend)

    await account.place(market("Sell", "0.016", f"hand-{time_ns()}", reduce_only=True))
    await account.close()
    assert sizes == [Decimal("0.016"), 0]


async def test_what_no_trade_explains_has_cost_what_its_entries_cost_too(exchange, tmp_path):
    path = tmp_path / "new.sqlite"
    key = await crash_when(exchange, tmp_path / "lost.sqlite", HELD, is_active)

    async with trading(exchange, path) as desk:
        fills = await desk.backend.recent_fills("BTCUSDT")

    (line,) = trades(path, 10)
    ours = [fill for fill in fills if fill.link_id.startswith((f"{key}-", f"{line.trade}-"))]
    paid = sum(fill.qty * fill.price * (1 if fill.side == "Buy" else -1) + fill.fee for fill in ours)
    assert len({fill.link_id for fill in ours}) == 4
    assert line.paper.real_cost_usdt == pytest.approx(float(paid))
    assert float(lost_on(path, "a", day_of(time_ns()))) == pytest.approx(float(paid))


async def test_what_a_trade_of_the_journal_holds_is_not_taken_for_something_unexplained(exchange, tmp_path):
    """Somebody else closed what an order of ours opened: by our fills alone it is still held."""
    path = tmp_path / "journal.sqlite"
    account = backend_of(exchange)
    await account.start()
    await account.place(market("Buy", "0.016", "st00000000-1-L-e0"))
    await account.place(market("Sell", "0.016", f"hand-{time_ns()}", reduce_only=True))
    await account.close()
    key = await crash_when(exchange, path, HELD, is_active)

    async with trading(exchange, path) as desk:
        sizes = await sizes_on(desk.backend)

    assert sizes == [0, 0]
    assert [line.trade for line in trades(path, 10)] == [key]  # one trade closed it, not two


def market(side, qty, link_id, *, reduce_only=False):
    """An order for the long record."""
    return OrderRequest(
        symbol="BTCUSDT",
        side=side,
        qty=Decimal(qty),
        order_type="Market",
        link_id=link_id,
        position_idx=1,
        reduce_only=reduce_only,
    )


async def test_trades_on_an_exchange_that_is_gone_are_not_called_flat(exchange, tmp_path):
    path = tmp_path / "journal.sqlite"
    key = await crash_when(exchange, path, HELD, is_active)

    async with trading(exchange, path, instance_id="another one") as desk:
        sizes = await sizes_on(desk.backend)

    ends = {line.trade: line.end for line in trades(path, 10)}
    assert ends[key] == "VENUE_GONE"
    # Here it was the same exchange after all, and its executions name what is ours.
    assert sizes[1] == 0


async def test_a_crash_in_the_recovery_is_recovered(exchange, tmp_path):
    path = tmp_path / "journal.sqlite"
    key = await crash_when(exchange, path, HELD, is_active)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.15), trading(exchange, path):
            pass

    async with trading(exchange, path) as desk:
        sizes = await sizes_on(desk.backend)

    assert sizes[1] == 0
    assert [line.end for line in trades(path, 10) if line.trade == key] in (["CLOSED"], ["FAILED_FLAT"])
