"""The pipeline in its three topologies: started, proved, measured, stopped."""

import mmap
import os
import select
import threading
import time
from collections.abc import Callable

import pytest

from synthcore._core.affinity import allowed_cores
from synthcore._core.kernel import EmittedDecision, Kernel
from synthcore._core.pipeline import TOPOLOGIES, Pipeline
from synthcore._core.ring import Ring
from synthcore.qualification import QualificationRules

PATIENCE_S = 20
FUTEX_CALLS = {202, 98}  # x86-64, aarch64
threaded = pytest.mark.parametrize("topology", ["spin", "park"])
every = pytest.mark.parametrize("topology", TOPOLOGIES)


def new_pipeline(ring_capacity: int = 4096, decision_capacity: int = 4096) -> Pipeline:
    """Two symbols: 0 qualifies, 1 doesn't."""
    kernel = Kernel(2, QualificationRules(), decision_capacity=decision_capacity)
    inputs = {"spread_bps": 50.0, "position_size": 1000.0, "fees_bps": 11.0}
    kernel.set_inputs(0, funding_delta=0.0075, **inputs)
    kernel.set_inputs(1, funding_delta=0.0, **inputs)
    return Pipeline(kernel, ring_capacity)


def push(pipeline: Pipeline, n: int, symbol_id: int = 0) -> None:
    pipeline.push(symbol_id, 99.0, 101.0, 1.0, 1.0, n, time.monotonic_ns())


def decisions_until(
    pipeline: Pipeline, is_enough: Callable[[list[EmittedDecision]], bool]
) -> list[EmittedDecision]:
    """Drain as the execution loop does, woken by the event; at most PATIENCE_S."""
    decisions: list[EmittedDecision] = []
    deadline_s = time.monotonic() + PATIENCE_S
    while not is_enough(decisions):
        left_s = deadline_s - time.monotonic()
        assert left_s > 0 and select.select([pipeline.kernel.fileno()], [], [], left_s)[0], (
            "nothing came in time"
        )
        decisions += pipeline.kernel.drain_decisions()
    return decisions


@every
def test_every_update_is_decided_in_order(topology: str) -> None:
    pipeline = new_pipeline()
    pipeline.start(topology)

    for n in range(1000):
        push(pipeline, n, symbol_id=n % 2)
    decisions = decisions_until(pipeline, lambda seen: len(seen) == 500)
    pipeline.stop()

    assert [decision.exchange_us for decision in decisions] == list(range(0, 1000, 2))
    funnel = pipeline.kernel.funnel()
    assert (funnel["updates"], funnel["qualified"], pipeline.dropped) == (1000, 500, 0)
    assert pipeline.kernel.detection.count == pipeline.ws_to_queue.count == 1000


@every
def test_stamps_are_in_order_and_stages_are_measured(topology: str) -> None:
    pipeline = new_pipeline()
    pipeline.start(topology)

    push(pipeline, 1)
    (decision,) = decisions_until(pipeline, lambda seen: len(seen) == 1)
    pipeline.stop()

    assert decision.recv_ns <= decision.popped_ns <= decision.decided_ns <= time.monotonic_ns()
    assert pipeline.kernel.queue_to_strategy.count == 1
    stages_ns = (
        pipeline.ws_to_queue.max + pipeline.kernel.queue_to_strategy.max + pipeline.kernel.detection.max
    )
    assert stages_ns == decision.decided_ns - decision.recv_ns


@threaded
def test_sleeping_strategy_is_woken_each_time(topology: str) -> None:
    pipeline = new_pipeline()
    pipeline.start(topology)

    for n in range(300):  # each is sent only after the one before has come out at the other end
        push(pipeline, n)
        (decision,) = decisions_until(pipeline, lambda seen: len(seen) == 1)
        assert decision.exchange_us == n

    pipeline.stop()
    assert pipeline.dropped == 0


def test_parked_strategy_sleeps_without_a_time_out() -> None:
    pipeline = new_pipeline()
    pipeline.start("park")
    pipeline.prove(PATIENCE_S)

    call, _, operation, _, time_out, *_ = system_call_when_asleep(strategy_tid())
    pipeline.stop()

    assert int(call) in FUTEX_CALLS
    assert (int(operation, 16), int(time_out, 16)) == (0, 0)  # FUTEX_WAIT, for ever


def strategy_tid() -> int | None:
    return next(thread.native_id for thread in threading.enumerate() if thread.name == "strategy")


def system_call_when_asleep(tid: int | None) -> list[str]:
    """The number and the arguments of the call that a thread sleeps in, as the OS tells."""
    deadline_s = time.monotonic() + PATIENCE_S
    while status_of(tid)["State"][0] != "S":
        assert time.monotonic() < deadline_s, "the strategy thread never slept"
        os.sched_yield()
    try:
        with open(f"/proc/self/task/{tid}/syscall") as file:
            return file.read().split()
    except OSError as error:
        pytest.skip(f"the OS doesn't tell which call a thread is in: {error.strerror}")


def status_of(tid: int | None) -> dict[str, str]:
    with open(f"/proc/self/task/{tid}/status") as file:
        return {key: value.strip() for key, value in (line.split(":", 1) for line in file)}


