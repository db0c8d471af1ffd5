"""Whatever is asked of the exchange and whatever the market does, the books balance exactly."""

from decimal import Decimal

from exchange_world import World
from hypothesis import given, settings
from hypothesis import strategies as st

from synthcore.exchange.endpoints_ledger import transaction_row
from synthcore.exchange.refusal import Refusal

SIDES = st.sampled_from(["Buy", "Sell"])
QTYS = (st.integers(1, 400) | st.integers(1, 4000)).map(lambda lots: str(Decimal("0.001") * lots))
PRICES = st.integers(-30, 30).map(lambda ticks: str(Decimal(60000) + Decimal("0.1") * ticks))
ACCOUNTS = st.integers(0, 1)
LEVELS = st.lists(st.integers(1, 3000), min_size=1, max_size=4)

placing = st.fixed_dictionaries(
    {
        "account": ACCOUNTS,
        "side": SIDES,
        "qty": QTYS,
        "price": st.none() | PRICES,
        "time_in_force": st.sampled_from(["GTC", "GTC", "GTC", "IOC", "FOK", "PostOnly"]),
        "reduce_only": st.sampled_from([False, False, True]),
        "position_idx": st.sampled_from([1, 2]),
        "fits_mode": st.sampled_from([True] * 9 + [False]),
        "smp_type": st.sampled_from(["None", "None", "CancelMaker", "CancelTaker", "CancelBoth"]),
        "take_profit": st.none() | st.none() | PRICES,
        "stop_loss": st.none() | st.none() | PRICES,
        "tpsl_mode": st.sampled_from(["Full", "Partial"]),
    }
)
waiting = st.fixed_dictionaries(
    {
        "account": ACCOUNTS,
        "side": SIDES,
        "qty": QTYS,
        "price": st.none() | PRICES,
        "reduce_only": st.booleans(),
        "position_idx": st.sampled_from([1, 2]),
        "fits_mode": st.just(True),
        "trigger_price": PRICES,
        "trigger_direction": st.sampled_from([1, 2]),
        "trigger_by": st.sampled_from(["LastPrice", "MarkPrice"]),
    }
)
STOPS = st.none() | st.just("0") | PRICES
protecting = st.fixed_dictionaries(
    {
        "tpsl_mode": st.sampled_from(["Full", "Partial"]),
        "take_profit": STOPS,
        "stop_loss": STOPS,
        "trailing_stop": st.none() | st.sampled_from(["0", "0.5", "3"]),
        "active_price": st.none() | PRICES,
        "tp_size": st.just("0.001"),
        "sl_size": st.just("0.001"),
    }
)
margins = st.one_of(
    st.tuples(st.just("mode"), ACCOUNTS, st.sampled_from(["ISOLATED_MARGIN", "REGULAR_MARGIN"])),
    st.tuples(st.just("add"), ACCOUNTS, st.sampled_from([1, 2]), st.integers(1, 500)),
    st.tuples(st.just("add"), ACCOUNTS, st.sampled_from([1, 2]), st.integers(-500, 5000)),
    st.tuples(st.just("auto"), ACCOUNTS, st.sampled_from([1, 2]), st.sampled_from([0, 1])),
    st.tuples(
        st.just("leverage"), ACCOUNTS, st.sampled_from(["5", "10", "100"]), st.sampled_from(["10", "25"])
    ),
)
acts = st.one_of(
    margins,
    st.tuples(st.just("protect"), ACCOUNTS, st.sampled_from([1, 2]), protecting),
    waiting.map(lambda terms: ("place", terms)),
    placing.map(lambda terms: ("place", terms)),
    placing.map(lambda terms: ("place", terms)),
    st.tuples(st.just("cancel"), ACCOUNTS, st.integers(0, 10)),
    st.tuples(st.just("amend"), ACCOUNTS, st.integers(0, 10), st.none() | QTYS, st.none() | PRICES),
    st.tuples(st.just("cancel_all"), ACCOUNTS),
    st.tuples(st.just("book"), st.integers(-20, 20), LEVELS, LEVELS),
    st.tuples(st.just("trade"), SIDES, PRICES, QTYS),
    st.tuples(st.just("mark"), st.integers(-40, 40)),
    st.tuples(st.just("mark"), st.sampled_from([-30000, -9000, 9000, 30000])),
    st.tuples(st.just("funding"), st.integers(-(10**6), 10**6)),
)


