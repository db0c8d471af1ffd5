"""Everything that a running exchange of ours answers and pushes, filed under the names of Bybit's samples."""

import json
import time
from collections import defaultdict
from urllib.parse import urlencode

import httpx
import websocket  # pybit's own dependency
from control_client import ControlClient

from synthcore.exchange.faults.liquidate import Liquidate
from synthcore.exchange.faults.maintenance import Maintenance
from synthcore.venues.bybit.signing import Signer

SYMBOL = "BTCUSDT"
LINEAR = {"category": "linear", "symbol": SYMBOL}
WITHIN_S = 10.0  # for what the market pushes by and by


class Collector:
    """Talks to one exchange and keeps each answer under the sample file that it corresponds to."""

    def __init__(self, ready):
        self.ready = ready
        self.served = defaultdict(list)
        self.signer = Signer(ready.api_key, ready.api_secret)
        self.http = httpx.Client(base_url=ready.rest)
        self.opened = []

    def close(self):
        self.http.close()
        for socket in self.opened:
            socket.close()

    # REST

    def get(self, name, path, signed=True, **params):
        query = urlencode(params)
        headers = self.headers(query.encode()) if signed else {}
        return self._keep(name, self.http.get(f"{path}?{query}" if query else path, headers=headers))

    def post(self, name, path, body, headers=None):
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {**self.headers(payload), **(headers or {})}
        return self._keep(name, self.http.post(path, content=payload, headers=headers))

    def headers(self, payload):
        now_ms = time.time_ns() // 1_000_000
        return {
            "X-BAPI-API-KEY": self.signer.key,
            "X-BAPI-TIMESTAMP": str(now_ms),
            "X-BAPI-RECV-WINDOW": "5000",
            "X-BAPI-SIGN": self.signer.rest(now_ms, 5000, payload),
        }

    def order(self, name="order.create", **fields):
        body = {**LINEAR, "side": "Buy", "orderType": "Limit", "qty": "0.01", **fields}
        return self.post(name, "/v5/order/create", body)

    def _keep(self, name, reply):
        message = reply.json()
        if name:
            self.served[f"bybit-rest/{name}"].append(message)
        return message

    # Sockets

    def socket(self, url):
        socket = websocket.create_connection(url, timeout=WITHIN_S)
        self.opened.append(socket)
        return Conversation(socket)

    def sign_in(self, socket, **fields):
        expires_ms = time.time_ns() // 1_000_000 + 10_000
        args = [self.signer.key, expires_ms, self.signer.ws_auth(expires_ms)]
        return socket.ask({"op": "auth", "args": args, **fields})


class Conversation:
    """One socket: requests with their replies, and what is pushed between them."""

    def __init__(self, socket):
        self.socket = socket
        self.pushed = []

    def ask(self, request):
        """Send, and wait for the reply; pushes that come first are kept."""
        self.socket.send(json.dumps(request))
        while True:
            message = json.loads(self.socket.recv())
            if "topic" not in message:
                return message
            self.pushed.append(message)

    def push(self):
        """The next push."""
        if self.pushed:
            return self.pushed.pop(0)
        return json.loads(self.socket.recv())

    def pushes_until(self, is_enough):
        """Pushes up to the first after which `is_enough` of all of them."""
        deadline_s = time.monotonic() + WITHIN_S
        seen = []
        while not is_enough(seen):
            assert time.monotonic() < deadline_s, "the exchange did not push enough in time"
            seen.append(self.push())
        return seen


def served_messages(ready):
    """Talk to a fresh exchange about everything it serves; its answers and pushes by sample file."""
    collector, demo = Collector(ready), Collector(ready.flavours["demo"])
    demo.served = collector.served
    try:
        private = private_socket(collector)
        by_category = category_socket(collector)
        market_answers(collector)
        order_answers(collector)
        account_answers(collector)
        trade_answers(collector)
        refusals(collector)
        demo.get("errors", "/v5/account/fee-rate", **LINEAR)
        private_pushes(collector, private, {"order", "execution", "execution.fast", "position", "wallet"})
        private_pushes(collector, by_category, {"order.linear", "execution.fast.linear"})
        public_pushes(collector)
        told_by_faults(collector)
        return dict(collector.served)
    finally:
        collector.close()
        demo.close()


