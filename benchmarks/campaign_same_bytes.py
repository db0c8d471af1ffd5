"""Do two versions of the exchange say the same? The digest of all that one says in a seeded story.

Two accounts (one of them in hedge mode) act at random in virtual time, over REST and over trade sockets, on
the generated market: orders of every kind, some of them wrong, amendments, cancellations, batches, stops,
leverage, margin modes, and questions. Everybody listens to everything. Equal digests are equal bytes, times
and order of all answers and frames, so this is run before and after a change that must not show.

Run, with the project installed:
    python benchmarks/campaign_same_bytes.py [--seed 1] [--acts 4000] [--delays instant]
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections import Counter
from decimal import Decimal
from itertools import count

import msgspec

from synthcore.exchange.in_process.connection import InProcessConnection
from synthcore.exchange.ready import AccountKey
from synthcore.testing.virtual import VirtualExchange
from synthcore.venues.bybit.hosts import PUBLIC_PATH, TRADE_PATH
from synthcore.venues.bybit.signing import Signer

SYMBOLS = ("BTCUSDT", "ETHUSDT")
STEPS = {"BTCUSDT": ("0.1", "0.001"), "ETHUSDT": ("0.01", "0.01")}  # of a price, of a quantity
PUBLIC = ("tickers", "publicTrade", "orderbook.1", "orderbook.50", "kline.1")
PRIVATE = (("order", "execution", "position", "wallet"), ("order.linear", "execution.fast.linear", "wallet"))
QUESTIONS = ("/v5/order/realtime", "/v5/order/history", "/v5/execution/list", "/v5/position/list")
QUESTIONS += ("/v5/position/closed-pnl", "/v5/account/wallet-balance", "/v5/account/transaction-log")
PAUSE_S = 0.05

Fields = dict[str, object]
numbers = count(1)
codes: Counter[int] = Counter()  # replies of the trade sockets, by code


class Actor:
    """One account: what it does next is drawn from the story's seed."""

    def __init__(self, exchange: VirtualExchange, index: int, chance: random.Random) -> None:
        self.exchange = exchange
        self.client = exchange.client(index)
        self.stream = self.client.stream(*PRIVATE[index], on_frame=hear)
        self.chance = chance
        self.hedges = bool(index)
        self.links: list[str] = []
        self.trade = trade_socket(exchange, exchange.accounts[index])
        self.middles = dict.fromkeys(SYMBOLS, Decimal(0))

    async def begin(self) -> None:
        for symbol in SYMBOLS:
            answer = await self.client.get("/v5/market/tickers", category="linear", symbol=symbol)
            self.middles[symbol] = Decimal(answer["result"]["list"][0]["markPrice"])
        if self.hedges:
            await self.client.post("/v5/position/switch-mode", category="linear", coin="USDT", mode=3)

    async def act(self) -> str:
        """Do one thing; what it was."""
        kind = self.chance.choices(
            ("create", "amend", "cancel", "batch", "all", "stop", "leverage", "mode", "ask"),
            (55, 8, 12, 5, 1, 6, 2, 1, 10),
        )[0]
        symbol = self.chance.choice(SYMBOLS)
        if kind == "create":
            self._send("order.create", self._order(symbol))
        elif kind in ("amend", "cancel"):
            fields: Fields = {"category": "linear", "symbol": symbol, "orderLinkId": self._link()}
            changed = {"price": self._price(symbol), "qty": self._qty(symbol)} if kind == "amend" else {}
            await self.client.post(f"/v5/order/{kind}", **fields, **changed)
        elif kind == "batch":
            orders = [self._order(symbol) for _ in range(3)]
            self._send("order.create-batch", {"category": "linear", "request": orders})
        elif kind == "all":
            await self.client.post("/v5/order/cancel-all", category="linear", symbol=symbol)
        elif kind == "stop":
            await self.client.post("/v5/position/trading-stop", **self._stop(symbol))
        elif kind == "leverage":
            much = str(self.chance.choice((5, 10, 25)))
            both = {"buyLeverage": much, "sellLeverage": much}
            await self.client.post("/v5/position/set-leverage", category="linear", symbol=symbol, **both)
        elif kind == "mode":
            mode = self.chance.choice(("ISOLATED_MARGIN", "REGULAR_MARGIN"))
            await self.client.post("/v5/account/set-margin-mode", setMarginMode=mode)
        else:
            about = {"category": "linear", "symbol": symbol, "accountType": "UNIFIED"}
            await self.client.get(self.chance.choice(QUESTIONS), **about)
        return kind

    def _order(self, symbol: str) -> Fields:
        chance = self.chance
        link = f"story-{next(numbers)}"
        self.links.append(link)
        order: Fields = {
            "category": chance.choices(("linear", "spot"), (60, 1))[0],
            "symbol": symbol,
            "side": chance.choice(("Buy", "Sell")),
            "orderType": chance.choice(("Market", "Limit")),
            "qty": self._qty(symbol),
            "price": self._price(symbol),
            "orderLinkId": link,
            "timeInForce": chance.choice(("GTC", "GTC", "IOC", "FOK", "PostOnly")),
            "reduceOnly": chance.random() < 0.15,
            "positionIdx": chance.choice((1, 2)) if self.hedges else 0,
        }
        if chance.random() < 0.1:
            order |= {"triggerPrice": self._price(symbol), "triggerDirection": chance.choice((1, 2))}
        if chance.random() < 0.1:
            order |= {"takeProfit": self._price(symbol), "stopLoss": self._price(symbol)}
        if chance.random() < 0.1:
            order |= {"smpType": chance.choice(("CancelMaker", "CancelTaker", "CancelBoth"))}
        if chance.random() < 0.03:
            order |= {chance.choice(("qty", "price", "side", "symbol")): "wrong"}
        return order

    def _stop(self, symbol: str) -> Fields:
        stop: Fields = {"category": "linear", "symbol": symbol, "tpslMode": "Full", "positionIdx": 0}
        stop["positionIdx"] = self.chance.choice((1, 2)) if self.hedges else 0
        if self.chance.random() < 0.3:
            return stop | {"trailingStop": self._off(symbol, 30)}
        return stop | {self.chance.choice(("takeProfit", "stopLoss")): self._price(symbol)}

    def _price(self, symbol: str) -> str:
        ticks = self.chance.randint(-60, 60)
        return f"{self.middles[symbol] + Decimal(self._off(symbol, ticks)):f}"

    def _off(self, symbol: str, ticks: int) -> str:
        return f"{Decimal(STEPS[symbol][0]) * ticks:f}"

    def _qty(self, symbol: str) -> str:
        return f"{Decimal(STEPS[symbol][1]) * self.chance.randint(1, 400):f}"

    def _link(self) -> str:
        return self.chance.choice(self.links[-30:] or ["none"])

    def _send(self, op: str, args: Fields) -> None:
        header = {"X-BAPI-TIMESTAMP": str(self.exchange.clock.now_ms)}
        self.trade.send(text({"reqId": f"r{next(numbers)}", "header": header, "op": op, "args": [args]}))


