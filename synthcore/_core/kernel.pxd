"""What happens to one update, from the store to the decision; the same code in every topology.

The kernel runs on one thread. Its state is one pointer-free block; what other threads set (inputs, rules, flags)
goes through cells and single words that the hot path reads without waiting.
"""

cimport cython
from libc.stdint cimport int64_t, uint32_t, uint64_t
from synthcore._core.histogram cimport LatencyHistogram
from synthcore._core.lane cimport Lane
from synthcore._core.margins cimport Margins
from synthcore._core.memory cimport Memory
from synthcore._core.qualify cimport Inputs, Rules, Verdict
from synthcore._core.ring cimport Ring
from synthcore._core.update cimport MarketUpdate


cdef enum:
    REASONS = 6                    # qualified, the four checks, a strategy's own
    PROBE_SYMBOL = -2              # the id of an update that proves the pipeline, and of the decision that answers


cdef enum:                         # why a qualified update was not emitted
    HALTED = 0                     # no new entries at all
    UNTRUSTED = 1                  # the symbol's book has a gap
    SYMBOL_BUSY = 2                # the symbol isn't armed: it has a trade
    COOL_DOWN = 3                  # too soon after the last decision on this symbol
    SUPPRESSIONS = 4


# A strategy's own rule, called on each update of a symbol that has inputs, without the GIL; `context` is the
# strategy's memory. It sets `reason` (QUALIFIED or why not) and what else it has to say; `out` starts zeroed.
# For C: void decide(const MarketUpdate *, const Inputs *, const Rules *, void *context, Verdict *out)
ctypedef void (*Decide)(
    const MarketUpdate *update, const Inputs *inputs, const Rules *rules, void *context, Verdict *out
) noexcept nogil


ctypedef struct OwnRule:
    Decide decide
    void *context


ctypedef struct SymbolState:       # 448 bytes
    # written by the kernel
    MarketUpdate latest            # readable by anybody with update_read
    Inputs inputs                  # the kernel's copy
    uint64_t inputs_version        # of that copy; 0: never set
    int64_t cooled_ns              # no decision on an update received before
    uint64_t reserved[6]
    # written by others
    uint32_t is_armed
    uint32_t is_trusted
    uint64_t new_inputs_version
    uint64_t reserved_too[6]
    Inputs new_inputs[2]           # the cell's halves


ctypedef struct KernelBlock:       # then SymbolState states[symbols]
    # written by the kernel
    Rules rules                    # the kernel's copy
    uint64_t rules_version
    uint64_t updates               # qualified or rejected
    uint64_t strays                # of a symbol id that nobody has
    uint64_t without_inputs        # of a symbol whose inputs were never set
    uint64_t emitted
    uint64_t by_reason[REASONS]
    uint64_t suppressed[SUPPRESSIONS]
    uint64_t reserved[2]
    Margins margins[REASONS]       # of the check that failed first; [0] stays empty
    # written by others
    uint64_t symbols               # how many states there are
    uint64_t own_rule              # address of an OwnRule; 0: `qualify` decides
    uint64_t cool_down_ns          # per symbol, from decision to decision
    uint32_t is_halted
    uint32_t reserved_too
    uint64_t new_rules_version
    uint64_t reserved_three[3]
    Rules new_rules[2]             # the cell's halves


@cython.final
cdef class Kernel:
    cdef Memory memory
    cdef KernelBlock *block                    # inside `memory`
    cdef SymbolState *states                   # inside `memory`
    cdef Ring decision_ring                    # from the kernel's thread to whoever drains
    cdef Lane lane                             # where a decision may become orders at once; None: nowhere
    cdef list own_rules                        # what each `decide_by` needs, for as long as the kernel lives
    cdef int event_fd                          # signalled after each decision; -1 once closed
    cdef readonly LatencyHistogram queue_to_strategy
    cdef readonly LatencyHistogram detection

    # For the one thread that runs the kernel. `update` is only read during the call.
    cdef void on_update(self, const MarketUpdate *update, int64_t popped_ns) noexcept nogil

    # For any thread.
    cdef void set_trust(self, int symbol_id, bint trusted) noexcept nogil

    cdef SymbolState *state_of(self, int symbol_id) except NULL    # IndexError if nobody has the id

    # The steps of on_update.
    cdef SymbolState *known(self, const MarketUpdate *update) noexcept nogil
    cdef void refresh(self, SymbolState *state) noexcept nogil
    cdef void judge(self, const MarketUpdate *update, const SymbolState *state, Verdict *out) noexcept nogil
    cdef void count(self, const Verdict *verdict) noexcept nogil
    cdef bint may_emit(self, SymbolState *state, const MarketUpdate *update) noexcept nogil
    cdef bint hurry(self, SymbolState *state, const MarketUpdate *update, int64_t decided_ns) noexcept nogil
    cdef void emit(
        self, const MarketUpdate *update, const Verdict *verdict, int64_t popped_ns, int64_t decided_ns
    ) noexcept nogil
    cdef void answer(self, const MarketUpdate *probe, int64_t popped_ns) noexcept nogil
