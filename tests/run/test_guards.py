"""Losses and failures stop entries on a real desk; with the emergency stop everything open is closed."""

from decimal import Decimal

import pytest
from test_desk import backend_of, opportunity, sizes_on

from synthcore.config import SyntheticConfig
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings
from synthcore.execution.desk import Desk
from synthcore.risk.budget import RateBudget

HELD = {"half_life_ms": 60_000, "max_holding_ms": 60_000, "take_profit_bps": 1000, "cool_down_ms": 0}
SYMBOLS = ("BTCUSDT", "ETHUSDT")


@pytest.fixture(scope="module")
def exchange():
    settings = ExchangeSettings(market="steady", symbols=SYMBOLS, position_mode="hedge", rate_tier="off")
    with ExchangeProcess(settings) as ready:
        yield ready


async def desk_on(exchange, said, lost="0", **config):
    desk = Desk(
        backend_of(exchange),
        SyntheticConfig(symbols_to_trade=SYMBOLS, **(HELD | config)),
        lambda symbol: None,
        budget=RateBudget({}),
        on_alarm=said.append,
        lost_today_usdt=Decimal(lost),
    )
    await desk.start()
    return desk


async def hold(desk, symbol, bid, ask):
    driver = desk.try_begin(opportunity(symbol, bid, ask))
    while driver.state.phase != "active":
        await desk.backend.positions(symbol)
    return driver


@pytest.mark.parametrize("emergency", [True, False])
async def test_the_day_s_loss_stops_entries_and_the_emergency_stop_closes_the_rest(exchange, emergency):
    said = []
    desk = await desk_on(exchange, said, lost="49", max_daily_loss=50.0, enable_emergency_stop=emergency)
    btc = await hold(desk, "BTCUSDT", 60000.0, 60000.1)
    eth = await hold(desk, "ETHUSDT", 3000.0, 3000.01)

    desk.close_symbol("BTCUSDT", "by hand: a test")  # costs about 2 USDT of fees
    await btc.finished
    refusal = desk.offer(opportunity())
    ends = [(await eth.finished).reason] if emergency else [eth.state.phase]
    stopped = await desk.stop()
    sizes = [await sizes_on(desk.backend, symbol) for symbol in SYMBOLS]
    await desk.close()

    assert refusal == "risk"
    assert ends == (["emergency_stop"] if emergency else ["active"])
    assert stopped.flat and sizes == [[0, 0], [0, 0]]
    assert len(said) == 1 and "must stay below max_daily_loss 50.0 USDT" in said[0]


async def test_an_unresolved_trade_closes_the_others_by_the_emergency_stop(exchange):
    desk = await desk_on(exchange, [], enable_emergency_stop=True)
    btc = await hold(desk, "BTCUSDT", 60000.0, 60000.1)
    eth = await hold(desk, "ETHUSDT", 3000.0, 3000.01)

    desk.on_lost(btc, RuntimeError("a defect of ours"))
    ends = [(await driver.finished).end for driver in (btc, eth)]
    reason = eth.finished.result().reason
    stopped = await desk.stop()  # closes what the unresolved one left
    await desk.close()

    assert (ends, reason) == (["UNRESOLVED", "CLOSED"], "emergency_stop")
    assert stopped.flat


async def test_a_day_that_is_lost_already_begins_without_entries(exchange):
    said = []
    desk = await desk_on(exchange, said, lost="50", max_daily_loss=50.0)
    refusal = desk.offer(opportunity())
    await desk.close()

    assert refusal == "risk"
    assert len(said) == 1


async def test_failures_in_a_row_stop_entries(exchange):
    said = []
    desk = await desk_on(exchange, said, max_consecutive_failures=2)
    for _ in range(2):
        # A limit far outside of the exchange's price band: both legs are refused.
        await desk.try_begin(opportunity(bid=30000.0, ask=30000.1)).finished
    refusal = desk.offer(opportunity())
    await desk.stop()
    await desk.close()

    assert refusal == "risk"
    assert any("2 trades in a row failed (max_consecutive_failures 2)" in text for text in said)


async def test_a_spread_below_the_minimum_opens_nothing(exchange):
    desk = await desk_on(exchange, [], minimum_spread_bps=51.0)
    refusals = [desk.offer(opportunity(spread_bps=spread)) for spread in (50.0, 51.0)]
    await desk.stop()
    await desk.close()

    assert refusals == ["risk", None]
