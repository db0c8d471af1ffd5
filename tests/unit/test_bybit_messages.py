"""Rows hold every field that live messages carry, under Bybit's own names, both ways."""

import json
from decimal import Decimal

import msgspec

from synthcore.venues.bybit import messages

# Copied from live messages: a hedge-mode maker fill, a taker fill, both legs of a hedge position.
LIVE_ORDER = b"""{"topic":"order.linear","id":"509665119_ESPORTSUSDT_262102669252",
"creationTime":1763095434847,"data":[{"category":"linear","symbol":"ESPORTSUSDT","orderId":"8e91f790-0d27-4c26-92ec-d3467da90d07",
"orderLinkId":"1763090785843843","blockTradeId":"","side":"Sell","positionIdx":2,"orderStatus":"Filled",
"cancelType":"UNKNOWN","rejectReason":"EC_NoError","timeInForce":"GTC","isLeverage":"","price":"0.33656",
"qty":"34","avgPrice":"0.33656","leavesQty":"0","leavesValue":"0","cumExecQty":"34",
"cumExecValue":"11.44304","cumExecFee":"0.00457722","orderType":"Limit","stopOrderType":"","orderIv":"",
"triggerPrice":"","takeProfit":"","stopLoss":"","triggerBy":"","tpTriggerBy":"","slTriggerBy":"",
"triggerDirection":0,"placeType":"","lastPriceOnCreated":"0.32268","closeOnTrigger":false,
"reduceOnly":false,"smpGroup":0,"smpType":"None","smpOrderId":"","slLimitPrice":"0","tpLimitPrice":"0",
"tpslMode":"UNKNOWN","createType":"CreateByUser","marketUnit":"","createdTime":"1763090785846",
"updatedTime":"1763095434846","feeCurrency":"","closedPnl":"0","slippageTolerance":"0",
"slippageToleranceType":"UNKNOWN","cumFeeDetail":{"USDT":"0.00457722"}}]}"""
LIVE_EXECUTION = b"""{"topic":"execution","id":"104183676_XRPUSDT_19371741293","creationTime":1737725902960,
"data":[{"category":"linear","symbol":"XRPUSDT","closedSize":"0","execFee":"0.00125696",
"execId":"ba509918-9526-5485-acbf-9dc2af25ae1e","execPrice":"3.1424","execQty":"1","execType":"Trade",
"execValue":"3.1424","feeRate":"0.0004","tradeIv":"","markIv":"","blockTradeId":"","markPrice":"3.1424",
"indexPrice":"","underlyingPrice":"","leavesQty":"9","orderId":"c7cffe92-d5e1-403a-9e8b-3cb3508f7dcc",
"orderLinkId":"","orderPrice":"3.2995","orderQty":"10","orderType":"Market","stopOrderType":"UNKNOWN",
"side":"Buy","execTime":"1737725902941","isLeverage":"0","isMaker":false,"seq":19371741293,
"marketUnit":"","execPnl":"0","createType":"CreateByUser"}]}"""
LIVE_POSITION = b"""{"id":"108985347_position_1765659601915","topic":"position","creationTime":1765659601915,
"data":[{"positionIdx":2,"tradeMode":0,"riskId":116,"riskLimitValue":"200000","symbol":"ADAUSDT","side":"",
"size":"0","entryPrice":"0","sessionAvgPrice":"","leverage":"75","positionValue":"0",
"positionBalance":"0","markPrice":"0.41","positionIM":"","positionMM":"","positionIMByMp":"",
"positionMMByMp":"","takeProfit":"0","stopLoss":"0","trailingStop":"0","unrealisedPnl":"0",
"cumRealisedPnl":"1618.30675974","curRealisedPnl":"0","createdTime":"1714594321840",
"updatedTime":"1765046350698","tpslMode":"Full","liqPrice":"0","bustPrice":"","category":"linear",
"positionStatus":"Normal","adlRankIndicator":0,"autoAddMargin":0,"leverageSysUpdatedTime":"",
"mmrSysUpdatedTime":"","seq":140667031311361,"isReduceOnly":false}]}"""

# Fields that Bybit added after those captures.
NEWER = {
    "order": {"parentOrderLinkId", "rpiTakerAccess", "rpiMatchedQty"},
    "execution": {"extraFees", "feeCurrency"},
    "position": {"breakEvenPrice", "openTime"},
}


def both_ways(frame, message_type):
    decoded = msgspec.json.decode(frame, type=message_type)
    return json.loads(frame), json.loads(msgspec.json.encode(decoded))


def assert_same_but_newer(frame, message_type, topic):
    sent, encoded = both_ways(frame, message_type)

    for ours, live in zip(encoded["data"], sent["data"], strict=True):
        assert {name: ours[name] for name in live} == live
        assert set(ours) - set(live) == NEWER[topic]
    assert {k: v for k, v in encoded.items() if k != "data"} == {k: v for k, v in sent.items() if k != "data"}


def test_an_order_survives_both_ways_field_by_field():
    assert_same_but_newer(LIVE_ORDER, messages.OrderMessage, "order")


def test_an_execution_survives_both_ways_field_by_field():
    assert_same_but_newer(LIVE_EXECUTION, messages.ExecutionMessage, "execution")


def test_a_position_survives_both_ways_field_by_field():
    assert_same_but_newer(LIVE_POSITION, messages.PositionMessage, "position")


def test_the_envelope_keys_stand_in_bybits_order():
    order, position = (
        msgspec.json.encode(msgspec.json.decode(LIVE_ORDER, type=messages.OrderMessage)),
        msgspec.json.encode(msgspec.json.decode(LIVE_POSITION, type=messages.PositionMessage)),
    )

    assert order.startswith(b'{"topic":"order.linear","id":')
    assert position.startswith(b'{"id":"108985347_position_1765659601915","topic":')


def test_empty_text_is_absent_and_not_zero():
    assert messages.number("") is None
    assert messages.number("0") == Decimal(0)


def test_an_entry_price_is_read_under_both_of_its_names():
    stream = msgspec.json.decode(b'{"symbol":"A","entryPrice":"2.5"}', type=messages.PositionRow)
    rest = msgspec.json.decode(b'{"symbol":"A","avgPrice":"2.5"}', type=messages.PositionRow)

    assert stream.entry() == rest.entry() == Decimal("2.5")


def test_unknown_fields_are_ignored():
    row = msgspec.json.decode(
        b'{"symbol":"A","orderId":"1","side":"Buy","orderStatus":"New","qty":"1","newIn2027":[{}]}',
        type=messages.OrderRow,
    )

    assert row.order_status == "New"


def test_both_spellings_of_a_failed_auth_give_a_reason():
    old = messages.decode_private_frame(b'{"op":"auth","success":false,"ret_msg":"no"}')
    new = messages.decode_private_frame(
        b'{"op":"auth","success":false,"retCode":10003,"retMsg":"Invalid apikey","connId":"x"}'
    )

    assert (old.success, old.reason) == (False, "no")
    assert (new.success, new.reason, new.ret_code) == (False, "Invalid apikey", 10003)


def test_a_request_body_leaves_out_what_is_not_given():
    body = messages.CreateOrder(
        category="linear", symbol="BTCUSDT", side="Buy", order_type="Market", qty="0.001", position_idx=1
    )

    assert msgspec.json.encode(body) == (
        b'{"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Market","qty":"0.001",'
        b'"positionIdx":1}'
    )
