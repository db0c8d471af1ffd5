"""The feed against the embedded exchange: two processes, real sockets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import Ready
from synthcore.exchange.settings import ExchangeSettings
from synthcore.feed.connector import BybitWebSocketConnector
from synthcore.feed.outages import Outage
from synthcore.feed.pipeline import MarketPipeline
from synthcore.feed.settings import LinkSettings
from synthcore.feed.thread import FeedThread

WAIT_S = 15.0
SYMBOLS = ["BTCUSDT", "ETHUSDT"]
QUICK = LinkSettings(check_interval_s=0.01, backoff_first_s=0.01, backoff_limit_s=0.02)


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for a condition, not for a time; from a thread without a loop."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "it didn't happen in time"
        time.sleep(0.002)


@pytest.fixture
def exchange() -> Iterator[tuple[ExchangeProcess, Ready]]:
    process = ExchangeProcess(ExchangeSettings(market="steady", symbols=tuple(SYMBOLS)))
    try:
        yield process, process.start()
    finally:
        process.stop()


def test_all_topics_of_all_symbols_flow_and_every_message_is_accounted_for(
    exchange: tuple[ExchangeProcess, Ready],
) -> None:
    pipeline = MarketPipeline(SYMBOLS)
    topics = ["tickers", "orderbook.1", "orderbook.50"]
    connector = BybitWebSocketConnector(
        exchange[1].ws_public, pipeline.symbols, topics, sink=pipeline.ring, settings=QUICK
    )
    thread = FeedThread(connector.run)

    thread.start()
    try:
        wait_until(connector.ready.is_set)
        wait_until(lambda: connector.counters().pushed >= 12)
        trusted = [connector.is_trustworthy(symbol) for symbol in SYMBOLS]
    finally:
        thread.stop()
    counters = connector.counters()
    updates = list(pipeline.consumer.drain())

    assert trusted == [True, True]
    assert counters.received == counters.accounted
    assert counters.malformed == counters.gaps == counters.crossed == counters.reconnects == 0
    assert len(updates) == counters.pushed
    assert {update.symbol for update in updates} == set(SYMBOLS)
    assert all(0 < update.bid < update.ask for update in updates)


def test_a_symbol_that_the_exchange_doesnt_have_is_refused_with_its_words(
    exchange: tuple[ExchangeProcess, Ready],
) -> None:
    connector = BybitWebSocketConnector(
        exchange[1].ws_public, ["BTCUSDT", "NOPEUSDT"], ["tickers"], settings=QUICK
    )
    thread = FeedThread(connector.run)

    thread.start()
    try:
        wait_until(lambda: connector.ready.is_set() and connector.refused())
        refused = connector.refused()
    finally:
        thread.stop()

    assert refused == {"tickers.NOPEUSDT": "error:handler not found,topic:tickers.NOPEUSDT"}


def test_an_exchange_that_dies_leaves_nobody_trusted_and_an_open_outage(
    exchange: tuple[ExchangeProcess, Ready],
) -> None:
    process, ready = exchange
    outages: list[Outage] = []
    connector = BybitWebSocketConnector(
        ready.ws_public, ["BTCUSDT"], ["tickers"], on_outage=outages.append, settings=QUICK
    )
    thread = FeedThread(connector.run)

    thread.start()
    try:
        wait_until(connector.ready.is_set)
        process.stop()
        wait_until(lambda: connector.status()[0].attempts >= 2)
        trusted = connector.is_trustworthy("BTCUSDT")
    finally:
        stopped = thread.stop()

    assert not trusted
    assert [outage.end_ns for outage in outages] == [None]
    assert stopped and thread.error is None
