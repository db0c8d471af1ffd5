"""What the exchange says when it refuses: Bybit's code and Bybit's own words."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from synthcore.exchange.decimals import text


class Refusal(NamedTuple):
    """A request that was not accepted."""

    code: int
    message: str


class Refused(Exception):
    """A check failed. Inside the exchange only: a caller of the core gets the `Refusal` as a value."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def params_error(field: str) -> Refusal:
    return Refusal(10001, f"params error: {field} invalid")


def beyond_risk_limit(max_leverage: Decimal) -> Refusal:
    """The text is Bybit's; a size beyond the last tier names the last tier's leverage."""
    return Refusal(
        110090,
        "Order placement failed as your position may exceed the max limit. Please adjust your leverage to"
        f" {text(max_leverage)} or below to increase the max. limit",
    )


PERMISSION_DENIED = Refusal(10005, "Permission denied, please check your API key permissions.")
SYSTEM_BUSY = Refusal(429, "System busy, please try again later.")  # Bybit's text is not documented
ILLEGAL_CATEGORY = Refusal(10001, "Illegal category")
NOT_SUPPORTED_SYMBOLS = Refusal(10001, "Not supported symbols")
ID_REQUIRED = Refusal(10001, "params error: OrderId or orderLinkId is required")
IDX_NOT_MATCHING = Refusal(10001, "position idx not match position mode")
QTY_INVALID = Refusal(10001, "Qty invalid")
QTY_TOO_SMALL = Refusal(10001, "The number of contracts exceeds minimum limit allowed")
QTY_TOO_LARGE = Refusal(10001, "The number of contracts exceeds maximum limit allowed: too large")
AMEND_UNCHANGED = Refusal(
    10001, "The order remains unchanged as the parameters entered match the existing ones."
)
UNIFIED_FORBIDDEN = Refusal(100028, "unified account is forbidden")
NOTHING_TO_CANCEL = Refusal(110001, "order not exists or too late to cancel")
NOTHING_TO_REPLACE = Refusal(110001, "order not exists or too late to replace")
ABOVE_HIGHEST_BUY = Refusal(
    30208, "Failed to submit order(s). The order price is higher than the maximum buying price"
)
BELOW_LOWEST_SELL = Refusal(
    30209, "Failed to submit order(s). The order price is lower than the minimum selling price."
)
PRICE_INVALID = Refusal(110003, "price is invalid")
PRICE_OUT_OF_RANGE = Refusal(110003, "Order price is out of permissible range")
MARGIN_NOT_COVERED = Refusal(110006, "The assets are estimated to be unable to cover the position margin")
WALLET_TOO_LOW = Refusal(110004, "Wallet balance is insufficient")
BALANCE_TOO_LOW = Refusal(110007, "ab not enough for new order")
WOULD_LIQUIDATE = Refusal(110011, "Liquidation will be triggered immediately by this adjustment")
LEVERAGE_TOO_HIGH = Refusal(110013, "cannot set leverage gt maxLeverage by risk limit")
TOO_MANY_CONDITIONAL_ORDERS = Refusal(110009, "The number of stop orders exceeds the maximum allowable limit")
BALANCE_TOO_LOW_TO_ADD = Refusal(110014, "Insufficient available balance to add additional margin")
IN_CROSS_MARGIN = Refusal(110015, "The position is in cross margin mode")
POSITION_IS_ZERO = Refusal(110017, "current position is zero, cannot fix reduce-only order qty")
REDUCE_ONLY_VIOLATED = Refusal(110017, "Reduce-only rule not satisfied")
TOO_MANY_ORDERS = Refusal(110020, "Not allowed to have more than 500 active orders.")
POSITION_OPEN = Refusal(110024, "You have an existing position, so the position mode cannot be switched.")
MODE_UNCHANGED = Refusal(110025, "Position mode is not modified")
MARGIN_MODE_UNCHANGED = Refusal(110026, "Cross/isolated margin mode has not been modified")
MARGIN_UNCHANGED = Refusal(110027, "Margin has not been modified")
ORDERS_OPEN = Refusal(110028, "You have existing open orders, so the position mode cannot be switched.")
NO_POSITION_TO_MARGIN = Refusal(110033, "You can't set margin without an open position")
LEVERAGE_UNCHANGED = Refusal(110043, "leverage not modified")
QTY_NOT_ABOVE_FILLED = Refusal(
    110064, "The modified contract quantity cannot be less than or equal to the filled quantity."
)
LINK_ID_TAKEN = Refusal(110072, "OrderLinkedID is duplicate")
MARGIN_MODE_FAILED = Refusal(110073, "Set margin mode failed")
ONLY_ISOLATED_ADDS = Refusal(110076, "Only isolated mode can set auto-add-margin")
REDUCED_TOO_FAR = Refusal(110078, "Added margin more than max can reduce margin")
VALUE_TOO_SMALL = Refusal(110094, "Order does not meet minimum order value 5USDT")
NO_MARKET_PRICE = Refusal(110118, "Unable to retrieve a price of the market order due to low liquidity")
NO_RPI_MAKER = Refusal(110119, "RPI orders are for appointed makers")
