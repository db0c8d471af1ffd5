"""A client's book, merged from what is pushed, is the market's without what was taken, with what rests."""

import json
from decimal import Decimal
from random import Random

import pytest

from synthcore.exchange.contract import contract_of
from synthcore.exchange.core import Exchange
from synthcore.exchange.display.display import Display
from synthcore.exchange.ids import Ids
from synthcore.exchange.market.generator import Generator
from synthcore.exchange.market.history import MarketHistory
from synthcore.exchange.market.instruments import instruments_for
from synthcore.exchange.market.state import MarketState
from synthcore.exchange.orders import Order
from synthcore.exchange.trades import read_trades
from synthcore.venues.bybit.messages import AmendOrder, CancelOrder, CreateOrder

SYMBOL = "BTCUSDT"
DEPTHS = (1, 50, 200, 1000)
START_MS = 1_700_000_000_000
FRAMES = 1200


class ClientBook:
    """What a subscriber of one depth has."""

    def __init__(self, depth):
        self.depth = depth
        self.sides = ({}, {})
        self.u = None
        self.frames = 0

    def merge(self, message):
        data, is_whole = message["data"], message["type"] == "snapshot"
        self.frames += 1
        if self.depth == 1:
            assert is_whole
            assert self.u is None or data["u"] >= self.u
        elif self.u is not None:
            assert data["u"] == self.u + 1
        self.u = data["u"]
        for side, levels in zip(self.sides, (data["b"], data["a"]), strict=True):
            if is_whole:
                side.clear()
            for price, size in levels:
                if not Decimal(size):
                    assert side.pop(Decimal(price), None) is not None, "a level is deleted that isn't there"
                else:
                    side[Decimal(price)] = Decimal(size)


class World:
    """An exchange on the generated market, with subscribers of every depth."""

    def __init__(self, seed):
        self.random = Random(seed)
        self.now_ms = START_MS
        source = Generator(instruments_for([SYMBOL]), seed, start_ms=START_MS)
        self.frames = source.frames()
        self.market = MarketState()
        contracts = {str(raw["symbol"]): contract_of(raw) for raw in source.instruments}
        self.exchange = Exchange(contracts, self.market, Ids(seed))
        self.contract = contracts[SYMBOL]
        self.accounts = [
            self.exchange.open_account(str(uid), Decimal(10**9), hedge=False, now_ms=START_MS)
            for uid in range(2)
        ]
        self.wanted = {f"orderbook.{depth}.{SYMBOL}" for depth in DEPTHS}
        self.display = Display(
            self.exchange,
            self.market,
            MarketHistory(self.market),
            source.topics,
            self.wanted.__contains__,
            self.received,
        )
        self.clients = {depth: ClientBook(depth) for depth in DEPTHS}
        self.orders = []

    def received(self, topic, text):
        kind, _, rest = topic.partition(".")
        if kind != "orderbook":
            return
        client = self.clients[int(rest.partition(".")[0])]
        message = json.loads(text)
        client.merge(message)
        self.check(client, passes=self.is_the_markets(message))

    def is_the_markets(self, message):
        """Whether a frame is the market's but for its number: orders of ours don't show in it yet."""
        theirs = json.loads(self.passing)
        if theirs["topic"] != message["topic"]:
            return False
        return message == {**theirs, "data": {**theirs["data"], "u": message["data"]["u"]}}

    def play(self):
        frame = next(self.frames)
        self.now_ms = START_MS + frame.due_ns // 1_000_000
        self.passing = frame.text
        self.market.apply(frame.topic, frame.text)
        if frame.topic.startswith("publicTrade"):
            list(self.exchange.on_trades(SYMBOL, read_trades(frame.text), self.now_ms))
        elif frame.topic.startswith("tickers"):
            list(self.exchange.on_ticker(SYMBOL, self.now_ms))
        else:
            list(self.exchange.on_book(SYMBOL, self.now_ms))
        self.display.pass_on(frame.topic, frame.text, self.now_ms, self.now_ms)
        self.show()

    def show(self):
        self.display.note_changes(self.now_ms)
        self.display.push(self.now_ms, self.now_ms)

    def act(self):
        """One random order, amendment or cancellation near the market."""
        random, account = self.random, self.random.choice(self.accounts)
        if self.orders and random.random() < 0.4:
            self.end_or_amend(random.choice(self.orders))
            return
        side = random.choice(("Buy", "Sell"))
        best = self.market.bids(SYMBOL)[0][0]
        away = int(random.gauss(0, 30) if random.random() < 0.8 else random.gauss(0, 500))
        request = CreateOrder(
            category="linear",
            symbol=SYMBOL,
            side=side,
            order_type="Market" if random.random() < 0.2 else "Limit",
            qty=str(Decimal(random.randrange(1, 3000)) / 1000),
            price=str(best + away * self.contract.tick),
        )
        order, events = self.exchange.place(account, request, self.now_ms)
        list(events)
        if isinstance(order, Order) and order.is_open:
            self.orders.append(order)

    def end_or_amend(self, order):
        account = self.exchange.accounts[order.uid]
        if self.random.random() < 0.5:
            request = CancelOrder(category="linear", symbol=SYMBOL, order_id=order.order_id)
            list(self.exchange.cancel(account, request, self.now_ms)[1])
            self.orders.remove(order)
        else:
            qty = str(Decimal(order.filled_lots + self.random.randrange(1, 2000)) / 1000)
            request = AmendOrder(category="linear", symbol=SYMBOL, order_id=order.order_id, qty=qty)
            list(self.exchange.amend(account, request, self.now_ms)[1])

    def is_idle(self):
        return self.exchange.book(SYMBOL).is_idle

    def expected(self, depth, *, passes):
        """Told anew from the market's levels and the open orders."""
        if passes or (self.is_idle() and depth != 1000):
            return tuple(dict(side) for side in self.market.levels(SYMBOL, depth))
        market = self.market.bids(SYMBOL), self.market.asks(SYMBOL)
        both = []
        for side, levels in zip(("Buy", "Sell"), market, strict=True):
            sizes = dict(levels)
            for ticks, lots in self.exchange.book(SYMBOL).taken_levels(side).items():
                price = self.contract.price(ticks)
                sizes[price] = sizes.get(price, 0) - self.contract.qty(lots)
            sizes = {price: size for price, size in sizes.items() if size > 0}
            for account in self.accounts:
                for order in self.exchange.log(account).open_orders():
                    if order.side == side:
                        price = self.contract.price(order.price_ticks)
                        sizes[price] = sizes.get(price, 0) + self.contract.qty(order.leaves_lots)
            best = sorted(sizes, reverse=side == "Buy")[:depth]
            both.append({price: sizes[price] for price in best})
        return tuple(both)

    def check(self, client, *, passes):
        bids, asks = client.sides
        assert (bids, asks) == self.expected(client.depth, passes=passes)
        assert max(bids) < min(asks)
        if client.depth == 50:
            assert (len(bids), len(asks)) == (50, 50)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_depth_shows_the_market_less_what_was_taken_plus_what_rests(seed):
    world = World(seed)

    for step in range(FRAMES):
        world.play()
        if step > 100 and step % 400 < 300 and world.random.random() < 0.3:  # times without orders, too
            world.act()
            world.show()
        if step % 400 == 350:
            for order in list(world.orders):
                account = world.exchange.accounts[order.uid]
                request = CancelOrder(category="linear", symbol=SYMBOL, order_id=order.order_id)
                list(world.exchange.cancel(account, request, world.now_ms)[1])
            world.orders.clear()
            world.show()

    assert all(client.frames > 50 for client in world.clients.values())
