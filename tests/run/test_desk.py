"""Trades over real sockets against the embedded exchange in its own process."""

import asyncio
import time
from contextlib import asynccontextmanager
from decimal import Decimal
from time import monotonic_ns, time_ns
from typing import ClassVar

import pytest
from cut_proxy import CutProxy
from msgspec.structs import replace

from synthcore.config import SyntheticConfig
from synthcore.environment import Credentials
from synthcore.errors import ConfigError, OutcomeUnknown, VenueRefused
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings
from synthcore.execution.desk import Desk
from synthcore.execution.executor import SingleExchangeExecutor
from synthcore.execution.trade import MS, TradeRules
from synthcore.model import ArbitrageOpportunity, OrderRequest
from synthcore.monitor.metrics import MetricsCollector
from synthcore.orders.bybit import BybitBackend
from synthcore.risk.budget import RateBudget
from synthcore.secret import Secret

BID, ASK = 60000.0, 60000.1  # of the steady market
CONFIG = SyntheticConfig(half_life_ms=50, max_holding_ms=300, cool_down_ms=0)
PASSIVE = SyntheticConfig(order_pricing="passive", cool_down_ms=0)


@pytest.fixture(scope="module")
def exchange():
    settings = ExchangeSettings(market="steady", position_mode="hedge", rate_tier="off")
    with ExchangeProcess(settings) as ready:
        yield ready


@pytest.fixture(autouse=True, params=["rest", "socket"])
def order_entry(request, monkeypatch):
    """Every story is told twice: orders by REST, and by the trade socket."""
    monkeypatch.setattr(EntryChoice, "by_socket", request.param == "socket")


class EntryChoice:
    by_socket = False


def backend_of(ready, kind=BybitBackend, ws_private=None, **options):
    if EntryChoice.by_socket:
        options.setdefault("ws_trade_url", ready.ws_trade)
    credentials = Credentials(api_key=Secret(ready.api_key), api_secret=Secret(ready.api_secret))
    return kind((ready.rest,), ws_private or ready.ws_private, credentials, **options)


@asynccontextmanager
async def executing(ready, config=CONFIG, kind=BybitBackend, **options):
    backend = backend_of(ready, kind, **options)
    executor = SingleExchangeExecutor(
        backend,
        config,
        metrics=MetricsCollector(),
        budget=RateBudget({}),  # the exchange has no limits either
    )
    await executor.start()
    try:
        yield executor
    finally:
        await executor.close()


def opportunity(symbol="BTCUSDT", bid=BID, ask=ASK, spread_bps=50.0, **changes):
    mid, now_ns = (bid + ask) / 2, monotonic_ns()
    facts = {
        "symbol": symbol,
        "long_price": mid * (1 - spread_bps / 20000),
        "short_price": mid * (1 + spread_bps / 20000),
        "spread_bps": spread_bps,
        "funding_delta_8h": 0.0075,
        "order_book_depth_long": 50_000.0,
        "order_book_depth_short": 50_000.0,
        "confidence_score": 72,
        "projected_profit_after_slippage": 26.94,
        "timestamp": int(time.time()),
        "timestamp_ns": time_ns(),
        "bid": bid,
        "ask": ask,
        "recv_ns": now_ns,
        "decided_ns": now_ns,
    }
    return ArbitrageOpportunity(**(facts | changes))


async def sizes_on(backend, symbol="BTCUSDT"):
    return [record.size for record in await backend.positions(symbol)]


async def test_a_wait_that_was_cancelled_stops_no_entries(exchange):
    async with executing(exchange) as executor:
        driver = executor.desk.try_begin(opportunity())
        driver.finished.cancel()
        while executor.desk.trades:
            await asyncio.sleep(0.01)

        again = await executor.execute_synthetic_trade(opportunity())

    assert (driver.state.phase, again.end) == ("done", "CLOSED")


async def test_a_caller_who_leaves_takes_nothing_along(exchange):
    async with executing(exchange) as executor:
        leaving = asyncio.create_task(executor.execute_synthetic_trade(opportunity()))
        while not executor.desk.trades:
            await asyncio.sleep(0)
        (driver,) = executor.desk.trades.values()
        leaving.cancel()
        trade = await driver.finished

        again = await executor.execute_synthetic_trade(opportunity())

    assert (trade.end, again.end) == ("CLOSED", "CLOSED")


