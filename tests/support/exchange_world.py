"""The exchange's pure core with a market in the test's hand: no socket, no clock."""

from decimal import Decimal

import msgspec

from synthcore.exchange.contract import contract_of
from synthcore.exchange.core import Exchange, Trade
from synthcore.exchange.ids import Ids
from synthcore.exchange.market.instruments import instruments_for
from synthcore.exchange.market.state import MarketState
from synthcore.exchange.refusal import Refusal
from synthcore.venues.bybit.messages import (
    AddMargin,
    AmendOrder,
    CancelAll,
    CancelOrder,
    CreateOrder,
    SetAutoAddMargin,
    SetLeverage,
    SwitchMode,
    TradingStop,
)

SYMBOL = "BTCUSDT"
START_MS = 1_700_000_000_000


class World:
    """One exchange, one market, some accounts. Each act takes one millisecond."""

    def __init__(
        self, *, hedge=False, deposit="100000", accounts=1, symbols=(SYMBOL,), mark="60000", changes=None
    ):
        self.market = MarketState()
        contracts = {str(raw["symbol"]): contract_of(raw) for raw in instruments_for(symbols)}
        self.ids = Ids(seed=1)
        self.exchange = Exchange(contracts, self.market, self.ids, changes=changes)
        self.now_ms = START_MS
        self.deposit = Decimal(deposit)
        self.accounts = [
            self.exchange.open_account(str(100 + index), self.deposit, hedge=hedge, now_ms=START_MS)
            for index in range(accounts)
        ]
        self.account = self.accounts[0]
        self.ticker(mark=mark)
        self.book(bids=[("59999.9", "1"), ("59999.8", "2")], asks=[("60000.1", "1"), ("60000.2", "2")])

    def tick(self):
        self.now_ms += 1
        return self.now_ms

    # The market's moves

    def ticker(self, symbol=SYMBOL, *, mark, last=None, index=None):
        data = {"symbol": symbol, "markPrice": mark, "lastPrice": last or mark, "indexPrice": index or mark}
        self._apply(f"tickers.{symbol}", data)
        return list(self.exchange.on_ticker(symbol, self.tick()))

    def settle_funding(self, rate, *, mark="60000", symbol=SYMBOL, at_ms=None):
        """The market announces a rate, and then the settlement after it."""
        settles_ms = at_ms or self.now_ms + 2
        prices = {"symbol": symbol, "markPrice": mark, "lastPrice": mark, "indexPrice": mark}
        funding = {"fundingRate": rate, "nextFundingTime": str(settles_ms)}
        self._apply(f"tickers.{symbol}", {**prices, **funding})
        announced = list(self.exchange.on_ticker(symbol, self.tick()))
        funding = {"fundingRate": "0.0003", "nextFundingTime": str(settles_ms + 8 * 3_600_000)}
        self._apply(f"tickers.{symbol}", {**prices, **funding})
        return [*announced, *self.exchange.on_ticker(symbol, self.tick())]

    def book(self, bids, asks, symbol=SYMBOL):
        self._apply(f"orderbook.50.{symbol}", {"s": symbol, "b": bids, "a": asks, "u": 1, "seq": 1})
        return list(self.exchange.on_book(symbol, self.tick()))

    def trade(self, taker_side, price, qty, symbol=SYMBOL):
        trades = [Trade(taker_side, Decimal(price), Decimal(qty))]
        return list(self.exchange.on_trades(symbol, trades, self.tick()))

    def _apply(self, topic, data):
        frame = {"topic": topic, "type": "snapshot", "ts": self.now_ms, "data": data}
        self.market.apply(topic, msgspec.json.encode(frame))

    # Requests

    def place(self, side, qty, price=None, *, account=None, **fields):
        request = CreateOrder(
            category=fields.pop("category", "linear"),
            symbol=fields.pop("symbol", SYMBOL),
            side=side,
            order_type=fields.pop("order_type", "Limit" if price is not None else "Market"),
            qty=qty,
            price=price,
            **fields,
        )
        return looked_at(self.exchange.place(account or self.account, request, self.tick()))

    def order(self, side, qty, price=None, **fields):
        """Place an order that must be accepted."""
        order, _ = self.place(side, qty, price, **fields)
        assert not isinstance(order, Refusal), order
        return order

    def refused(self, side, qty, price=None, **fields):
        """Place an order that must be refused without any event."""
        result, events = self.place(side, qty, price, **fields)
        assert isinstance(result, Refusal), result
        assert events == []
        return result

    def cancel(self, order, account=None):
        request = CancelOrder(category="linear", symbol=order.contract.symbol, order_id=order.order_id)
        return looked_at(self.exchange.cancel(account or self.account, request, self.tick()))

    def cancel_all(self, account=None, **fields):
        request = CancelAll(category="linear", **(fields or {"symbol": SYMBOL}))
        return looked_at(self.exchange.cancel_all(account or self.account, request, self.tick()))

    def amend(self, order, account=None, **fields):
        request = AmendOrder(
            category="linear", symbol=order.contract.symbol, order_id=order.order_id, **fields
        )
        return looked_at(self.exchange.amend(account or self.account, request, self.tick()))

    def switch_mode(self, mode, **fields):
        request = SwitchMode(category="linear", mode=mode, **(fields or {"symbol": SYMBOL}))
        return self.exchange.switch_mode(self.account, request)

    def set_leverage(self, leverage, sell=None, account=None):
        request = SetLeverage(
            category="linear", symbol=SYMBOL, buy_leverage=leverage, sell_leverage=sell or leverage
        )
        return self.exchange.margins.set_leverage(account or self.account, request)

    def set_margin_mode(self, mode, account=None):
        return looked_at(self.exchange.margins.set_mode(account or self.account, mode, self.tick()))

    def add_margin(self, amount, idx=0, account=None, symbol=SYMBOL):
        request = AddMargin(category="linear", symbol=symbol, margin=amount, position_idx=idx)
        return looked_at(self.exchange.margins.add(account or self.account, request, self.tick()))

    def set_auto_add(self, switch, idx=0, account=None):
        request = SetAutoAddMargin(category="linear", symbol=SYMBOL, auto_add_margin=switch, position_idx=idx)
        return self.exchange.margins.set_auto_add(account or self.account, request)

    def protect(self, account=None, **fields):
        request = TradingStop(
            category="linear", symbol=SYMBOL, **{"tpsl_mode": "Full", "position_idx": 0, **fields}
        )
        return looked_at(self.exchange.trading_stop(account or self.account, request, self.tick()))

    # Looks

    def position(self, idx=0, account=None, symbol=SYMBOL):
        return (account or self.account).position(self.exchange.contracts[symbol], idx)

    def fills(self, account=None):
        return list(self.exchange.log(account or self.account).fills)


def looked_at(outcome):
    """A result and its events, as they are at once."""
    result, events = outcome
    return result, list(events)


def rows(events, topic, uid="100"):
    """All rows of one topic that one user gets."""
    return [
        row
        for event in events
        if event.uid == uid and event.message.topic == topic
        for row in event.message.data
    ]


def topics(events, uid="100"):
    return [event.message.topic for event in events if event.uid == uid]
