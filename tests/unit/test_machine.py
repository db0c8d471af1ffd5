"""What a run asks of the machine is held while it lasts, and given back."""

import gc
import io
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from synthcore.config import SyntheticConfig
from synthcore.engine.machine import Machine
from synthcore.monitor.writer import LineWriter


def machine(**settings):
    return Machine(SyntheticConfig(**settings))


def locked_kb():
    (found,) = re.findall(r"VmLck:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found)


@pytest.fixture(autouse=True)
def as_it_was():
    interval_s = sys.getswitchinterval()
    yield
    assert sys.getswitchinterval() == interval_s
    assert gc.get_freeze_count() == 0


def test_the_interpreters_lock_is_given_away_sooner_while_it_lasts():
    one = machine(switch_interval_us=250)

    one.hold()
    held_s = sys.getswitchinterval()
    one.release()

    assert held_s == pytest.approx(250e-6)


def test_memory_is_locked_while_it_lasts_and_only_if_asked_for():
    plain, locking = machine(), machine(lock_memory=True)

    plain.hold()
    assert (locked_kb(), plain.memory.held) == (0, False)
    plain.release()
    locking.hold()
    held_kb = locked_kb()
    locking.release()

    if not held_kb:
        pytest.skip(f"the OS refuses it here: {locking.memory.reason}")
    assert locked_kb() == 0


def test_idle_states_stay_as_they_are_where_that_is_the_setting():
    one = machine(hold_idle_states=False)

    one.hold()

    assert (one.idle_states.held, one.refusals()) == (False, [])
    one.release()


def test_what_the_machine_refuses_is_told():
    one = machine(lock_memory=True)
    one.idle_states.device = "/nowhere/cpu_dma_latency"
    one.memory.hold = lambda: False
    one.memory.reason = "mlockall was refused: Cannot allocate memory"

    one.hold()

    assert one.refusals() == [
        "idle states are not held off: /nowhere/cpu_dma_latency can't be opened: No such file or directory",
        "memory is not locked: mlockall was refused: Cannot allocate memory",
    ]
    one.release()


@pytest.mark.parametrize(("topology", "realtime"), [("inline", True), ("park", True), ("inline", False)])
def test_the_execution_loop_runs_before_ordinary_threads_while_it_lasts(topology, realtime):
    one = machine(topology=topology, realtime=realtime)

    one.hold()
    policy = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
    child = subprocess.run(["chrt", "-p", "0"], capture_output=True, text=True)
    one.release()

    if realtime and not one.precedence.held and "refused" in one.precedence.reason:
        pytest.skip(f"the OS refuses it here: {one.precedence.reason}")
    assert policy == (os.SCHED_FIFO if realtime else os.SCHED_OTHER)
    assert "SCHED_OTHER" in child.stdout  # what a run starts is no part of the trading
    assert os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_OTHER


def test_so_do_the_threads_that_take_the_interpreters_lock_from_it():
    out = io.StringIO()
    writer, other = LineWriter(out), threading.Thread(target=threading.Event().wait, args=(60,), daemon=True)
    other.start()
    one = machine()

    one.hold()
    (lines,) = (thread.native_id for thread in threading.enumerate() if thread.name == "lines")
    held = [os.sched_getscheduler(tid) & ~os.SCHED_RESET_ON_FORK for tid in (lines, other.native_id)]
    is_held, reason = one.precedence
    one.release()
    after = os.sched_getscheduler(lines) & ~os.SCHED_RESET_ON_FORK
    writer.close()

    if not is_held:
        pytest.skip(f"the OS refuses it here: {reason}")
    assert (held, after) == ([os.SCHED_FIFO, os.SCHED_OTHER], os.SCHED_OTHER)


def test_a_helper_that_has_ended_is_let_go():
    writer = LineWriter(io.StringIO())
    one = machine()

    one.hold()
    writer.close()
    one.release()

    assert not one.precedence.held


def test_a_strategy_that_spins_keeps_its_core():
    one = machine(topology="spin")

    one.hold()
    policy = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
    refusals = one.refusals()
    one.release()

    assert policy == os.SCHED_OTHER
    assert not any("execution loop" in refusal for refusal in refusals)


@pytest.mark.parametrize("freezes", [True, False])
def test_the_collector_looks_at_new_objects_only_while_trading(freezes):
    one = machine(freeze_collector=freezes)

    one.freeze_collector()
    frozen = gc.get_freeze_count()
    one.thaw_collector()

    assert bool(frozen) == freezes