def test_flood_drops_the_oldest_and_every_update_is_accounted_for() -> None:
    pipeline = new_pipeline(ring_capacity=4)
    pushes = 20_000
    pipeline.start("park")

    for n in range(pushes):
        push(pipeline, n)
    pipeline.stop()

    assert pipeline.kernel.funnel()["updates"] + pipeline.dropped == pushes
    assert pipeline.kernel.drain_decisions()[-1].exchange_us == pushes - 1


@threaded
def test_strategy_takes_what_another_ring_on_the_same_memory_got(topology: str) -> None:
    memory = mmap.mmap(-1, Ring.size_for(64))
    feed = Ring(64, memory)
    pipeline = Pipeline(new_pipeline().kernel, 64, memory)

    for n in range(10):
        feed.push(0, 99.0, 101.0, 1.0, 1.0, n, time.monotonic_ns())
    pipeline.start(topology)
    pipeline.stop()

    assert [decision.exchange_us for decision in pipeline.kernel.drain_decisions()] == list(range(10))
    assert feed.counts() == (10, 10, 0, 0)


@threaded
def test_stop_works_through_what_was_published(topology: str) -> None:
    pipeline = new_pipeline()
    for n in range(100):
        push(pipeline, n)

    pipeline.start(topology)
    pipeline.stop()

    assert pipeline.kernel.funnel()["updates"] == 100
    assert len(pipeline.updates) == 0


@every
def test_probe_goes_all_the_way_and_counts_nowhere(topology: str) -> None:
    pipeline = new_pipeline()
    pipeline.start(topology)

    taken_ns = pipeline.prove(PATIENCE_S)
    pipeline.stop()

    assert taken_ns is not None and taken_ns > 0
    funnel = pipeline.kernel.funnel()
    assert (funnel["updates"], funnel["emitted"], funnel["strays"]) == (0, 0, 0)
    assert pipeline.ws_to_queue.count == pipeline.kernel.detection.count == 0
    assert pipeline.kernel.drain_decisions() == []


def test_pipeline_that_does_not_run_is_not_proved() -> None:
    assert new_pipeline().prove(0.01) is None


@threaded
def test_strategy_thread_is_pinned_and_the_os_confirms(topology: str) -> None:
    core = allowed_cores()[-1]
    with new_pipeline() as pipeline:
        pinning = pipeline.start(topology, core)
        allowed = status_of(strategy_tid())["Cpus_allowed_list"]

    assert (pinning, allowed) == ((core, ""), str(core))
    assert (pipeline.pinned_core, pipeline.pinning_reason) == (core, "")


def test_refused_pin_is_told_and_the_pipeline_runs() -> None:
    with new_pipeline() as pipeline:
        pinning = pipeline.start("park", 100_000)
        proved = pipeline.prove(PATIENCE_S)

    assert pinning.core is None
    assert pinning.reason.startswith("core 100000 was refused")
    assert proved is not None


@threaded
def test_cpu_time_of_the_strategy_thread_survives_its_end(topology: str) -> None:
    pipeline = new_pipeline()
    pipeline.start(topology)
    pipeline.prove(PATIENCE_S)

    running_ns = pipeline.cpu_ns
    pipeline.stop()

    assert 0 < running_ns <= pipeline.cpu_ns


@every
def test_stopped_pipeline_starts_again(topology: str) -> None:
    pipeline = new_pipeline()
    for _ in range(2):
        pipeline.start(topology)
        push(pipeline, 1)
        decisions_until(pipeline, lambda seen: len(seen) == 1)
        pipeline.stop()

    assert pipeline.topology is None
    assert pipeline.kernel.funnel()["updates"] == 2


def test_wrong_use_is_refused() -> None:
    pipeline = new_pipeline()

    with pytest.raises(ValueError, match="topology must be one of inline, spin, park, was 'poll'"):
        pipeline.start("poll")
    with pytest.raises(TypeError, match="core must be an int or None, was 'one'"):
        pipeline.start("park", "one")  # type: ignore[arg-type]
    with pipeline:
        pipeline.start("inline")
        with pytest.raises(RuntimeError, match="the pipeline runs already, as 'inline': stop it first"):
            pipeline.start("park")


def test_inputs_change_under_a_running_strategy_without_a_torn_value() -> None:
    """Each set of inputs gives one profit; a mix of two would give another."""
    pipeline = new_pipeline(decision_capacity=65_536)
    sets = [
        {
            "spread_bps": 50.0 + k,
            "funding_delta": 0.0075,
            "position_size": 1000.0 + 100 * k,
            "fees_bps": 5.0 + k / 4,
        }
        for k in range(8)
    ]
    profits = {
        s["spread_bps"] - s["fees_bps"] - 10.0 - (2.0 + s["position_size"] / 50_000.0 * 3.0) for s in sets
    }
    pipeline.kernel.set_inputs(0, **sets[0])
    pipeline.start("spin")
    seen: set[float] = set()
    deadline_s = time.monotonic() + PATIENCE_S

    while len(seen) < len(profits) and time.monotonic() < deadline_s:
        for n in range(1000):
            pipeline.kernel.set_inputs(0, **sets[n % 8])
            push(pipeline, n)
        seen |= {decision.profit_bps for decision in pipeline.kernel.drain_decisions()}
    pipeline.stop()

    assert seen == profits
