"""The feed's front door, its thread, and the faces around the ring, over a real server."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from public_server import WAIT_S, PublicServer, Running, ticker, until

from synthcore._core.kernel import Kernel
from synthcore._core.pipeline import Pipeline
from synthcore._core.symbols import SymbolTable
from synthcore.errors import ConfigError, VenueError
from synthcore.feed.connector import BybitWebSocketConnector
from synthcore.feed.pipeline import MarketPipeline
from synthcore.feed.settings import LinkSettings
from synthcore.feed.store import MarketDataStore
from synthcore.feed.thread import FeedThread
from synthcore.model import MarketUpdate
from synthcore.qualification import QualificationRules

QUICK = LinkSettings(check_interval_s=0.005, backoff_first_s=0.001, backoff_limit_s=0.002)


@pytest.fixture
async def server() -> AsyncIterator[PublicServer]:
    async with PublicServer() as server:
        yield server


def open_sockets() -> set[str]:
    """Every socket that this process holds open, those of event loops included."""
    links = set()
    for name in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the listing's own descriptor
            links.add(os.readlink(f"/proc/self/fd/{name}"))
    return {link for link in links if link.startswith("socket:")}


async def test_a_callback_gets_every_update_with_its_symbols_name(server: PublicServer) -> None:
    updates: list[MarketUpdate] = []
    connector = BybitWebSocketConnector(
        server.url, ["BTCUSDT", "ETHUSDT"], ["tickers"], on_update=updates.append, settings=QUICK
    )

    async with Running(connector.run()):
        await until(connector.ready.is_set)

    assert [(update.symbol, update.bid, update.ask) for update in updates] == [
        ("BTCUSDT", 100.0, 100.5),
        ("ETHUSDT", 100.0, 100.5),
    ]


async def test_a_market_pipeline_carries_updates_to_its_consumer(server: PublicServer) -> None:
    pipeline = MarketPipeline(["BTCUSDT"])
    connector = BybitWebSocketConnector(server.url, pipeline.symbols, sink=pipeline.ring, settings=QUICK)

    async with Running(connector.run()):
        await until(lambda: len(pipeline) == 2)
    ticker_update, book_update = pipeline.consumer.drain()

    assert ticker_update.symbol == book_update.symbol == "BTCUSDT"
    assert 0 < ticker_update.sequence < book_update.sequence
    assert ticker_update.recv_ns <= book_update.recv_ns
    assert connector.counters().pushed == 2


async def test_the_kernels_trust_follows_the_link(server: PublicServer) -> None:
    symbols = SymbolTable()
    symbols.add("BTCUSDT")
    kernel = Kernel(1, QualificationRules())
    kernel.set_inputs(0, spread_bps=50.0, funding_delta=0.0075, position_size=1000.0, fees_bps=11.0)
    pipeline = Pipeline(kernel)
    connector = BybitWebSocketConnector(server.url, symbols, ["tickers"], sink=pipeline, settings=QUICK)

    with pipeline:
        pipeline.start("inline")
        pipeline.push(0, 100.0, 101.0, 1.0, 1.0, 0, 1)
        before = kernel.funnel()["suppressed"]["untrusted"]
        async with Running(connector.run()):
            await until(connector.ready.is_set)
            trusted = kernel.funnel()
            latest = MarketDataStore.over(kernel, symbols).latest("BTCUSDT")
        await until(lambda: not connector.is_trustworthy("BTCUSDT"))
        pipeline.push(0, 100.0, 101.0, 1.0, 1.0, 0, 2)
        after = kernel.funnel()["suppressed"]["untrusted"]

    assert (before, trusted["suppressed"]["untrusted"], after) == (1, 1, 2)
    assert trusted["emitted"] == 1
    assert latest is not None and latest.bid == 100.0
    assert pipeline.ws_to_queue.count == 3


async def test_what_the_ring_drops_is_in_the_counters(server: PublicServer) -> None:
    pipeline = MarketPipeline(["BTCUSDT"], capacity=2)
    connector = BybitWebSocketConnector(
        server.url, pipeline.symbols, ["tickers"], sink=pipeline.ring, settings=QUICK
    )

    async with Running(connector.run()):
        await until(connector.ready.is_set)
        deltas = [ticker("BTCUSDT", "delta", 2_000 + i, bid1Price=100, bid1Size=i + 1) for i in range(5)]
        server.session.send(*deltas)
        await until(lambda: connector.counters().pushed == 6)

    assert connector.counters().dropped == 4
    assert [update.bid_size for update in pipeline.consumer.drain()] == [4.0, 5.0]


async def test_the_threads_feed_starts_runs_and_leaves_nothing_behind(server: PublicServer) -> None:
    pipeline = MarketPipeline(["BTCUSDT"])
    connector = BybitWebSocketConnector(
        server.url, pipeline.symbols, ["tickers"], sink=pipeline.ring, settings=QUICK
    )
    before = open_sockets()
    thread = FeedThread(connector.run, core=min(os.sched_getaffinity(0)))

    thread.start()
    await until(connector.ready.is_set)
    pinned, names = thread.pinning.core, [t.name for t in threading.enumerate()]
    stopped = await asyncio.to_thread(thread.stop)
    await until(lambda: not server.sessions)

    assert pinned == min(os.sched_getaffinity(0))
    assert "feed" in names
    assert stopped
    assert thread.error is None
    assert "feed" not in [t.name for t in threading.enumerate()]
    assert open_sockets() == before


async def test_a_thread_that_reconnects_stops_at_once(unused_tcp_port: int) -> None:
    slow = LinkSettings(backoff_first_s=3600.0, backoff_limit_s=3600.0)
    connector = BybitWebSocketConnector(f"ws://127.0.0.1:{unused_tcp_port}/", ["BTCUSDT"], settings=slow)
    thread = FeedThread(connector.run)

    thread.start()
    await until(lambda: connector.status() and connector.status()[0].last_error)
    stopped = await asyncio.to_thread(thread.stop)

    assert stopped
    assert thread.error is None


async def test_an_error_of_the_feed_reaches_the_engine(server: PublicServer) -> None:
    server.refused.add("tickers.NOPEUSDT")
    connector = BybitWebSocketConnector(server.url, ["NOPEUSDT"], ["tickers"], settings=QUICK)
    told: list[BaseException] = []
    thread = FeedThread(connector.run, on_failure=told.append)

    thread.start()
    await until(lambda: told)
    stopped = thread.stop(WAIT_S)

    assert stopped
    assert told == [thread.error]
    assert isinstance(thread.error, VenueError)


async def test_a_core_that_doesnt_exist_is_reported_and_not_fatal(server: PublicServer) -> None:
    connector = BybitWebSocketConnector(server.url, ["BTCUSDT"], settings=QUICK)
    thread = FeedThread(connector.run, core=4095)

    thread.start()
    await until(connector.ready.is_set)
    await asyncio.to_thread(thread.stop)

    assert thread.pinning.core is None
    assert "4095" in thread.pinning.reason


async def test_several_connections_carry_what_one_may_not(server: PublicServer) -> None:
    names = [f"S{i}{'X' * 18}USDT"[:20] + f"{i:04}" for i in range(400)]
    connector = BybitWebSocketConnector(server.url, names, settings=QUICK)

    async with Running(connector.run()):
        await until(connector.ready.is_set)

        assert server.served == 2
        assert connector.counters().pushed == 2 * len(names)
        assert all(connector.is_trustworthy(name) for name in names)


def test_a_store_of_ones_own_keeps_the_newest_update() -> None:
    store = MarketDataStore(clock=lambda: 5_000_000)
    newer = MarketUpdate("BTCUSDT", 101.0, 102.0, 1.0, 1.0, 0, 2_000_000, 4)

    store.on_update(newer)
    store.on_update(MarketUpdate("BTCUSDT", 100.0, 101.0, 1.0, 1.0, 0, 1_000_000, 2))

    assert store.latest("BTCUSDT") is newer
    assert store.age_ms("BTCUSDT") == 3.0
    assert store.latest("ETHUSDT") is None
    assert list(store) == [newer]


def test_a_producer_refuses_unknown_symbols_and_the_ring_drops_the_oldest() -> None:
    pipeline = MarketPipeline(["BTCUSDT"], capacity=4)

    unknown = pipeline.producer.push(MarketUpdate("XRPUSDT", 1.0, 2.0, 1.0, 1.0, 0, 0, 0))
    for bid in range(1, 7):
        pipeline.producer.push(MarketUpdate("BTCUSDT", float(bid), 10.0, 1.0, 1.0, 0, 0, 0))

    assert not unknown
    assert (len(pipeline), pipeline.dropped) == (4, 2)
    assert [update.bid for update in pipeline.consumer.drain()] == [3.0, 4.0, 5.0, 6.0]


@pytest.mark.parametrize(
    ("symbols", "topics", "words"),
    [
        ([], ["tickers"], "at least one symbol"),
        (["BTC USDT"], ["tickers"], "BTC USDT"),
        (["BTCUSDT"], ["orderbook.500"], "orderbook.500"),
        (["BTCUSDT"], [], "topics are some of"),
    ],
)
def test_what_cant_be_subscribed_is_refused_with_the_reason(
    symbols: list[str], topics: list[str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        BybitWebSocketConnector("ws://127.0.0.1:1/", symbols, topics)
