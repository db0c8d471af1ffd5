"""The loops that only benchmarks need, compiled so that no Python is in the figure. No run imports this.

Loops of two ends are started in two threads and are bounded: a count, never a time that might not come.
"""

cimport cython
from cpython.bytes cimport PyBytes_AsString
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset
from synthcore._core.atomics cimport load_acquire, store_release
from synthcore._core.clock cimport monotonic_ns
from synthcore._core.histogram cimport Histogram, LatencyHistogram, histogram_record
from synthcore._core.idle cimport cpu_pause
from synthcore._core.lane cimport LANE_LEGS, LANE_READY, Lane, LaneIntent, LaneSlot, lane_enters, lane_take, lane_write
from synthcore._core.memory cimport Memory
from synthcore._core.pipeline cimport Pipeline
from synthcore._core.qualify cimport (
    Columns, Inputs, Rules, Verdict, load_inputs, load_rules, qualify, qualify_many
)
from synthcore._core.ring cimport Ring, RingBlock, ring_counts, ring_pop, ring_push
from synthcore._core.ticker cimport EMIT, TickerParser
from synthcore._core.update cimport MarketUpdate, update_write
from synthcore._core.waiter cimport Waiter, waiter_announce, waiter_sleep, waiter_stay, waiter_wake_always


cdef extern from *:
    """
    #include <stdint.h>
    #include <time.h>
    #if defined(__x86_64__)
    #include <x86intrin.h>
    static inline int64_t bench_ticks(void) { return (int64_t)__rdtsc(); }
    #else
    static inline int64_t bench_ticks(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    }
    #endif
    """
    int64_t bench_ticks() noexcept nogil      # a third of a clock's cost; the same on all cores

cdef extern from "time.h" nogil:
    enum:
        CLOCK_MONOTONIC
        TIMER_ABSTIME
    ctypedef long time_t
    cdef struct timespec:
        time_t tv_sec
        long tv_nsec
    int clock_nanosleep(int clock, int flags, const timespec *until, timespec *left) noexcept

cdef extern from "sys/syscall.h" nogil:
    enum:
        SYS_getppid
    long syscall(long number, ...) noexcept

cdef extern from "sys/socket.h" nogil:
    enum:
        MSG_DONTWAIT
        MSG_NOSIGNAL
    Py_ssize_t recv(int fd, void *buffer, size_t size, int flags) noexcept
    Py_ssize_t send(int fd, const void *buffer, size_t size, int flags) noexcept

cdef extern from "errno.h" nogil:
    int errno
    enum:
        EAGAIN

cdef enum:
    BUFFER_BYTES = 65536
    CALIBRATION_NS = 20_000_000
    SECOND_NS = 1_000_000_000
    SPIN_NS = 100_000                         # an urgent thread wakes well within it


cdef double tick_ns_known = 0.0


cdef double tick_ns() noexcept nogil:
    """Nanoseconds a tick, measured once."""
    global tick_ns_known
    cdef int64_t begun_ns, ended_ns, begun
    if tick_ns_known == 0.0:
        begun_ns = monotonic_ns()
        begun = bench_ticks()
        while monotonic_ns() - begun_ns < CALIBRATION_NS:
            pass
        ended_ns = monotonic_ns()
        tick_ns_known = <double>(ended_ns - begun_ns) / <double>(bench_ticks() - begun)
    return tick_ns_known


cdef inline void wait_until_ns(int64_t due_ns) noexcept nogil:
    """Sleep until shortly before, then spin.

    An urgent thread that only spun would be stopped for 50 ms of each second, for the ordinary ones of its core.
    """
    cdef int64_t wake_ns = due_ns - SPIN_NS
    cdef timespec wake
    if monotonic_ns() < wake_ns:
        wake.tv_sec, wake.tv_nsec = wake_ns // SECOND_NS, wake_ns % SECOND_NS
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL):    # interrupted by a signal
            pass
    while monotonic_ns() < due_ns:
        cpu_pause()


def rest_until(int64_t due_ns):
    """Return at a moment of CLOCK_MONOTONIC, or at once if it is past; other threads may run meanwhile.

    It sleeps until 100 µs before, so that an ordinary thread of the same core gets on, then spins.
    """
    with nogil:
        wait_until_ns(due_ns)