def private_socket(collector):
    replies = collector.served["bybit-ws-private/op-replies"]
    socket = collector.socket(collector.ready.ws_private)
    replies.append(collector.sign_in(socket, req_id="1"))
    replies.append(collector.sign_in(socket))
    replies.append(socket.ask({"op": "ping", "req_id": "2"}))
    replies.append(socket.ask({"op": "ping"}))
    topics = ["order", "execution", "execution.fast", "position", "wallet"]
    replies.append(socket.ask({"op": "subscribe", "req_id": "3", "args": topics}))
    return socket


def category_socket(collector):
    socket = collector.socket(collector.ready.ws_private)
    collector.sign_in(socket)
    topics = ["order.linear", "execution.linear", "position.linear", "execution.fast.linear"]
    collector.served["bybit-ws-private/op-replies"].append(socket.ask({"op": "subscribe", "args": topics}))
    return socket


def market_answers(collector):
    def market(name, path, **params):
        collector.get(f"market.{name}", f"/v5/market/{path}", signed=False, **params)

    market("time", "time")
    market("instruments-info", "instruments-info", category="linear")
    market("tickers", "tickers", category="linear")
    market("orderbook", "orderbook", **LINEAR)
    market("recent-trade", "recent-trade", **LINEAR)
    market("kline", "kline", interval="1", **LINEAR)
    market("funding-history", "funding/history", **LINEAR)
    market("open-interest", "open-interest", intervalTime="1h", **LINEAR)
    market("risk-limit", "risk-limit", **LINEAR)
    market("price-limit", "price-limit", **LINEAR)


def order_answers(collector):
    bid = float(best_bid(collector))
    low = f"{bid * 0.995:.0f}"
    made = collector.order(price=low, orderLinkId="shape-1")["result"]
    collector.get("order.realtime", "/v5/order/realtime", **LINEAR)
    chosen = {**LINEAR, "orderId": made["orderId"]}
    collector.post("order.amend", "/v5/order/amend", {**chosen, "qty": "0.02"})
    batch = {"category": "linear", "request": [{**LINEAR, "orderId": made["orderId"], "qty": "0.03"}]}
    collector.post("order.amend-batch", "/v5/order/amend-batch", batch)
    collector.post("order.cancel", "/v5/order/cancel", chosen)
    order = {**LINEAR, "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": low}
    batch = {"category": "linear", "request": [order, order]}
    made = collector.post("order.create-batch", "/v5/order/create-batch", batch)["result"]["list"]
    batch = {"category": "linear", "request": [{**LINEAR, "orderId": made[0]["orderId"]}]}
    collector.post("order.cancel-batch", "/v5/order/cancel-batch", batch)
    collector.post("order.cancel-all", "/v5/order/cancel-all", LINEAR)
    collector.order(price=f"{bid * 1.005:.0f}", timeInForce="PostOnly")
    collector.order(orderType="Market", qty="0.02")
    collector.order(orderType="Market", side="Sell")
    collector.order(price=low, orderLinkId="shape-2")
    collector.get("order.history", "/v5/order/history", **LINEAR)
    collector.get("execution.list", "/v5/execution/list", **LINEAR)


def best_bid(collector):
    reply = collector.get("", "/v5/market/tickers", signed=False, **LINEAR)
    return reply["result"]["list"][0]["bid1Price"]