async def test_a_trade_is_opened_closed_and_flat(exchange):
    async with executing(exchange) as executor:
        trade = await executor.execute_synthetic_trade(opportunity())
        sizes = await sizes_on(executor.desk.backend)
        closes = [await executor.desk.backend.look_up("BTCUSDT", f"{trade.trade}-{leg}-x0") for leg in "LS"]
        latencies = executor.desk.metrics.latencies()

    assert (trade.end, trade.reason, trade.successful) == ("CLOSED", "take_profit", True)
    assert trade.qty == Decimal("0.016")
    assert (trade.long_entry_px, trade.short_entry_px) == (60000.1, 60000.0)
    assert sizes == [0, 0]
    assert all(order.reduce_only and order.filled_qty == trade.qty for order in closes)
    # Bought and sold at both sides of a spread of 0.1, twice; four fees of 5.5 bps.
    assert trade.fees_usdt == pytest.approx(4 * 0.016 * 60000 * 5.5e-4, rel=1e-4)
    assert trade.real_cost_usdt == pytest.approx(trade.fees_usdt + 2 * 0.016 * 0.1, abs=1e-6)
    assert trade.synthetic_edge_usdt == pytest.approx(0.016 * 60000 * 40e-4, rel=0.2)
    assert trade.hedge.gap_ns is not None
    assert all(latencies[stage]["count"] == 1 for stage in ("tick_to_order", "end_to_end"))
    assert latencies["order_placement"]["count"] == 4


async def test_passive_legs_that_do_not_fill_are_cancelled(exchange):
    async with executing(exchange, PASSIVE) as executor:
        trade = await executor.execute_synthetic_trade(opportunity())
        orders = await executor.desk.backend.open_orders("BTCUSDT")

    assert (trade.end, trade.reason) == ("FLAT", "leg_timeout")
    assert orders == []


async def test_a_leg_that_times_out_takes_the_filled_one_along(exchange):
    async with executing(exchange, PASSIVE) as executor:
        trade = await executor.execute_synthetic_trade(opportunity(long_price=60010.0))
        sizes = await sizes_on(executor.desk.backend)
        orders = await executor.desk.backend.open_orders("BTCUSDT")

    assert (trade.end, trade.reason) == ("FAILED_FLAT", "leg_timeout")
    assert trade.hedge.fill_long_ns is not None
    assert trade.hedge.fill_short_ns is None
    assert 400 * MS < trade.hedge.exposed_ns < 1500 * MS
    assert (sizes, orders) == ([0, 0], [])


class RefusesTheHedge(BybitBackend):
    async def place(self, order):
        if order.side == "Sell" and not order.reduce_only:
            raise VenueRefused(110007, "ab not enough for new order", "account")
        return await super().place(order)


async def test_a_refused_hedge_is_closed_within_a_second(exchange):
    async with executing(exchange, kind=RefusesTheHedge) as executor:
        trade = await executor.execute_synthetic_trade(opportunity())
        sizes = await sizes_on(executor.desk.backend)

    assert (trade.end, trade.reason) == ("FAILED_FLAT", "leg_refused")
    assert trade.hedge.exposed_ns < 1000 * MS
    assert sizes == [0, 0]


class LosesAnswers(BybitBackend):
    """Every entry reaches the exchange, and no answer comes back."""

    async def place(self, order):
        ack = await super().place(order)
        if not order.reduce_only:
            raise OutcomeUnknown("the answer was lost")
        return ack


async def test_lost_answers_are_looked_up_and_nothing_is_doubled(exchange):
    async with executing(exchange, kind=LosesAnswers) as executor:
        trade = await executor.execute_synthetic_trade(opportunity())
        fills = await executor.desk.backend.fills("BTCUSDT", f"{trade.trade}-L-e0")
        retried = await executor.desk.backend.look_up("BTCUSDT", f"{trade.trade}-L-e1")

    assert trade.end == "CLOSED"
    assert sum(fill.qty for fill in fills) == Decimal("0.016")
    assert retried is None


class LosesTheShortEntry(BybitBackend):
    """The short leg's order never reaches the exchange, and nobody says so."""

    async def place(self, order):
        if order.side == "Sell" and not order.reduce_only:
            raise OutcomeUnknown("nobody knows")
        return await super().place(order)


async def test_an_order_that_never_came_is_not_believed_before_its_time(exchange):
    started_ns = monotonic_ns()

    async with executing(exchange, kind=LosesTheShortEntry) as executor:
        trade = await executor.execute_synthetic_trade(opportunity())
        sizes = await sizes_on(executor.desk.backend)

    assert (trade.end, trade.reason) == ("FAILED_FLAT", "leg_timeout")
    assert trade.hedge.exposed_ns < 1500 * MS  # the known leg doesn't wait for the unknown one
    assert monotonic_ns() - started_ns > 3000 * MS  # the receive window and 2 s
    assert sizes == [0, 0]


