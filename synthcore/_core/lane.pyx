"""The fast lane's slots, and how one is spent."""

from decimal import Decimal
from typing import NamedTuple

from libc.string cimport memcpy, memset
from synthcore._core.clock cimport monotonic_ns


SLOT_BYTES = sizeof(LaneSlot)
Frame = tuple[bytes, bytes, bytes]    # an order's text around its time and its price
STATES = ("empty", "ready", "claimed", "recorded", "sent", "handed")


class Spent(NamedTuple):
    """A trade whose orders were handed to the wire, or may have been."""

    symbol_id: int
    bid: float
    ask: float
    recv_ns: int
    decided_ns: int
    sent_ns: tuple[int, int]    # 0: it is not known that the leg's order left
    server_ms: int              # the time in both orders
    exchange_us: int
    sequence: int
    limits: tuple[Decimal, Decimal]
    begun: bytes


cdef class Wire:
    """Where frames go."""

    cdef bint is_ready(self) noexcept nogil:
        return self.is_open

    cdef int send_both(self, char **texts, Py_ssize_t *sizes, int64_t *sent_ns) except -1:
        raise NotImplementedError

    def open(self, connection):
        """Take frames from now on: there is a connection."""
        self.is_open = True

    def shut(self):
        """Take no frame, until there is another connection."""
        self.is_open = False


cdef class CallWire(Wire):
    """Give each frame to a function: for a transport of one's own, and for looking on.

    Parameters
    ----------
    call
        Called with the text.
    now_ns
        The monotonic clock, where it is not the machine's.
    """

    cdef object call
    cdef object now_ns

    def __init__(self, call, now_ns=None):
        self.call = call
        self.now_ns = now_ns
        self.is_open = True

    cdef int send_both(self, char **texts, Py_ssize_t *sizes, int64_t *sent_ns) except -1:
        cdef int leg
        for leg in range(LANE_LEGS):
            self.call(texts[leg][: sizes[leg]])
            sent_ns[leg] = monotonic_ns() if self.now_ns is None else self.now_ns()
        return 0