def trade_socket(exchange: VirtualExchange, account: AccountKey) -> InProcessConnection:
    connection = exchange.connect(TRADE_PATH, hear)
    expires_ms = exchange.clock.now_ms + 10_000
    signature = Signer(account.api_key, account.api_secret).ws_auth(expires_ms)
    connection.send(text({"op": "auth", "args": [account.api_key, expires_ms, signature]}))
    return connection


def hear(frame: bytes) -> None:
    """Count what became of an order; the exchange's digest has the rest."""
    if frame.startswith(b'{"reqId"'):
        codes[msgspec.json.decode(frame)["retCode"]] += 1


def text(message: object) -> str:
    return msgspec.json.encode(message).decode()


async def story(exchange: VirtualExchange, seed: int, acts: int) -> Counter[str]:
    """Let both act in turns; how often what was done."""
    chance = random.Random(seed)
    actors = [Actor(exchange, index, chance) for index in (0, 1)]
    public = exchange.connect(PUBLIC_PATH, hear)
    public.send(text({"op": "subscribe", "args": [f"{kind}.{one}" for kind in PUBLIC for one in SYMBOLS]}))
    for actor in actors:
        await actor.begin()
    done: Counter[str] = Counter()
    for number in range(acts):
        done[await actors[number % 2].act()] += 1
        if chance.random() < 0.3:
            await asyncio.sleep(chance.random() * PAUSE_S)
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--acts", type=int, default=4000)
    parser.add_argument("--delays", default="instant")
    asked = parser.parse_args()
    with VirtualExchange(
        market="generator", symbols=SYMBOLS, accounts=2, seed=asked.seed, delays=asked.delays
    ) as exchange:
        done = exchange.clock.run(story(exchange, asked.seed, asked.acts))
        exchange.clock.advance(1)
        print(f"{exchange.digest} {exchange.digest.count} outputs; {dict(done)}; codes {dict(codes)}")


if __name__ == "__main__":
    main()