# ── the machine's own limits ──────────────────────────────────────────────────────────────────────────────

def system_calls(int count):
    """Make the cheapest system call so often; return ns for each."""
    cdef int64_t begun_ns = monotonic_ns()
    for _ in range(count):
        syscall(SYS_getppid)
    return <double>(monotonic_ns() - begun_ns) / <double>count


@cython.final
cdef class CacheLine:
    """One cache line that two threads write in turns."""

    cdef Memory memory
    cdef uint64_t *word

    def __cinit__(self):
        self.memory = Memory(128)
        self.word = <uint64_t *>self.memory.address

    def serve(self, int batches, int hops):
        """Play the first of the two; return ns for one way in each batch."""
        cdef uint64_t turn = 0
        cdef int64_t begun
        one_way = []
        for _ in range(batches):
            with nogil:
                begun = bench_ticks()
                for _ in range(hops):
                    store_release(self.word, turn + 1)
                    while load_acquire(self.word) != turn + 2:    # pairs with the release in give_back
                        pass
                    turn += 2
                begun = bench_ticks() - begun
            one_way.append(begun * tick_ns() / (2 * hops))
        return one_way

    def give_back(self, int batches, int hops):
        """Play the other."""
        cdef uint64_t turn = 0
        cdef int64_t plays = <int64_t>batches * hops
        with nogil:
            for _ in range(plays):
                while load_acquire(self.word) != turn + 1:        # pairs with the release in serve
                    pass
                store_release(self.word, turn + 2)
                turn += 2


@cython.final
cdef class Sleeper:
    """A thread asleep on a futex, and the one that wakes it."""

    cdef Memory memory
    cdef Waiter *waiter
    cdef uint64_t *sent_ns     # of the last wake-up; on another line than the futex
    cdef uint64_t *number      # of the last wake-up

    def __cinit__(self):
        self.memory = Memory(192)
        self.waiter = <Waiter *>self.memory.address
        self.sent_ns = <uint64_t *>(<char *>self.memory.address + 128)
        self.number = self.sent_ns + 1

    def sleep(self, int count):
        """Sleep until the last of so many wake-ups; return ns from each stamp to the first instruction after.

        Fewer than so many where the sleeper was held up, and the next wake-up came before it ran.
        """
        cdef uint64_t seen = 0
        cdef uint32_t ticket
        cdef int64_t taken
        latencies = []
        while seen < <uint64_t>count:
            with nogil:
                while load_acquire(self.number) == seen:          # pairs with the release in wake
                    ticket = waiter_announce(self.waiter)
                    if load_acquire(self.number) == seen:
                        waiter_sleep(self.waiter, ticket)
                    else:
                        waiter_stay(self.waiter)
                taken = monotonic_ns() - <int64_t>load_acquire(self.sent_ns)
                seen = load_acquire(self.number)
            latencies.append(taken)
        return latencies

    def wake(self, int count, int64_t period_ns):
        """Wake the sleeper so often."""
        cdef int64_t due_ns = monotonic_ns()
        cdef int number
        with nogil:
            for number in range(1, count + 1):
                due_ns += period_ns
                wait_until_ns(due_ns)
                store_release(self.sent_ns, <uint64_t>monotonic_ns())
                store_release(self.number, <uint64_t>number)
                waiter_wake_always(self.waiter)


cdef Py_ssize_t receive_all(int fd, char *buffer, Py_ssize_t size, int flags) noexcept nogil:
    """Receive so many bytes, or -1 at the connection's end."""
    cdef Py_ssize_t have = 0
    cdef Py_ssize_t got
    while have < size:
        got = recv(fd, buffer + have, size - have, flags)
        if got > 0:
            have += got
        elif got == 0 or errno != EAGAIN:
            return -1
    return have


def echo(int fd, int count, int size):
    """Send back so many messages of a blocking socket."""
    cdef char buffer[BUFFER_BYTES]
    with nogil:
        for _ in range(count):
            if receive_all(fd, buffer, size, 0) < 0:
                break
            send(fd, buffer, size, MSG_NOSIGNAL)


