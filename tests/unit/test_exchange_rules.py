"""Each rule of a contract with the code and the text that it is refused with: one table."""

from decimal import Decimal

import pytest
from exchange_edge import Edge
from exchange_world import World

from synthcore.exchange.refusal import Refusal

# Rules of 2026-08-24, as Bybit listed them: what an order just misses, and what it just keeps.
RULES = {
    "BTCUSDT": {"tick": "0.1", "step": "0.001", "max": "1500", "max_market": "150", "mark": "60000"},
    "ETHUSDT": {"tick": "0.01", "step": "0.01", "max": "10000", "max_market": "2000", "mark": "3000"},
    "SOLUSDT": {"tick": "0.01", "step": "0.1", "max": "96000", "max_market": "12000", "mark": "150"},
    "XRPUSDT": {"tick": "0.0001", "step": "0.1", "max": "7500000", "max_market": "1500000", "mark": "2"},
    "DOGEUSDT": {"tick": "0.00001", "step": "1", "max": "43678900", "max_market": "5991100", "mark": "0.2"},
}
TOO_SMALL = (10001, "The number of contracts exceeds minimum limit allowed")
TOO_LARGE = (10001, "The number of contracts exceeds maximum limit allowed: too large")
OFF_STEP = (10001, "Qty invalid")
OFF_TICK = (110003, "price is invalid")
OUT_OF_RANGE = (110003, "Order price is out of permissible range")
WORTH_TOO_LITTLE = (110094, "Order does not meet minimum order value 5USDT")


def qty_text(value):
    return f"{Decimal(value).normalize():f}"


def cases():
    for symbol, rules in RULES.items():
        step, tick, mark = (Decimal(rules[key]) for key in ("step", "tick", "mark"))
        usual = qty_text((Decimal(100) / mark // step + 1) * step)
        value_at = qty_text(max(step, Decimal(4) / mark // step * step))
        yield symbol, "below the minimum", {"qty": qty_text(step / 10)}, TOO_SMALL
        yield symbol, "nothing", {"qty": "0"}, TOO_SMALL
        yield symbol, "off the step", {"qty": qty_text(Decimal(usual) + step / 10)}, OFF_STEP
        yield symbol, "above the maximum", {"qty": qty_text(Decimal(rules["max"]) + step)}, TOO_LARGE
        market_qty = qty_text(Decimal(rules["max_market"]) + step)
        yield symbol, "above the market maximum", {"qty": market_qty, "price": None}, TOO_LARGE
        yield symbol, "off the tick", {"qty": usual, "price": qty_text(mark + tick / 10)}, OFF_TICK
        yield symbol, "above the highest price", {"qty": usual, "price": "9999999"}, OUT_OF_RANGE
        yield symbol, "no price", {"qty": usual, "price": "0"}, (10001, "params error: price invalid")
        if Decimal(value_at) * mark < 5:
            yield symbol, "worth too little", {"qty": value_at}, WORTH_TOO_LITTLE
    yield "BTCUSDT", "not a number", {"qty": "x"}, (10001, "params error: qty invalid")
    yield "BTCUSDT", "negative", {"qty": "-1"}, (10001, "params error: qty invalid")


@pytest.fixture(scope="module")
def world():
    world = World(deposit="100000000000", symbols=tuple(RULES))
    for symbol, rules in RULES.items():
        mark, tick = Decimal(rules["mark"]), Decimal(rules["tick"])
        world.ticker(symbol, mark=str(mark))
        world.book([(str(mark - tick), "1000000")], [(str(mark + tick), "1000000")], symbol=symbol)
    return world


@pytest.mark.parametrize(
    ("symbol", "fields", "refusal"),
    [
        pytest.param(symbol, fields, refusal, id=f"{symbol} {name}")
        for symbol, name, fields, refusal in cases()
    ],
)
def test_what_breaks_a_rule_is_refused_with_bybits_code(world, symbol, fields, refusal):
    terms = {"price": RULES[symbol]["mark"], **fields}

    refused = world.refused("Buy", terms["qty"], terms["price"], symbol=symbol)

    assert refused == Refusal(*refusal)


@pytest.mark.parametrize("symbol", RULES)
def test_what_just_keeps_the_rules_is_taken(symbol):
    rules = RULES[symbol]
    mark, tick, step = (Decimal(rules[key]) for key in ("mark", "tick", "step"))
    world = World(deposit="100000000000", symbols=(symbol,))
    world.ticker(symbol, mark=str(mark))
    world.book([(str(mark - tick), "1")], [(str(mark + tick), "1")], symbol=symbol)
    least = qty_text((Decimal(5) / mark // step + 1) * step)

    order = world.order("Sell", least, qty_text(mark + 3 * tick), symbol=symbol)

    assert (order.contract.tick, order.contract.step) == (tick, step)
    assert order.contract.qty(order.contract.max_lots) == Decimal(rules["max"])
    assert order.contract.qty(order.contract.max_market_lots) == Decimal(rules["max_market"])


@pytest.mark.parametrize(
    ("side", "price", "moved", "code"),
    [("Buy", "61200.1", "60600", 30208), ("Sell", "58000", "59400", 30209)],
)
def test_a_limit_beyond_the_band_is_moved_or_refused_as_the_user_said(monkeypatch, side, price, moved, code):
    edge = Edge(monkeypatch, symbols=("BTCUSDT",))
    limit = {"side": side, "price": price, "timeInForce": "GTC"}

    edge.place(**limit)
    shown = edge.get("/v5/order/history", category="linear")["result"]["list"]
    shown += edge.get("/v5/order/realtime", category="linear", symbol="BTCUSDT")["result"]["list"]
    said = edge.post("/v5/account/set-limit-px-action", {"category": "linear", "modifyEnable": False})
    refused = edge.post(
        "/v5/order/create",
        {"category": "linear", "symbol": "BTCUSDT", "orderType": "Limit", "qty": "0.01", **limit},
    )

    assert moved in {row["price"].removesuffix(".0") for row in shown}
    assert (said["retCode"], said["result"]) == (0, {})
    assert refused["retCode"] == code
    assert edge.get("/v5/account/user-setting-config")["result"]["lpaPerp"] is True