FINAL = ("Filled", "Cancelled", "Deactivated")


class Auditor:
    """Plays acts and keeps its own books from the private messages alone."""

    def __init__(self, hedge, deposit, isolates):
        self.hedge = hedge
        self.world = World(hedge=hedge, accounts=2, deposit=deposit)
        self.positions = {}
        self.orders = {}
        if isolates:
            self.world.set_margin_mode("ISOLATED_MARGIN", self.world.accounts[0])

    def play(self, act):
        world = self.world
        if act[0] == "place":
            terms = dict(act[1])
            account = world.accounts[terms.pop("account")]
            if terms.pop("fits_mode") != self.hedge:  # an index of the other mode must be refused
                terms["position_idx"] = 0
            before = terms["reduce_only"], self.net(account, terms)
            avoids_own = terms.get("smp_type", "None") != "None"
            result, events = world.place(
                terms.pop("side"), terms.pop("qty"), terms.pop("price"), account=account, **terms
            )
            self.hear(events)
            if avoids_own:
                check_no_self_match(events, account.uid)
            is_reducing = before[0] and "trigger_price" not in terms
            if is_reducing and not isinstance(result, Refusal):
                self.check_reduced(account, terms, before[1])
        elif act[0] == "protect":
            account, idx = world.accounts[act[1]], act[2] if self.hedge else 0
            self.hear(world.protect(account=account, position_idx=idx, **act[3])[1])
        elif act[0] == "book":
            middle = Decimal(60000) + Decimal("0.1") * act[1]
            self.hear(world.book(bids=ladder(middle, -1, act[2]), asks=ladder(middle, 1, act[3])))
        elif act[0] == "trade":
            self.hear(world.trade(*act[1:]))
        elif act[0] == "funding":
            self.hear(world.settle_funding(f"{Decimal(act[1]) / 10**8:f}"))
        elif act[0] == "mark":
            self.hear(world.ticker(mark=str(60000 + act[1])))
            self.check_nobody_is_due()
        elif act[0] in ("mode", "add", "auto", "leverage"):
            self.change_margin(act)
        else:
            self.change_order(act)
        self.check()

    def change_margin(self, act):
        """Nothing of it moves money: the wallet and its log stay as they are."""
        world, account = self.world, self.world.accounts[act[1]]
        before = account.wallet, account.ledger.entries[-1].number
        if act[0] == "mode":
            self.hear(world.set_margin_mode(act[2], account)[1])
        elif act[0] == "leverage":
            world.set_leverage(act[2], act[3] if self.hedge else act[2], account)
        elif act[0] == "add":
            self.hear(world.add_margin(str(act[3]), act[2] if self.hedge else 0, account)[1])
        else:
            world.set_auto_add(act[3], act[2] if self.hedge else 0, account)
        assert (account.wallet, account.ledger.entries[-1].number) == before

    def check_nobody_is_due(self):
        mark = self.world.market.mark("BTCUSDT")
        for account in self.world.accounts:
            if account.is_isolated:
                assert not any(position.is_exhausted(mark) for position in account.held())

    def change_order(self, act):
        world, account = self.world, self.world.accounts[act[1]]
        if act[0] == "cancel_all":
            self.hear(world.cancel_all(account=account)[1])
            return
        open_orders = list(world.exchange.log(account).open_orders())
        if not open_orders:
            return
        order = open_orders[act[2] % len(open_orders)]
        if act[0] == "cancel":
            self.hear(world.cancel(order, account=account)[1])
        else:
            self.hear(world.amend(order, account=account, qty=act[3], price=act[4])[1])

    def hear(self, events):
        for event in events:
            if event.message.topic == "execution":
                for row in event.message.data:
                    if row.exec_type == "Funding":
                        continue
                    sign = 1 if row.side == "Buy" else -1
                    idx = self.index_of(event.uid, row.order_id)
                    key = event.uid, idx
                    self.positions[key] = self.positions.get(key, 0) + sign * Decimal(row.exec_qty)
            elif event.message.topic == "order":
                for row in event.message.data:
                    self.hear_order(row)

    def hear_order(self, row):
        last = self.orders.get(row.order_id)
        assert last is None or last.order_status not in FINAL, "a final order changed"
        assert last is None or Decimal(row.cum_exec_qty) >= Decimal(last.cum_exec_qty)
        assert Decimal(row.leaves_qty) >= 0
        is_open = row.order_status not in FINAL
        left = Decimal(row.qty) - Decimal(row.cum_exec_qty) if is_open else 0
        assert Decimal(row.leaves_qty) == left
        self.orders[row.order_id] = row

    def index_of(self, uid, order_id):
        account = self.world.exchange.accounts[uid]
        return self.world.exchange.log(account).find(order_id, None).position_idx

    def net(self, account, terms):
        return self.world.position(terms["position_idx"], account).signed_lots

    def check_reduced(self, account, terms, before):
        after = self.net(account, terms)
        assert abs(after) <= abs(before), "a reduce-only order opened"
        assert after * before >= 0, "a reduce-only order flipped the position"

    def check(self):
        for account in self.world.accounts:
            self.check_money(account)
            self.check_positions(account)
            self.check_orders(account)
            self.check_stops(account)
            self.check_margin(account)

    def check_money(self, account):
        executions = self.world.fills(account)
        fills = [row for row in executions if row.exec_type != "Funding"]
        settled = [row for row in executions if row.exec_type == "Funding"]
        funding = sum((Decimal(row.exec_fee) for row in settled), Decimal(0))
        realised = sum((Decimal(fill.exec_pnl) for fill in fills), Decimal(0))
        fees = sum((Decimal(fill.exec_fee) for fill in fills), Decimal(0))
        assert account.wallet == self.world.deposit + realised - fees - funding
        assert account.fees_paid == fees
        check_ledger(account)

    def check_positions(self, account):
        for idx in (0, 1, 2):
            position = self.world.position(idx, account)
            heard = self.positions.get((account.uid, idx), 0)
            assert position.contract.qty(position.signed_lots) == heard
            assert (position.side is None) == (position.lots == 0)
            if position.lots == 0:
                assert position.entry_value == 0 and position.open_fee == 0
            assert position.is_isolated == account.is_isolated
            assert position.extra_margin == 0 or (position.lots and account.is_isolated)
            assert position.initial_margin(Decimal(60000)) >= 0
        assert self.world.position(1, account).signed_lots >= 0
        assert self.world.position(2, account).signed_lots <= 0

    def check_margin(self, account):
        margin = account.margin(self.world.market.mark)
        assert not account.is_isolated or margin.available == account.free()
        if not (account.is_isolated and self.hedge):
            assert account.leverage("BTCUSDT", 1) == account.leverage("BTCUSDT", 2)

    def check_stops(self, account):
        """Stops live as long as their position, fit it, and are what its row shows."""
        for idx in (0, 1, 2):
            position = self.world.position(idx, account)
            stops = [
                order
                for order in self.world.exchange.log(account).waiting("BTCUSDT")
                if order.tpsl_mode and order.position_idx == idx
            ]
            assert all({order.side, position.side} == {"Buy", "Sell"} for order in stops)
            whole = [order for order in stops if order.tpsl_mode == "Full"]
            assert all(order.lots == position.lots for order in whole)
            shown = {order.stop_order_type for order in whole}
            assert len(shown) == len(whole)
            assert (position.take_profit != "0") == ("TakeProfit" in shown)
            assert (position.stop_loss != "0") == ("StopLoss" in shown)
            assert (position.trailing_stop != "0") == ("TrailingStop" in shown)

    def check_orders(self, account):
        log = self.world.exchange.log(account)
        margin_lots = {}
        active = [order for order in log.open_orders() if not order.is_waiting]
        assert len(active) == log.open_count("BTCUSDT")
        assert set(log.waiting("BTCUSDT")) == set(log.open_orders()) - set(active)
        for order in active:
            assert 0 < order.leaves_lots <= order.lots
            assert self.orders[order.order_id].leaves_qty == order.contract.qty_text(order.leaves_lots)
            if not order.reduces:
                key = order.position_idx, order.side
                margin_lots[key] = margin_lots.get(key, 0) + order.leaves_lots
        claimed = {(key[1], key[2]): side.lots for key, side in account.claims.sides().items()}
        assert claimed == margin_lots
        for idx in (0, 1, 2):
            position = self.world.position(idx, account)
            reducing = log.reducing("BTCUSDT", idx)
            assert sum(order.leaves_lots for order in reducing) <= position.lots
            assert all(order.side != position.side for order in reducing)