def round_trips(int fd, int count, int size):
    """Send messages to an echo, one after the other; return ns for each round trip."""
    cdef char buffer[BUFFER_BYTES]
    cdef int64_t begun_ns, ended_ns
    memset(buffer, 0, size)
    taken = []
    for _ in range(count):
        with nogil:
            begun_ns = monotonic_ns()
            send(fd, buffer, size, MSG_NOSIGNAL)
            receive_all(fd, buffer, size, 0)
            ended_ns = monotonic_ns()
        taken.append(ended_ns - begun_ns)
    return taken


# ── the ring ──────────────────────────────────────────────────────────────────────────────────────────────

cdef inline uint64_t room(const RingBlock *ring) noexcept nogil:
    """How many items fit in without dropping one."""
    return ring.capacity - ring_counts(ring).length


cdef inline uint64_t wait_for_room(const RingBlock *ring) noexcept nogil:
    """Wait for an eighth of the ring, so that the consumer's line is looked at rarely."""
    cdef uint64_t found = room(ring)
    while found < ring.capacity // 8:
        cpu_pause()
        found = room(ring)
    return found


def push_all(Ring ring not None, uint64_t items, bint waits):
    """Push items 0 to `items` - 1 as fast as it goes; return when it began and ended (ns).

    Parameters
    ----------
    waits
        Push only where there is room, so that nothing is dropped.
    """
    cdef uint64_t item[8]          # word 0 is the ring's own
    cdef uint64_t i
    cdef uint64_t found = 0
    cdef int64_t begun_ns
    memset(item, 0, sizeof(item))
    with nogil:
        begun_ns = monotonic_ns()
        for i in range(items):
            if waits:
                if found == 0:
                    found = wait_for_room(ring.block)
                found -= 1
            item[1] = i
            ring_push(ring.block, item)
    return begun_ns, monotonic_ns()


def pop_all(Ring ring not None, uint64_t items):
    """Pop until item `items` - 1 has come; return when that was (ns), and how many came."""
    cdef uint64_t slot[8]
    cdef uint64_t popped = 0
    with nogil:
        while True:
            if ring_pop(ring.block, slot):
                popped += 1
                if slot[1] == items - 1:
                    break
    return monotonic_ns(), popped


def push_spaced(Ring ring not None, int items, int64_t gap_ns):
    """Push items that carry the tick just before their push, so far apart that each finds the ring empty."""
    cdef uint64_t item[8]          # word 0 is the ring's own
    cdef int64_t gap = <int64_t>(gap_ns / tick_ns())
    cdef int64_t due = bench_ticks()
    memset(item, 0, sizeof(item))
    cdef int i
    with nogil:
        for i in range(items):
            due += gap
            while bench_ticks() < due:
                pass
            item[2] = <uint64_t>i
            item[1] = <uint64_t>bench_ticks()
            ring_push(ring.block, item)


def pop_spaced(Ring ring not None, int items):
    """Pop what `push_spaced` pushes, to the last; return ns from each stamp to its pop."""
    cdef uint64_t slot[8]
    cdef int i
    cdef int popped = 0
    cdef int64_t *ticks = <int64_t *>malloc(items * sizeof(int64_t))
    if ticks is NULL:
        raise MemoryError
    try:
        with nogil:
            while popped < items:
                if not ring_pop(ring.block, slot):
                    continue
                ticks[popped] = bench_ticks() - <int64_t>slot[1]
                popped += 1
                if slot[2] == <uint64_t>(items - 1):    # some may have been dropped before it
                    break
        return [ticks[i] * tick_ns() for i in range(popped)]
    finally:
        free(ticks)


def sent_to_ring(Ring ring not None):
    """Empty the ring; return for each update ns from its exchange time to its publish.

    For frames whose `ts` is a moment of CLOCK_MONOTONIC in µs where a venue has ms, so that the update's
    exchange time is in ns.
    """
    cdef MarketUpdate update
    taken = []
    while ring_pop(ring.block, &update):
        taken.append(update.recv_ns + update.publish_delta_ns - update.exchange_us)
    return taken


# ── feed and strategy ─────────────────────────────────────────────────────────────────────────────────────

