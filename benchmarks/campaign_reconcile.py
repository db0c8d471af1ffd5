"""Do wallet, log, executions and positions still agree exactly after a million random operations?

Two accounts, one in hedge mode, place, amend and cancel orders in one contract, trade with each other and
with a market that moves, pay funding, and are liquidated when the mark jumps. They change between cross and
isolated margin, move money to and from isolated positions, by themselves too, and change their leverage.
After each operation every new log entry is added up from its own text, apart from the exchange's sums, and
held against the wallet; so are the executions against the positions, and an isolated position's loss at its
liquidation against its margin.

Run, with the project installed:
    python benchmarks/campaign_reconcile.py [--operations 1000000] [--seconds 170] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from decimal import Decimal
from itertools import islice

import msgspec

from synthcore.exchange.account import Account
from synthcore.exchange.contract import contract_of
from synthcore.exchange.core import Exchange
from synthcore.exchange.endpoints_ledger import transaction_row
from synthcore.exchange.ids import Ids
from synthcore.exchange.ledger import Entry
from synthcore.exchange.market.instruments import instruments_for
from synthcore.exchange.market.state import MarketState
from synthcore.exchange.refusal import Refusal
from synthcore.exchange.trades import Trade
from synthcore.venues.bybit.messages import (
    AddMargin,
    AmendOrder,
    CancelAll,
    CancelOrder,
    CreateOrder,
    SetAutoAddMargin,
    SetLeverage,
)

SYMBOL = "BTCUSDT"
START_MS = 1_700_000_000_000
FUNDING_MS = 8 * 3_600_000
TICK, STEP = Decimal("0.1"), Decimal("0.001")
LEVELS = 3
DEPOSIT = 30_000


class Auditor:
    """Keeps one account's books from what the exchange lists alone."""

    def __init__(self, exchange: Exchange, account: Account) -> None:
        self._exchange = exchange
        self._account = account
        self._balance = Decimal(0)
        self._seen = 0
        self.taken_over_alone = 0
        self._margins: dict[int, Decimal] = {}  # of isolated positions, before the operation
        self._held: dict[int, Decimal] = {0: Decimal(0), 1: Decimal(0), 2: Decimal(0)}
        self.kinds: Counter[str] = Counter()

    def note_margins(self) -> None:
        """Keep what each isolated position can lose when the mark is the next thing that moves."""
        contract = self._exchange.contracts[SYMBOL]
        positions = (self._account.position(contract, index) for index in (0, 1, 2))
        self._margins = {
            one.position_idx: one.initial_margin(Decimal(0))
            for one in positions
            if one.lots and one.is_isolated and not one.auto_add_margin
        }

    def check_losses(self) -> None:
        """No isolated position that was taken over since cost more than its margin."""
        entries = self._new_entries()
        if any(entry.kind == "TRADE" for entry in entries):
            return  # the other's liquidation met an order of ours: the position is not what it was
        for entry in entries:
            assert entry.kind == "LIQUIDATION" and entry.execution is not None
            order = self._exchange.log(self._account).find(entry.execution.order_id, None)
            if order is not None and order.position_idx in self._margins:
                margin = self._margins.pop(order.position_idx)
                assert -entry.change <= margin, f"it lost {-entry.change} and its margin was {margin}"
                self.taken_over_alone += 1

    def check(self) -> None:
        for entry in self._new_entries():
            self._add(entry)
        assert self._account.wallet == self._balance, "the wallet is not the sum of its log"
        contract = self._exchange.contracts[SYMBOL]
        for index, held in self._held.items():
            assert contract.qty(self._account.position(contract, index).signed_lots) == held

    def _new_entries(self) -> list[Entry]:
        entries = self._account.ledger.entries
        new = list(islice(reversed(entries), entries[-1].number - self._seen))
        return new[::-1]

    def _add(self, entry: Entry) -> None:
        self._seen += 1
        assert entry.number == self._seen, "an entry is missing"
        row = transaction_row(self._account.uid, entry)
        self.kinds[row.type] += 1
        change = Decimal(row.cash_flow) + Decimal(row.funding or 0) - Decimal(row.fee or 0)
        assert change == Decimal(row.change)
        self._balance += change
        assert self._balance == Decimal(row.cash_balance), "a balance does not follow from the one before"
        if entry.execution is None or entry.kind == "SETTLEMENT":
            return
        log = self._exchange.log(self._account)
        order = log.find(entry.execution.order_id, None)
        assert order is not None
        sign = 1 if row.side == "Buy" else -1
        self._held[order.position_idx] += sign * Decimal(row.qty)
        assert self._held[order.position_idx] == Decimal(row.size), "a position is not the sum of its fills"


