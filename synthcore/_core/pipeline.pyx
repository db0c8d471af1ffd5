"""The strategy thread: how it gets its updates, how it is started, proved, measured and stopped."""

import select
import threading

from synthcore._core.affinity import Pinning, Precedence, pin, take_precedence

from libc.stdint cimport int16_t
from synthcore._core.atomics cimport load_half_acquire, load_half_relaxed, store_half_release
from synthcore._core.clock cimport clock_ns, monotonic_ns, own_cpu_clock, thread_cpu_ns
from synthcore._core.histogram cimport histogram_record
from synthcore._core.idle cimport clear_event, cpu_pause
from synthcore._core.kernel cimport PROBE_SYMBOL
from synthcore._core.ring cimport RingBlock, ring_is_empty, ring_pop, ring_publish
from synthcore._core.update cimport Decision, update_stamp, update_write
from synthcore._core.waiter cimport (
    waiter_announce, waiter_sleep, waiter_stay, waiter_wake, waiter_wake_always
)


TOPOLOGIES = ("inline", "spin", "park")


cdef class Pipeline:
    """From the feed's update to the kernel's decision.

    `inline` runs the kernel on the feed's thread, as it publishes; nothing goes through the ring then.
    `spin` and `park` run it on a thread of its own, without the GIL, busy or asleep while there is nothing to do.

    Parameters
    ----------
    kernel
        What happens to an update.
    ring_capacity
        Slots of the updates ring, a power of two.
    ring_buffer
        Memory for the updates ring, such as a shared mapping that another process's feed writes to.
    """

    def __cinit__(self, Kernel kernel not None, ring_capacity=4096, ring_buffer=None):
        self.kernel = kernel
        self.updates = Ring(ring_capacity, ring_buffer)
        self.ws_to_queue = LatencyHistogram()
        self.sent_to_queue = LatencyHistogram()
        self.memory = Memory(sizeof(PipelineBlock))
        self.block = <PipelineBlock *>self.memory.address
        self.pinning = Pinning(None, "not started")
        self.precedence = Precedence(False, "not started")

    # ── the feed's side ───────────────────────────────────────────────────────────────────────────────────

    cdef MarketUpdate *claim(self) noexcept nogil:
        if load_half_relaxed(&self.block.topology) == INLINE:
            return &self.block.inline_update
        return self.updates.claim_update()

    cdef void publish(self, MarketUpdate *update) noexcept nogil:
        cdef int64_t now_ns = monotonic_ns()
        cdef int64_t taken_ns = update_stamp(update, now_ns)
        self.published_ns = now_ns
        self.hand_over(update, now_ns)
        histogram_record(self.ws_to_queue.block, taken_ns)

    cdef void hand_over(self, MarketUpdate *update, int64_t now_ns) noexcept nogil:
        if update == &self.block.inline_update:
            update.sequence += 2
            self.kernel.on_update(update, now_ns)
            return
        ring_publish(self.updates.block)
        if load_half_relaxed(&self.block.topology) == PARK:
            waiter_wake(&self.updates.block.waiter)

    def push(
        self, int16_t symbol_id, double bid, double ask, double bid_size, double ask_size,
        int64_t exchange_us, int64_t recv_ns,
    ):
        """Publish one update, as the feed does. For the one thread that is the feed."""
        cdef MarketUpdate *update = self.claim()
        update_write(update, symbol_id, 0, bid, ask, bid_size, ask_size, exchange_us, recv_ns)
        self.publish(update)

    # ── the strategy thread ───────────────────────────────────────────────────────────────────────────────

    cdef void spin(self) noexcept nogil:
        while not self.is_stopping():
            if not self.take_one():
                cpu_pause()

    cdef void park(self) noexcept nogil:
        cdef RingBlock *ring = self.updates.block
        cdef uint32_t ticket
        while not self.is_stopping():
            if self.take_one():
                continue
            ticket = waiter_announce(&ring.waiter)
            if ring_is_empty(ring) and not self.is_stopping():
                waiter_sleep(&ring.waiter, ticket)
            else:
                waiter_stay(&ring.waiter)

    cdef bint take_one(self) noexcept nogil:
        cdef MarketUpdate update
        if not ring_pop(self.updates.block, &update):
            return False
        self.kernel.on_update(&update, monotonic_ns())
        return True

    cdef bint is_stopping(self) noexcept nogil:
        return load_half_acquire(&self.block.is_stopping)    # pairs with the release in stop

    def _run(self, core, urgent, started):
        self.pinning = pin(core)
        self.precedence = take_precedence() if urgent else Precedence(False, "not asked for")
        self.cpu_clock = own_cpu_clock()
        cdef uint32_t topology = self.block.topology
        started.set()
        with nogil:
            if topology == SPIN:
                self.spin()
            else:
                self.park()
            while self.take_one():    # what was published before the stop
                pass
            self.ended_cpu_ns = thread_cpu_ns()

    # ── start, prove, stop ────────────────────────────────────────────────────────────────────────────────

    def start(self, topology, core=None, urgent=False):
        """Start to take updates.

        Parameters
        ----------
        topology
            "inline", "spin" or "park".
        core
            Where to pin the strategy thread; None leaves it to the OS. Ignored with "inline".
        urgent
            Let the strategy thread run as soon as it is woken. Heeded with "park" only: "spin" never sleeps.

        Returns
        -------
        Pinning
            The core where the OS says the thread runs, or why it isn't pinned.
        """
        if topology not in TOPOLOGIES:
            raise ValueError(f"topology must be one of {', '.join(TOPOLOGIES)}, was {topology!r}")
        if core is not None and not isinstance(core, int):
            raise TypeError(f"core must be an int or None, was {core!r}")
        if self.block.topology != STOPPED:
            raise RuntimeError(f"the pipeline runs already, as {self.topology!r}: stop it first")
        cdef uint32_t chosen = <uint32_t>(TOPOLOGIES.index(topology) + 1)
        self.block.is_stopping = 0
        store_half_release(&self.block.topology, chosen)
        if chosen == INLINE:
            self.pinning = Pinning(None, "inline runs on the feed's thread")
            return self.pinning
        started = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(core, urgent and chosen == PARK, started), name="strategy", daemon=True)
        self.thread.start()
        started.wait()
        return self.pinning

    def prove(self, double timeout_s=1.0):
        """Send one probe all the way to the decisions' end, as the feed would send an update.

        For before the feed starts and before anybody else polls or drains the decisions: it takes both roles.
        The probe counts in no funnel and no latency.

        Returns
        -------
        int or None
            ns from the probe's stamp to its arrival; None if it didn't arrive in time.
        """
        cdef int64_t sent_ns = monotonic_ns()
        cdef int64_t deadline_ns = sent_ns + <int64_t>(timeout_s * 1e9)
        cdef MarketUpdate *probe = self.claim()
        update_write(probe, PROBE_SYMBOL, 0, 1.0, 2.0, 1.0, 1.0, 0, sent_ns)
        self.hand_over(probe, sent_ns)
        poll = select.poll()
        poll.register(self.kernel.event_fd, select.POLLIN)
        while True:
            if self.has_answer(sent_ns):
                return monotonic_ns() - sent_ns
            left_ms = (deadline_ns - monotonic_ns()) / 1e6
            if left_ms <= 0 or not poll.poll(left_ms):
                return None

    cdef bint has_answer(self, int64_t sent_ns) noexcept:
        cdef Decision decision
        clear_event(self.kernel.event_fd)
        while ring_pop(self.kernel.decision_ring.block, &decision):
            if decision.symbol_id == PROBE_SYMBOL and decision.recv_ns == sent_ns:
                return True
        return False

    def stop(self):
        """Stop taking updates and join the thread; what was published before is still worked through."""
        if self.thread is not None:
            store_half_release(&self.block.is_stopping, 1)    # pairs with the acquire in is_stopping
            waiter_wake_always(&self.updates.block.waiter)
            self.thread.join()
            self.thread = None
        store_half_release(&self.block.topology, STOPPED)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()

    # ── looked at from any thread ─────────────────────────────────────────────────────────────────────────

    @property
    def is_urgent(self):
        """Whether the strategy thread runs before ordinary threads."""
        return self.precedence.held

    @property
    def precedence_reason(self):
        """Why it doesn't; "" if it does."""
        return self.precedence.reason

    @property
    def topology(self):
        """What it runs as, None when stopped."""
        cdef uint32_t topology = load_half_relaxed(&self.block.topology)
        return None if topology == STOPPED else TOPOLOGIES[<int>topology - 1]

    @property
    def pinned_core(self):
        """The core that the strategy thread is pinned to, None if it isn't."""
        return self.pinning.core

    @property
    def pinning_reason(self):
        """Why the strategy thread isn't pinned, "" if it is."""
        return self.pinning.reason

    @property
    def dropped(self):
        """Updates that were overwritten before the strategy thread took them."""
        return self.updates.dropped

    @property
    def cpu_ns(self):
        """CPU time of the strategy thread, the last one's once it ended; 0 with "inline"."""
        if self.thread is None:
            return self.ended_cpu_ns
        return clock_ns(self.cpu_clock) or self.ended_cpu_ns