def push_paced(Pipeline pipeline not None, int items, int64_t period_ns):
    """Publish an update every period, as the feed does.

    Each is stamped with the moment at which it was due, not with that at which it was made: a producer that is
    held up doesn't hide that those behind it waited.
    """
    cdef MarketUpdate *update
    cdef int64_t due_ns = monotonic_ns()
    with nogil:
        for _ in range(items):
            due_ns += period_ns
            wait_until_ns(due_ns)
            update = pipeline.claim()
            update_write(update, 0, 0, 99.5, 100.5, 1.0, 2.0, 0, due_ns)
            pipeline.publish(update)


def take_frames(TickerParser parser not None, Pipeline pipeline not None, list frames, int repeats):
    """Parse, merge and hand over frames again and again; return ns for each, and how many made a quote."""
    cdef MarketUpdate update
    cdef MarketUpdate *slot
    cdef Py_ssize_t count = len(frames)
    cdef Py_ssize_t i
    cdef int64_t begun_ns
    cdef int64_t quotes = 0
    cdef const char **texts = <const char **>malloc(count * sizeof(char *))
    cdef size_t *sizes = <size_t *>malloc(count * sizeof(size_t))
    if texts is NULL or sizes is NULL:
        free(texts)
        free(sizes)
        raise MemoryError
    for i in range(count):
        texts[i] = PyBytes_AsString(frames[i])
        sizes[i] = len(frames[i])
    with nogil:
        begun_ns = monotonic_ns()
        for _ in range(repeats):
            for i in range(count):
                if parser.parse(texts[i], sizes[i], &update) == EMIT:
                    slot = pipeline.claim()
                    update_write(
                        slot, update.symbol_id, update.source, update.bid_px, update.ask_px, update.bid_qty,
                        update.ask_qty, update.exchange_us, begun_ns,
                    )
                    pipeline.publish(slot)
                    quotes += 1
        begun_ns = monotonic_ns() - begun_ns
    free(texts)
    free(sizes)
    return <double>begun_ns / <double>(count * repeats), quotes


def qualify_one_by_one(list candidates, object rules, int repeats):
    """Qualify (spread, funding, size) one after the other, each only when the verdict before is known.

    Returns
    -------
    tuple
        Ns for each, and how many of a round qualify.
    """
    cdef Py_ssize_t count = len(candidates)
    cdef Py_ssize_t i
    cdef int64_t begun_ns
    cdef int64_t passed = 0
    cdef Rules loaded
    cdef Verdict verdict
    cdef Inputs *inputs = <Inputs *>malloc(count * sizeof(Inputs))
    if inputs is NULL:
        raise MemoryError
    load_rules(rules, &loaded)
    for i in range(count):
        spread, funding, size = candidates[i]
        load_inputs(&inputs[i], spread, funding, size, None, 11.0, 0, 0, 0)
    verdict.reason = 0
    with nogil:
        begun_ns = monotonic_ns()
        for _ in range(repeats):
            for i in range(count):
                # A reason is below 8: this adds nothing, but makes the next address wait for the verdict.
                qualify(&inputs[i + (verdict.reason >> 3)], &loaded, &verdict)
                passed += verdict.reason == 0
        begun_ns = monotonic_ns() - begun_ns
    free(inputs)
    return <double>begun_ns / <double>(count * repeats), passed // repeats