async def test_a_stop_in_the_middle_of_trades_ends_flat(exchange):
    config = SyntheticConfig(max_holding_ms=60_000, take_profit_bps=1000.0)
    async with executing(exchange, config) as executor:
        desk = executor.desk
        refusals = [desk.offer(opportunity(symbol, *book)) for symbol, *book in BOOKS]
        async with asyncio.timeout(5):
            while any(driver.state.phase != "active" for driver in desk.trades.values()):
                await asyncio.sleep(0.01)
        drivers = list(desk.trades.values())

        stopped = await desk.stop()
        sizes = [await sizes_on(desk.backend, symbol) for symbol, *_ in BOOKS]

    assert refusals == [None, None, None]
    assert stopped.flat
    assert {driver.finished.result().reason for driver in drivers} == {"shutdown"}
    assert sizes == [[0, 0]] * 3


BOOKS = [("BTCUSDT", 60000.0, 60000.1), ("ETHUSDT", 3000.0, 3000.01), ("SOLUSDT", 150.0, 150.01)]


async def test_the_gate_turns_the_second_trade_of_a_symbol_away(exchange):
    config = SyntheticConfig(max_concurrent_trades=2, half_life_ms=50, cool_down_ms=60_000)
    async with executing(exchange, config) as executor:
        desk = executor.desk
        busy = [desk.offer(opportunity()), desk.offer(opportunity())]
        crowded = [desk.offer(opportunity(symbol, *book)) for symbol, *book in BOOKS[1:]]
        await asyncio.wait([driver.finished for driver in desk.trades.values()])
        cooling = desk.offer(opportunity())
        stale = desk.offer(opportunity("SOLUSDT", 150.0, 150.01, recv_ns=monotonic_ns() - 3000 * MS))

    assert busy == [None, "symbol_busy"]
    assert crowded == [None, "concurrency"]
    assert (cooling, stale) == ("cool_down", "stale")


async def test_what_is_not_ours_is_left_alone(exchange):
    foreign = backend_of(exchange)
    await foreign.start()
    rests = OrderRequest(
        symbol="ETHUSDT",
        side="Buy",
        qty=Decimal("0.5"),
        order_type="Limit",
        price=Decimal("2000.00"),
        time_in_force="GTC",
        link_id=f"foreign-{time_ns()}",
        position_idx=1,
    )
    holds = OrderRequest(
        symbol="ETHUSDT",
        side="Buy",
        qty=Decimal("0.3"),
        order_type="Market",
        link_id=f"foreign-{time_ns()}-2",
        position_idx=1,
    )
    await foreign.place(rests)
    await foreign.place(holds)

    async with executing(exchange) as executor:
        trade = await executor.execute_synthetic_trade(opportunity("ETHUSDT", 3000.0, 3000.01))
        stopped = await executor.desk.stop()
    left = [order.link_id for order in await foreign.open_orders("ETHUSDT")]
    sizes = await sizes_on(foreign, "ETHUSDT")
    await foreign.cancel("ETHUSDT", rests.link_id)
    await foreign.place(replace(holds, side="Sell", reduce_only=True, link_id=f"{holds.link_id}-x"))
    await foreign.close()

    assert trade.end == "CLOSED"
    assert stopped.flat
    assert left == [rests.link_id]
    assert sizes == [Decimal("0.3"), 0]


async def test_a_cut_private_stream_costs_no_trade(exchange):
    async with (
        CutProxy(exchange.ws_private) as proxy,
        executing(exchange, ws_private=proxy.url) as executor,
    ):
        desk = executor.desk
        proxy.refuse()
        proxy.cut()
        trade = await executor.execute_synthetic_trade(opportunity())
        proxy.accept()
        async with asyncio.timeout(10):
            while not desk.backend.stream.is_up:
                await asyncio.sleep(0.01)
        second = await executor.execute_synthetic_trade(opportunity())

    assert trade.end in ("CLOSED", "FAILED_FLAT")  # by look-ups alone
    assert trade.fees_usdt > 0  # fills were asked for
    assert second.end == "CLOSED"
    assert desk.backend.stream.reconnects == 1


