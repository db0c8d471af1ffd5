"""Updates ring, strategy thread and kernel, joined in one of three topologies.

Who is who: the updates ring's producer is the feed's thread (`claim`, `publish`), its consumer the strategy
thread; the decisions ring's producer is the thread that runs the kernel, its consumer whoever calls
`Kernel.drain_decisions`.
"""

cimport cython
from libc.stdint cimport int64_t, uint32_t
from posix.types cimport clockid_t
from synthcore._core.histogram cimport LatencyHistogram
from synthcore._core.kernel cimport Kernel
from synthcore._core.memory cimport Memory
from synthcore._core.ring cimport Ring
from synthcore._core.update cimport MarketUpdate


cdef enum Topology:
    STOPPED = 0                    # nobody takes the updates; they stay in the ring
    INLINE = 1                     # the feed's thread runs the kernel itself, in `publish`
    SPIN = 2                       # own thread, never sleeps: a whole core
    PARK = 3                       # own thread, sleeps on a futex until there is an update; never by time


ctypedef struct PipelineBlock:
    MarketUpdate inline_update     # where `claim` lets the feed write when there is no ring between
    uint32_t topology
    uint32_t is_stopping


@cython.final
cdef class Pipeline:
    cdef readonly Kernel kernel
    cdef readonly Ring updates
    cdef readonly LatencyHistogram ws_to_queue     # recorded by the feed's thread
    cdef readonly LatencyHistogram sent_to_queue   # of frames whose sender stamped them; by the feed's thread
    cdef int64_t published_ns                      # when the last update was, for the feed's thread
    cdef Memory memory
    cdef PipelineBlock *block                      # inside `memory`
    cdef object thread                             # the strategy thread; None in `inline` and when stopped
    cdef object pinning
    cdef object precedence
    cdef clockid_t cpu_clock                       # the strategy thread's, while it lives
    cdef int64_t ended_cpu_ns                      # its CPU time once it ended

    # The feed's. Write the claimed update in place (update_write), then publish it; it is the caller's only
    # in between. Publishing notes the time, and wakes the strategy thread, or runs the kernel right here.
    cdef MarketUpdate *claim(self) noexcept nogil
    cdef void publish(self, MarketUpdate *update) noexcept nogil
    cdef void hand_over(self, MarketUpdate *update, int64_t now_ns) noexcept nogil    # publish's second half

    # The strategy thread's.
    cdef void spin(self) noexcept nogil
    cdef void park(self) noexcept nogil
    cdef bint take_one(self) noexcept nogil        # False: the ring is empty
    cdef bint is_stopping(self) noexcept nogil

    cdef bint has_answer(self, int64_t sent_ns) noexcept    # whether the probe came back
