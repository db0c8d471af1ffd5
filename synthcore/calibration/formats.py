"""The words of the protocol, and the formats in which its texts are written."""

from __future__ import annotations

import re

# Fields whose values are the protocol's own words; the words seen are kept beside the shapes.
ENUMS = frozenset(
    {
        "L",
        "S",
        "accountType",
        "cancelType",
        "category",
        "contractType",
        "copyTrading",
        "createType",
        "dcpStatus",
        "execType",
        "interval",
        "marginMode",
        "orderStatus",
        "orderType",
        "positionStatus",
        "product",
        "rejectReason",
        "setMarginMode",
        "side",
        "slOrderType",
        "slTriggerBy",
        "smpType",
        "spotHedgingStatus",
        "status",
        "stopOrderType",
        "tickDirection",
        "timeInForce",
        "tpOrderType",
        "tpTriggerBy",
        "tpslMode",
        "transSubType",
        "triggerBy",
    }
)
FIXED = frozenset({"op", "type", "success", "retCode", "retMsg", "ret_msg", "code", "msg"})
FINE = frozenset({"OK", "", "success", "SUCCESS"})  # texts of retCode 0 that Bybit itself mixes
TOPICS = frozenset({"args"})  # in a request: what it subscribes to
BY_COIN = frozenset({"cumFeeDetail"})  # objects whose keys are names of coins
IDS = frozenset({"orderId", "execId", "i"})
OPAQUE = frozenset({"reqId", "req_id", "orderLinkId", "conn_id", "connId"})  # a client's own, or free

NUMBER = re.compile(r"-?\d+(\.\d+)?")
MS = re.compile(r"1[2-9]\d{11}")
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{16,19}")
NAMES = re.compile(r"\[[^\]]*\]|(?<=topic:).*|(?<=Invalid topic: ).*")


def masked(text: str) -> str:
    """A text of the protocol without the names in it."""
    return "OK" if text in FINE else NAMES.sub("…", text)


def format_of(text: str, field: str) -> str:
    """How a text under the key `field` is written."""
    if not text:
        return "empty"
    if field in ENUMS:
        return "enum"
    if field == "topic":
        return "=" + re.sub(r"\.[A-Z0-9]+$", "", text)
    if field in OPAQUE:
        return "text"
    if field in IDS:
        return "id" if ID.fullmatch(text) else "text"
    if MS.fullmatch(text):
        return "ms"
    if text == "0":
        return "zero"
    return "number" if NUMBER.fullmatch(text) else "text"
