"""The kernel: store → qualify → funnel → cool-down → emit, on one thread, without the GIL."""

import os
from typing import NamedTuple

from cpython.pycapsule cimport PyCapsule_CheckExact, PyCapsule_GetPointer
from libc.math cimport isnan
from libc.stdint cimport uintptr_t
from libc.string cimport memset
from synthcore._core.atomics cimport (
    count_one, load_acquire, load_half_relaxed, load_relaxed, store_half_relaxed, store_relaxed, store_release
)
from synthcore._core.cell cimport cell_read, cell_write
from synthcore._core.clock cimport monotonic_ns
from synthcore._core.histogram cimport histogram_record
from synthcore._core.idle cimport clear_event, signal_event
from synthcore._core.margins cimport margins_median, margins_record
from synthcore._core.qualify cimport (
    CONFIDENCE, DEPTH, FUNDING_DELTA, QUALIFIED, STRATEGY, load_inputs, load_rules, qualify
)
from synthcore._core.ring cimport ring_claim, ring_pop, ring_publish
from synthcore._core.update cimport (
    Decision, decision_write, saturating_delta_ns, update_keep, update_read
)


cdef const char *CAPSULE = "synthcore.decide"
cdef uint32_t SATURATED = 0xFFFFFFFF    # of a 32-bit delta

REJECTIONS = ("funding_delta", "depth", "confidence", "profit")
SUPPRESSION_NAMES = ("halted", "untrusted", "symbol_busy", "cool_down")


class EmittedDecision(NamedTuple):
    """A qualified update that passed the kernel's gates, as drained from the decisions ring."""

    symbol_id: int
    bid: float
    ask: float
    profit_bps: float    # projected, after slippage
    confidence: int      # 0 to 100
    exchange_us: int     # of the update that decided
    recv_ns: int         # of the update that decided
    popped_ns: int       # these two are exact to 4.29 s after recv_ns
    decided_ns: int
    sequence: int        # low 32 bits of the update's sequence


