"""The clock that jumps and the loop that moves it."""

import asyncio
import random
import time

import pytest

from synthcore.virtual_time import VirtualLoop, VirtualTime

HOUR_NS = 3600 * 10**9


@pytest.fixture
def loop():
    loop = VirtualLoop(VirtualTime(start_ns=10**18))
    yield loop
    loop.close()


def test_sleep_takes_no_time_and_moves_the_clock_exactly(loop):
    begun_s = time.monotonic()

    loop.run_until_complete(asyncio.sleep(3600))

    assert loop.clock.passed_ns == HOUR_NS
    assert (loop.time(), loop.clock.epoch_ns()) == (3600.0, 10**18 + HOUR_NS)
    assert time.monotonic() - begun_s < 60


def test_timers_strike_in_their_order_each_at_its_time(loop):
    struck = []
    for delay_s in (3, 1, 2.5, 1e-6):
        loop.call_later(delay_s, lambda delay_s=delay_s: struck.append((delay_s, loop.clock.passed_ns)))

    loop.advance_to(10 * 10**9)

    assert struck == [(1e-6, 1000), (1, 10**9), (2.5, 2_500_000_000), (3, 3 * 10**9)]


def test_advance_stops_where_it_is_told_and_does_all_that_is_due_until_then(loop):
    struck = []

    def strike(number):
        struck.append(number)
        loop.call_soon(struck.append, -number)

    loop.call_later(1, strike, 1)
    loop.call_later(2, strike, 2)
    loop.advance_to(10**9)
    at_one, passed_ns = list(struck), loop.clock.passed_ns
    loop.advance_to(2 * 10**9 - 1)
    before_two = list(struck)
    loop.advance_to(5 * 10**9)

    assert (at_one, before_two, struck) == ([1, -1], [1, -1], [1, -1, 2, -2])
    assert (passed_ns, loop.clock.passed_ns) == (10**9, 5 * 10**9)


def test_where_it_stopped_before_does_not_move_a_timer(loop):
    """The clock is right to the nanosecond whatever was looked at on the way."""
    other = VirtualLoop(VirtualTime())
    struck = {}
    for one in (loop, other):
        one.call_later(0.7000001, lambda one=one: struck.setdefault(one, one.clock.passed_ns))

    for stop_ns in range(1, 700_000_000, 7_654_321):
        loop.advance_to(stop_ns)
    for one in (loop, other):
        one.advance_to(10**9)
    other.close()

    assert struck[loop] == struck[other]


async def test_it_can_be_advanced_while_another_loop_runs(loop):
    waiting = asyncio.get_running_loop()
    loop.create_task(asyncio.sleep(1))

    loop.advance_to(2 * 10**9)

    assert asyncio.get_running_loop() is waiting
    assert not asyncio.all_tasks(loop)


def test_what_is_given_to_a_thread_runs_at_once(loop):
    async def ask():
        return await asyncio.to_thread(lambda: loop.clock.passed_ns)

    async def fail():
        await asyncio.to_thread(int, "x")

    assert loop.run_until_complete(ask()) == 0
    with pytest.raises(ValueError, match="invalid literal"):
        loop.run_until_complete(fail())


def test_waiting_for_what_never_comes_is_an_error_and_no_hang(loop):
    with pytest.raises(RuntimeError, match="must have a timer or a callback to go on with"):
        loop.run_until_complete(asyncio.Event().wait())


def test_nobody_is_called_before_his_time_by_the_last_bit_of_a_float():
    source, early = random.Random(1), []
    loop = VirtualLoop(VirtualTime())

    def look(when_s):
        if loop.time() < when_s:
            early.append(when_s)

    for _ in range(20_000):
        when_s = source.uniform(0, 90_000)
        loop.call_at(when_s, look, when_s)
        loop.call_at(when_s + 3e-11, look, when_s + 3e-11)
    loop.advance_to(90_001 * 10**9)
    loop.close()

    assert early == []
