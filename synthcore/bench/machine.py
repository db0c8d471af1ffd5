"""What this machine is, and what about it spoils a measurement."""

from __future__ import annotations

import os
import platform
import resource
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from synthcore._core.affinity import choose_cores
from synthcore._core.idle import IdleStates
from synthcore.bench import limits
from synthcore.bench.result import Limit, Machine

BESIDE = (
    "Cython", "aiohttp", "hdrhistogram", "httpcore", "httpx", "msgspec", "numpy", "orjson", "picows",
    "pycurl", "pysimdjson", "synthtest", "uvicorn", "uvloop", "websockets",
)  # fmt: skip
FAR_NS = 120.0
STEAL_SHARE = 0.01
OTHERS_SHARE = 0.10
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def describe(idle: IdleStates) -> Machine:
    """Say where this runs."""
    return Machine(
        processor=processor(),
        cores=len(os.sched_getaffinity(0)),
        kernel=platform.release(),
        load=os.getloadavg(),
        idle_states="held off" if idle.held else idle.reason,
        real_time=real_time(),
        versions={"Python": platform.python_version(), **versions()},
    )


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def versions() -> dict[str, str]:
    """Of ours and of the packages that are measured or that it stands on; those that are installed."""
    found = {}
    for name in BESIDE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def real_time() -> str:
    """Whether threads may run before ordinary ones, tried and given back."""
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError as error:
        return f"refused: {error.strerror}"
    os.sched_setscheduler(0, policy, priority)
    return "allowed"


class ProcessorTime(NamedTuple):
    """Seconds that all cores spent since the start, of the machine's life or of ours."""

    busy_s: float
    stolen_s: float
    ours_s: float

    @classmethod
    def now(cls) -> ProcessorTime:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(
            int, Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]
        )
        used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return cls(
            (user + nice + system + irq + softirq) / TICKS_A_SECOND,
            steal / TICKS_A_SECOND,
            sum(each.ru_utime + each.ru_stime for each in used),
        )


def spoils(
    machine: Machine, found: list[Limit], before: ProcessorTime, after: ProcessorTime, took_s: float
) -> list[str]:
    """Say what made figures worse than the code is, in sentences."""
    return [
        *([] if one_core(machine) is None else [str(one_core(machine))]),
        *far_cores(found),
        *halted_cores(machine),
        *scheduling(machine),
        *stolen(machine, before, after, took_s),
        *others(machine, before, after, took_s),
    ]


def one_core(machine: Machine) -> str | None:
    feed_core, strategy_core = choose_cores()
    if feed_core != strategy_core:
        return None
    return "one core only: whatever needs two threads at once takes turns on it"


def far_cores(found: list[Limit]) -> list[str]:
    line = next((each for each in found if each.name == limits.CACHE_LINE), None)
    if line is None or line.p50 <= FAR_NS:
        return []
    return [
        f"far cores: a cache line takes {line.p50:.0f} ns one way (near ones take 40 to 70 ns),"
        " so figures of the ring and of spinning are several times worse; quote their ratios only"
    ]


def halted_cores(machine: Machine) -> list[str]:
    if machine.idle_states == "held off":
        return []
    return [
        f"idle states can't be held off ({machine.idle_states}): each wake-up of a sleeping core costs 30 to"
        " 60 µs more"
    ]


def scheduling(machine: Machine) -> list[str]:
    if machine.real_time == "allowed":
        return []
    return [f"real-time scheduling was {machine.real_time}: neighbours stand in every p99"]


def stolen(machine: Machine, before: ProcessorTime, after: ProcessorTime, took_s: float) -> list[str]:
    share = (after.stolen_s - before.stolen_s) / (took_s * machine.cores)
    if share <= STEAL_SHARE:
        return []
    return [f"stolen time: the host took {share:.0%} of the cores' time away during the run"]


def others(machine: Machine, before: ProcessorTime, after: ProcessorTime, took_s: float) -> list[str]:
    theirs_s = after.busy_s - before.busy_s - (after.ours_s - before.ours_s)
    share = theirs_s / took_s
    if share <= OTHERS_SHARE:
        return []
    return [f"others' load: other processes used {share:.1f} of {machine.cores} cores during the run"]