cdef class Kernel:
    """What happens to one update; owned by one thread, set up and looked at from any.

    Setting inputs, rules and flags is safe while the kernel runs: they take effect with the next update.

    Parameters
    ----------
    symbols
        How many symbol ids there are: 0 to symbols - 1.
    rules
        The thresholds, any object with the fields of QualificationRules.
    cool_down_ns
        Per symbol, from one decision to the next, on the updates' receive stamps.
    decision_capacity
        Slots of the decisions ring, a power of two. What nobody drains in time is dropped, the oldest first.
    decision_buffer
        Memory for the decisions ring, such as a shared mapping.
    """

    def __cinit__(
        self, int symbols, rules, *, uint64_t cool_down_ns=0, decision_capacity=1024, decision_buffer=None
    ):
        self.event_fd = -1
        self.own_rules = []
        if not 1 <= symbols <= 32_767:
            raise ValueError(f"symbols must be 1 to 32767, was {symbols}")
        self.memory = Memory(sizeof(KernelBlock) + symbols * sizeof(SymbolState))
        self.block = <KernelBlock *>self.memory.address
        self.states = <SymbolState *>(self.block + 1)
        self.block.symbols = symbols
        self.block.cool_down_ns = cool_down_ns
        for symbol_id in range(symbols):
            self.states[symbol_id].is_armed = 1
            self.states[symbol_id].is_trusted = 1
        self.set_rules(rules)
        self.decision_ring = Ring(decision_capacity, decision_buffer)
        self.queue_to_strategy = LatencyHistogram()
        self.detection = LatencyHistogram()
        self.event_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def __dealloc__(self):
        if self.event_fd >= 0:
            os.close(self.event_fd)

    # ── the hot path ──────────────────────────────────────────────────────────────────────────────────────

    cdef void on_update(self, const MarketUpdate *update, int64_t popped_ns) noexcept nogil:
        cdef SymbolState *state = self.known(update)
        cdef Verdict verdict
        cdef int64_t decided_ns
        if state == NULL:
            if update.symbol_id == PROBE_SYMBOL:
                self.answer(update, popped_ns)
            return
        update_keep(&state.latest, update)
        self.refresh(state)
        if state.inputs_version == 0:
            count_one(&self.block.without_inputs)
            return

        self.judge(update, state, &verdict)
        self.count(&verdict)
        decided_ns = monotonic_ns()
        if verdict.reason == QUALIFIED and self.may_emit(state, update):
            if not self.hurry(state, update, decided_ns):
                self.emit(update, &verdict, popped_ns, decided_ns)

        histogram_record(self.detection.block, decided_ns - popped_ns)
        if update.publish_delta_ns != SATURATED:
            histogram_record(self.queue_to_strategy.block, popped_ns - update.recv_ns - update.publish_delta_ns)

    cdef SymbolState *known(self, const MarketUpdate *update) noexcept nogil:
        """The symbol's state, NULL for a symbol id that nobody has."""
        if 0 <= update.symbol_id < <int64_t>self.block.symbols:
            return &self.states[update.symbol_id]
        if update.symbol_id != PROBE_SYMBOL:
            count_one(&self.block.strays)
        return NULL

    cdef void refresh(self, SymbolState *state) noexcept nogil:
        """Take over inputs and rules that were set since the last update."""
        # Both pair with the release in cell_write.
        if load_acquire(&state.new_inputs_version) != state.inputs_version:
            state.inputs_version = cell_read(
                &state.new_inputs_version, <uint64_t *>state.new_inputs, sizeof(Inputs) // 8, &state.inputs
            )
        if load_acquire(&self.block.new_rules_version) != self.block.rules_version:
            self.block.rules_version = cell_read(
                &self.block.new_rules_version, <uint64_t *>self.block.new_rules, sizeof(Rules) // 8, &self.block.rules
            )

    cdef void judge(self, const MarketUpdate *update, const SymbolState *state, Verdict *out) noexcept nogil:
        """Decide by the production rules, or by the strategy's own."""
        cdef const OwnRule *own = <const OwnRule *>load_acquire(&self.block.own_rule)
        if own == NULL:
            qualify(&state.inputs, &self.block.rules, out)
            return
        memset(out, 0, sizeof(Verdict))
        own.decide(update, &state.inputs, &self.block.rules, own.context, out)
        if <uint32_t>out.reason > <uint32_t>STRATEGY:    # a negative one is a large one
            out.reason = STRATEGY

    cdef void count(self, const Verdict *verdict) noexcept nogil:
        count_one(&self.block.updates)
        count_one(&self.block.by_reason[verdict.reason])
        if QUALIFIED < verdict.reason < STRATEGY:
            margins_record(&self.block.margins[verdict.reason], failed_margin(verdict))

    cdef bint may_emit(self, SymbolState *state, const MarketUpdate *update) noexcept nogil:
        """Pass the gates in front of the decisions ring; the first that refuses is counted, or else the passing."""
        # The flags are single words that stand for themselves: relaxed is enough.
        if load_half_relaxed(&self.block.is_halted):
            count_one(&self.block.suppressed[HALTED])
        elif not load_half_relaxed(&state.is_trusted):
            count_one(&self.block.suppressed[UNTRUSTED])
        elif not load_half_relaxed(&state.is_armed):
            count_one(&self.block.suppressed[SYMBOL_BUSY])
        elif update.recv_ns < state.cooled_ns:
            count_one(&self.block.suppressed[COOL_DOWN])
        else:
            state.cooled_ns = update.recv_ns + <int64_t>load_relaxed(&self.block.cool_down_ns)
            count_one(&self.block.emitted)
            return True
        return False

    cdef bint hurry(self, SymbolState *state, const MarketUpdate *update, int64_t decided_ns) noexcept nogil:
        """Let the fast lane send the orders; then the decision waits in its slot, and not in the ring."""
        if self.lane is None or not self.lane.take(update, decided_ns):
            return False
        store_half_relaxed(&state.is_armed, 0)
        signal_event(self.event_fd)
        return True

    cdef void emit(
        self, const MarketUpdate *update, const Verdict *verdict, int64_t popped_ns, int64_t decided_ns
    ) noexcept nogil:
        """Publish a decision and wake whoever drains them."""
        cdef Decision decision
        decision.recv_ns = update.recv_ns
        decision.exchange_us = update.exchange_us
        decision.bid_px = update.bid_px
        decision.ask_px = update.ask_px
        decision.profit_bps = verdict.profit_bps
        decision.popped_delta_ns = saturating_delta_ns(update.recv_ns, popped_ns)
        decision.decided_delta_ns = saturating_delta_ns(update.recv_ns, decided_ns)
        decision.update_sequence = <uint32_t>update.sequence
        decision.symbol_id = update.symbol_id
        decision.reason = verdict.reason
        decision.confidence = verdict.confidence
        decision_write(<Decision *>ring_claim(self.decision_ring.block), &decision)
        ring_publish(self.decision_ring.block)
        signal_event(self.event_fd)

    cdef void answer(self, const MarketUpdate *probe, int64_t popped_ns) noexcept nogil:
        """Send a probe on its way to the other end; it is no update and counts nowhere."""
        cdef Verdict verdict
        memset(&verdict, 0, sizeof(verdict))
        self.emit(probe, &verdict, popped_ns, monotonic_ns())

    # ── set from any thread ───────────────────────────────────────────────────────────────────────────────

    def set_rules(self, rules):
        """Replace the thresholds; with effect from the next update."""
        cdef Rules loaded
        memset(&loaded, 0, sizeof(loaded))
        load_rules(rules, &loaded)
        cell_write(&self.block.new_rules_version, <uint64_t *>self.block.new_rules, sizeof(Rules) // 8, &loaded)

    def decide_by(self, decide, context=None):
        """Let a compiled rule of the strategy's own decide instead of the production rules; None goes back.

        Parameters
        ----------
        decide
            A `PyCapsule` named "synthcore.decide", or the address of a C function as an int or as the
            attribute `address` (a Numba `cfunc`). Its signature is `Decide` in `synthcore/_core/kernel.pxd`.
        context
            Writable, contiguous memory that each call is given; kept alive with the kernel.

        Raises
        ------
        TypeError
            If `decide` is none of these.
        """
        if decide is None:
            store_release(&self.block.own_rule, 0)
            return
        cdef Memory rule = Memory(sizeof(OwnRule))
        cdef unsigned char[::1] octets = None if context is None else memoryview(context).cast("B")
        cdef OwnRule *own = <OwnRule *>rule.address
        own.decide = <Decide><uintptr_t>address_of(decide)
        own.context = NULL if octets is None else &octets[0]
        self.own_rules.append((rule, octets, decide))    # the kernel's thread may still be inside an older one
        store_release(&self.block.own_rule, <uint64_t><uintptr_t>own)    # pairs with the acquire in judge

    def send_by(self, Lane lane):
        """Let decisions of the thread that runs the kernel leave as orders at once, where the lane allows it.

        Only where that thread holds the GIL and the wire's event loop is its own: topology `inline`.
        """
        self.lane = lane

    def set_inputs(
        self, int symbol_id, *, double spread_bps, double funding_delta, double position_size, double fees_bps,
        depth=None, obi_boost=0, oi_boost=0, gravity_boost=0,
    ):
        """Replace everything that isn't bid and ask for one symbol; with effect from its next update.

        Parameters
        ----------
        depth
            USDT on each leg; estimated from the spread if None.
        """
        cdef SymbolState *state = self.state_of(symbol_id)
        cdef Inputs loaded
        memset(&loaded, 0, sizeof(loaded))
        load_inputs(
            &loaded, spread_bps, funding_delta, position_size, depth, fees_bps, obi_boost, oi_boost, gravity_boost
        )
        cell_write(&state.new_inputs_version, <uint64_t *>state.new_inputs, sizeof(Inputs) // 8, &loaded)

    def set_armed(self, int symbol_id, bint armed):
        """Let the symbol be traded, or not (it has a trade): suppressed as `symbol_busy`."""
        store_half_relaxed(&self.state_of(symbol_id).is_armed, armed)

    def set_trusted(self, int symbol_id, bint trusted):
        """Say whether the symbol's book can be relied on: suppressed as `untrusted` while it can't."""
        self.state_of(symbol_id)
        self.set_trust(symbol_id, trusted)

    cdef void set_trust(self, int symbol_id, bint trusted) noexcept nogil:
        if 0 <= symbol_id < <int64_t>self.block.symbols:
            store_half_relaxed(&self.states[symbol_id].is_trusted, trusted)

    @property
    def halted(self):
        """Whether no decisions are emitted at all; settable."""
        return bool(load_half_relaxed(&self.block.is_halted))

    @halted.setter
    def halted(self, bint halted):
        store_half_relaxed(&self.block.is_halted, halted)

    @property
    def cool_down_ns(self):
        """Per symbol, from one decision to the next; settable."""
        return load_relaxed(&self.block.cool_down_ns)

    @cool_down_ns.setter
    def cool_down_ns(self, uint64_t cool_down_ns):
        store_relaxed(&self.block.cool_down_ns, cool_down_ns)

    # ── looked at from any thread ─────────────────────────────────────────────────────────────────────────

    def latest(self, int symbol_id):
        """Return the symbol's latest update, in the order of `Ring.pop`, or None before the first."""
        cdef MarketUpdate update
        if not update_read(&self.state_of(symbol_id).latest, &update):
            return None
        return (
            symbol_id,
            update.bid_px,
            update.ask_px,
            update.bid_qty,
            update.ask_qty,
            update.exchange_us,
            update.recv_ns,
        )

    def funnel(self):
        """Return what became of the updates: seen, rejected (with the median margin), qualified, suppressed."""
        names = REJECTIONS + ("strategy",) if self.own_rules else REJECTIONS
        return {
            "updates": load_relaxed(&self.block.updates),
            "rejected": {name: self.rejected(reason) for reason, name in enumerate(names, start=1)},
            "qualified": load_relaxed(&self.block.by_reason[<int>QUALIFIED]),
            "suppressed": {
                name: load_relaxed(&self.block.suppressed[i]) for i, name in enumerate(SUPPRESSION_NAMES)
            },
            "emitted": load_relaxed(&self.block.emitted),
            "without_inputs": load_relaxed(&self.block.without_inputs),
            "strays": load_relaxed(&self.block.strays),
        }

    def rejected(self, int reason):
        """Return how many updates a check (1 to 4), or a strategy for its own reason (5), rejected, and the median
        of value - threshold."""
        if not FUNDING_DELTA <= reason <= STRATEGY:
            raise ValueError(f"a reason must be 1 to 5, was {reason}")
        cdef double shortfall = margins_median(&self.block.margins[reason])
        return {
            "count": load_relaxed(&self.block.by_reason[reason]),
            "median_margin": None if isnan(shortfall) else 0.0 - shortfall,
        }

    # ── the decisions' other end: one thread ──────────────────────────────────────────────────────────────

    def drain_decisions(self):
        """Take all decisions that wait, the oldest first, and clear the event."""
        clear_event(self.event_fd)    # before draining: a decision after it signals again
        cdef Decision decision
        decisions = []
        while ring_pop(self.decision_ring.block, &decision):
            if decision.symbol_id != PROBE_SYMBOL:
                decisions.append(emitted(&decision))
        return decisions

    @property
    def decisions_dropped(self):
        """Decisions that nobody drained in time."""
        return self.decision_ring.dropped

    def fileno(self):
        """Return the eventfd that becomes readable with each decision; -1 once closed."""
        return self.event_fd

    def close(self):
        """Close the eventfd; for when nothing runs the kernel any more and nothing polls the descriptor."""
        if self.event_fd >= 0:
            os.close(self.event_fd)
            self.event_fd = -1

    cdef SymbolState *state_of(self, int symbol_id) except NULL:
        if not 0 <= symbol_id < <int64_t>self.block.symbols:
            raise IndexError(f"a symbol id must be 0 to {self.block.symbols - 1} here, was {symbol_id}")
        return &self.states[symbol_id]


cdef object address_of(object decide):
    """Where a C function is: in a capsule, of an object that has an `address`, or the number itself."""
    if PyCapsule_CheckExact(decide):
        return <uintptr_t>PyCapsule_GetPointer(decide, CAPSULE)
    address = getattr(decide, "address", decide)
    if not isinstance(address, int) or address <= 0:
        raise TypeError(f"a kernel must be a capsule, an object with an address, or an address, was {decide!r}")
    return address


cdef double failed_margin(const Verdict *verdict) noexcept nogil:
    """Value - threshold of the first check that failed."""
    if verdict.reason == FUNDING_DELTA:
        return verdict.funding_margin
    if verdict.reason == DEPTH:
        return verdict.depth_margin
    if verdict.reason == CONFIDENCE:
        return verdict.confidence_margin
    return verdict.profit_margin


cdef object emitted(const Decision *decision):
    return EmittedDecision(
        decision.symbol_id,
        decision.bid_px,
        decision.ask_px,
        decision.profit_bps,
        decision.confidence,
        decision.exchange_us,
        decision.recv_ns,
        decision.recv_ns + decision.popped_delta_ns,
        decision.recv_ns + decision.decided_delta_ns,
        decision.update_sequence,
    )
