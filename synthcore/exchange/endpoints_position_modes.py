"""Older settings of positions over REST: the mode of stops, and risk limits, which set themselves today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from synthcore.exchange.admission import check_category
from synthcore.exchange.contract import Contract
from synthcore.exchange.decimals import text
from synthcore.exchange.endpoint import Call, Endpoint, Result, read_body
from synthcore.exchange.refusal import Refused, params_error


class SetStopMode(Struct, rename="camel"):
    """Body of `set-tpsl-mode`."""

    category: str
    symbol: str
    tp_sl_mode: Literal["Full", "Partial"]


class SetRiskLimit(Struct, rename="camel"):
    """Body of `set-risk-limit`."""

    category: str
    symbol: str
    risk_id: int


class ConfirmRiskLimit(Struct, rename="camel"):
    """Body of `confirm-pending-mmr`."""

    category: str
    symbol: str


class PositionModeEndpoints:
    """Calls that Bybit keeps for old clients."""

    def __init__(self, contracts: Mapping[str, Contract]) -> None:
        self._contracts = contracts

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("POST", "/v5/position/set-tpsl-mode", self.set_stop_mode),
            Endpoint("POST", "/v5/position/set-risk-limit", self.set_risk_limit),
            Endpoint("POST", "/v5/position/confirm-pending-mmr", self.confirm_risk_limit),
        ]

    def set_stop_mode(self, call: Call) -> Result:
        """The mode of stops of a contract that come without one."""
        asked = read_body(call.body, SetStopMode)
        symbol = self._contract(asked.category, asked.symbol).symbol
        call.user.set_stop_mode(symbol, asked.tp_sl_mode)
        return {"tpSlMode": asked.tp_sl_mode}

    def set_risk_limit(self, call: Call) -> Result:
        """Nothing changes, as on Bybit: the tier follows the position's value by itself."""
        asked = read_body(call.body, SetRiskLimit)
        tiers = self._contract(asked.category, asked.symbol).ladder.tiers
        tier = next((tier for tier in tiers if tier.number == asked.risk_id), None)
        if tier is None:
            raise Refused(params_error("riskId"))
        return {
            "category": asked.category,
            "riskId": tier.number,
            "riskLimitValue": text(tier.limit_usdt),
        }

    def confirm_risk_limit(self, call: Call) -> Result:
        """No position is ever marked as one that can only be reduced."""
        asked = read_body(call.body, ConfirmRiskLimit)
        self._contract(asked.category, asked.symbol)
        return {}

    def _contract(self, category: str, symbol: str) -> Contract:
        check_category(category)
        contract = self._contracts.get(symbol)
        if contract is None:
            raise Refused(params_error("symbol"))
        return contract
