"""The exchange is killed in mid-trade and comes back, with its state or as another one."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from audit import audit
from dying_trader import QTY, Step, opportunity
from hedged import HEDGED
from kill_rows import FLAT_ENDS, Case, Plan, case, recovered, run_all
from msgspec.structs import replace

from synthcore.config import SyntheticConfig
from synthcore.environment import Credentials
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import Ready
from synthcore.exchange.settings import ExchangeSettings
from synthcore.execution.desk import Desk
from synthcore.execution.driver import TradeDriver
from synthcore.execution.events import ExitRequested
from synthcore.execution.journal_read import leftovers, trades
from synthcore.execution.trade import MS, TradeRules
from synthcore.orders.bybit import BybitBackend
from synthcore.risk.budget import RateBudget
from synthcore.secret import Secret

CONFIG = SyntheticConfig(
    symbols_to_trade=("BTCUSDT",), max_holding_ms=60_000, take_profit_bps=1000, stop_loss_bps=1000
)
HELD = Step("after", "event Woke")


def settings_of(state: Path | None) -> ExchangeSettings:
    """An exchange that will be at the same addresses when it comes back."""
    rest_port, ws_port = free_ports(2)
    return replace(HEDGED, rest_port=rest_port, ws_port=ws_port, state=str(state) if state else None)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@asynccontextmanager
async def trading(ready: Ready, rules: TradeRules | None = None) -> AsyncIterator[Desk]:
    credentials = Credentials(api_key=Secret(ready.api_key), api_secret=Secret(ready.api_secret))
    backend = BybitBackend((ready.rest,), ready.ws_private, credentials, ws_trade_url=ready.ws_trade)
    desk = Desk(backend, CONFIG, lambda symbol: None, budget=RateBudget({}), rules=rules)
    await desk.start()
    try:
        yield desk
    finally:
        await desk.close()


def is_active(driver: TradeDriver) -> bool:
    return driver.state.phase == "active"


def is_half_filled(driver: TradeDriver) -> bool:
    return bool(driver.state.filled_qty(0))


def has_closed_a_leg(driver: TradeDriver) -> bool:
    """Both legs were held, and one is not any more."""
    if is_active(driver):
        driver.tell(ExitRequested("test"))
    return driver.state.was_active and not all(map(driver.state.held_qty, (0, 1)))


@pytest.mark.parametrize("reached", [is_half_filled, is_active, has_closed_a_leg])
async def test_an_exchange_that_comes_back_with_its_state_sees_the_trade_end(
    tmp_path: Path, reached: Callable[[TradeDriver], bool]
) -> None:
    settings = settings_of(tmp_path / "exchange")
    first, second = ExchangeProcess(settings), ExchangeProcess(settings)
    ready = await first.astart()
    try:
        async with trading(ready) as desk, asyncio.timeout(60):
            driver = desk.try_begin(opportunity(60000.0))
            assert isinstance(driver, TradeDriver)
            while not reached(driver):
                await asyncio.sleep(0)
            first.kill()
            again = await second.astart()
            driver.tell(ExitRequested("test"))
            trade = await driver.finished
        found = await audit(again.rest, again.accounts[0])
    finally:
        first.stop()
        second.stop()

    assert again.instance_id == ready.instance_id
    assert trade.end in FLAT_ENDS, trade
    assert found.flaws(QTY) == []


async def test_process_and_exchange_are_both_killed_and_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    settings = settings_of(tmp_path / "exchange")
    first, second = ExchangeProcess(settings), ExchangeProcess(settings)
    try:
        killed = killed_case(first.start(), tmp_path)
        first.kill()
        again = second.start()
        said = await recovered(killed)
        found = await audit(again.rest, again.accounts[0])
    finally:
        first.stop()
        second.stop()

    assert "of an earlier run: CLOSED" in said[0]
    assert leftovers(killed.journal) == []
    assert found.flaws(QTY) == []
    assert found.entered == (QTY, QTY)


async def test_another_exchange_at_the_same_address_is_not_called_flat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    settings = settings_of(None)
    first, second = ExchangeProcess(settings), ExchangeProcess(settings)
    try:
        killed = killed_case(first.start(), tmp_path)
        first.kill()
        another = second.start()
        Path(killed.settings["attach"]).write_bytes(another.line())
        await recovered(killed)
        ends = [line.end for line in trades(killed.journal, 10)]
    finally:
        first.stop()
        second.stop()

    assert ends == ["VENUE_GONE"]


def killed_case(ready: Ready, folder: Path) -> Case:
    """A process that held both legs when it was killed."""
    held = case(ready, 0, folder, Plan(name="held", step=HELD))
    run_all([held.trade()])
    return held


async def test_a_trade_whose_exchange_is_replaced_is_unresolved(tmp_path: Path) -> None:
    """The new one knows neither our key nor our orders: nothing it says proves anything."""
    settings = settings_of(None)
    first, second = ExchangeProcess(settings), ExchangeProcess(settings)
    ready = await first.astart()
    rules = TradeRules(min_qty=Decimal("0.001"), max_holding_ns=60_000 * MS, give_up_ns=1000 * MS)
    try:
        async with trading(ready, rules) as desk, asyncio.timeout(60):
            driver = desk.try_begin(opportunity(60000.0))
            assert isinstance(driver, TradeDriver)
            while not is_active(driver):
                await asyncio.sleep(0)
            first.kill()
            await second.astart()
            driver.tell(ExitRequested("test"))
            trade = await driver.finished
    finally:
        first.stop()
        second.stop()

    assert trade.end == "UNRESOLVED"
    assert {(leg.leg, leg.qty) for leg in trade.open_legs} == {("long", QTY), ("short", QTY)}
