"""One generated contract as its topics show it: what is pushed when, and how it is written; compiled."""

from synthcore.exchange.market.book_text cimport Grid
from synthcore.exchange.market.draws cimport Draws
from synthcore.exchange.market.ladder cimport Ladder
from synthcore.exchange.market.window cimport Window

from synthcore.exchange.market.book_text import book_text, short_level
from synthcore.exchange.market.frames import MarketFrame, PrintedTrade, ticker_frame, trade_frame
from synthcore.exchange.market.ladder import stir
from synthcore.exchange.market.ticker_fields import TickerFields

BOOK_PERIOD_MS = {50: 20, 200: 100}

cdef enum:
    TICKER_PERIOD_MS = 100
    TOP_REPEAT_MS = 3000    # level 1 is sent again after so long without change
    MOST_TRADES = 1024      # in one message

cdef long long NEVER_MS = 1LL << 60
cdef double LAST_NS = <double>(1LL << 62)


cdef class Stream:
    """One book's topic."""

    cdef int depth
    cdef str topic
    cdef long long u
    cdef long long period_ms
    cdef long long due_ms
    cdef bint is_shown
    cdef Window bids
    cdef Window asks

    def __init__(self, int depth, str symbol, Draws draws):
        self.depth, self.topic = depth, f"orderbook.{depth}.{symbol}"
        self.u = draws.randrange(10**6, 10**8)

    cdef void ask(self, long long now_ms) noexcept:
        """Push at the next point of the grid."""
        self.due_ms = min(self.due_ms, on_grid(now_ms, self.period_ms))


