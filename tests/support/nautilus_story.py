"""A story of nautilus_trader's compiled Bybit clients, unmodified: PYTHON nautilus_story.py READY_FILE.

It prints what it was told as one JSON object.
"""

import asyncio
import json
import sys
from pathlib import Path

from nautilus_trader.core import nautilus_pyo3 as nautilus

LINEAR, MAINNET = nautilus.BybitProductType.LINEAR, nautilus.BybitEnvironment.MAINNET
BTC = nautilus.InstrumentId.from_str("BTCUSDT-LINEAR.BYBIT")
ACCOUNT = nautilus.AccountId("BYBIT-UNIFIED")
NAMES = {
    "trader_id": nautilus.TraderId("T-1"),
    "strategy_id": nautilus.StrategyId("S-1"),
    "instrument_id": BTC,
}
BUY, SELL = nautilus.OrderSide.BUY, nautilus.OrderSide.SELL
WITHIN_S = 10.0


class Heard:
    """What the sockets told, by the name of its type."""

    def __init__(self):
        self.messages = {}

    def put(self, message):
        self.messages.setdefault(type(message).__name__, []).append(message)

    async def last(self, kind, fits=lambda message: True):
        """Wait until the last message of a kind fits."""
        async with asyncio.timeout(WITHIN_S):
            while not (found := self.messages.get(kind)) or not fits(found[-1]):
                await asyncio.sleep(0.01)
        return found[-1]


async def connected(client, instruments, heard):
    for instrument in instruments:
        client.cache_instrument(instrument)
    client.set_account_id(ACCOUNT)
    await client.connect(loop_=asyncio.get_running_loop(), callback=heard.put)
    await client.wait_until_active(WITHIN_S)
    return client


def in_state(name):
    return lambda report: report.order_status == getattr(nautilus.OrderStatus, name)


async def story(ready):
    keys = ready["api_key"], ready["api_secret"]
    said, heard = {}, Heard()
    rest = nautilus.BybitHttpClient(*keys, base_url=ready["rest"])
    instruments = await rest.request_instruments(LINEAR)
    for instrument in instruments:
        rest.cache_instrument(instrument)
    btc = next(instrument for instrument in instruments if instrument.id == BTC)
    said["trades"] = len(await rest.request_trades(LINEAR, BTC)) > 0
    state = await rest.request_account_state(nautilus.BybitAccountType.UNIFIED, ACCOUNT)
    said["balance"] = str(state.balances[0].total)

    sockets = nautilus.BybitWebSocketClient
    public = await connected(sockets.new_public(LINEAR, MAINNET, ready["ws_public"]), instruments, heard)
    private = await connected(sockets.new_private(MAINNET, *keys, ready["ws_private"]), instruments, heard)
    trade = await connected(sockets.new_trade(MAINNET, *keys, ready["ws_trade"]), instruments, heard)
    await public.subscribe_orderbook(BTC, 50)
    await public.subscribe_trades(BTC)
    await public.subscribe_ticker(BTC)
    await private.subscribe_orders()
    await private.subscribe_executions()
    await private.subscribe_positions()
    await private.subscribe_wallet()
    mark = float(str((await heard.last("MarkPriceUpdate")).value))
    said["funding"] = type(await heard.last("FundingRateUpdate")).__name__

    order = {"client_order_id": nautilus.ClientOrderId("naut-1"), "quantity": btc.make_qty(0.01)}
    limit = {"order_type": nautilus.OrderType.LIMIT, "time_in_force": nautilus.TimeInForce.GTC}
    price = btc.make_price(mark * 0.99)
    await trade.submit_order(LINEAR, **NAMES, **order, **limit, order_side=BUY, price=price, post_only=True)
    await heard.last("OrderStatusReport", in_state("ACCEPTED"))
    changed = {**order, "quantity": btc.make_qty(0.02)}
    await trade.modify_order(LINEAR, **NAMES, **changed, price=price)
    report = await heard.last("OrderStatusReport", lambda each: str(each.quantity) == "0.020")
    said["amended"] = str(report.quantity)
    said["open"] = len(await rest.request_order_status_reports(ACCOUNT, LINEAR, None, True))
    await trade.cancel_order(LINEAR, **NAMES, client_order_id=order["client_order_id"])
    await heard.last("OrderStatusReport", in_state("CANCELED"))

    await trade.submit_order(
        LINEAR,
        **NAMES,
        **{**order, "client_order_id": nautilus.ClientOrderId("naut-2")},
        order_side=BUY,
        order_type=nautilus.OrderType.MARKET,
    )
    said["filled"] = str((await heard.last("FillReport")).last_qty)
    await trade.submit_order(
        LINEAR,
        **NAMES,
        **{**order, "client_order_id": nautilus.ClientOrderId("naut-3")},
        order_side=SELL,
        order_type=nautilus.OrderType.STOP_MARKET,
        trigger_price=price,
        trigger_type=nautilus.TriggerType.MARK_PRICE,
        reduce_only=True,
    )
    stop = await heard.last(
        "OrderStatusReport", lambda each: each.order_type == nautilus.OrderType.STOP_MARKET
    )
    said["stop"] = str(stop.trigger_price) == str(price)
    said["position"] = str((await rest.request_position_status_reports(ACCOUNT, LINEAR))[0].quantity)
    await rest.cancel_all_orders(ACCOUNT, LINEAR, BTC)
    await trade.submit_order(
        LINEAR,
        **NAMES,
        **{**order, "client_order_id": nautilus.ClientOrderId("naut-4")},
        order_side=SELL,
        order_type=nautilus.OrderType.MARKET,
        reduce_only=True,
    )
    await heard.last("PositionStatusReport", lambda each: not float(str(each.quantity)))
    reports = await rest.request_order_status_reports(ACCOUNT, LINEAR, None, False)
    said["orders"] = len({str(report.client_order_id) for report in reports})
    said["fills"] = len(await rest.request_fill_reports(ACCOUNT, LINEAR))

    await trade.cancel_order(LINEAR, **NAMES, client_order_id=nautilus.ClientOrderId("never"))
    said["refused"] = (await heard.last("OrderCancelRejected")).reason
    for socket in (public, private, trade):
        await socket.close()
    return said


print(json.dumps(asyncio.run(story(json.loads(Path(sys.argv[1]).read_text())))))
