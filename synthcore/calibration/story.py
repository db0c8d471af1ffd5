"""The story that every exchange is told: reads, a few orders far from the market, and what the streams say.

With `fills` it buys and sells the smallest quantity at the market, too. Nothing stays behind.
"""

from __future__ import annotations

import time
from collections import Counter
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from synthcore.calibration.calls import (
    ACCOUNT,
    LINEAR,
    MARKET,
    PRIVATE_TOPICS,
    PUBLIC_REFUSALS,
    PUBLIC_TOPICS,
    SYMBOL,
    refused_orders,
    settings_as_they_are,
)
from synthcore.calibration.party import Conversation, Party, dig
from synthcore.errors import ConfigError, Unresolved

QTY, MORE_QTY = "0.002", "0.003"
FAR = Decimal("0.95")  # of the best bid: inside the price band, far from any fill
PUSHES_OF_A_TOPIC = 2
MARKET_WITHIN_S = 15.0
TOLD_WITHIN_S = 5.0
GONE = {"Cancelled", "Filled", "Rejected", "Deactivated"}


async def tell_public(party: Party, has_stream: bool) -> None:
    """Everything that needs no key; `has_stream` where both exchanges named their public stream."""
    for path, params in MARKET:
        await party.get(path, params, signed=False)
    for reason, path, params in PUBLIC_REFUSALS:
        await party.get(path, params, signed=False, note=reason)
    if has_stream:
        await public_stream(party)


async def public_stream(party: Party) -> None:
    socket = await party.socket(party.environment.ws_public_url)
    await socket.operate("public ping", "ping")
    await socket.operate("public ping (with an id)", "ping", req_id="1")
    await socket.operate("public subscribe (unknown topic)", "subscribe", [f"nosuch.{SYMBOL}"], "2")
    topics: list[str | int] = [f"{topic}.{SYMBOL}" for topic in PUBLIC_TOPICS]
    await socket.operate("public subscribe", "subscribe", topics, "3")
    await socket.operate("public subscribe (again)", "subscribe", topics[:1], "4")
    await socket.until(has_seen_every_topic, MARKET_WITHIN_S)
    await socket.operate("public unsubscribe", "unsubscribe", topics, "5")
    file_pushes(party, socket, "public")


def has_seen_every_topic(pushed: list[dict[str, Any]]) -> bool:
    seen = Counter(message["topic"] for message in pushed)
    return all(seen[f"{topic}.{SYMBOL}"] >= PUSHES_OF_A_TOPIC for topic in PUBLIC_TOPICS)


def file_pushes(party: Party, socket: Conversation, stream: str) -> None:
    for message in socket.pushed:
        party.keep(f"{stream} topic {message['topic'].removesuffix('.' + SYMBOL)}", message)


async def tell_private(party: Party, position: dict[str, Any], fills: bool) -> None:
    """Everything that needs a key; nothing of it is left on the account, even if it breaks off.

    Parameters
    ----------
    position
        What `flat_position` gave.
    """
    stream = await private_stream(party)
    try:
        await orders(party, stream, position["positionIdx"], fills)
    finally:
        await party.post("/v5/order/cancel-all", LINEAR)
    await look_at_the_account(party, position)
    file_pushes(party, stream, "private")


async def look_at_the_account(party: Party, position: dict[str, Any]) -> None:
    """Every read, and every setting set to what it is.

    Raises
    ------
    Unresolved
        The position that `fills` opened was not closed.
    """
    said = {path: await party.get(path, params) for path, params in ACCOUNT}
    held = [row for row in dig(said["/v5/position/list"], "result", "list") if Decimal(dig(row, "size") or 0)]
    if held:
        raise Unresolved(
            f"{SYMBOL} must be flat at the end, {held[0]['size']} is held ({party.environment.rest_urls[0]});"
            " close it there"
        )
    margin_mode = dig(said["/v5/account/info"], "result", "marginMode")
    is_limit_moved = bool(dig(said["/v5/account/user-setting-config"], "result", "lpaPerp"))
    for path, body in settings_as_they_are(position, margin_mode, is_limit_moved):
        await party.post(path, body, note="as it is")


async def flat_position(party: Party) -> dict[str, Any]:
    """The symbol's first position row, of an account that has nothing there.

    Raises
    ------
    ConfigError
        The account has orders or a position in the symbol: they would be in the way, and at risk.
    """
    orders = await party.get("/v5/order/realtime", LINEAR, note="before any order")
    positions = await party.get("/v5/position/list", LINEAR, note="before any order")
    for reply in (orders, positions):
        if dig(reply, "retCode") != 0:
            raise ConfigError(
                f"{party.environment.rest_urls[0]} must take the key,"
                f" it said: {dig(reply, 'retMsg') or reply}; check key and secret"
            )
    held = [row for row in positions["result"]["list"] if Decimal(row["size"] or 0)]
    if held or orders["result"]["list"]:
        raise ConfigError(
            f"the account must have no orders and no position in {SYMBOL},"
            f" it has {len(orders['result']['list'])} and {len(held)} ({party.environment.rest_urls[0]});"
            " cancel and close them, or use another account"
        )
    first: dict[str, Any] = positions["result"]["list"][0]
    return first


