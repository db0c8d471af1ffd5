"""Whatever a signed client sends, the REST edge answers in Bybit's envelope and nothing breaks."""

import json
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.steady import SteadyMarket
from synthcore.exchange.venue import MACHINE, Venue
from synthcore.venues.bybit.signing import Signer

POSTS = ("create", "amend", "cancel", "cancel-all")
POST_PATHS = [f"/v5/order/{name}" for name in POSTS] + [
    "/v5/position/switch-mode",
    "/v5/position/set-leverage",
    "/v5/position/add-margin",
    "/v5/position/set-auto-add-margin",
    "/v5/account/set-margin-mode",
    "/v5/account/set-limit-px-action",
]
GET_PATHS = [
    "/v5/market/instruments-info",
    "/v5/market/tickers",
    "/v5/market/orderbook",
    "/v5/market/recent-trade",
    "/v5/order/realtime",
    "/v5/order/history",
    "/v5/execution/list",
    "/v5/position/list",
    "/v5/account/wallet-balance",
    "/v5/account/fee-rate",
    "/v5/account/transaction-log",
    "/v5/position/closed-pnl",
    "/v5/position/symbol-info",
    "/v5/market/insurance",
]
FIELDS = [
    "category", "symbol", "side", "orderType", "qty", "price", "timeInForce", "positionIdx",
    "orderLinkId", "orderId", "reduceOnly", "closeOnTrigger", "mode", "coin", "buyLeverage",
    "sellLeverage", "settleCoin", "baseCoin", "triggerPrice", "limit", "cursor", "startTime",
    "endTime", "openOnly", "margin", "autoAddMargin", "setMarginMode", "modifyEnable",
]  # fmt: skip
LIKELY = st.sampled_from(
    [
        "linear",
        "BTCUSDT",
        "USDT",
        "Buy",
        "Sell",
        "Limit",
        "Market",
        "GTC",
        "PostOnly",
        "0.01",
        "60000",
        "59000",
        "0",
        "ISOLATED_MARGIN",
        "REGULAR_MARGIN",
    ]
)
ODD_NUMBERS = st.sampled_from(
    [
        "1e400",
        "-0",
        "NaN",
        "Infinity",
        "1_000",
        " 1",
        "٣",
        "²",
        "9" * 5000,
        "0." + "0" * 50 + "1",
        "1e-400",
        "٠.1",
    ]
)
VALUES = LIKELY | ODD_NUMBERS | st.text(max_size=8) | st.integers() | st.booleans() | st.none() | st.floats()
BODIES = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=10)
LIKELY_ORDERS = st.fixed_dictionaries(
    {
        "category": st.just("linear"),
        "symbol": st.just("BTCUSDT"),
        "side": st.sampled_from(["Buy", "Sell"]),
        "orderType": st.sampled_from(["Limit", "Market"]),
        "qty": LIKELY | ODD_NUMBERS,
        "price": LIKELY | ODD_NUMBERS,
    },
    optional={
        "orderLinkId": VALUES,
        "orderId": VALUES,
        "reduceOnly": st.booleans(),
        "margin": LIKELY | ODD_NUMBERS,
        "autoAddMargin": st.integers(-1, 2),
        "setMarginMode": LIKELY,
    },
)


def epoch_ms():
    return MACHINE.epoch_ns() // 1_000_000


class Client:
    def __init__(self):
        settings = ExchangeSettings(market="steady", symbols=("BTCUSDT",), rate_tier="off")
        source = SteadyMarket(settings.symbols, epoch_ms())
        self.venue = Venue(settings, source)
        self.signers = [Signer(one.api_key, one.api_secret) for one in self.venue.open_accounts(settings)]
        self.signer = self.signers[0]
        for frame in source.frames():
            if frame.due_ns:
                break
            self.venue.apply(frame)

    def send(self, method, path, query=b"", body=b""):
        now_ms = epoch_ms()
        headers = [
            (b"x-bapi-api-key", self.signer.key.encode()),
            (b"x-bapi-timestamp", b"%d" % now_ms),
            (b"x-bapi-sign", self.signer.rest(now_ms, 5000, query if method == "GET" else body).encode()),
        ]
        answer = self.venue.rest.answer(method, path, query, headers, body)
        reply = json.loads(answer.body)
        assert answer.status == 200
        assert set(reply) == {"retCode", "retMsg", "result", "retExtInfo", "time"}
        assert isinstance(reply["retCode"], int)
        self.venue.outbox.flush()
        return reply


CLIENT = Client()


@settings(max_examples=300, deadline=None, print_blob=True)
@given(
    st.sampled_from(POST_PATHS),
    (BODIES | LIKELY_ORDERS).map(json.dumps).map(str.encode) | st.binary(max_size=40),
)
def test_any_body_gets_an_answer(path, body):
    CLIENT.send("POST", path, body=body)


@settings(max_examples=300, deadline=None, print_blob=True)
@given(
    st.sampled_from(GET_PATHS),
    st.dictionaries(st.sampled_from(FIELDS), LIKELY | ODD_NUMBERS | st.text(max_size=8)),
)
def test_any_query_gets_an_answer(path, params):
    query = "&".join(f"{name}={quote(value)}" for name, value in {"category": "linear", **params}.items())

    CLIENT.send("GET", path, query=query.encode())


@settings(max_examples=200, deadline=None, print_blob=True)
@given(st.sampled_from(GET_PATHS), st.binary(max_size=60))
def test_any_bytes_in_a_query_get_an_answer(path, query):
    CLIENT.send("GET", path, query=query)
