"""How much processor time does the exchange spend on an order, all private frames sent?

Counted by the process's own clock, so that a busy machine tells the truth: one order at a time, and flat
out, 100 in one write (what one core carries a second is one second over it). `resting` orders stay in the
book, with a frame of `order`, `position` and `wallet` each; `filling` ones take the market's level and have
an `execution`, too. 10 or 10,000 other orders rest meanwhile, of five accounts in five contracts. The rivals
are the servers underneath: they decode an order and acknowledge it, and check, match and push nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from itertools import count, cycle

import pytest
from harness import StampTimer, helper_process
from order_client import Http, Socket, Trader, cpu_ns, encode
from pytest_benchmark.fixture import BenchmarkFixture

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import AccountKey, Ready
from synthcore.exchange.settings import ExchangeSettings

TIMER = StampTimer()
ROUNDS = 200
BURSTS, BURST = 20, 100  # flat out
SETTLED_S = 0.0005  # after the last frame, for the process to sleep again

BOOKS = {  # of the resting orders: the highest price, the step between them, a quantity
    "BTCUSDT": ("59990", "0.1", "0.001"),
    "ETHUSDT": ("2999", "0.01", "0.01"),
    "SOLUSDT": ("149.5", "0.01", "0.1"),
    "XRPUSDT": ("1.99", "0.0001", "5"),
    "DOGEUSDT": ("0.199", "0.00001", "50"),
}
RESTING = {10: (1, 2), 10_000: (5, 400)}  # accounts, and orders of each in a contract
A_BATCH = 20
FRAMES = {"resting": 3, "filling": 4}  # private ones of an order

Order = dict[str, object]
Send = Callable[[list[Order]], Awaitable[None]]
NUMBERS = count()
SIDES = cycle(("Buy", "Sell"))  # the position stays small


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with asyncio.Runner() as runner:
        yield runner.get_loop()


@pytest.fixture(scope="module", params=RESTING)
def exchange(request: pytest.FixtureRequest, loop: asyncio.AbstractEventLoop) -> Iterator[Ready]:
    settings = ExchangeSettings(
        market="steady",
        symbols=tuple(BOOKS),
        accounts=5,
        rate_tier="off",
        wallet_usdt=Decimal(100_000_000),
    )
    accounts, each = RESTING[10 if request.config.getoption("benchmark_disable") else request.param]
    with ExchangeProcess(settings) as ready:
        for account in ready.accounts[:accounts]:
            loop.run_until_complete(fill_books(ready, account, each))
        yield ready


@pytest.fixture
def trader(exchange: Ready, loop: asyncio.AbstractEventLoop) -> Iterator[Trader]:
    trader = loop.run_until_complete(Trader.open(exchange, exchange.accounts[0]))
    yield trader
    trader.close()
    loop.run_until_complete(asyncio.sleep(0))


async def fill_books(ready: Ready, account: AccountKey, orders: int) -> None:
    """Let orders rest, each at a price of its own."""
    http = await Http(ready.rest, account).open()
    for symbol, (highest, step, qty) in BOOKS.items():
        prices = [Decimal(highest) - number * Decimal(step) for number in range(orders)]
        waiting = [limit(symbol, f"{price:f}", qty) for price in prices]
        for start in range(0, orders, A_BATCH):
            batch = waiting[start : start + A_BATCH]
            body = encode({"category": "linear", "request": batch})
            answer = await http.send([http.post("/v5/order/create-batch", body)])
            assert answer.count(b'"code":0') == len(batch), answer
    http.close()


def limit(symbol: str, price: str, qty: str) -> Order:
    order = {"category": "linear", "symbol": symbol, "side": "Buy", "orderType": "Limit", "qty": qty}
    return {**order, "price": price, "timeInForce": "GTC", "orderLinkId": f"bench-{next(NUMBERS)}"}


def market(side: str) -> Order:
    order = {"category": "linear", "symbol": "BTCUSDT", "side": side, "orderType": "Market", "qty": "0.001"}
    return {**order, "orderLinkId": f"bench-{next(NUMBERS)}"}


def orders_of(kind: str, number: int) -> list[Order]:
    if kind == "resting":
        return [limit("ETHUSDT", "2900", "0.01") for _ in range(number)]
    return [market(next(SIDES)) for _ in range(number)]


def measure(
    benchmark: BenchmarkFixture,
    loop: asyncio.AbstractEventLoop,
    pid: int,
    send: Send,
    *,
    kind: str = "filling",
    tidy: Send | None = None,
    rounds: int = ROUNDS,
    at_once: int = 1,
) -> None:
    """Count what a process spends on some orders at a time."""

    async def act() -> int:
        orders = orders_of(kind, at_once)
        before_ns = cpu_ns(pid)
        await send(orders)
        await asyncio.sleep(SETTLED_S)
        spent_ns = cpu_ns(pid) - before_ns
        if tidy is not None:
            await tidy(orders)
            await asyncio.sleep(SETTLED_S)
        return spent_ns

    benchmark.extra_info["items"] = at_once
    benchmark.pedantic(
        lambda: TIMER.add(loop.run_until_complete(act())), rounds=rounds, warmup_rounds=rounds // 10
    )


@pytest.mark.benchmark(timer=TIMER)
@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("way", ["http", "socket"])
def test_one_at_a_time(
    benchmark: BenchmarkFixture,
    loop: asyncio.AbstractEventLoop,
    exchange: Ready,
    trader: Trader,
    way: str,
    kind: str,
) -> None:
    async def send(orders: list[Order]) -> None:
        await trader.place(way, orders, FRAMES[kind])

    tidy = trader.cancel if kind == "resting" else None
    measure(benchmark, loop, exchange.pid, send, kind=kind, tidy=tidy)


@pytest.mark.benchmark(timer=TIMER)
@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("way", ["http", "socket"])
def test_flat_out(
    benchmark: BenchmarkFixture,
    loop: asyncio.AbstractEventLoop,
    exchange: Ready,
    trader: Trader,
    way: str,
    kind: str,
) -> None:
    async def send(orders: list[Order]) -> None:
        await trader.place(way, orders, len(orders) * FRAMES[kind])

    tidy = trader.cancel if kind == "resting" else None
    measure(benchmark, loop, exchange.pid, send, kind=kind, tidy=tidy, rounds=BURSTS, at_once=BURST)


@pytest.mark.benchmark(timer=TIMER)
@pytest.mark.parametrize("at_once", [1, BURST])
def test_bare_uvicorn(benchmark: BenchmarkFixture, loop: asyncio.AbstractEventLoop, at_once: int) -> None:
    with helper_process("echo_server.py") as (process, urls):
        http = loop.run_until_complete(Http(urls.split()[0], AccountKey("1", "key", "secret")).open())

        async def send(orders: list[Order]) -> None:
            await http.send([http.post("/v5/order/create", encode(order)) for order in orders])

        measure(benchmark, loop, process.pid, send, rounds=ROUNDS // at_once + 1, at_once=at_once)
        http.close()


@pytest.mark.benchmark(timer=TIMER)
@pytest.mark.parametrize("at_once", [1, BURST])
def test_bare_picows(benchmark: BenchmarkFixture, loop: asyncio.AbstractEventLoop, at_once: int) -> None:
    with helper_process("echo_server.py") as (process, urls):
        socket = loop.run_until_complete(Socket.open(urls.split()[1]))

        async def send(orders: list[Order]) -> None:
            wanted = socket.received + len(orders)
            for order in orders:
                socket.send(encode(order))
            await socket.until(wanted)

        measure(benchmark, loop, process.pid, send, rounds=ROUNDS // at_once + 1, at_once=at_once)
        socket.close()