async def private_stream(party: Party) -> Conversation:
    stream = await party.socket(party.environment.ws_private_url)
    await stream.sign_in("private auth", req_id="1")
    await stream.operate("private ping", "ping", req_id="2")
    await stream.operate("private subscribe", "subscribe", list(PRIVATE_TOPICS), "3")
    return stream


async def orders(party: Party, stream: Conversation, position_idx: int, fills: bool) -> None:
    order = await order_far_away(party, position_idx)
    await one_order(party, order)
    await batches(party, order)
    await party.post("/v5/order/pre-check", order)
    for reason, path, body in refused_orders(order):
        await party.post(path, body, note=reason)
    if party.environment.ws_trade_url:
        await by_the_trade_socket(party, order)
    if fills:
        await a_round_trip(party, order)
    last = await a_last_order(party, order)
    await stream.until(lambda pushed: has_ended(pushed, last), TOLD_WITHIN_S)


async def order_far_away(party: Party, position_idx: int) -> dict[str, Any]:
    """A buy order that nothing will reach."""
    ticker = await party.get("/v5/market/tickers", LINEAR, signed=False)
    price = (Decimal(dig(ticker, "result", "list", 0, "bid1Price")) * FAR).to_integral_value(ROUND_FLOOR)
    side = {"side": "Buy", "orderType": "Limit", "timeInForce": "PostOnly", "positionIdx": position_idx}
    return {**LINEAR, **side, "qty": QTY, "price": str(price)}


async def one_order(party: Party, order: dict[str, Any]) -> None:
    """Place, look, amend, look, cancel, look."""
    link_id = f"cal-{time.time_ns()}"
    made = await party.post("/v5/order/create", {**order, "orderLinkId": link_id})
    chosen = {**LINEAR, "orderId": order_id_of(made)}
    await party.get("/v5/order/realtime", chosen, note="resting")
    await party.post("/v5/order/create", {**order, "orderLinkId": link_id}, note="link id used")
    await party.post("/v5/order/amend", {**chosen, "qty": MORE_QTY})
    await party.get("/v5/order/realtime", chosen, note="amended")
    await party.post("/v5/order/cancel", chosen)
    await party.get("/v5/order/history", chosen)
    await party.post("/v5/order/cancel", chosen, note="gone")


async def batches(party: Party, order: dict[str, Any]) -> None:
    def batch(*rows: dict[str, Any]) -> dict[str, Any]:
        return {"category": "linear", "request": list(rows)}

    reply = await party.post("/v5/order/create-batch", batch(order, {**order, "qty": "0.0001"}))
    chosen = {"symbol": SYMBOL, "orderId": dig(reply, "result", "list", 0, "orderId")}
    await party.post("/v5/order/amend-batch", batch({**chosen, "qty": MORE_QTY}))
    await party.post("/v5/order/cancel-batch", batch(chosen))


async def by_the_trade_socket(party: Party, order: dict[str, Any]) -> None:
    socket = await party.socket(party.environment.ws_trade_url or "")
    await socket.sign_in("trade auth", reqId="1")
    await socket.operate("trade ping", "ping")

    async def act(op: str, body: dict[str, Any], note: str = "") -> dict[str, Any]:
        header = {"X-BAPI-TIMESTAMP": str(time.time_ns() // 1_000_000)}
        request = {"reqId": f"cal-{time.time_ns()}", "header": header, "op": op, "args": [body]}
        return await socket.ask(f"trade {op}" + (f" ({note})" if note else ""), request)

    made = await act("order.create", order)
    chosen = {**LINEAR, "orderId": dig(made, "data", "orderId")}
    await act("order.amend", {**chosen, "qty": MORE_QTY})
    await act("order.cancel", chosen)
    await act("order.cancel", chosen, "gone")


async def a_last_order(party: Party, order: dict[str, Any]) -> str:
    """One more, cancelled: when the stream has told of its end, it has told of all before."""
    order_id = order_id_of(await party.post("/v5/order/create", order))
    await party.post("/v5/order/cancel", {**LINEAR, "orderId": order_id})
    return order_id


async def a_round_trip(party: Party, order: dict[str, Any]) -> None:
    """Buy and sell the smallest quantity at the market."""
    market = {**LINEAR, "orderType": "Market", "qty": QTY, "positionIdx": order["positionIdx"]}
    bought = await party.post("/v5/order/create", {**market, "side": "Buy"}, note="market")
    try:
        await party.get("/v5/execution/list", {**LINEAR, "orderId": order_id_of(bought)})
        await party.get("/v5/position/list", LINEAR, note="held")
    finally:
        await party.post("/v5/order/create", {**market, "side": "Sell", "reduceOnly": True}, note="closing")


def order_id_of(reply: Any) -> str:
    """The id in an acknowledgement; `""` where it was refused, and what follows shows that."""
    return str(dig(reply, "result", "orderId"))


def has_ended(pushed: list[dict[str, Any]], order_id: str) -> bool:
    return any(
        dig(row, "orderId") == order_id and dig(row, "orderStatus") in GONE
        for message in pushed
        if message["topic"] == "order"
        for row in dig(message, "data")
    )
