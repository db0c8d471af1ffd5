"""The exchange's pure core: requests and market moves in, results and private events out.

No clock, no socket, no chance inside: the time is an argument, ids come from a seeded source, and the
market is read through a view. The edges (REST, sockets, pacing) are other files.

Events come as an iterable that writes itself when it is first looked at (`batch.py`): look before the
market's next frame is applied.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import Struct

from synthcore.exchange import refusal
from synthcore.exchange.account import Account, Position, closing_side
from synthcore.exchange.admission import Admission, Terms, check_category, check_mode, reducible_lots
from synthcore.exchange.batch import Batch, Event
from synthcore.exchange.book import Book, Levels, Match
from synthcore.exchange.changes import Changes
from synthcore.exchange.contract import Contract
from synthcore.exchange.decimals import read, round8, text
from synthcore.exchange.fees import MAKER_FEE_RATE, TAKER_FEE_RATE
from synthcore.exchange.funding import FundingClock, Settlement, funding_fee
from synthcore.exchange.ids import Ids
from synthcore.exchange.liquidation import Liquidator
from synthcore.exchange.market_view import MarketView
from synthcore.exchange.order_filter import passes_filter
from synthcore.exchange.order_log import OrderLog
from synthcore.exchange.orders import NORMAL, STOP, Fate, Order, Protection, Trigger
from synthcore.exchange.position_margins import PositionMargins
from synthcore.exchange.position_stops import PositionStops
from synthcore.exchange.refusal import Refusal, Refused
from synthcore.exchange.rows import execution_row, funding_row
from synthcore.exchange.tape import OwnTrade, Tape
from synthcore.exchange.triggers import (
    Prices,
    WaitingOrders,
    check_waits,
    prices_of,
    read_trigger_by,
)
from synthcore.model import Side
from synthcore.venues.bybit.messages import (
    MODE_HEDGE,
    MODE_ONE_WAY,
    AmendOrder,
    CancelAll,
    CancelOrder,
    CreateOrder,
    SwitchMode,
    TradingStop,
)

MAX_CANCELLED_AT_ONCE = 500
PUSHES_FUNDING = True  # on the `execution` stream; REST lists funding in any case

SELF_MATCH = "EC_BySelfMatch"  # rejectReason where self-match prevention ends an order
NOT_SET_OFF = "EC_Others"  # rejectReason where margin or position is missing at the trigger
CREATED_BY = {STOP: "CreateByStopOrder"}  # createType from the trigger on, by stopOrderType


class Trade(Struct, frozen=True):
    """A trade that the market printed."""

    taker_side: Side
    price: Decimal
    qty: Decimal


class Counters(NamedTuple):
    """The last numbers that were given."""

    order: int
    queue: int
    seq: int


class Exchange:
    """Accounts, their orders, one book per contract.

    Parameters
    ----------
    contracts
        The contracts traded, by symbol.
    market
        The background market; the caller applies its frames first, then calls `on_book` or `on_trades`.
    ids
        Source of order and fill ids.
    unchanged
        What an amendment that changes nothing is refused with; None acknowledges it.
    changes
        Where it is noted what each act changes, for whoever keeps the state.
    """

    def __init__(
        self,
        contracts: Mapping[str, Contract],
        market: MarketView,
        ids: Ids,
        unchanged: Refusal | None = refusal.AMEND_UNCHANGED,
        changes: Changes | None = None,
    ) -> None:
        self.contracts = dict(contracts)
        self.market = market
        self.accounts: dict[str, Account] = {}
        self.fate_of: Callable[[Order], Fate] = lambda order: NORMAL  # asked of every new order
        self._ids = ids
        self._unchanged = unchanged
        self._logs: dict[str, OrderLog] = {}
        self._changes = changes
        self._order_kind = changes.order_kind if changes is not None else Order
        note = changes.note_book if changes is not None else None
        self._books = {symbol: Book(contract, note) for symbol, contract in self.contracts.items()}
        self._admission = Admission(self.contracts, market)
        self._waiting = WaitingOrders()
        self.funding = FundingClock(market)
        self.margins = PositionMargins(self, market)
        self._stops = PositionStops(self, self._make_order)
        self.liquidator = Liquidator(self, self._make_order, market)
        self.tape = Tape()
        self._changed: dict[str, None] = {}  # symbols in which orders changed since they were taken
        self._last_batch = Batch(market.mark, 0, self._changed)
        self._order_number = 0
        self._queue_number = 0
        self._seq = 0

    def open_account(self, uid: str, deposit: Decimal, *, hedge: bool, now_ms: int) -> Account:
        account = self.accounts[uid] = Account(uid, deposit, hedge, now_ms)
        if self._changes is not None:
            account.position_kind = self._changes.position_kind(account)
        self._logs[uid] = OrderLog()
        return account

    def log(self, account: Account) -> OrderLog:
        """The account's orders and fills."""
        return self._logs[account.uid]

    def book(self, symbol: str) -> Book:
        return self._books[symbol]

    @property
    def has_stakes(self) -> bool:
        """Whether the market's next move can concern an account: an order is open, or a position held."""
        return any(
            any(self._logs[uid].open_orders()) or any(account.held())
            for uid, account in self.accounts.items()
        )

    @property
    def has_news(self) -> bool:
        """Whether orders changed, or traded, that were not displayed yet."""
        return bool(self._changed or self.tape)

    @property
    def changed(self) -> Collection[str]:
        """Symbols in which orders changed since `take_changed`."""
        return self._changed.keys()

    def take_changed(self) -> tuple[str, ...]:
        """Symbols in which orders changed since the last call."""
        changed = tuple(self._changed)
        self._changed.clear()
        return changed

    # Orders

    def place(
        self, account: Account, request: CreateOrder, now_ms: int
    ) -> tuple[Order | Refusal, Iterable[Event]]:
        """Accept a new order and match it, or refuse it."""
        try:
            order = self._admitted(account, request, now_ms)
        except Refused as refused:
            return refused.refusal, ()
        batch = self._begin(now_ms)
        self.log(account).add(order)
        order.fate = self.fate_of(order)
        if order.is_waiting:
            self._waiting.add(order)
            batch.touched(account, order, self._next_seq())
        else:
            self._run(order, batch, now_ms)
        return order, batch

    def amend(
        self, account: Account, request: AmendOrder, now_ms: int
    ) -> tuple[Order | Refusal, Iterable[Event]]:
        """Change price or total quantity of an open order; it keeps its place only where it just shrinks."""
        try:
            check_category(request.category)
            order = self._open_order(account, request.order_id, request.order_link_id, request.symbol)
            if order is None:
                return refusal.NOTHING_TO_REPLACE, ()
            if order.is_waiting:
                return self._amend_waiting(account, order, request, now_ms)
            protection = self._admission.amended_protection(order, request)
            price_ticks, lots = self._amended(account, order, request, protection)
        except Refused as refused:
            return refused.refusal, ()
        is_same = (price_ticks, lots) == (order.price_ticks, order.lots)
        if is_same and protection == order.protection:
            return order, ()
        batch = self._begin(now_ms)
        order.protection = protection
        if is_same:
            order.updated_ms = now_ms
            batch.touched(account, order, self._next_seq())
            return order, batch
        keeps_its_place = price_ticks == order.price_ticks and lots < order.lots
        account.claims.add(order, -order.leaves_lots)
        if keeps_its_place:
            order.lots, order.updated_ms = lots, now_ms
            account.claims.add(order, order.leaves_lots)
            batch.touched(account, order, self._next_seq())
        else:
            self._books[order.contract.symbol].remove(order)
            order.price_ticks, order.lots, order.updated_ms = price_ticks, lots, now_ms
            self._run(order, batch, now_ms)
        return order, batch

    def cancel(
        self, account: Account, request: CancelOrder, now_ms: int
    ) -> tuple[Order | Refusal, Iterable[Event]]:
        """Cancel one open order."""
        try:
            check_category(request.category)
            order = self._open_order(account, request.order_id, request.order_link_id, request.symbol)
        except Refused as refused:
            return refused.refusal, ()
        if order is None:
            return refusal.NOTHING_TO_CANCEL, ()
        batch = self._begin(now_ms)
        self._cancel_by_user(account, order, batch, now_ms)
        if order.pair is not None and order.pair.is_waiting:  # stops that were set together go together
            self._cancel_by_user(account, order.pair, batch, now_ms)
        return order, batch

    def cancel_all(
        self, account: Account, request: CancelAll, now_ms: int
    ) -> tuple[list[Order] | Refusal, Iterable[Event]]:
        """Cancel the open orders of a symbol, else of a base coin, else of a settle coin."""
        try:
            check_category(request.category)
            orders = self._orders_of(account, request)
        except Refused as refused:
            return refused.refusal, ()
        batch = self._begin(now_ms)
        for order in orders:
            self._cancel_by_user(account, order, batch, now_ms)
        return orders, batch

    def end_orders(
        self, account: Account, orders: Iterable[Order], cancel_type: str, now_ms: int
    ) -> Iterable[Event]:
        """Cancel open orders for a reason of the exchange's own."""
        batch = self._begin(now_ms)
        for order in orders:
            if order.is_open:  # one that was ended before it may have taken it along
                self._close(order, "Cancelled", "EC_NoError", cancel_type, now_ms)
                batch.touched(account, order, self._next_seq())
        return batch

    # The market

    def on_book(self, symbol: str, now_ms: int) -> Iterable[Event]:
        """The market's displayed levels changed."""
        book = self._books.get(symbol)
        if book is None or book.is_idle:
            return ()
        matches = book.on_book(self.market.bids(symbol), self.market.asks(symbol))
        return self._settle_all(matches, now_ms)

    def on_trades(self, symbol: str, trades: Iterable[Trade], now_ms: int) -> Iterable[Event]:
        """The market printed trades."""
        book = self._books.get(symbol)
        if book is None or not self.wants_trades(symbol):
            return ()
        events: list[Event] = []
        for trade in trades:
            ticks = int(trade.price / book.contract.tick)
            lots = int(trade.qty / book.contract.step)
            matches = book.on_trade(trade.taker_side, ticks, lots)
            events.extend(self._settle_all(matches, now_ms, is_printed=True))
            events.extend(self._set_off_by(symbol, Prices(last=trade.price), now_ms))
        return events

    def on_own_trades(self, trades: Iterable[OwnTrade], now_ms: int) -> list[Event]:
        """Clients' trades were printed: each was the last price."""
        events: list[Event] = []
        for trade in trades:
            if self._waiting.any_of(trade.symbol):
                last = self.contracts[trade.symbol].price(trade.price_ticks)
                events.extend(self._set_off_by(trade.symbol, Prices(last=last), now_ms))
        return events

    def on_ticker(self, symbol: str, now_ms: int) -> Iterable[Event]:
        """The market's last, mark or index price may have changed, or its funding settled."""
        if self._changes is not None:
            self._changes.note_ticker(symbol)
        settlement = self.funding.tick(symbol, now_ms)
        events = list(self._settle_funding(settlement, now_ms)) if settlement is not None else []
        if self._waiting.any_of(symbol):
            events.extend(self._set_off_by(symbol, prices_of(self.market, symbol), now_ms))
        events.extend(self.liquidator.check(symbol, now_ms, is_forced=settlement is not None))
        return events

    def wants_trades(self, symbol: str) -> bool:
        """Whether prints of this symbol can concern anybody: reading them costs."""
        book = self._books.get(symbol)
        return book is not None and (book.has_resting or self._waiting.any_of(symbol))

    # Stops of positions

    def trading_stop(
        self, account: Account, request: TradingStop, now_ms: int
    ) -> tuple[Refusal | None, Iterable[Event]]:
        """Set, move or remove the stops of a position."""
        try:
            check_category(request.category)
            contract = self._admission.contract(request.symbol)
            position_idx = request.position_idx or 0
            check_mode(account, contract, position_idx)
            position = account.position(contract, position_idx)
            prices = prices_of(self.market, contract.symbol)
            changes = self._stops.set(account, position, request, prices, now_ms)
        except Refused as refused:
            return refused.refusal, ()
        batch = self._begin(now_ms)
        self._stops.make_changes(account, position, changes, batch)
        return None, batch

    def add_stop(self, order: Order, batch: Batch) -> None:
        """Take a new stop of a position."""
        self.log(self.accounts[order.uid]).add(order)
        self._waiting.add(order)
        self.tell(order, batch)

    def end_stop(self, order: Order, cancel_type: str, batch: Batch, now_ms: int) -> None:
        self._close(order, "Cancelled", "EC_NoError", cancel_type, now_ms)
        self.tell(order, batch)

    def tell(self, order: Order, batch: Batch) -> None:
        batch.touched(self.accounts[order.uid], order, self._next_seq())

    # Settings of an account

    def switch_mode(self, account: Account, request: SwitchMode) -> Refusal | None:
        """One-way or hedge mode, for one symbol or for all of a coin."""
        if request.category != "linear":
            return refusal.ILLEGAL_CATEGORY
        if request.mode not in (MODE_ONE_WAY, MODE_HEDGE):
            return refusal.params_error("position_mode")
        hedge = request.mode == MODE_HEDGE
        if request.symbol:
            return self._switch_symbol(account, request.symbol, hedge)
        if request.coin:
            return self._switch_coin(account, request.coin, hedge)
        return refusal.params_error("symbol")

    def _switch_symbol(self, account: Account, symbol: str, hedge: bool) -> Refusal | None:
        if symbol not in self.contracts:
            return refusal.params_error("symbol")
        if account.is_hedged(symbol) == hedge:
            return refusal.MODE_UNCHANGED
        if account.holds(symbol):
            return refusal.POSITION_OPEN
        if self.log(account).has_open(symbol):
            return refusal.ORDERS_OPEN
        account.set_hedged(symbol, hedge)
        return None

    def _switch_coin(self, account: Account, coin: str, hedge: bool) -> Refusal | None:
        """Switch every symbol of the coin that has neither position nor order; others stay as they are.

        Where all are so already it is no error, other than by symbol: bots ask for it at each start.
        """
        of_coin = [symbol for symbol, contract in self.contracts.items() if contract.settle_coin == coin]
        if not of_coin:
            return refusal.params_error("coin")
        for symbol in of_coin:
            is_used = account.holds(symbol) or self.log(account).has_open(symbol)
            account.set_hedged(symbol, account.is_hedged(symbol) if is_used else hedge)
        account.set_hedged_by_default(hedge)
        return None

    # Money from outside

    def transfer(
        self, account: Account, amount: Decimal, now_ms: int
    ) -> tuple[Refusal | None, Iterable[Event]]:
        """Add to the wallet; an amount below 0 is taken from what no margin needs."""
        if amount < 0 and -amount > account.margin(self.market.mark).available:
            return refusal.WALLET_TOO_LOW, ()
        batch = self._begin(now_ms)
        account.ledger.transfer(amount, now_ms)
        batch.paid(account)
        return None, batch

    # Admission, continued

    def tried(self, account: Account, request: CreateOrder, now_ms: int) -> Order | Refusal:
        """The order that `place` would take now; nothing comes of it."""
        try:
            return self._admitted(account, request, now_ms)
        except Refused as refused:
            return refused.refusal

    def _admitted(self, account: Account, request: CreateOrder, now_ms: int) -> Order:
        terms = self._admission.terms(request, account, self.log(account))
        order = self._new_order(account, terms, now_ms)
        if not order.is_waiting:
            self._check_margin(account, order, order.lots)
        return order

    def _new_order(self, account: Account, terms: Terms, now_ms: int) -> Order:
        contract, is_waiting = terms.contract, terms.trigger is not None
        last = self.market.last(contract.symbol)
        self._order_number += 1
        return self._order_kind(
            uid=account.uid,
            contract=contract,
            number=self._order_number,
            order_id=self._ids.uuid(),
            link_id=terms.link_id,
            side=terms.side,
            order_type=terms.order_type,
            time_in_force=terms.time_in_force,
            price_ticks=terms.price_ticks,
            lots=terms.lots,
            position_idx=terms.position_idx,
            reduce_only=terms.reduce_only,
            close_on_trigger=terms.close_on_trigger,
            created_ms=now_ms,
            updated_ms=now_ms,
            last_price=text(last) if last is not None else "",
            trigger=terms.trigger,
            stop_order_type=STOP if is_waiting else "",
            create_type=terms.create_type,
            closes_all=terms.closes_all,
            protection=terms.protection,
            smp_type=terms.smp_type,
            slippage=terms.slippage,
            status="Untriggered" if is_waiting else "New",
        )

    def _make_order(self, now_ms: int, **fields: Any) -> Order:
        """An order with the next id and number."""
        last = self.market.last(fields["contract"].symbol)
        self._order_number += 1
        return self._order_kind(
            number=self._order_number,
            order_id=self._ids.uuid(),
            created_ms=now_ms,
            updated_ms=now_ms,
            last_price=text(last) if last is not None else "",
            **fields,
        )

    def _check_margin(self, account: Account, order: Order, lots: int) -> None:
        """Whether `lots` more of an order fit the risk tier of its leverage and the account's money."""
        if order.reduces:
            return
        exposure, needed = account.claims.asked_by(order, lots)
        ladder = order.contract.ladder
        if exposure > ladder.limit_at(account.leverage(order.contract.symbol, order.position_idx)):
            raise Refused(refusal.beyond_risk_limit(ladder.tier(exposure).max_leverage))
        if needed > 0 and needed > account.margin(self.market.mark).available:
            raise Refused(refusal.BALANCE_TOO_LOW)

    def _open_order(
        self, account: Account, order_id: str | None, link_id: str | None, symbol: str
    ) -> Order | None:
        if not order_id and not link_id:
            raise Refused(refusal.ID_REQUIRED)
        contract = self._admission.contract(symbol)
        order = self.log(account).find(order_id, link_id)
        return order if order is not None and order.is_open and order.contract is contract else None

    def _amended(
        self, account: Account, order: Order, request: AmendOrder, protection: Protection | None
    ) -> tuple[int, int]:
        """The new price and total quantity, checked."""
        contract = order.contract
        price_ticks, lots = order.price_ticks, order.lots
        if request.price:
            price_ticks = self._admission.limit_ticks(
                request.price, contract, order.side, reprices=account.reprices_limits
            )
        if request.qty:
            lots = self._amended_lots(order, request.qty)
        before, after = (order.price_ticks, order.lots, order.protection), (price_ticks, lots, protection)
        if before == after and self._unchanged is not None:
            raise Refused(self._unchanged)
        grown = lots - order.lots
        if order.reduces and grown > 0:
            held = account.position(contract, order.position_idx)
            if lots - order.filled_lots > held.lots:
                raise Refused(refusal.REDUCE_ONLY_VIOLATED)
        elif grown > 0:
            self._check_margin(account, order, grown)
        return price_ticks, lots

    def _amended_lots(self, order: Order, qty_text: str) -> int:
        qty = read(qty_text)
        lots = order.contract.lots(qty) if qty is not None else None
        if lots is None:
            raise Refused(refusal.QTY_INVALID)
        if lots <= order.filled_lots:
            raise Refused(refusal.QTY_NOT_ABOVE_FILLED)
        if lots < order.contract.min_lots:
            raise Refused(refusal.QTY_TOO_SMALL)
        if lots > order.contract.max_lots:
            raise Refused(refusal.QTY_TOO_LARGE)
        return lots

    def _orders_of(self, account: Account, request: CancelAll) -> list[Order]:
        if request.symbol:
            self._admission.contract(request.symbol)
        elif not request.base_coin and not request.settle_coin:
            raise Refused(refusal.params_error("symbol"))
        orders = [order for order in self.log(account).open_orders() if _is_meant(order, request)]
        return orders[:MAX_CANCELLED_AT_ONCE]

    # Matching

    def _run(self, order: Order, batch: Batch, now_ms: int) -> None:
        """Match an order that is not in the book, then rest or close what is left of it."""
        reason = self._cannot_start(order)
        if order.fate.reject_reason:
            self._close(order, "Rejected", order.fate.reject_reason, "UNKNOWN", now_ms)
        elif reason is not None:
            self._close(order, "Cancelled", reason, "UNKNOWN", now_ms)
        else:
            self._match(order, batch, now_ms)
            if order.is_open:
                self._rest_or_cancel(order, batch, now_ms)
        batch.touched(self.accounts[order.uid], order, self._next_seq())

    def _cannot_start(self, order: Order) -> str | None:
        """Why the order ends before it trades: it would take, or can't fill at once as a whole."""
        if order.time_in_force not in ("PostOnly", "FOK"):
            return None
        book, background = self._books[order.contract.symbol], self._opposite_levels(order)
        if order.time_in_force == "PostOnly":
            takes = book.available_lots(order.side, order.price_ticks, 1, background)
            return "EC_PostOnlyWillTakeLiquidity" if takes else None
        wanted = order.leaves_lots
        if order.avoids_own:
            stops = order.smp_type != "CancelMaker"
            found = book.available_from_others(
                order.side, order.price_ticks, wanted, background, order.uid, stops=stops
            )
        else:
            found = book.available_lots(order.side, order.price_ticks, wanted, background)
        return "EC_CancelForNoFullFill" if found < wanted else None

    def _match(self, order: Order, batch: Batch, now_ms: int) -> None:
        if order.avoids_own:
            self._match_others(order, batch, now_ms)
            return
        book = self._books[order.contract.symbol]
        wanted = takes_at_once(order)
        matches = book.take(order.side, order.price_ticks, wanted, self._opposite_levels(order))
        seq = self._next_seq()
        for match in matches:
            self._settle(match, order, batch, seq, now_ms)

    def _match_others(self, order: Order, batch: Batch, now_ms: int) -> None:
        """Match an order that must not meet its own user's: what it meets ends one or both of them."""
        book = self._books[order.contract.symbol]
        while order.leaves_lots:
            matches, own = book.take_from_others(
                order.side, order.price_ticks, order.leaves_lots, self._opposite_levels(order), order.uid
            )
            seq = self._next_seq()
            for match in matches:
                self._settle(match, order, batch, seq, now_ms)
            if own is None:
                return
            if book.holds(own) and order.leaves_lots:  # the fills before it may have ended one of them
                self._prevent_self_match(order, own, batch, now_ms)

    def _prevent_self_match(self, taker: Order, maker: Order, batch: Batch, now_ms: int) -> None:
        if taker.smp_type in ("CancelMaker", "CancelBoth"):
            maker.smp_order_id = taker.order_id
            self._close(maker, "Cancelled", SELF_MATCH, "CancelBySmp", now_ms)
            self.tell(maker, batch)
        if taker.smp_type in ("CancelTaker", "CancelBoth"):
            taker.smp_order_id = maker.order_id
            self._close(taker, "Cancelled", SELF_MATCH, "CancelBySmp", now_ms)

    def _rest_or_cancel(self, order: Order, batch: Batch, now_ms: int) -> None:
        if order.time_in_force in ("IOC", "FOK"):
            self._close(order, "Cancelled", "EC_NoImmediateQtyToFill", "UNKNOWN", now_ms)
            return
        market, symbol = self.market, order.contract.symbol
        same_side = market.bids(symbol) if order.side == "Buy" else market.asks(symbol)
        self._books[symbol].rest(order, same_side)
        self._queue_number += 1
        order.queue_number, order.has_rested = self._queue_number, True
        account = self.accounts[order.uid]
        account.claims.add(order, order.leaves_lots)
        if order.reduces:
            self._trim_reducing(account, order, batch, now_ms)

    def _opposite_levels(self, order: Order) -> Levels:
        symbol = order.contract.symbol
        return self.market.asks(symbol) if order.side == "Buy" else self.market.bids(symbol)

    def _settle_all(self, matches: list[Match], now_ms: int, *, is_printed: bool = False) -> Iterable[Event]:
        """Fill resting orders against the market, which may have printed that trade itself."""
        if not matches:
            return ()
        batch = self._begin(now_ms)
        seq = self._next_seq()
        for match in matches:
            self._settle(match, None, batch, seq, now_ms, is_printed=is_printed)
        return batch

    def _settle(
        self,
        match: Match,
        taker: Order | None,
        batch: Batch,
        seq: int,
        now_ms: int,
        *,
        is_printed: bool = False,
    ) -> None:
        """Fill both sides of a match (a side that is the market has no order)."""
        parties = [order for order in (match.maker, taker) if order is not None]
        # A reduce-only order may have been cut by an earlier match of the same act.
        lots = min(match.lots, *(order.leaves_lots for order in parties))
        if lots == 0:
            return
        for order in parties:
            self._fill(order, match.price_ticks, lots, order is match.maker, batch, seq, now_ms)
        if not is_printed:
            self._print(parties[-1], taker is None, match.price_ticks, lots, now_ms)
        for order in parties:
            self._trim_reducing(self.accounts[order.uid], order, batch, now_ms)

    def _print(self, order: Order, is_maker: bool, price_ticks: int, lots: int, now_ms: int) -> None:
        """Put a match on the public tape, under the id of this order's fill."""
        taker_side = order.opposite if is_maker else order.side
        trade_id = self.log(self.accounts[order.uid]).fills[-1].exec_id
        self.tape.add(OwnTrade(order.contract.symbol, taker_side, price_ticks, lots, trade_id, now_ms))

    def _fill(
        self, order: Order, price_ticks: int, lots: int, is_maker: bool, batch: Batch, seq: int, now_ms: int
    ) -> None:
        account, contract = self.accounts[order.uid], order.contract
        fee_rate = MAKER_FEE_RATE if is_maker else TAKER_FEE_RATE
        value = contract.value(price_ticks, lots)
        fee = round8(value * fee_rate)
        if is_maker:
            account.claims.add(order, -lots)
        order.fill(lots, value, fee, now_ms)
        closing = account.settle_fill(order, lots, value, fee, seq, now_ms)
        order.closed_pnl += closing.net_pnl
        row = execution_row(
            order,
            exec_id=self._ids.uuid(),
            price_ticks=price_ticks,
            lots=lots,
            value=value,
            fee=fee,
            fee_rate=fee_rate,
            is_maker=is_maker,
            closed_lots=closing.lots,
            pnl=closing.pnl,
            mark=self.market.mark(contract.symbol),
            seq=seq,
            now_ms=now_ms,
        )
        account.book_fill(order, row, closing, fee, now_ms)
        log = self.log(account)
        log.fill((row,))
        batch.filled(account, row)
        batch.touched(account, order, seq)
        if not order.is_open:
            self._books[contract.symbol].remove(order)
            log.close(order)
        if order.protection is not None or log.is_waited_for(contract.symbol):
            self._stops.filled(account, order, lots, batch, now_ms)

    def _trim_reducing(self, account: Account, cause: Order, batch: Batch, now_ms: int) -> None:
        """No closing orders beyond the position: the last in priority are cut or cancelled."""
        position = account.position(cause.contract, cause.position_idx)
        side, left = closing_side(position), position.lots
        for order in self.log(account).reducing(cause.contract.symbol, cause.position_idx):
            allowed = left if order.side == side else 0
            left -= min(allowed, order.leaves_lots)
            if order.leaves_lots <= allowed or not self._books[cause.contract.symbol].holds(order):
                continue
            if allowed == 0:
                self._close(order, "Cancelled", "EC_NoError", "CancelByReduceOnly", now_ms)
            else:
                order.lots, order.updated_ms = order.filled_lots + allowed, now_ms
            batch.touched(account, order, self._next_seq())

    # Conditional orders

    def _set_off_by(self, symbol: str, prices: Prices, now_ms: int) -> Iterable[Event]:
        due = self._waiting.due(symbol, prices)
        if not due:
            return ()
        batch = self._begin(now_ms)
        for order in due:
            if order.is_waiting:  # one that was set off before it may have ended it
                self._set_off(order, batch, now_ms)
        return batch

    def _set_off(self, order: Order, batch: Batch, now_ms: int) -> None:
        """A conditional order becomes active: from now on it needs margin, and a position to reduce."""
        account = self.accounts[order.uid]
        self._waiting.discard(order)
        order.status, order.updated_ms = "Triggered", now_ms
        batch.passed(account, order, self._next_seq())
        self.log(account).set_off(order)
        if order.stop_order_type != STOP:
            self._stops.set_off(account, order, batch, now_ms)
        order.status, order.create_type = "New", CREATED_BY.get(order.stop_order_type, order.create_type)
        try:
            order.price_ticks = self._admission.ticks_when_set_off(order)
            self._fit_to_position(account, order)
            self._check_margin(account, order, order.lots)
        except Refused as refused:
            cancel_type = "CancelByReduceOnly" if refused.refusal.code == 110017 else "UNKNOWN"
            self._close(order, "Cancelled", NOT_SET_OFF, cancel_type, now_ms)
            batch.touched(account, order, self._next_seq())
            return
        self._run(order, batch, now_ms)

    def _fit_to_position(self, account: Account, order: Order) -> None:
        """A conditional order that only reduces is cut to what there is to reduce."""
        if not order.reduces:
            return
        position = account.position(order.contract, order.position_idx)
        wanted = min(position.lots, order.contract.max_market_lots) if order.closes_all else order.lots
        others = self.log(account)
        order.lots = reducible_lots(
            position, others, order.side, order.price_ticks, wanted, may_shrink=True, but=order
        )

    def _amend_waiting(
        self, account: Account, order: Order, request: AmendOrder, now_ms: int
    ) -> tuple[Order | Refusal, Iterable[Event]]:
        """Change price, quantity or trigger of a conditional order."""
        contract, trigger = order.contract, order.trigger
        assert trigger is not None
        price_ticks, lots = order.price_ticks, order.lots
        if request.price and order.order_type == "Limit":
            price_ticks = self._admission.plain_ticks(request.price, contract)
        if request.qty and not order.closes_all:
            lots = self._amended_lots(order, request.qty)
        if request.trigger_price:
            ticks = self._admission.plain_ticks(request.trigger_price, contract, "triggerPrice")
            trigger = Trigger(ticks, trigger.direction, trigger.by)
        if request.trigger_by:
            by = read_trigger_by(request.trigger_by, "triggerBy")
            trigger = Trigger(trigger.price_ticks, trigger.direction, by)
        protection = self._admission.amended_protection(order, request)
        if (price_ticks, lots, trigger, protection) == (
            order.price_ticks,
            order.lots,
            order.trigger,
            order.protection,
        ):
            return self._unchanged or order, ()
        if trigger != order.trigger:
            check_waits(trigger, contract, prices_of(self.market, contract.symbol))
        batch = self._begin(now_ms)
        order.price_ticks, order.lots, order.trigger, order.updated_ms = price_ticks, lots, trigger, now_ms
        order.protection = protection
        batch.touched(account, order, self._next_seq())
        if order.tpsl_mode:
            self._stops.show(account, account.position(contract, order.position_idx))
        return order, batch

    # Funding

    def _settle_funding(self, settlement: Settlement, now_ms: int) -> Iterable[Event]:
        """Every position that is open pays or receives."""
        batch = self._begin(now_ms)
        seq = self._next_seq()
        for account in self.accounts.values():
            for position in account.held():
                if position.contract.symbol == settlement.symbol:
                    self._fund(account, position, settlement, batch, seq, now_ms)
        return batch

    def _fund(
        self,
        account: Account,
        position: Position,
        settlement: Settlement,
        batch: Batch,
        seq: int,
        now_ms: int,
    ) -> None:
        mark, noted_ms = settlement.mark or position.entry_price, settlement.noted_ms(now_ms)
        fee = funding_fee(mark * position.contract.qty(position.signed_lots), settlement.rate)
        row = funding_row(position, account.uid, self._ids.uuid(), mark, fee, settlement, seq, noted_ms)
        account.fund(position, row, fee, seq, noted_ms)
        self.log(account).fill((row,))
        if PUSHES_FUNDING:
            batch.filled(account, row)
        batch.moved(account, position.contract)

    # Liquidation

    def begin(self, now_ms: int) -> Batch:
        return self._begin(now_ms)

    def market_bound(self, contract: Contract, side: Side) -> int:
        return self._admission.market_bound(contract, side, None)

    def run_at_market(self, order: Order, batch: Batch, now_ms: int) -> None:
        """Match an order of the system's own: it asks for no margin."""
        self.log(self.accounts[order.uid]).add(order)
        self._run(order, batch, now_ms)

    def fill_apart(self, order: Order, batch: Batch, now_ms: int) -> None:
        """Fill an order whole at its price, apart from the book."""
        self.log(self.accounts[order.uid]).add(order)
        self._fill(order, order.price_ticks, order.lots, False, batch, self._next_seq(), now_ms)

    # What outlives the process

    @property
    def books(self) -> Mapping[str, Book]:
        return self._books

    def counters(self) -> Counters:
        return Counters(self._order_number, self._queue_number, self._seq)

    def go_on(self, counters: Counters) -> None:
        """Count on from there."""
        self._order_number, self._queue_number, self._seq = counters

    def put_back(self, orders: Iterable[Order]) -> None:
        """Take open orders as they were: they wait, or rest in their places."""
        by_age = sorted(orders, key=lambda order: order.number)
        for order in by_age:
            self.log(self.accounts[order.uid]).add(order)
            if order.is_waiting:
                self._waiting.add(order)
        resting = (order for order in by_age if not order.is_waiting)
        for order in sorted(resting, key=lambda order: order.queue_number):
            self._books[order.contract.symbol].put_back(order)
            self.accounts[order.uid].claims.add(order, order.leaves_lots)

    # Ends

    def _cancel_by_user(self, account: Account, order: Order, batch: Batch, now_ms: int) -> None:
        self._close(order, "Cancelled", "EC_PerCancelRequest", "CancelByUser", now_ms)
        batch.touched(account, order, self._next_seq())

    def _close(self, order: Order, status: str, reason: str, cancel_type: str, now_ms: int) -> None:
        """Take an open order out of the book and the account's claims, and make it final."""
        account, book = self.accounts[order.uid], self._books[order.contract.symbol]
        if book.holds(order):
            account.claims.add(order, -order.leaves_lots)
            book.remove(order)
        self._waiting.discard(order)
        order.close(status, reason, cancel_type, now_ms)
        self.log(account).close(order)
        if order.tpsl_mode:
            self._stops.show(account, account.position(order.contract, order.position_idx))

    def _begin(self, now_ms: int) -> Batch:
        """Start collecting an act's events; those of the act before are written first, of their own state."""
        self._last_batch.events()
        self._last_batch = Batch(self.market.mark, now_ms, self._changed)
        return self._last_batch

    def _next_seq(self) -> int:
        self._seq += 1
        return self._seq


def takes_at_once(order: Order) -> int:
    """The lots that an order may take when it comes in."""
    share = order.fate.share
    if share is None:
        return order.leaves_lots
    return max(0, int(order.lots * share) - order.filled_lots)


def _is_meant(order: Order, request: CancelAll) -> bool:
    """Whether a cancel-all means this order: symbol before base coin before settle coin."""
    if not passes_filter(order, request.order_filter, request.stop_order_type):
        return False
    if request.symbol:
        return order.contract.symbol == request.symbol
    if request.base_coin:
        return order.contract.base_coin == request.base_coin
    return order.contract.settle_coin == request.settle_coin
