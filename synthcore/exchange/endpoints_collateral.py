"""Collateral and loans over REST: USDT is all that a wallet holds, and nothing is lent."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from msgspec import Struct

from synthcore.exchange.endpoint import Call, Endpoint, Result, read_body
from synthcore.exchange.refusal import Refused, params_error

COIN = "USDT"
NEVER_SWITCHED = frozenset({COIN, "USDC"})  # coins whose use as collateral can't be set

ROW = {
    "currency": COIN,
    "hourlyBorrowRate": "0",
    "maxBorrowingAmount": "0",
    "freeBorrowingLimit": "0",
    "freeBorrowAmount": "0",
    "borrowAmount": "0",
    "otherBorrowAmount": "0",
    "availableToBorrow": "0",
    "borrowable": False,
    "borrowUsageRate": "0",
    "marginCollateral": True,
    "collateralSwitch": True,
    "collateralRatio": "1",
    "freeBorrowingAmount": "",
}

Switch = Literal["ON", "OFF"]


class CoinSwitch(Struct, rename="camel"):
    """Body of `set-collateral-switch`."""

    coin: str
    collateral_switch: Switch


class CoinSwitches(Struct):
    """Body of `set-collateral-switch-batch`."""

    request: list[CoinSwitch]


class HedgingMode(Struct, rename="camel"):
    """Body of `set-hedging-mode`."""

    set_hedging_mode: Switch


class CollateralEndpoints:
    """What counts as collateral. Switches of coins are checked and leave no trace: no wallet has them."""

    def __init__(self, coins: Collection[str]) -> None:
        self._coins = coins

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/v5/account/collateral-info", self.info),
            Endpoint("POST", "/v5/account/set-collateral-switch", self.switch),
            Endpoint("POST", "/v5/account/set-collateral-switch-batch", self.switch_batch),
            Endpoint("POST", "/v5/account/set-hedging-mode", self.set_hedging),
            Endpoint("GET", "/v5/spot-margin-trade/state", self.spot_margin),
            Endpoint("GET", "/v5/spot-margin-uta/status", self.spot_margin),
        ]

    def info(self, call: Call) -> Result:
        return {"list": [ROW] if call.params.get("currency") in (None, "", COIN) else []}

    def switch(self, call: Call) -> Result:
        self._check(read_body(call.body, CoinSwitch))
        return {}

    def switch_batch(self, call: Call) -> Result:
        switches = read_body(call.body, CoinSwitches).request
        for one in switches:
            self._check(one)
        return {"list": switches}

    def _check(self, switch: CoinSwitch) -> None:
        if switch.coin in NEVER_SWITCHED or switch.coin not in self._coins:
            raise Refused(params_error("coin"))

    def set_hedging(self, call: Call) -> Result:
        """Of portfolio margin, which no account has: it can be switched off only."""
        if read_body(call.body, HedgingMode).set_hedging_mode == "ON":
            raise Refused(params_error("setHedgingMode"))
        return {}

    def spot_margin(self, call: Call) -> Result:
        """It is off."""
        return {"spotLeverage": "", "spotMarginMode": "0", "effectiveLeverage": ""}
