"""The matching of one contract's book, compiled: prices are ticks, quantities are lots, both 64 bits wide.

Inside, a price is a *rank*: times −1 on the buying side, so that the best comes first on both. The market's
levels come as exact decimals, best first, and only those that an act reaches are converted.
"""

from bisect import bisect_left, insort

from synthcore.exchange.matches import Match, Taken


cdef long long FAR = 1 << 62    # behind every rank; and the most lots that a level is taken to have
cdef object OPEN = frozenset({"New", "PartiallyFilled", "Untriggered", "Triggered"})


cdef inline long long leaves_of(object order) except -1:
    """What can still be filled: nothing once the order is final."""
    return order.lots - order.filled_lots if order.status in OPEN else 0


cdef inline long long units(object value, object unit) except -1:
    """A level's price or quantity in ticks or lots."""
    count = int(value / unit)
    return count if count < FAR else FAR


cdef inline object match_of(long long price_ticks, long long lots, object maker):
    return tuple.__new__(Match, (price_ticks, lots, maker))


cdef class RestingSide:
    """The resting orders of one side: a queue per price, prices in order."""

    cdef long long sign
    cdef list ranks      # best first
    cdef dict queues     # by rank; a dict keeps who came first, and finds whoever leaves

    def __init__(self, str side):
        self.sign = -1 if side == "Buy" else 1
        self.ranks = []
        self.queues = {}

    def __bool__(self):
        return bool(self.ranks)

    cpdef void add(self, order) except *:
        rank = self.sign * order.price_ticks
        queue = self.queues.get(rank)
        if queue is None:
            queue = self.queues[rank] = {}
            insort(self.ranks, rank)
        (<dict>queue)[order] = None

    cpdef void discard(self, order) except *:
        rank = self.sign * order.price_ticks
        queue = self.queues.get(rank)
        if queue is None:
            return
        (<dict>queue).pop(order, None)
        if not queue:
            del self.queues[rank]
            del self.ranks[bisect_left(self.ranks, rank)]

    cpdef bint holds(self, order) except -1:
        queue = self.queues.get(self.sign * order.price_ticks)
        return queue is not None and order in <dict>queue

    def prices(self):
        """Prices in ticks, best first, as they are now."""
        return iter([self.sign * rank for rank in self.ranks])

    def at(self, long long price_ticks):
        """The orders of one price, first come first."""
        return tuple(self.queues.get(self.sign * price_ticks, ()))

    cdef dict queue(self, long long rank):
        found = self.queues.get(rank)
        return NOBODY if found is None else <dict>found


cdef dict NOBODY = {}


cdef class Levels:
    """Walks one side's prices, best first: our clients' and the market's merged. Nothing may change meanwhile."""

    cdef list own_ranks
    cdef object background
    cdef object tick, step
    cdef long long sign
    cdef Py_ssize_t own, own_count, market, market_count
    cdef long long own_rank, market_rank
    cdef long long rank         # of the level where it stands
    cdef long long displayed    # the market's lots there

    def __cinit__(self, RestingSide resting, background, tick, step):
        self.own_ranks = resting.ranks
        self.background, self.tick, self.step = background, tick, step
        self.sign = resting.sign
        self.own_count, self.market_count = len(self.own_ranks), len(background)
        self.own = self.market = -1
        self._next_own()
        self._next_market()

    cdef bint next(self) except -1:
        """Go to the next level; False behind the last one."""
        self.rank = min(self.own_rank, self.market_rank)
        if self.rank == FAR:
            return False
        self.displayed = 0
        if self.market_rank == self.rank:
            self.displayed = units(self.background[self.market][1], self.step)
            self._next_market()
        if self.own_rank == self.rank:
            self._next_own()
        return True

    cdef int _next_own(self) except -1:
        self.own += 1
        self.own_rank = self.own_ranks[self.own] if self.own < self.own_count else FAR
        return 0

    cdef int _next_market(self) except -1:
        self.market += 1
        if self.market < self.market_count:
            self.market_rank = self.sign * units(self.background[self.market][0], self.tick)
        else:
            self.market_rank = FAR
        return 0


