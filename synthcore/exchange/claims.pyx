"""What open orders claim of an account's money, by the side of the position record that they could open.

Compiled, since every order asks for it three times: what it would need, what the account can spare, and
what the wallet's row shows.
"""

from synthcore.exchange.digits cimport round8

from synthcore.exchange.decimals import ZERO
from synthcore.exchange.fees import TAKER_FEE_RATE

cdef object NOTHING = ZERO
cdef object BOTH_FEES = 2 * TAKER_FEE_RATE


cdef class OpenSide:
    """Open orders of one side of one position record that may open: how much they could add."""

    cdef readonly object lots
    cdef readonly object value
    cdef object margin      # as it was worked out last, out of the two above and the two below; None: not yet
    cdef object closing
    cdef object leverage

    def __init__(self, lots, value):
        self.lots, self.value = lots, value


cdef class Claims:
    """The open orders of one account, summed up.

    Parameters
    ----------
    positions
        The account's records by symbol and position index; read here, never changed.
    leverages
        Their leverage, by the same; `default_leverage` where there is none.
    """

    cdef dict _sides        # by symbol, position index and side
    cdef dict _positions
    cdef dict _leverages
    cdef object _default_leverage

    def __init__(self, dict positions, dict leverages, default_leverage):
        self._positions, self._leverages, self._default_leverage = positions, leverages, default_leverage
        self._sides = {}

    def sides(self):
        """Every side with open orders that may open."""
        return dict(self._sides)

    def add(self, order, lots):
        """Count `lots` of an open order (negative: they are gone). Orders that only reduce claim nothing."""
        if order.reduces:
            return
        cdef OpenSide side
        cdef tuple key = key_of(order)
        found = self._sides.get(key)
        if found is None:
            found = self._sides[key] = OpenSide(0, NOTHING)
        side = <OpenSide>found
        side.lots += lots
        side.value += order.contract.lot_value * (order.price_ticks * lots)
        side.margin = None
        if side.lots == 0:
            del self._sides[key]

    def margin(self):
        """Initial margin of all open orders."""
        total = NOTHING
        for key, side in self._sides.items():
            total = total + self._margin(<tuple>key, <OpenSide>side)
        return total

    def asked_by(self, order, lots):
        """The value that its position could reach, and the margin needed more, once `lots` of it are open."""
        cdef tuple key = key_of(order)
        before = self._sides.get(key)
        cdef OpenSide after = OpenSide(lots, order.contract.lot_value * (order.price_ticks * lots))
        needed = NOTHING
        if before is not None:
            after.lots += (<OpenSide>before).lots
            after.value += (<OpenSide>before).value
            needed = needed - self._margin(key, <OpenSide>before)
        exposure = self._exposure(key, after)
        if order.reduces:
            return exposure, NOTHING
        return exposure, needed + self._margin(key, after)

    def largest_exposures(self, symbol):
        """The highest value that each position of a contract could reach by the orders that are open."""
        keys = {key for key in self._sides if key[0] == symbol}
        for position in self._positions.values():
            if position.lots and position.contract.symbol == symbol:
                keys.add((symbol, position.position_idx, position.side))
        largest = {}
        for key in keys:
            exposure = self._exposure(key, <OpenSide>self._sides.get(key, NOBODY))
            largest[key[1]] = max(exposure, largest.get(key[1], NOTHING))
        return largest

    cdef object _margin(self, tuple key, OpenSide side):
        """Margin of what could open; it is worked out again where something of it has changed."""
        cdef tuple record = (key[0], key[1])
        closing = self._closing_lots(record, key[2])
        leverage = self._leverages.get(record, self._default_leverage)
        if side.margin is None or side.closing != closing or side.leverage != leverage:
            value = opening_value(side, closing)
            side.margin = round8(value / leverage + value * BOTH_FEES) if value else NOTHING
            side.closing, side.leverage = closing, leverage
        return side.margin

    cdef object _exposure(self, tuple key, OpenSide side):
        cdef tuple record = (key[0], key[1])
        value = opening_value(side, self._closing_lots(record, key[2]))
        position = self._positions.get(record)
        return position.entry_value + value if position is not None and position.side == key[2] else value

    cdef object _closing_lots(self, tuple record, object side):
        """In one-way mode orders against a held position are free up to its size."""
        position = self._positions.get(record)
        if position is None:
            return 0
        held = position.side
        return position.lots if held is not None and held != side else 0


cdef OpenSide NOBODY = OpenSide(0, NOTHING)


cdef inline tuple key_of(object order):
    return order.contract.symbol, order.position_idx, order.side


cdef inline object opening_value(OpenSide side, object closing):
    """What could open where orders of so many lots would close."""
    opening = side.lots - closing
    return side.value * opening / side.lots if opening > 0 else NOTHING
