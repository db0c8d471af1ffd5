"""How long from a tick at the listener until both orders are with the socket, and both acknowledged?

The contenders are those of `synthtest bench` (synthcore/bench/trades.py says what each does), ours in each
topology and by REST and trade socket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from harness import StampTimer
from pytest_benchmark.fixture import BenchmarkFixture

from synthcore.bench.trades import (
    ACKED,
    SENT,
    Open,
    Stamps,
    one_tick_at_a_time,
    ours,
    plain_stack,
    running_exchange,
    two_bare_posts,
)
from synthcore.exchange.ready import Ready

TIMER = StampTimer()
ROUNDS = 60
CONTENDERS = {
    "ours_inline": ours("inline"),
    "ours_spin": ours("spin"),
    "ours_park": ours("park"),
    "ours_park_socket": ours("park", by_socket=True),
    "plain_stack": plain_stack,
    "two_bare_posts": two_bare_posts,
}


@pytest.fixture(scope="module")
def exchange() -> Iterator[Ready]:
    with running_exchange() as ready:
        yield ready


@pytest.fixture(scope="module", params=CONTENDERS.values(), ids=CONTENDERS)
def one_tick(request: pytest.FixtureRequest, exchange: Ready) -> Iterator[Callable[[], Stamps]]:
    way: Open = request.param
    with one_tick_at_a_time(exchange, way) as take:
        yield take


def measure(benchmark: BenchmarkFixture, one_tick: Callable[[], Stamps], stamp: int) -> None:
    latencies_ns = []

    def stamped() -> None:
        stamps = one_tick()
        latencies_ns.append(stamps[stamp] - stamps[0])
        TIMER.add(latencies_ns[-1])

    benchmark.pedantic(stamped, rounds=ROUNDS, warmup_rounds=10)
    assert min(latencies_ns) > 0


@pytest.mark.benchmark(group="both orders with the socket", timer=TIMER)
def test_both_sent(benchmark: BenchmarkFixture, one_tick: Callable[[], Stamps]) -> None:
    measure(benchmark, one_tick, SENT)


@pytest.mark.benchmark(group="both acknowledged", timer=TIMER)
def test_both_acknowledged(benchmark: BenchmarkFixture, one_tick: Callable[[], Stamps]) -> None:
    measure(benchmark, one_tick, ACKED)