def qualify_columns(
    const double[::1] spread_bps not None, const double[::1] funding_delta not None,
    const double[::1] position_size not None, object rules, int repeats,
):
    """Qualify all candidates in one call, again and again, all quantities written.

    Returns
    -------
    tuple
        Ns for each candidate, and how many of a round qualify.
    """
    cdef size_t count = spread_bps.shape[0]
    cdef size_t i
    cdef int64_t begun_ns
    cdef Rules loaded
    cdef Columns columns
    cdef double *doubles = <double *>malloc(4 * count * sizeof(double))
    cdef int *boosts = <int *>calloc(count, sizeof(int))
    cdef unsigned char *octets = <unsigned char *>malloc(3 * count)
    if doubles is NULL or boosts is NULL or octets is NULL:
        raise MemoryError
    load_rules(rules, &loaded)
    for i in range(count):
        doubles[i] = 11.0
    columns.spread_bps, columns.funding_delta = &spread_bps[0], &funding_delta[0]
    columns.position_size, columns.depth, columns.fees_bps = &position_size[0], NULL, doubles
    columns.obi_boost = columns.oi_boost = columns.gravity_boost = boosts
    columns.depth_out, columns.slippage_bps = doubles + count, doubles + 2 * count
    columns.profit_bps, columns.confidence = doubles + 3 * count, octets
    columns.reason, columns.failed = octets + count, octets + 2 * count
    with nogil:
        begun_ns = monotonic_ns()
        for _ in range(repeats):
            qualify_many(count, &columns, &loaded)
        begun_ns = monotonic_ns() - begun_ns
    passed = sum(1 for i in range(count) if columns.reason[i] == 0)
    free(doubles)
    free(boosts)
    free(octets)
    return <double>begun_ns / <double>(count * repeats), passed


def record_all(LatencyHistogram histogram not None, list values_ns, int repeats):
    """Record latencies again and again; return ns for each."""
    cdef Py_ssize_t count = len(values_ns)
    cdef Py_ssize_t i
    cdef int64_t begun_ns
    cdef Histogram *block = histogram.block
    cdef int64_t *values = <int64_t *>malloc(count * sizeof(int64_t))
    if values is NULL:
        raise MemoryError
    for i in range(count):
        values[i] = values_ns[i]
    with nogil:
        begun_ns = monotonic_ns()
        for _ in range(repeats):
            for i in range(count):
                histogram_record(block, values[i])
        begun_ns = monotonic_ns() - begun_ns
    free(values)
    return <double>begun_ns / <double>(count * repeats)


# ── orders ────────────────────────────────────────────────────────────────────────────────────────────────

def write_frames(Lane lane not None, double bid_px, double ask_px, int count):
    """Spend an allowance again and again without sending: limits, record, both frames; return ns a frame."""
    cdef LaneSlot *slot = &lane.slots[0]
    cdef LaneIntent quote
    cdef int64_t begun_ns
    cdef int taken = 0
    memset(&quote, 0, sizeof(quote))
    quote.bid_px, quote.ask_px = bid_px, ask_px
    with nogil:
        begun_ns = monotonic_ns()
        for _ in range(count):
            taken += lane_take(slot, &quote, begun_ns)
            lane_write(slot, 0, lane.frames[0])
            lane_write(slot, 1, lane.frames[1])
            lane_enters(slot, LANE_READY)
        begun_ns = monotonic_ns() - begun_ns
    if taken != count:
        raise ValueError(f"the lane must allow a trade at {bid_px} and {ask_px}, it did not")
    return <double>begun_ns / <double>(LANE_LEGS * count)


cdef bint next_request(int fd, char *buffer, int last, int64_t *came_ns) noexcept nogil:
    """Spin until a request is whole, and stamp it; False if the client left."""
    cdef Py_ssize_t got
    while True:
        got = recv(fd, buffer, BUFFER_BYTES, MSG_DONTWAIT)
        if got > 0:
            came_ns[0] = monotonic_ns()
            if last < 0 or buffer[got - 1] == last:
                return True
        elif got == 0 or errno != EAGAIN:
            return False
        else:
            cpu_pause()


def answer_each(int fd, list replies, bytes end):
    """Serve one connection, spinning: stamp each request when its last byte is there, and send a reply.

    Parameters
    ----------
    replies
        One for each request, in order.
    end
        The last byte of each request; empty if a request comes in one piece.

    Returns
    -------
    list of int
        CLOCK_MONOTONIC of each request, in ns; fewer than replies if the client left.
    """
    cdef char buffer[BUFFER_BYTES]
    cdef int last = end[0] if end else -1
    cdef const char *text
    cdef Py_ssize_t size
    cdef int64_t came_ns = 0
    stamps = []
    for reply in replies:
        text = PyBytes_AsString(reply)
        size = len(reply)
        with nogil:
            if not next_request(fd, buffer, last, &came_ns):
                break
            send(fd, text, size, MSG_NOSIGNAL)
        stamps.append(came_ns)
    return stamps
