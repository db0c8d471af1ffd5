"""Every Bybit error code that we know, and what a caller must do about it: one table."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class ErrorClass(StrEnum):
    """What an answer code means for the caller. One rule each."""

    OK = "ok"  # done, or already in that state: go on
    OURS = "ours"  # bad parameter, filter, unsupported call: never resent, our defect
    AUTH_CLOCK = "auth_clock"  # key, signature, permission, time: synchronise once, then stop entries
    BUSY = "busy"  # refused before acceptance: back off, then try again
    ACCOUNT = "account"  # balance, mode, risk limit, reduce-only: refuse or unwind
    FINAL = "final"  # the order named is final or not visible: read its state
    UNKNOWN = "unknown"  # it may have taken effect: look it up before anything else


class Code(NamedTuple):
    """One row of the table."""

    meaning: str
    error_class: ErrorClass
    for_order: ErrorClass  # where it differs: the class for a call that creates, amends or cancels


def _rows(
    error_class: ErrorClass, rows: dict[int, str], for_order: ErrorClass | None = None
) -> dict[int, Code]:
    order_class = error_class if for_order is None else for_order
    return {code: Code(meaning, error_class, order_class) for code, meaning in rows.items()}


OK_CODES = {
    0: "ok",
    20001: "socket is already authenticated",
    34040: "take-profit/stop-loss not modified",
    110008: "order is completed or cancelled",
    110010: "order is already cancelled",
    110025: "position mode is not modified",
    110026: "margin mode is not modified",
    110027: "margin is not modified",
    110043: "leverage is not modified",
    170139: "order is filled",
    170142: "order is cancelled",
}
OURS_CODES = {
    10001: "parameter error",
    10017: "route not found",
    10029: "symbol is not on the key's white list",
    10032: "demo trading does not support the call",
    10404: "socket: unknown op or wrong category",
    30208: "price above the highest allowed buy price",
    30209: "price below the lowest allowed sell price",
    110003: "price outside the allowed range",
    110018: "illegal user id",
    110019: "illegal order id",
    110022: "quantity may not be raised",
    110029: "hedge mode is not supported for this symbol",
    110032: "order is illegal",
    110057: "take-profit/stop-loss conflict",
    110058: "take-profit/stop-loss conflict",
    110059: "take-profit/stop-loss conflict",
    110060: "take-profit/stop-loss conflict",
    110061: "more than 20 partial take-profit/stop-loss orders",
    110064: "amended quantity is not above the filled quantity",
    110074: "contract is not live",
    110092: "trigger price is not above the current price",
    110093: "trigger price is not below the current price",
    110094: "order value is below the minimum",
    110095: "pre-market phase rule",
    110096: "pre-market phase rule",
    110097: "pre-market phase rule",
    110098: "pre-market phase rule",
    110099: "pre-market phase rule",
    110100: "pre-market trading is not available on demo",
    110119: "RPI orders are for appointed makers",
    110120: "price is below the price limitation",
    110121: "price is above the price limitation",
    170121: "symbol is invalid",
    170136: "quantity is below the minimum",
    170140: "order value is below the minimum",
    170193: "buy price is above the band",
    170194: "sell price is below the band",
    181017: "order status must be a final one",
}
AUTH_CLOCK_CODES = {
    -1: "request expired",
    10002: "timestamp is outside the receive window",
    10003: "API key is invalid or of another environment",
    10004: "signature is wrong",
    10005: "permission denied",
    10007: "user authentication failed",
    10008: "account is banned or of the wrong mode",
    10009: "region is restricted",
    10010: "address is not bound to the key",
    10024: "compliance rules apply",
    10027: "transactions are banned",
    10028: "only for unified accounts",
    33004: "API key is expired",
    110123: "trading terms are not agreed to",
    110124: "cooling-off period",
    110125: "trading terms are not agreed to",
}
BUSY_CODES = {
    429: "trading service is overloaded",
    10006: "too many visits of this endpoint",
    10018: "too many visits of this address",
    10019: "trade socket is restarting and takes no new requests",
    10403: "socket: more than 3000 requests a second from this address",
    10429: "socket: system protection",
    20003: "socket: too many requests in the session",
    30034: "too many requests",
    30035: "too many cancels",
    110063: "settlement is running",
    110066: "trading is not allowed now",
    110118: "no market price, too little liquidity",
    130035: "too many requests",
    130150: "system is busy",
    170222: "too many requests",
}
ACCOUNT_CODES = {
    30228: "no new positions, the contract is being delisted",
    110004: "wallet balance is insufficient",
    110005: "position status error",
    110006: "assets can't cover the position margin",
    110007: "available balance is insufficient",
    110009: "too many conditional orders",
    110011: "order would be liquidated at once",
    110012: "available balance is insufficient",
    110013: "leverage is not allowed by the risk tier",
    110014: "balance is too low to add margin",
    110017: "reduce-only without a position to reduce",
    110020: "more than 500 active orders",
    110021: "over the open-interest limit of positions",
    110023: "only reducing is allowed",
    110024: "a position is open, the mode can't be switched",
    110028: "orders are open, the mode can't be switched",
    110034: "there is no net position",
    110036: "leverage can't be changed in this margin mode",
    110038: "leverage can't be changed in this margin mode",
    110040: "order would trigger liquidation",
    110044: "margin is insufficient",
    110045: "wallet balance is insufficient",
    110073: "margin mode was not set",
    110085: "risk tier limit",
    110086: "risk tier limit",
    110089: "leverage limit of the risk tier",
    110090: "leverage limit of the risk tier",
    130125: "position index does not match the position mode",
    170005: "too many open orders",
    170131: "balance is insufficient",
    170810: "more than 500 active orders",
    3400045: "margin mode was not set",
}
FINAL_CODES = {
    110001: "order does not exist, or is too late to change",
    170213: "order does not exist",
}
# A query that met these changed nothing and may be asked again; an order call may have taken effect.
UNKNOWN_FOR_ORDERS_CODES = {
    10000: "server timeout",
    10014: "invalid duplicate request: the first copy may be live",
    10016: "server error or restart",
    40004: "order changed while it was being replaced",
    110079: "order is being processed",
    170007: "timeout of the server behind",
    170146: "order creation timed out",
    170147: "order cancellation timed out",
}
# The first try may have been, or was, accepted: whoever asks must look it up.
UNKNOWN_CODES = {
    20006: "socket: duplicate request id",
    110072: "duplicate orderLinkId: an order of this id was accepted before",
    170141: "duplicate client order id",
}

CODES: dict[int, Code] = {
    **_rows(ErrorClass.OK, OK_CODES),
    **_rows(ErrorClass.OURS, OURS_CODES),
    **_rows(ErrorClass.AUTH_CLOCK, AUTH_CLOCK_CODES),
    **_rows(ErrorClass.BUSY, BUSY_CODES),
    **_rows(ErrorClass.ACCOUNT, ACCOUNT_CODES),
    **_rows(ErrorClass.FINAL, FINAL_CODES),
    **_rows(ErrorClass.BUSY, UNKNOWN_FOR_ORDERS_CODES, for_order=ErrorClass.UNKNOWN),
    **_rows(ErrorClass.UNKNOWN, UNKNOWN_CODES),
}


def classify(code: int, for_order: bool) -> ErrorClass:
    """Class of an answer code; `for_order` where the call creates, amends or cancels.

    A code that the table does not hold counts as UNKNOWN: its request may have taken effect.
    """
    row = CODES.get(code)
    if row is None:
        return ErrorClass.UNKNOWN
    return row.for_order if for_order else row.error_class


def meaning(code: int) -> str:
    """Short meaning of a code, for messages to people."""
    row = CODES.get(code)
    return row.meaning if row is not None else "not in our table"
