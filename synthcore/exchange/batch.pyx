"""Everything one act changed, written as private messages: execution, order, position, wallet."""

import msgspec

from synthcore.exchange.row_writer cimport RowWriter, put_comma
from synthcore.exchange.written_rows cimport append_order, append_position, append_wallet, wallet_values

from synthcore.venues.bybit.messages import (
    ExecutionMessage,
    OrderMessage,
    PositionMessage,
    WalletMessage,
)

cdef tuple FIELDS = ("id", "creation_time", "data")
cdef RowWriter ORDER = RowWriter(OrderMessage, FIELDS, topic="order")
cdef RowWriter EXECUTION = RowWriter(ExecutionMessage, FIELDS, topic="execution")
cdef RowWriter POSITION = RowWriter(PositionMessage, FIELDS, topic="position")
cdef RowWriter WALLET = RowWriter(WalletMessage, FIELDS, topic="wallet")

cdef object encode = msgspec.json.Encoder().encode
cdef dict DECODE = {
    "order": msgspec.json.Decoder(OrderMessage).decode,
    "execution": msgspec.json.Decoder(ExecutionMessage).decode,
    "position": msgspec.json.Decoder(PositionMessage).decode,
    "wallet": msgspec.json.Decoder(WalletMessage).decode,
}


cdef class Event:
    """One private message to one user, written; who wants to look into it finds it read."""

    cdef readonly str uid
    cdef readonly str topic     # the all-in-one name: order, execution, position or wallet
    cdef readonly bytes frame   # the message under that topic
    cdef object _message

    def __init__(self, str uid, str topic, bytes frame):
        self.uid, self.topic, self.frame = uid, topic, frame

    def __eq__(self, other):
        if not isinstance(other, Event):
            return NotImplemented
        return (self.uid, self.topic, self.frame) == (other.uid, other.topic, other.frame)

    @property
    def message(self):
        """The message as a Struct."""
        if self._message is None:
            self._message = DECODE[self.topic](self.frame)
        return self._message


cdef class Batch:
    """Collects what an act touches, then writes it once, in its final state.

    Iterating over it gives the events. They are written at the first look, so that an answer need not
    wait for them; the core looks before it begins another act, so that they are never of a later state.

    Bybit promises no order between topics; ours follows the one live sequence that was captured.
    Every create, amend and cancel has a position and a wallet message, even when nothing changed there.
    """

    cdef object marks       # a contract's mark, by its symbol
    cdef object now_ms
    cdef dict changed       # symbols in which orders changed, for whoever displays them
    cdef dict fills         # by account: rows by symbol
    cdef dict orders        # by account: the last sequence of each order
    cdef dict contracts     # by account
    cdef dict passing       # by account: events of states that do not last
    cdef list made          # None until somebody looks

    def __init__(self, marks, now_ms, dict changed):
        self.marks, self.now_ms, self.changed = marks, now_ms, changed
        self.fills, self.orders, self.contracts, self.passing = {}, {}, {}, {}

    def __iter__(self):
        return iter(self.events())

    def filled(self, account, row):
        part(self.fills, account).setdefault(row.symbol, []).append(row)

    def touched(self, account, order, seq):
        """An order changed, and with it its position's record and the wallet."""
        contract = order.contract
        self.changed[contract.symbol] = None
        part(self.orders, account)[order] = seq
        part(self.contracts, account)[contract] = None

    def moved(self, account, contract):
        """A position's record and the wallet changed without an order."""
        part(self.contracts, account)[contract] = None

    def paid(self, account):
        """The wallet alone changed."""
        part(self.contracts, account)

    def passed(self, account, order, seq):
        """An order is in a state that it will leave within this act: it is told now, as it is."""
        self.passing.setdefault(account, []).append(self._order_event(account, order, seq))
        self.touched(account, order, seq)

    def events(self):
        """The private messages, in the order in which they are to be sent."""
        if self.made is None:
            self.made = []
            for account in self.contracts:
                self._add_events(account)
        return self.made

    cdef int _add_events(self, object account) except -1:
        cdef list events = self.made, rows
        uid, now_ms = account.uid, self.now_ms
        if account in self.passing:
            events.extend(self.passing[account])
        if account in self.fills:
            for symbol, rows in (<dict>self.fills[account]).items():
                message_id = f"{uid}_{symbol}_{rows[0].seq}"
                events.append(event_of(uid, "execution", EXECUTION.write((message_id, now_ms, encode(rows)))))
        if account in self.orders:
            for order, seq in (<dict>self.orders[account]).items():
                events.append(self._order_event(account, order, seq))
        margin = account.margin(self.marks)
        for contract in self.contracts[account]:
            events.append(self._position_event(account, contract, margin))
        cdef tuple values = wallet_values(account, margin)
        WALLET.open((f"{uid}_wallet_{now_ms}", now_ms, None))
        append_wallet(values)
        events.append(event_of(uid, "wallet", WALLET.close()))
        return 0

    cdef Event _position_event(self, object account, object contract, object margin):
        cdef list legs = account.legs(contract)
        cdef Py_ssize_t i
        uid, mark = account.uid, self.marks(contract.symbol)
        POSITION.open((f"{uid}_position_{self.now_ms}", self.now_ms, None))
        for i in range(len(legs)):
            if i:
                put_comma()
            append_position(legs[i], mark, margin)
        return event_of(uid, "position", POSITION.close())

    cdef Event _order_event(self, object account, object order, object seq):
        uid = account.uid
        ORDER.open((f"{uid}_{order.contract.symbol}_{seq}", self.now_ms, None))
        append_order(order)
        return event_of(uid, "order", ORDER.close())


def frames_of(list events, str uid, frozenset topics):
    """The messages of one user that have these topics; None where other users' are among the events."""
    cdef Event event
    cdef list frames = []
    for event in events:
        if event.uid != uid:
            return None
        if event.topic in topics:
            frames.append(event.frame)
    return frames


cdef Event event_of(str uid, str topic, bytes frame):
    cdef Event event = Event.__new__(Event)
    event.uid, event.topic, event.frame = uid, topic, frame
    return event


cdef inline dict part(dict whole, object key):
    """The dict of a key, made on first use."""
    found = whole.get(key)
    if found is None:
        found = whole[key] = {}
    return <dict>found