def check_ledger(account):
    """Every entry leads from the balance before it to its own, and the last one to the wallet."""
    balance = Decimal(0)
    for number, entry in enumerate(account.ledger.entries, start=1):
        assert entry.number == number
        assert transaction_change(entry) == entry.change
        balance += entry.change
        assert entry.balance == balance
    assert account.wallet == balance


def transaction_change(entry):
    """What the log's own words add up to: change = cashFlow + funding − fee."""
    row = transaction_row("100", entry)
    return Decimal(row.cash_flow) + Decimal(row.funding or 0) - Decimal(row.fee or 0)


def check_no_self_match(events, uid):
    """In one act of one user, nobody of that user was the maker."""
    for event in events:
        if event.uid == uid and event.message.topic == "execution":
            assert not any(row.is_maker for row in event.message.data)


def ladder(middle, direction, sizes):
    return [
        (str(middle + direction * Decimal("0.1") * (level + 1)), str(Decimal("0.001") * size))
        for level, size in enumerate(sizes)
    ]


@settings(max_examples=400, deadline=None, print_blob=True)
@given(
    st.booleans(),
    st.sampled_from(["9000", "1000000"]),
    st.booleans(),
    st.lists(acts, min_size=10, max_size=50),
)
def test_money_positions_and_orders_always_reconcile(hedge, deposit, isolates, script):
    auditor = Auditor(hedge, deposit, isolates)

    for act in script:
        auditor.play(act)


@settings(max_examples=60, deadline=None, print_blob=True)
@given(st.lists(st.tuples(PRICES, QTYS), min_size=1, max_size=12), QTYS)
def test_resting_orders_are_served_by_price_and_then_by_time(resting, taken):
    world = World(accounts=2, deposit="100000000")
    world.book(bids=[("50000", "1")], asks=[("70000", "1")])
    maker, taker = world.accounts
    orders = [world.order("Buy", qty, price, account=maker) for price, qty in resting]

    world.order("Sell", taken, account=taker)

    queue = sorted(orders, key=lambda order: (-order.price_ticks, order.number))
    left = int(Decimal(taken) / Decimal("0.001"))
    for order in queue:
        expected = min(left, order.lots)
        assert order.filled_lots == expected
        left -= expected


@settings(max_examples=60, deadline=None, print_blob=True)
@given(st.lists(placing, max_size=12))
def test_the_same_acts_give_the_same_messages(script):
    def play():
        world = World(accounts=2)
        return [
            events
            for terms in script
            for events in [
                world.place(
                    terms["side"],
                    terms["qty"],
                    terms["price"],
                    account=world.accounts[terms["account"]],
                    time_in_force=terms["time_in_force"],
                )[1]
            ]
        ]

    assert play() == play()
