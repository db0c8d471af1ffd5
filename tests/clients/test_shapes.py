"""What we serve has the shape of what Bybit serves: each sample is held against ours, or has a reason.

The table was derived from Bybit's samples by `tests/support/derive_shapes.py` and holds shapes only.
"""

import json
import time
from collections import defaultdict
from fnmatch import fnmatch

import pytest
from bybit_shapes import differences, keys_of, merged, shape_of, words_of
from derive_shapes import TABLE, samples_folder, table_of
from not_served import NOT_SERVED
from served_messages import Collector, best_bid, served_messages
from vocabulary import WORDS

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

BYBIT = json.loads(TABLE.read_text())
SAMPLES = [
    pytest.param(name, BYBIT["shapes"][index], id=f"{name}:{number}")
    for name, number, kind, index in BYBIT["samples"]
]
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT")
SETTINGS = ExchangeSettings(
    symbols=SYMBOLS,
    seed=7,
    rate_tier="60",
    institutional_accounts=1,
    flavours=("mainnet", "demo"),
    control_token="auto",
)


def reason_of(identity):
    """Why a sample is not served; None where it is."""
    return next((why for pattern, why in NOT_SERVED.items() if fnmatch(identity, pattern)), None)


def is_reply(name):
    return "requests" not in name


@pytest.fixture(scope="module")
def ready():
    with ExchangeProcess(SETTINGS) as ready:
        yield ready


@pytest.fixture(scope="module")
def served(ready):
    return served_messages(ready)


@pytest.fixture
def collector(ready):
    collector = Collector(ready)
    yield collector
    collector.close()


def ours_for(name, served):
    """Our messages under a sample's name: a fixture file and a result of its own belong to the same."""
    name = name.removesuffix(".fixtures")
    if "/result-only/" in name:
        return [message["result"] for message in served.get(name.replace("/result-only/", "/"), [])]
    return served.get(name, [])


def same_kind(message, sample):
    """Whether the fixed words (type, operation, code, text) are the same, and the use of request ids."""
    shape = shape_of(message)
    has_id = ("req_id" in shape, "reqId" in shape) == ("req_id" in sample, "reqId" in sample)
    return has_id and all(
        shape.get(key) == value
        for key, value in sample.items()
        if isinstance(value, str) and value.startswith("=")
    )


@pytest.mark.parametrize(
    ("name", "sample"), [each for each in SAMPLES if is_reply(each.values[0]) and not reason_of(each.id)]
)
def test_ours_has_every_key_and_format_of_bybits(served, name, sample):
    is_delta = sample.get("type") == "=delta"  # any key may be missing, and a snapshot has them all
    messages = [each for each in ours_for(name, served) if is_delta or same_kind(each, sample)]

    assert messages, f"nothing of ours is of the kind of {sample}"
    ours = merged([shape_of(message) for message in messages])
    assert differences(ours, sample, sparse=is_delta) == []


def test_ours_has_no_key_that_bybit_has_not(served):
    known = defaultdict(set)
    for name, _, _, index in BYBIT["samples"]:
        known[name.removesuffix(".fixtures")] |= keys_of(BYBIT["shapes"][index])

    strange = {
        f"{name} {key}"
        for name, messages in served.items()
        for key in keys_of(merged([shape_of(message) for message in messages])) - known[name]
    }

    assert strange - ALSO_DOCUMENTED == set()


def test_our_enum_values_are_bybits_words(served):
    words = {field: set(found) for field, found in BYBIT["enums"].items()}
    for field, documented in WORDS.items():
        words.setdefault(field, set()).update(documented.split())

    ours = {pair for messages in served.values() for message in messages for pair in words_of(message)}

    assert {pair for pair in ours if pair[1] not in words.get(pair[0], ())} == set()


def test_the_table_holds_all_samples():
    assert len(SAMPLES) == 279


def test_each_reason_is_of_a_sample():
    idle = [pattern for pattern in NOT_SERVED if not any(fnmatch(each.id, pattern) for each in SAMPLES)]

    assert idle == []


def test_the_table_is_what_the_samples_give():
    folder = samples_folder()
    if not folder.is_dir():
        pytest.skip(f"Bybit's samples are not on this machine ({folder})")

    assert table_of(folder) == BYBIT


# Requests: ours must take what Bybit takes


def requests_of(folder):
    return [each for each in SAMPLES if each.values[0].startswith(folder) and not reason_of(each.id)]