async def test_an_exchange_that_vanishes_leaves_named_legs():
    settings = ExchangeSettings(market="steady", position_mode="hedge", rate_tier="off")
    process = ExchangeProcess(settings)
    ready = await process.astart()
    config = SyntheticConfig(max_holding_ms=60_000, take_profit_bps=1000.0)
    executor = SingleExchangeExecutor(backend_of(ready), config)
    executor.desk._rules = TradeRules(min_qty=Decimal("0.001"), give_up_ns=2000 * MS)
    await executor.start()
    running = asyncio.create_task(executor.execute_synthetic_trade(opportunity()))
    async with asyncio.timeout(5):
        while not any(driver.state.phase == "active" for driver in executor.desk.trades.values()):
            await asyncio.sleep(0.01)

    process.kill()
    started_ns = monotonic_ns()
    stopped = await executor.desk.stop()
    trade = await running
    await executor.desk.close()
    process.stop()

    named = {(leg.symbol, leg.leg, leg.qty) for leg in stopped.unresolved}
    assert trade.end == "UNRESOLVED"
    assert not stopped.flat
    assert named == {("BTCUSDT", "long", Decimal("0.016")), ("BTCUSDT", "short", Decimal("0.016"))}
    assert monotonic_ns() - started_ns < 20_000 * MS


async def test_one_way_mode_is_refused_with_the_fix():
    settings = ExchangeSettings(market="steady", position_mode="one-way")
    async with ExchangeProcess(settings) as ready:
        executor = SingleExchangeExecutor(backend_of(ready), CONFIG)
        with pytest.raises(ConfigError, match="doctor --fix position-mode"):
            await executor.start()
        await executor.desk.backend.set_hedge_mode("BTCUSDT")
        is_hedge = await executor.desk.backend.hedge_mode("BTCUSDT")
        await executor.desk.close()

    assert is_hedge


async def test_a_wrong_key_is_refused_without_showing_it(exchange):
    credentials = Credentials(api_key=Secret("WRONG-key-0001"), api_secret=Secret("marker-secret-77"))
    backend = BybitBackend((exchange.rest,), exchange.ws_private, credentials)

    with pytest.raises(VenueRefused) as refused:
        await backend.start()
    await backend.close()

    assert refused.value.error_class == "auth_clock"
    assert "marker-secret" not in str(refused.value)
    assert "WRONG-key" not in str(refused.value)


async def test_entries_stay_within_the_exchange_s_rate_limit():
    settings = ExchangeSettings(market="steady", position_mode="hedge", rate_tier="10")
    async with ExchangeProcess(settings) as ready:
        finished = []
        metrics = MetricsCollector()
        desk = Desk(
            backend_of(ready),
            SyntheticConfig(cool_down_ms=0, half_life_ms=30),
            lambda symbol: None,
            metrics,
            on_trade_finished=finished.append,
        )
        await desk.start()
        refusals = set()
        async with asyncio.timeout(20):
            while len(finished) < 8:
                refusals |= {desk.offer(opportunity(symbol, *book)) for symbol, *book in BOOKS}
                await asyncio.sleep(0.005)
        stopped = await desk.stop()
        await desk.close()

    assert "rate_budget" in refusals
    assert metrics.counters["refused_busy"] == 0
    assert {trade.end for trade in finished} == {"CLOSED"}
    assert stopped.flat


async def test_an_unknown_symbol_is_refused(exchange):
    executor = SingleExchangeExecutor(
        backend_of(exchange), SyntheticConfig(symbols_to_trade=("BTCUSDT", "NOPEUSDT"))
    )

    with pytest.raises(ConfigError, match="NOPEUSDT"):
        await executor.start()

    await executor.desk.close()


class CountsPositions(BybitBackend):
    """Notes when positions are asked for."""

    asked_ns: ClassVar[list[int]] = []

    async def positions(self, symbol):
        self.asked_ns.append(monotonic_ns())
        return await super().positions("BTCUSDT")


async def test_more_symbols_than_a_window_lets_through_are_asked_window_by_window(exchange):
    window_ns = 200 * MS
    async with executing(exchange, kind=CountsPositions) as executor:
        desk = executor.desk
        desk.budget = RateBudget({"position_query": 3}, window_ns)
        desk.backend.asked_ns = []

        records = await desk._positions_of(["BTCUSDT"] * 7)

    first_ns = desk.backend.asked_ns[0]
    windows = [(at_ns - first_ns) // window_ns for at_ns in desk.backend.asked_ns]
    assert [len(windows), len(records)] == [7, 7]
    assert all(windows[i + 3] > windows[i] for i in range(4))
