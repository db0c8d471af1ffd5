"""A venue whose clock the test moves, without sockets, and a client that signs."""

import json
from urllib.parse import urlencode

from synthcore.exchange.flavour import FLAVOURS
from synthcore.exchange.market.frames import MarketFrame
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.steady import SteadyMarket
from synthcore.exchange.venue import Venue
from synthcore.venues.bybit.signing import Signer

START_MS = 1_700_000_000_000
BUY = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "side": "Buy",
    "orderType": "Limit",
    "qty": "0.01",
    "price": "59000",
}


class Edge:
    """A venue whose clock the test moves, and a client that signs."""

    def __init__(self, monkeypatch, flavour="mainnet", **settings):
        self.now_ms = START_MS
        settings = ExchangeSettings(market="steady", **{"rate_tier": "off", **settings})
        source = SteadyMarket(settings.symbols, START_MS)
        self.venue = Venue(settings, source, self, flavour=FLAVOURS[flavour])
        self.signers = [Signer(one.api_key, one.api_secret) for one in self.venue.open_accounts(settings)]
        self.signer = self.signers[0]
        for frame in source.frames():
            if frame.due_ns:
                break
            self.venue.apply(frame)

    def epoch_ns(self):
        return self.now_ms * 1_000_000

    def monotonic_s(self):
        return self.now_ms / 1000

    def send(self, method, path, query=b"", body=b"", headers=None, client_ip="127.0.0.1"):
        """One request; signed unless other headers are given."""
        if headers is None:
            payload = query if method == "GET" else body
            headers = [
                (b"x-bapi-api-key", self.signer.key.encode()),
                (b"x-bapi-timestamp", b"%d" % self.now_ms),
                (b"x-bapi-recv-window", b"5000"),
                (b"x-bapi-sign", self.signer.rest(self.now_ms, 5000, payload).encode()),
            ]
        return self.venue.rest.answer(method, path, query, headers, body, client_ip)

    def get(self, path, **params):
        return json.loads(self.send("GET", path, query=urlencode(params).encode()).body)

    def post(self, path, body):
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        return json.loads(self.send("POST", path, body=payload).body)

    def place(self, **fields):
        reply = self.post("/v5/order/create", {**BUY, **fields})
        assert reply["retCode"] == 0, reply
        return reply["result"]["orderId"]

    def push(self, topic, text):
        """One more frame of the market."""
        self.venue.apply(MarketFrame(0, topic, text))