cdef class Matching:
    """Resting orders of all accounts in one contract, and what they took of the market's levels.

    Parameters
    ----------
    contract
        Whose ticks and lots are meant.
    note
        Told when what was taken changes.
    """

    cdef readonly object contract
    cdef object _tick, _step, _note
    cdef RestingSide _buying, _selling
    cdef dict _bids_taken, _asks_taken    # by price in ticks

    def __init__(self, contract, note=None):
        self.contract = contract
        self._tick, self._step, self._note = contract.tick, contract.step, note
        self._buying, self._selling = RestingSide("Buy"), RestingSide("Sell")
        self._bids_taken, self._asks_taken = {}, {}

    def resting(self, str side):
        """The resting orders of one side."""
        return self._resting(side)

    def taken(self, str side):
        """What is taken of one side's levels, by price in ticks."""
        return dict(self._taken(side))

    @property
    def is_idle(self):
        """Whether the market's updates can't concern us."""
        return not (self._buying.ranks or self._selling.ranks or self._bids_taken or self._asks_taken)

    @property
    def has_resting(self):
        return bool(self._buying.ranks or self._selling.ranks)

    # Our clients' orders

    def rest(self, order, same_side):
        """Put an order at the end of its level's queue: behind what is left of the market's lots."""
        cdef RestingSide resting = self._resting(order.side)
        displayed = self._displayed_at(order.price_ticks, resting.sign, same_side)
        taken = self._taken(order.side)
        order.ahead_lots = left_of(taken, order.price_ticks, displayed) if displayed >= 0 else None
        resting.add(order)

    def put_back(self, order):
        """Let an order rest behind those that are there, its place in the queue as it is."""
        self._resting(order.side).add(order)

    def put_back_taken(self, str side, taken):
        """Remember again what was taken of one side's levels."""
        mine = self._taken(side)
        mine.clear()
        mine.update(taken)

    def remove(self, order):
        self._resting(order.side).discard(order)

    def holds(self, order):
        """Whether the order rests here."""
        return self._resting(order.side).holds(order)

    def take(self, str side, long long limit_ticks, long long lots, background):
        """Match a taker of `side` against resting orders and the market's levels within its limit."""
        return self.take_from_others(side, limit_ticks, lots, background, None)[0]

    def take_from_others(self, str side, long long limit_ticks, long long lots, background, uid):
        """As `take`, but stop in front of the first order of this user, and return it."""
        cdef RestingSide resting = self._against(side)
        cdef dict taken = self._taken_against(side)
        cdef Levels levels = Levels(resting, background, self._tick, self._step)
        cdef long long furthest = resting.sign * limit_ticks
        cdef long long price_ticks, left, passed, filled, from_market
        cdef list matches = []
        while lots and levels.next() and levels.rank <= furthest:
            price_ticks = resting.sign * levels.rank
            left = left_of(taken, price_ticks, levels.displayed)
            passed = filled = 0
            own = walk_queue(resting, levels.rank, lots, left, uid, matches, &passed, &filled)
            # What is not our clients' is the market's: the lots in front of them, then those behind.
            from_market = min(left, passed if own is not None else left, lots - filled)
            if from_market:
                matches.append(match_of(price_ticks, from_market, None))
                self._remember(taken, price_ticks, levels.displayed, from_market)
            lots -= filled + from_market
            if own is not None:
                return matches, own
        return matches, None

    def available_lots(self, str side, long long limit_ticks, long long wanted, background):
        """How much of `wanted` a taker of `side` could get within its limit, at once."""
        return self._available(side, limit_ticks, wanted, background, None, False)

    def available_from_others(
        self, str side, long long limit_ticks, long long wanted, background, uid, *, bint stops
    ):
        """As `available_lots`, without this user's orders; `stops`: not beyond the first level of theirs."""
        return self._available(side, limit_ticks, wanted, background, uid, stops)

    cdef long long _available(
        self, str side, long long limit_ticks, long long wanted, background, uid, bint stops
    ) except -1:
        cdef RestingSide resting = self._against(side)
        cdef dict taken = self._taken_against(side)
        cdef Levels levels = Levels(resting, background, self._tick, self._step)
        cdef long long furthest = resting.sign * limit_ticks, found = 0
        cdef dict queue
        while found < wanted and levels.next() and levels.rank <= furthest:
            queue = resting.queue(levels.rank)
            if stops and has_order_of(queue, uid):
                break
            found += left_of(taken, resting.sign * levels.rank, levels.displayed)
            for order in queue:
                if uid is None or order.uid != uid:
                    found += leaves_of(order)
        return min(found, wanted)

    # The market's moves

    def on_trade(self, str taker_side, long long price_ticks, long long lots):
        """A trade printed: resting orders in its way fill, best price and first come first."""
        cdef RestingSide resting = self._against(taker_side)
        cdef long long printed = resting.sign * price_ticks, rank, passed, filled
        cdef list matches = []
        for rank in resting.ranks:
            if lots == 0 or rank > printed:
                break
            passed = filled = 0
            # At a better price than the print, the market's own queue there is gone already.
            walk_queue(resting, rank, lots, 0 if rank != printed else FAR, None, matches, &passed, &filled)
            lots -= passed + filled
        return matches

    def on_book(self, bids, asks):
        """The market's levels changed: forget what is stale, move queues, fill what the market crossed."""
        self._forget_updated(self._bids_taken, -1, bids)
        self._forget_updated(self._asks_taken, 1, asks)
        self._move_queues(self._buying, bids)
        self._move_queues(self._selling, asks)
        cdef list matches = []
        self._fill_crossed(self._buying, asks, self._asks_taken, matches)
        self._fill_crossed(self._selling, bids, self._bids_taken, matches)
        return matches

    cdef int _move_queues(self, RestingSide resting, levels) except -1:
        """What the market withdrew in front of us no longer stands there."""
        cdef long long rank, displayed
        for rank in resting.ranks:
            displayed = self._displayed_at(resting.sign * rank, resting.sign, levels)
            if displayed < 0:    # beyond the visible book, and so is every worse price
                break
            for order in resting.queue(rank):
                seen = order.ahead_lots
                if seen is None or displayed < seen:
                    order.ahead_lots = displayed
        return 0

    cdef int _fill_crossed(self, RestingSide resting, opposite, dict taken, list matches) except -1:
        """The market's other side came to our price: we are the maker, at our price."""
        if not resting.ranks or not opposite:
            return 0
        cdef long long rank, lots
        cdef long long best = resting.sign * units(opposite[0][0], self._tick)
        for rank in resting.ranks:
            if rank > best:
                break
            for order in resting.queue(rank):
                lots = self._take_background(resting, rank, leaves_of(order), opposite, taken)
                if lots:
                    matches.append(match_of(resting.sign * rank, lots, order))
        return 0

    cdef long long _take_background(
        self, RestingSide resting, long long rank, long long lots, background, dict taken
    ) except -1:
        """Take up to `lots` of the market's levels that come to a rank; returns how many there were."""
        cdef long long wanted = lots, price_ticks, displayed, got
        for price, qty in background:
            price_ticks = units(price, self._tick)
            if lots == 0 or resting.sign * price_ticks < rank:
                break
            displayed = units(qty, self._step)
            got = min(lots, left_of(taken, price_ticks, displayed))
            if got:
                self._remember(taken, price_ticks, displayed, got)
            lots -= got
        return wanted - lots

    # What was taken

    cdef int _remember(self, dict taken, long long price_ticks, long long displayed, long long lots) except -1:
        before = taken.get(price_ticks)
        if before is not None:
            lots += before[1]
        taken[price_ticks] = tuple.__new__(Taken, (displayed, lots))
        if self._note is not None:
            self._note(self)
        return 0

    cdef int _forget_updated(self, dict taken, long long sign, levels) except -1:
        """A level that the market shows in another size is the market's again."""
        for price_ticks, was in tuple(taken.items()):
            if self._displayed_at(price_ticks, sign, levels) != was[0]:
                del taken[price_ticks]
                if self._note is not None:
                    self._note(self)
        return 0

    # Looking up

    cdef long long _displayed_at(self, long long price_ticks, long long sign, levels) except -2:
        """The market's lots at a price: 0 where the visible book shows none, −1 beyond its end."""
        cdef Py_ssize_t low = 0, high = len(levels), middle
        price = self._tick * price_ticks
        while low < high:
            middle = (low + high) // 2
            if (levels[middle][0] < price) if sign > 0 else (levels[middle][0] > price):
                low = middle + 1
            else:
                high = middle
        if low == len(levels):
            return -1
        found, qty = levels[low]
        return units(qty, self._step) if found == price else 0

    cdef RestingSide _resting(self, str side):
        return self._buying if side == "Buy" else self._selling

    cdef RestingSide _against(self, str side):
        return self._selling if side == "Buy" else self._buying

    cdef dict _taken(self, str side):
        return self._bids_taken if side == "Buy" else self._asks_taken

    cdef dict _taken_against(self, str side):
        return self._asks_taken if side == "Buy" else self._bids_taken


