"""Pin threads to cores and give them precedence, and check with the OS afterwards."""

import os
from typing import NamedTuple


cdef extern from "<sched.h>" nogil:
    int sched_getcpu() noexcept


FEED_CORE = 2        # the specification's cores, where the machine has them
STRATEGY_CORE = 1


class Pinning(NamedTuple):
    """What came of pinning one thread."""

    core: int | None    # where the OS says the thread runs now; None: not pinned
    reason: str         # why not; "" if it is


def allowed_cores():
    """Return the cores that the calling thread may use, in order."""
    return sorted(os.sched_getaffinity(0))


def current_core():
    """Return the core that the calling thread runs on at this moment, -1 if the OS doesn't tell."""
    return sched_getcpu()


def choose_cores(cores=None):
    """Return (feed core, strategy core): 2 and 1 where they exist, else two others, or one for both.

    Parameters
    ----------
    cores
        The cores to choose from; those allowed to the calling thread if None.
    """
    cores = set(allowed_cores() if cores is None else cores)
    strategy = STRATEGY_CORE if STRATEGY_CORE in cores else max(cores)
    others = [core for core in cores if core != strategy] or [strategy]
    feed = FEED_CORE if FEED_CORE in others else max(others)
    return feed, strategy


def pin(core):
    """Pin the calling thread to a core and ask the OS whether it is there. A refusal is a value, no exception.

    Parameters
    ----------
    core
        None leaves the thread as it is.
    """
    if core is None:
        return Pinning(None, "no core was asked for")
    try:
        os.sched_setaffinity(0, {core})
    except (OSError, ValueError, OverflowError) as error:
        return Pinning(None, f"core {core} was refused: {getattr(error, 'strerror', None) or error}")
    allowed, current = os.sched_getaffinity(0), sched_getcpu()
    if allowed != {core} or current != core:
        return Pinning(None, f"asked for core {core}, the OS says {sorted(allowed)} and runs us on {current}")
    return Pinning(core, "")


class Precedence(NamedTuple):
    """What came of asking for real-time scheduling of one thread."""

    held: bool
    reason: str         # why not; "" if it is


HOT, ORDERS = 1, 0    # levels above the lowest priority: market data and decisions, what becomes of them


def take_precedence(level=HOT, inherited=True, thread=0):
    """Let a thread run as soon as it wakes, before ordinary threads (SCHED_FIFO).

    For a thread that sleeps whenever it has nothing to do: one that never sleeps would starve its core. The
    kernel bounds all real-time threads of a core together (95 % of a second by default).
    A refusal is a value, no exception.

    Parameters
    ----------
    level
        HOT or ORDERS.
    inherited
        Whether threads and processes that it starts have it, too.
    thread
        The OS's id of one; 0 is the calling thread.
    """
    lowest = os.sched_get_priority_min(os.SCHED_FIFO)
    policy = os.SCHED_FIFO | (0 if inherited else os.SCHED_RESET_ON_FORK)
    try:
        os.sched_setscheduler(thread, policy, os.sched_param(lowest + level))
    except OSError as error:
        return Precedence(False, f"real-time scheduling was refused: {error.strerror}")
    if os.sched_getscheduler(thread) != policy:
        return Precedence(False, "real-time scheduling was asked for, the OS says that it isn't held")
    return Precedence(True, "")


def give_precedence_back(thread=0):
    """Make a thread an ordinary one again."""
    # The flag stays: taking it off needs more rights than having it.
    flag = os.sched_getscheduler(thread) & os.SCHED_RESET_ON_FORK
    os.sched_setscheduler(thread, os.SCHED_OTHER | flag, os.sched_param(0))