cdef class SymbolFrames:
    """The frames of one symbol, in order of time, for ever.

    Parameters
    ----------
    start_ms
        Epoch of the beginning.
    speed
        How much faster than the clock the market runs; its time stamps follow the clock.
    depths
        Books to push besides level 1.
    """

    cdef object _market
    cdef object _ticker
    cdef object _beat               # the next one; None before the first
    cdef Ladder _bids
    cdef Ladder _asks
    cdef Draws _draws
    cdef Grid _price
    cdef Grid _lot
    cdef str _symbol
    cdef Stream _top
    cdef list _books                # the other streams
    cdef list _made                 # frames that were not given yet, the last one first
    cdef tuple _shown               # best bid and its lots, best ask and its lots
    cdef long long _start_ms
    cdef double _speed
    cdef long long _seq
    cdef long long _beat_ms
    cdef long long _stir_due_ms
    cdef long long _stir_period_ms
    cdef long long _facts_due_ms
    cdef long long _ticker_due_ms
    cdef long long _ticker_phase_ms     # of its grid
    cdef long long _repeat_due_ms

    def __init__(self, market, Draws draws, long long start_ms, double speed, depths):
        self._market, self._symbol, self._draws = market, market.symbol, draws
        self._bids, self._asks = market.bids, market.asks
        self._price = Grid(market.price.scale, market.price.decimals)
        self._lot = Grid(market.lot.scale, market.lot.decimals)
        self._start_ms, self._speed = start_ms, speed
        self._ticker = TickerFields()
        self._seq = draws.randrange(10**11, 10**12)
        self._top = Stream(1, self._symbol, draws)
        self._books = [self._book(depth) for depth in sorted(depths)]
        self._stir_due_ms = 0 if self._books else NEVER_MS
        self._stir_period_ms = market.stir_period_ms
        self._facts_due_ms = market.facts.due_ms
        self._ticker_phase_ms = 10 * draws.randrange(0, 10)
        self._repeat_due_ms = NEVER_MS
        self._made = []

    def __iter__(self):
        return self

    def __next__(self):
        while not self._made:
            self._go_on()
            self._made.reverse()
        return self._made.pop()

    cdef Stream _book(self, int depth):
        cdef Stream stream = Stream(depth, self._symbol, self._draws)
        stream.period_ms = BOOK_PERIOD_MS[depth]
        stream.bids = Window(self._bids, depth, self._price, self._lot)
        stream.asks = Window(self._asks, depth, self._price, self._lot)
        return stream

    cdef int _go_on(self) except -1:
        """Let the next thing happen: a push, or a beat."""
        cdef long long due_ms
        if self._beat is None:
            self._push_top(0)
        else:
            due_ms = self._next_push_ms()
            if due_ms < self._beat_ms:
                return self._push(due_ms)
            self._play()
        self._beat = self._market.rhythm.next()
        self._beat_ms = self._beat.slot_ms
        return 0

    cdef int _play(self) except -1:
        cdef list orders = self._market.play(self._beat)
        if orders:
            self._push_trades(orders)
        self._push_top(self._beat_ms)
        self._ask_books(self._beat_ms)
        return 0

    cdef int _ask_books(self, long long now_ms) except -1:
        cdef Stream book
        for book in self._books:
            book.ask(now_ms)
        return 0

    cdef long long _next_push_ms(self) except -1:
        cdef Stream book
        cdef long long due_ms = min(self._ticker_due_ms, self._repeat_due_ms, self._stir_due_ms, self._facts_due_ms)
        for book in self._books:
            due_ms = min(due_ms, book.due_ms)
        return due_ms

    cdef int _push(self, long long now_ms) except -1:
        """Push everything that is due at this moment."""
        cdef Stream book
        if self._facts_due_ms <= now_ms:
            self._update_facts(now_ms)
        if self._repeat_due_ms <= now_ms:
            self._push_top_frame(now_ms)
        if self._stir_due_ms <= now_ms:
            stir(self._bids, self._asks)
            self._stir_due_ms = now_ms + self._stir_period_ms
            self._ask_books(now_ms)
        for book in self._books:
            if book.due_ms <= now_ms:
                book.due_ms = NEVER_MS
                self._push_book(book, now_ms)
        if self._ticker_due_ms <= now_ms:
            self._ticker_due_ms = NEVER_MS
            self._push_ticker(now_ms)
        return 0

    # Trades

    cdef int _push_trades(self, list orders) except -1:
        """One message of a slot's orders: matched within it, each at its own millisecond."""
        cdef list times_ms = sorted([self._beat_ms - self._draws.randrange(2, 10) for order in orders]), trades = []
        for order, matched_ms in zip(orders, times_ms):
            self._print(trades, order, self._epoch_ms(matched_ms))
        self._ask_ticker(self._beat_ms)
        sent_ms = max(times_ms) + 1
        text = trade_frame(self._symbol, trades[:MOST_TRADES], self._epoch_ms(sent_ms))
        return self._add(sent_ms, f"publicTrade.{self._symbol}", text)

    cdef int _print(self, list trades, order, matched_epoch_ms) except -1:
        day, price, size = self._market.day, self._market.price.text, self._market.lot.text
        side = order.side
        self._seq += self._draws.randrange(1, 400)
        for ticks, lots in order.fills:
            day.print(ticks, lots)
            trades.append(
                PrintedTrade(
                    matched_epoch_ms, side, size(lots), price(ticks), day.direction, self._draws.trade_id(), self._seq
                )
            )
        return 0

    # Books

    cdef int _push_top(self, long long now_ms) except -1:
        cdef tuple top = (self._bids.best, self._bids.best_lots, self._asks.best, self._asks.best_lots)
        if top != self._shown:
            self._shown = top
            self._top.u += 1
            self._seq += self._draws.randrange(1, 400)
            self._ask_ticker(now_ms)
            self._push_top_frame(now_ms)
        return 0

    cdef int _push_top_frame(self, long long now_ms) except -1:
        bid, bid_lots, ask, ask_lots = self._shown
        self._repeat_due_ms = now_ms + TOP_REPEAT_MS
        bids = short_level(bid, self._price, bid_lots, self._lot)
        asks = short_level(ask, self._price, ask_lots, self._lot)
        return self._add_book(self._top, "snapshot", bids, asks, now_ms)

    cdef int _push_book(self, Stream book, long long now_ms) except -1:
        cdef bytes bids, asks
        cdef str kind = "delta" if book.is_shown else "snapshot"
        if book.is_shown:
            bids, asks = book.bids.changes(), book.asks.changes()
        else:
            bids, asks = book.bids.snapshot(), book.asks.snapshot()
        book.is_shown = True
        if bids or asks:
            book.u += 1
            self._seq += self._draws.randrange(1, 50)
            self._add_book(book, kind, bids, asks, now_ms)
        return 0

    cdef int _add_book(self, Stream book, str kind, bytes bids, bytes asks, long long now_ms) except -1:
        cdef long long ts_ms = self._epoch_ms(now_ms)
        cdef long long matched_ms = ts_ms - min(8, 1 + <long long>self._draws.expovariate(1 / 1.5))
        text = book_text(book.depth, self._symbol, kind, bids, asks, book.u, self._seq, ts_ms, matched_ms)
        return self._add(now_ms, book.topic, text)

    # Ticker

    cdef int _update_facts(self, long long now_ms) except -1:
        market = self._market
        market.facts.update(now_ms, self._epoch_ms(now_ms), market.mid_price, self._ticker)
        self._facts_due_ms = market.facts.due_ms
        self._ask_ticker(now_ms)
        return 0

    cdef void _ask_ticker(self, long long now_ms) noexcept:
        """Something in the ticker may have changed: push it at the next point of its grid."""
        cdef long long phase_ms = self._ticker_phase_ms
        self._ticker_due_ms = min(self._ticker_due_ms, on_grid(now_ms - phase_ms, TICKER_PERIOD_MS) + phase_ms)

    cdef int _push_ticker(self, long long now_ms) except -1:
        ticker = self._ticker
        kind = "delta" if ticker.was_published else "snapshot"
        self._write_ticker()
        changes = ticker.take_changes()
        if changes:
            text = ticker_frame(self._symbol, kind, changes, self._seq, self._epoch_ms(now_ms))
            self._add(now_ms, f"tickers.{self._symbol}", text)
        return 0

    cdef int _write_ticker(self) except -1:
        price, lot = self._market.price.text, self._market.lot.text
        bid, bid_lots, ask, ask_lots = self._shown
        self._market.day.write(self._ticker)
        self._ticker.set(bid1Price=price(bid), bid1Size=lot(bid_lots), ask1Price=price(ask), ask1Size=lot(ask_lots))
        return 0

    # Time

    cdef long long _epoch_ms(self, long long now_ms) noexcept:
        return self._start_ms + <long long>(now_ms / self._speed)

    cdef int _add(self, long long now_ms, str topic, text) except -1:
        due_ns = <long long>min(LAST_NS, <double>(now_ms * 1_000_000) / self._speed)
        self._made.append(MarketFrame(due_ns, topic, text))
        return 0


cdef long long on_grid(long long now_ms, long long period_ms) noexcept:
    """The first point of the period's grid that is not before now."""
    return (now_ms / period_ms + (now_ms % period_ms > 0)) * period_ms