@pytest.mark.parametrize(("name", "sample"), requests_of("bybit-rest/requests/"))
def test_a_rest_request_is_taken(served, collector, name, sample):
    path = "/v5/" + name.removeprefix("bybit-rest/requests/").replace(".", "/", 1)
    body = filled(sample, f"{float(best_bid(collector)) * 0.995:.0f}")

    if "demo" in path:
        collector = Collector(collector.ready.flavours["demo"])
        body["utaDemoApplyMoney"][0]["coin"] = "USDT"
    reply = collector.post("", path, body)

    if reply["retMsg"] == "can not set tp/sl/ts for zero position":
        return  # read, understood, and refused for what it asks: the account is flat
    if body.get("category", "linear") == "linear":
        assert reply["retCode"] not in {10001, 10016, 10017}, reply
    else:
        assert reply["retCode"] == 10001
        assert reply["retMsg"] in {"Not supported symbols", "Illegal category"}


@pytest.mark.parametrize(
    ("name", "sample"), [*requests_of("bybit-ws-public/requests"), *requests_of("bybit-ws-private/requests")]
)
def test_a_subscription_is_taken(served, collector, name, sample):
    is_private = "private" in name
    topics = [] if sample["op"] == "=auth" else [topic.removeprefix("=") for topic in sample["args"]["#row"]]
    ready = collector.ready
    url = ready.flavours["mainnet"].ws_status if topics == ["system.status"] else ready.ws_public
    socket = collector.socket(ready.ws_private if is_private else url)
    if is_private:
        reply = collector.sign_in(socket)
    if topics:
        reply = socket.ask({"op": sample["op"].removeprefix("="), "args": topics})

    assert reply["success"], reply


@pytest.mark.parametrize(("name", "sample"), requests_of("bybit-ws-trade/requests"))
def test_a_message_to_the_trade_socket_is_taken(served, collector, name, sample):
    socket = collector.socket(collector.ready.ws_trade)
    reply = collector.sign_in(socket)
    if sample["op"] != "=auth":
        reply = socket.ask(filled(sample, f"{float(best_bid(collector)) * 0.995:.0f}"))

    assert reply["retCode"] == 0, reply


def filled(shape, price):
    """A request of this shape: its own words, and values of ours for the rest."""
    if isinstance(shape, list):
        return [filled(item, price) for item in shape]
    if not isinstance(shape, dict):
        return shape
    values = {
        **dict.fromkeys(("price", "triggerPrice"), price),
        **dict.fromkeys(("takeProfit", "tpLimitPrice"), f"{float(price) * 1.05:.0f}"),
        **dict.fromkeys(("stopLoss", "slLimitPrice"), f"{float(price) * 0.95:.0f}"),
        **dict.fromkeys(("qty", "tpSize", "slSize"), "0.01"),
        **dict.fromkeys(("buyLeverage", "sellLeverage"), "7"),
        "symbol": "BTCUSDT",
        "settleCoin": "USDT",
        "coin": None,
        "orderId": "00000000-0000-4000-8000-000000000000",
        "margin": "1",
        "amountStr": "109",
        "X-BAPI-TIMESTAMP": str(time.time_ns() // 1_000_000),
        "X-BAPI-RECV-WINDOW": "5000",
        "Referer": "bot",
        "timeWindow": 40,
    }
    made = {}
    for key, item in shape.items():
        name = key.removesuffix("?")
        if isinstance(item, str) and item.startswith("="):
            made[name] = item[1:]
        elif name in ("orderLinkId", "reqId"):
            made[name] = f"shape-{time.time_ns()}"
        elif item == "null":
            made[name] = None
        elif isinstance(item, str):
            made[name] = values.get(name, False if item == "bool" else 0)
        else:
            made[name] = filled(item, price)
    return made


# Keys that Bybit's documentation names and no sample shows.
ALSO_DOCUMENTED = {
    *(
        f"bybit-rest/market.tickers result.list[].{key}"
        for key in ("tickDirection", "singleOpenInterest", "singleOpenInterestValue")  # as in the stream
    ),
    *(
        f"bybit-rest/{name} result.list[].{key}"
        for name in ("order.realtime", "order.history")  # the stream's fields but the category
        for key in (
            "closedPnl",
            "createType",
            "extraFees",
            "feeCurrency",
            "marketUnit",
            "parentOrderLinkId",
            "rpiMatchedQty",
            "rpiTakerAccess",
            "slippageTolerance",
            "slippageToleranceType",
        )
    ),
    *(
        f"bybit-rest/execution.list result.list[].{key}"
        for key in ("createType", "execFeeV2", "execPnl", "isLeverage", "marketUnit")
    ),
    "bybit-rest/position.list result.list[].mmrSysUpdatedTime",
    "bybit-rest/position.closed-pnl result.list[].openFee",
    "bybit-rest/position.closed-pnl result.list[].closeFee",
    "bybit-rest/account.info retExtInfo",  # every other answer has them
    "bybit-rest/account.info time",
    *(f"bybit-rest/order.disconnected-cancel-all {key}" for key in ("result", "retExtInfo", "time")),
    "bybit-rest/account.set-margin-mode retExtInfo",
    "bybit-rest/account.set-margin-mode time",
    "bybit-ws-private/position data[].openTime",
}