cdef class Lane:
    """One slot a symbol, each empty or holding one trade.

    Parameters
    ----------
    symbols
        How many symbol ids there are.
    wire
        Where the orders go.
    buffer
        `symbols * SLOT_BYTES` bytes, such as a mapped file, whose slots are then the record of what was sent.
    """

    def __cinit__(self, int symbols, Wire wire not None, buffer=None):
        cdef int leg
        if symbols < 1:
            raise ValueError(f"a lane needs at least one symbol, was {symbols}")
        self.symbols = symbols
        self.wire = wire
        self.memory = Memory(symbols * sizeof(LaneSlot), buffer)
        self.slots = <LaneSlot *>self.memory.address
        self.scratch = Memory(LANE_LEGS * (LANE_ROOM + LANE_FRAME))
        for leg in range(LANE_LEGS):
            self.frames[leg] = <char *>self.scratch.address + leg * (LANE_ROOM + LANE_FRAME) + LANE_ROOM

    # ── the deciding thread ───────────────────────────────────────────────────────────────────────────────

    cdef bint take(self, const MarketUpdate *update, int64_t decided_ns) noexcept nogil:
        cdef LaneIntent quote
        cdef LaneSlot *slot
        if not 0 <= update.symbol_id < self.symbols or not self.wire.is_ready():
            return False
        slot = &self.slots[update.symbol_id]
        quote.recv_ns = update.recv_ns
        quote.decided_ns = decided_ns
        quote.exchange_us = update.exchange_us
        quote.bid_px = update.bid_px
        quote.ask_px = update.ask_px
        quote.update_sequence = update.sequence
        if not lane_take(slot, &quote, decided_ns):
            return False
        with gil:
            self.send_both(slot)
        lane_enters(slot, LANE_SENT)
        return True

    cdef void send_both(self, LaneSlot *slot) noexcept:
        """Send what is recorded. An order whose send fails is one whose answer will not come."""
        cdef Py_ssize_t[LANE_LEGS] sizes
        cdef int leg
        for leg in range(LANE_LEGS):
            sizes[leg] = lane_write(slot, leg, self.frames[leg])
        try:
            self.wire.send_both(self.frames, sizes, slot.intent.sent_ns)
        except Exception as error:
            self.failure = error

    def spend(
        self, int symbol_id, double bid, double ask, *, int64_t recv_ns, int64_t decided_ns, int64_t exchange_us=0
    ):
        """Send a symbol's trade at these prices, as the kernel does when it decides; False: nothing happened."""
        cdef MarketUpdate update
        memset(&update, 0, sizeof(update))
        update.symbol_id = symbol_id
        update.bid_px, update.ask_px = bid, ask
        update.recv_ns, update.exchange_us = recv_ns, exchange_us
        return bool(self.take(&update, decided_ns))

    # ── the gate's thread ─────────────────────────────────────────────────────────────────────────────────

    def fill(
        self, int symbol_id, frames, *, int64_t expires_ns, double least_bid, double most_ask, int64_t server_offset_ns,
        tick_size, max_cross_bps, bytes begun not None,
    ):
        """Allow one trade.

        Parameters
        ----------
        frames
            Of the long leg and the short one: the text before the time, between time and price, after the price.
        least_bid, most_ask
            Prices for which the quantity was made.
        server_offset_ns
            The server's epoch less our monotonic clock.
        tick_size, max_cross_bps
            Decimals.
        begun
            What recovery needs of the trade.

        Raises
        ------
        ValueError
            Something doesn't fit into a slot.
        RuntimeError
            The slot isn't empty.
        """
        cdef LaneSlot *slot = self.slot_of(symbol_id)
        cdef LaneTerms terms
        memset(&terms, 0, sizeof(terms))
        if lane_state(slot) != LANE_EMPTY:
            raise RuntimeError(f"a slot must be empty to be filled, {symbol_id} is {self.state(symbol_id)}")
        terms.expires_ns = expires_ns
        terms.least_bid_px, terms.most_ask_px = least_bid, most_ask
        terms.server_offset_ns = server_offset_ns
        terms.tick, terms.decimals = grid(tick_size)
        terms.reach, terms.reach_unit = ratio(max_cross_bps)
        terms.begun_size = within(begun, LANE_BEGUN, "what the trade begins with")
        slot.terms = terms
        memcpy(slot.begun, <const char *>begun, len(begun))
        for leg in range(LANE_LEGS):
            put_frame(&slot.frames[leg], frames[leg])
        slot.format = LANE_FORMAT
        lane_enters(slot, LANE_READY)

    def renew(self, int symbol_id, *, int64_t expires_ns, int64_t server_offset_ns):
        """Allow a trade for longer; whether it was still allowed."""
        cdef LaneSlot *slot = self.slot_of(symbol_id)
        if not lane_revoke(slot):
            return False
        slot.terms.expires_ns, slot.terms.server_offset_ns = expires_ns, server_offset_ns
        lane_enters(slot, LANE_READY)
        return True

    def revoke(self, int symbol_id):
        """Allow it no more; False if it is spent, or was not allowed."""
        return bool(lane_revoke(self.slot_of(symbol_id)))

    def drain(self):
        """Take over every trade that was sent since the last time, in the order of their symbols."""
        cdef int symbol_id
        spent = []
        for symbol_id in range(self.symbols):
            if lane_moves(&self.slots[symbol_id], LANE_SENT, LANE_HANDED):
                spent.append(self.read(symbol_id))
        return spent

    def clear(self, int symbol_id):
        """Forget a trade that was handed over: its record is kept elsewhere by now."""
        lane_moves(self.slot_of(symbol_id), LANE_HANDED, LANE_EMPTY)

    # ── looked at ─────────────────────────────────────────────────────────────────────────────────────────

    def state(self, int symbol_id):
        """What the slot is: one of `STATES`."""
        return STATES[<int>lane_state(self.slot_of(symbol_id))]

    def recorded(self):
        """Every trade whose orders may have left: what a process that ended leaves to the next one."""
        return [
            self.read(symbol_id)
            for symbol_id in range(self.symbols)
            if LANE_RECORDED <= lane_state(&self.slots[symbol_id]) <= LANE_HANDED
            and self.slots[symbol_id].format == LANE_FORMAT
        ]

    def read(self, int symbol_id):
        cdef LaneSlot *slot = self.slot_of(symbol_id)
        cdef LaneIntent *intent = &slot.intent
        tick_size = Decimal(slot.terms.tick).scaleb(-<int>slot.terms.decimals)
        return Spent(
            symbol_id,
            intent.bid_px,
            intent.ask_px,
            intent.recv_ns,
            intent.decided_ns,
            (intent.sent_ns[0], intent.sent_ns[1]),
            intent.server_ms,
            intent.exchange_us,
            intent.update_sequence,
            (intent.ticks[0] * tick_size, intent.ticks[1] * tick_size),
            slot.begun[: min(slot.terms.begun_size, <uint32_t>LANE_BEGUN)],
        )

    cdef LaneSlot *slot_of(self, int symbol_id) except NULL:
        if not 0 <= symbol_id < self.symbols:
            raise IndexError(f"a symbol id must be 0 to {self.symbols - 1} here, was {symbol_id}")
        return &self.slots[symbol_id]


cdef int put_frame(LaneFrame *frame, parts) except -1:
    cdef bytes text = b"".join(parts)
    before_time, before_price, _ = parts
    frame.size = within(text, LANE_TEXT, "an order's frame")
    frame.until_time = len(before_time)
    frame.until_price = len(before_time) + len(before_price)
    memcpy(frame.text, <const char *>text, len(text))
    return 0


cdef uint32_t within(bytes text, uint32_t most, what) except? 0:
    if not 0 < len(text) <= most:
        raise ValueError(f"{what} must have 1 to {most} bytes, had {len(text)}")
    return len(text)


def grid(tick_size):
    """A tick size as a whole number over a power of ten."""
    _, digits, exponent = tick_size.as_tuple()
    if not isinstance(exponent, int) or not -<int>LANE_MOST_DECIMALS <= exponent <= 0:
        raise ValueError(f"a tick size must have 0 to {LANE_MOST_DECIMALS} decimals, was {tick_size}")
    return int("".join(map(str, digits))), -exponent


def ratio(bps):
    """Basis points as a whole number over a power of ten: 2.5 is 25 / 100,000."""
    reach, decimals = grid(bps)
    if decimals > 10:
        raise ValueError(f"max_cross_bps must have at most 10 decimals, was {bps}")
    return reach, 10_000 * 10**decimals