class Campaign:
    """Random operations from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._market = MarketState()
        contracts = {str(raw["symbol"]): contract_of(raw) for raw in instruments_for([SYMBOL])}
        self._exchange = Exchange(contracts, self._market, Ids(seed))
        self._now_ms = START_MS
        self._middle = 600_000  # in ticks
        self._settles_ms = START_MS + FUNDING_MS
        self._accounts = [
            self._exchange.open_account(str(uid), Decimal(deposit), hedge=hedge, now_ms=START_MS)
            for uid, deposit, hedge in ((100, DEPOSIT, False), (101, DEPOSIT, True))
        ]
        self.auditors = [Auditor(self._exchange, account) for account in self._accounts]
        self.done: Counter[str] = Counter()
        self.refused: Counter[int] = Counter()
        self._acts = {
            "place": (self._place, 50),
            "cancel": (self._cancel, 12),
            "amend": (self._amend, 12),
            "cancel_all": (self._cancel_all, 1),
            "book": (self._move_book, 10),
            "trade": (self._print_trade, 12),
            "mark": (self._move_mark, 2),
            "funding": (self._fund, 1),
            "crash": (self._crash, 0.05),
            "margin_mode": (self._set_margin_mode, 0.1),
            "add_margin": (self._add_margin, 4),
            "auto_add_margin": (self._set_auto_add, 0.5),
            "leverage": (self._set_leverage, 0.5),
        }
        self._weights = [weight for _, weight in self._acts.values()]
        self._move_mark()
        self._move_book()

    def run(self, operations: int, until_s: float) -> int:
        names = list(self._acts)
        for count in range(operations):
            if count % 256 == 0 and time.monotonic() > until_s:
                return count
            name = self._random.choices(names, self._weights)[0]
            self._now_ms += 1
            self._acts[name][0]()
            self.done[name] += 1
            for auditor in self.auditors:
                auditor.check()
        return operations

    # Operations

    def _place(self) -> None:
        account, rng = self._account(), self._random
        is_market = rng.random() < 0.4
        hedge = account is self._accounts[1]
        request = CreateOrder(
            category="linear",
            symbol=SYMBOL,
            side=rng.choice(("Buy", "Sell")),
            order_type="Market" if is_market else "Limit",
            qty=str(STEP * rng.randrange(1, 3000)),
            price=None if is_market else self._price(),
            time_in_force=None if is_market else rng.choice(("GTC", "GTC", "GTC", "IOC", "FOK", "PostOnly")),
            position_idx=rng.choice((1, 2)) if hedge else 0,
            reduce_only=rng.random() < 0.3,
        )
        self._note(self._exchange.place(account, request, self._now_ms)[0])

    def _cancel(self) -> None:
        account = self._account()
        order = self._any_order(account)
        if order is not None:
            request = CancelOrder(category="linear", symbol=SYMBOL, order_id=order)
            self._note(self._exchange.cancel(account, request, self._now_ms)[0])

    def _amend(self) -> None:
        account, rng = self._account(), self._random
        order = self._any_order(account)
        if order is None:
            return
        request = AmendOrder(
            category="linear",
            symbol=SYMBOL,
            order_id=order,
            qty=str(STEP * rng.randrange(1, 3000)) if rng.random() < 0.6 else None,
            price=self._price() if rng.random() < 0.6 else None,
        )
        self._note(self._exchange.amend(account, request, self._now_ms)[0])

    def _cancel_all(self) -> None:
        request = CancelAll(category="linear", symbol=SYMBOL)
        self._exchange.cancel_all(self._account(), request, self._now_ms)

    # Margin

    def _set_margin_mode(self) -> None:
        account = self._account()
        mode = self._random.choice(("ISOLATED_MARGIN", "ISOLATED_MARGIN", "REGULAR_MARGIN"))
        self._note(self._exchange.margins.set_mode(account, mode, self._now_ms)[0])

    def _add_margin(self) -> None:
        account, index = self._position()
        amount = str(self._random.randrange(-300, 600))
        request = AddMargin(category="linear", symbol=SYMBOL, margin=amount, position_idx=index)
        self._note(self._exchange.margins.add(account, request, self._now_ms)[0])

    def _set_auto_add(self) -> None:
        account, index = self._position()
        switch = self._random.choice((0, 0, 1))
        request = SetAutoAddMargin(
            category="linear", symbol=SYMBOL, auto_add_margin=switch, position_idx=index
        )
        self._note(self._exchange.margins.set_auto_add(account, request))

    def _set_leverage(self) -> None:
        account, _ = self._position()
        buy, sell = (self._random.choice(("5", "10", "25", "100")) for _ in range(2))
        if account is self._accounts[0]:
            sell = buy
        request = SetLeverage(category="linear", symbol=SYMBOL, buy_leverage=buy, sell_leverage=sell)
        self._note(self._exchange.margins.set_leverage(account, request))

    # The market

    def _move_book(self) -> None:
        self._middle += self._random.randrange(-8, 9)
        if not 500_000 < self._middle < 700_000:
            self._middle = 600_000
        data = {"s": SYMBOL, "b": self._ladder(-1), "a": self._ladder(1), "u": 1, "seq": 1}
        self._apply("orderbook.50", data)
        list(self._exchange.on_book(SYMBOL, self._now_ms))

    def _print_trade(self) -> None:
        qty = STEP * self._random.randrange(1, 5000)
        trade = Trade(self._random.choice(("Buy", "Sell")), Decimal(self._price()), qty)
        list(self._exchange.on_trades(SYMBOL, [trade], self._now_ms))

    def _move_mark(self) -> None:
        self._tick("0.0001")

    def _fund(self) -> None:
        self._tick(f"{Decimal(self._random.randrange(-300_000, 300_000)) / 10**8:f}")
        self._settles_ms += FUNDING_MS
        self._tick("0.0001")

    def _crash(self) -> None:
        """The mark jumps by half and comes back; whoever was liquidated gets new money."""
        for auditor in self.auditors:
            auditor.note_margins()
        self._tick("0.0001", mark=TICK * self._middle * self._random.choice((1, 3)) / 2)
        for auditor in self.auditors:
            auditor.check_losses()
        self._tick("0.0001")
        for account in self._accounts:
            if account.wallet < DEPOSIT // 2:
                account.ledger.transfer(Decimal(DEPOSIT), self._now_ms)

    def _tick(self, rate: str, mark: Decimal | None = None) -> None:
        price = str(TICK * self._middle)
        data = {"symbol": SYMBOL, "markPrice": str(mark or price), "lastPrice": price, "indexPrice": price}
        data |= {"fundingRate": rate, "nextFundingTime": str(self._settles_ms)}
        self._apply("tickers", data)
        list(self._exchange.on_ticker(SYMBOL, self._now_ms))

    def _apply(self, kind: str, data: object) -> None:
        topic = f"{kind}.{SYMBOL}"
        frame = {"topic": topic, "type": "snapshot", "ts": self._now_ms, "data": data}
        self._market.apply(topic, msgspec.json.encode(frame))

    # Draws

    def _account(self) -> Account:
        return self._random.choice(self._accounts)

    def _position(self) -> tuple[Account, int]:
        account = self._account()
        return account, self._random.choice((1, 2)) if account is self._accounts[1] else 0

    def _price(self) -> str:
        return str(TICK * (self._middle + self._random.randrange(-15, 16)))

    def _ladder(self, sign: int) -> list[tuple[str, str]]:
        return [
            (str(TICK * (self._middle + sign * (level + 1))), str(STEP * self._random.randrange(1, 4000)))
            for level in range(LEVELS)
        ]

    def _any_order(self, account: Account) -> str | None:
        orders = list(islice(self._exchange.log(account).open_orders(), 20))
        return self._random.choice(orders).order_id if orders else None

    def _note(self, result: object) -> None:
        if isinstance(result, Refusal):
            self.refused[result.code] += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--operations", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=170.0, help="stop after so long")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    campaign = Campaign(options.seed)
    start_s = time.monotonic()
    operations = campaign.run(options.operations, start_s + options.seconds)
    kinds = sum((auditor.kinds for auditor in campaign.auditors), Counter[str]())
    report = {
        "seed": options.seed,
        "operations": operations,
        "seconds": round(time.monotonic() - start_s, 1),
        "by_operation": campaign.done,
        "refused_by_code": campaign.refused,
        "log_entries": kinds,
        "isolated_take_overs": sum(auditor.taken_over_alone for auditor in campaign.auditors),
        "exact": True,
    }
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