cdef inline long long left_of(dict taken, long long price_ticks, long long displayed) except -1:
    """What is left of a displayed level."""
    if not taken:
        return displayed
    was = taken.get(price_ticks)
    return displayed if was is None else max(0, displayed - <long long>was[1])


cdef bint has_order_of(dict queue, uid) except -1:
    for order in queue:
        if order.uid == uid:
            return True
    return False


cdef object walk_queue(
    RestingSide resting,
    long long rank,
    long long lots,
    long long background,
    object uid,
    list matches,
    long long *passed,
    long long *filled,
):
    """Fill the orders of one level in turn, after the market's lots in front of each.

    `background` bounds how much of the market stands at the level. Adds the lots of the market that were
    passed on the way, and those that were filled; returns the order of `uid` that is next in turn, at
    which it stopped.
    """
    cdef long long ahead, step, fits
    for order in resting.queue(rank):
        before = order.ahead_lots
        ahead = 0 if before is None else min(<long long>before, background)
        step = min(max(0, ahead - passed[0]), lots)
        passed[0] += step
        lots -= step
        ahead = max(0, ahead - passed[0])
        if before is None or ahead != before:
            order.ahead_lots = ahead
        fits = min(lots, leaves_of(order)) if ahead == 0 else 0
        if fits and uid is not None and order.uid == uid:
            return order
        if fits:
            matches.append(match_of(resting.sign * rank, fits, order))
            filled[0] += fits
            lots -= fits
    return None