def trade_answers(collector):
    """The same acts over the trade socket."""
    socket = collector.socket(collector.ready.ws_trade)
    keep = collector.served

    def act(op, body, **fields):
        header = {"X-BAPI-TIMESTAMP": str(time.time_ns() // 1_000_000)}
        reply = socket.ask({"op": op, "header": header, "args": [body], **fields})
        keep[f"bybit-ws-trade/{op}"].append(reply)
        return reply

    keep["bybit-ws-trade/auth"].append(collector.sign_in(socket))
    keep["bybit-ws-trade/pong"].append(socket.ask({"op": "ping"}))
    low = f"{float(best_bid(collector)) * 0.995:.0f}"
    order = {**LINEAR, "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": low}
    made = act("order.create", order, reqId="1")["data"]
    chosen = {**LINEAR, "orderId": made["orderId"]}
    act("order.create", {**order, "price": low + ".001"}, reqId="2")
    act("order.amend", {**chosen, "qty": "0.02"}, reqId="3")
    act("order.cancel", chosen, reqId="4")
    act("order.amend", {**chosen, "qty": "0.03"}, reqId="5")
    act("order.cancel", chosen, reqId="6")
    batch = [{**order, "positionIdx": 1}, {**order, "positionIdx": 2}]
    act("order.create-batch", {"category": "linear", "request": batch})


def account_answers(collector):
    collector.get("position.list", "/v5/position/list", **LINEAR)
    stop = {
        **LINEAR,
        "tpslMode": "Full",
        "positionIdx": 0,
        "stopLoss": f"{float(best_bid(collector)) * 0.9:.0f}",
    }
    collector.post("position.trading-stop", "/v5/position/trading-stop", stop)
    collector.get("position.closed-pnl", "/v5/position/closed-pnl", **LINEAR)
    collector.get("account.transaction-log", "/v5/account/transaction-log")
    collector.get("account.wallet-balance", "/v5/account/wallet-balance", accountType="UNIFIED")
    collector.get("account.info", "/v5/account/info")
    collector.get("account.fee-rate", "/v5/account/fee-rate", **LINEAR)
    leverage = {**LINEAR, "buyLeverage": "6", "sellLeverage": "6"}
    collector.post("position.set-leverage", "/v5/position/set-leverage", leverage)
    collector.post("errors", "/v5/position/set-leverage", leverage)
    order = {**LINEAR, "side": "Buy", "orderType": "Limit", "qty": "0.01", "orderLinkId": "pre-check"}
    order["price"] = f"{float(best_bid(collector)) * 0.99:.0f}"
    collector.post("order.pre-check", "/v5/order/pre-check", order)
    window = {"product": "DERIVATIVES", "timeWindow": 40}
    collector.post("order.disconnected-cancel-all", "/v5/order/disconnected-cancel-all", window)
    collector.get("account.query-dcp-info", "/v5/account/query-dcp-info")
    mode = {"category": "linear", "symbol": "ETHUSDT", "mode": 3}
    collector.post("position.switch-mode", "/v5/position/switch-mode", mode)
    margin_answers(collector)


def margin_answers(collector):
    """The margin of one position while it is isolated."""

    def set_mode(mode):
        body = {"setMarginMode": mode}
        collector.post("account.set-margin-mode", "/v5/account/set-margin-mode", body)

    set_mode("ISOLATED_MARGIN")
    collector.post("position.add-margin", "/v5/position/add-margin", {**LINEAR, "margin": "1"})
    switch = {**LINEAR, "autoAddMargin": 1}
    collector.post("position.set-auto-add-margin", "/v5/position/set-auto-add-margin", switch)
    collector.get("position.list", "/v5/position/list", **LINEAR)
    collector.get("account.wallet-balance", "/v5/account/wallet-balance", accountType="UNIFIED")
    set_mode("REGULAR_MARGIN")
    set_mode("PORTFOLIO_MARGIN")


def refusals(collector):
    """One request for each refusal that Bybit's samples show."""
    eth = {"category": "linear", "symbol": "ETHUSDT", "mode": 3}
    collector.post("errors", "/v5/position/switch-mode", eth)
    collector.post("errors", "/v5/position/switch-mode", {**eth, "mode": 7})
    gone = {**LINEAR, "orderId": "00000000-0000-4000-8000-000000000000"}
    collector.post("errors", "/v5/order/cancel", gone)
    collector.post("errors", "/v5/order/amend", {**gone, "qty": "1"})
    low = f"{float(best_bid(collector)) * 0.995:.0f}"
    for fields in (
        {"side": "Up", "price": low},
        {"positionIdx": 1, "price": low},
        {"qty": "0.0001", "price": low},
        {"qty": "100", "price": low},
        {"orderLinkId": "shape-2", "price": low},
        {"price": low + ".001"},
        {"price": "9999999"},
        {"symbol": "SOLUSDT", "qty": "0.1", "price": "10", "reduceOnly": True},
        {"symbol": "SOLUSDT", "qty": "0.1", "orderType": "Market", "reduceOnly": True},
        {"symbol": "DOGEUSDT", "qty": "1", "price": "0.1"},
        {"qty": "0.01", "price": low, "reduceOnly": True},
        {"category": "future", "price": low},
    ):
        collector.order("errors", **fields)
    collector.post("errors", "/v5/order/create", {}, headers={"X-BAPI-SIGN": "0"})
    collector.post("errors", "/v5/order/create", {}, headers={"X-BAPI-API-KEY": "nobody"})
    for _ in range(12):
        last = collector.get("", "/v5/account/fee-rate", **LINEAR)
        if last["retCode"]:
            collector.served["bybit-rest/errors"].append(last)
            break


def private_pushes(collector, socket, topics):
    """What all those orders pushed."""
    pushed = socket.pushes_until(lambda seen: {message["topic"] for message in seen} >= topics)
    collector.post("", "/v5/order/cancel-all", LINEAR)
    last = "order.linear" if "order.linear" in topics else "wallet"
    pushed += socket.pushes_until(lambda seen: any(message["topic"] == last for message in seen))
    for message in pushed:
        kind = message["topic"].removesuffix(".linear")
        collector.served[f"bybit-ws-private/{kind}"].append(message)


def public_pushes(collector):
    replies = collector.served["bybit-ws-public/op-replies"]
    socket = collector.socket(collector.ready.ws_public)
    replies.append(socket.ask({"op": "subscribe", "req_id": "1", "args": [f"orderbook.1.{SYMBOL}"]}))
    replies.append(socket.ask({"op": "subscribe", "args": [f"orderbook.50.{SYMBOL}"]}))
    replies.append(socket.ask({"op": "subscribe", "args": [f"orderbook.50.{SYMBOL}"]}))
    replies.append(socket.ask({"op": "subscribe", "args": ["tickers.btcusdt"]}))
    replies.append(socket.ask({"op": "ping", "req_id": "4"}))
    replies.append(socket.ask({"op": "ping"}))
    spot = collector.socket(collector.ready.ws_public.replace("linear", "spot"))
    many = [f"orderbook.1.{number}USDT" for number in range(11)]
    replies.append(spot.ask({"op": "subscribe", "req_id": "6", "args": many}))
    replies.append(spot.ask({"op": "ping"}))
    option = collector.socket(collector.ready.ws_public.replace("linear", "option"))
    replies.append(option.ask({"op": "subscribe", "args": ["orderbook.100.BTC-6JAN23-18000-C"]}))
    replies.append(option.ask({"op": "ping"}))
    topics = [
        f"{kind}.{SYMBOL}"
        for kind in (
            "tickers",
            "publicTrade",
            "orderbook.200",
            "orderbook.1000",
            "orderbook.rpi",
            "kline.1",
            "kline.5",
            "priceLimit",
        )
    ]
    replies.append(socket.ask({"op": "subscribe", "req_id": "5", "args": topics}))
    for message in socket.pushes_until(has_seen_the_market):
        kind = message["topic"].removesuffix(f".{SYMBOL}")
        collector.served[f"bybit-ws-public/{FILES.get(kind, f'{kind}.linear')}"].append(message)


def told_by_faults(collector):
    """A liquidation and maintenance: the public hears of them when they are brought about."""
    keep, control = collector.served, ControlClient(collector.ready)
    public = collector.socket(collector.ready.ws_public)
    public.ask({"op": "subscribe", "args": [f"allLiquidation.{SYMBOL}"]})
    control.add(Liquidate(account=collector.ready.accounts[0].uid, when="start"))
    keep["bybit-ws-public/allLiquidation"].append(public.push())
    collector.order(orderType="Market")  # what asks for a position finds one
    status = collector.socket(collector.ready.flavours["mainnet"].ws_status)
    keep["bybit-ws-public/op-replies"].append(status.ask({"op": "subscribe", "args": ["system.status"]}))
    control.add(Maintenance(ms=60_000))
    keep["bybit-ws-public/system.status"].append(status.push())
    control.clear()
    keep["bybit-ws-public/system.status"].append(status.push())
    control.close()


# Where a topic's samples are, if not in a file of its name. A book of 1000 levels is like one of 200.
FILES = {
    "kline.1": "kline.linear",
    "kline.5": "kline.linear",
    "priceLimit": "priceLimit",
    "orderbook.1000": "orderbook.200.linear",
    "orderbook.rpi": "orderbook.rpi",
}

OFTEN = {"markPrice", "lastPrice", "bid1Price", "ask1Price", "turnover24h"}


def has_seen_the_market(seen):
    """Books, trades, and a delta of each part of the ticker that changes within seconds."""
    kinds = {(message["topic"].removesuffix(f".{SYMBOL}"), message.get("type")) for message in seen}
    changed = {
        field
        for message in seen
        if message["topic"].startswith("tickers") and message["type"] == "delta"
        for field in message["data"]
    }
    books = {(f"orderbook.{depth}", "delta") for depth in (50, 200, 1000, "rpi")} | {
        ("orderbook.1", "snapshot")
    }
    others = {("publicTrade", "snapshot"), ("kline.1", "snapshot"), ("priceLimit", None)}
    return kinds >= books | others and changed >= OFTEN
