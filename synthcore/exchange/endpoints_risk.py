"""Risk tiers and the insurance fund over REST."""

from __future__ import annotations

from collections.abc import Mapping

from synthcore.exchange.contract import Contract
from synthcore.exchange.decimals import text
from synthcore.exchange.endpoint import Call, Endpoint, Result, page_of, read_category
from synthcore.exchange.liquidation import InsuranceFund
from synthcore.exchange.refusal import Refused, params_error
from synthcore.exchange.risk_tiers import RiskTier

SYMBOLS_A_PAGE = 15
COIN = "USDT"


class RiskEndpoints:
    """The tiers of every contract, and the fund that stands behind all of them."""

    def __init__(self, contracts: Mapping[str, Contract], fund: InsuranceFund) -> None:
        self._contracts = contracts
        self._fund = fund

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/v5/market/risk-limit", self.risk_limit, is_private=False),
            Endpoint("GET", "/v5/market/insurance", self.insurance, is_private=False),
        ]

    def insurance(self, call: Call) -> Result:
        """One pool for all contracts; nothing for a coin that none settles in."""
        balance = text(self._fund.balance)
        pool = {
            "coin": COIN,
            "symbols": ",".join(sorted(self._contracts)),
            "balance": balance,
            "value": balance,
        }
        is_meant = call.params.get("coin") in (None, "", COIN)
        return {"updatedTime": str(self._fund.updated_ms), "list": [pool] if is_meant else []}

    def risk_limit(self, call: Call) -> Result:
        """All tiers of one symbol, else of fifteen symbols a page, by name."""
        category = read_category(call.params)
        symbol = call.params.get("symbol")
        if category == "linear" and symbol and symbol not in self._contracts:
            raise Refused(params_error("symbol"))
        known = sorted(self._contracts) if category == "linear" else []
        wanted = [name for name in known if not symbol or name == symbol]
        numbered = [(len(wanted) - index, name) for index, name in enumerate(wanted)]
        page = page_of(
            numbered,
            lambda item: item[0],
            lambda item: tier_rows(self._contracts[item[1]]),
            call.params.get("cursor", ""),
            SYMBOLS_A_PAGE,
        )
        rows = [row for rows in page.rows for row in rows]
        return {"category": category, "list": rows, "nextPageCursor": page.cursor}


def tier_rows(contract: Contract) -> list[dict[str, object]]:
    return [_row(contract.symbol, tier) for tier in contract.ladder.tiers]


def _row(symbol: str, tier: RiskTier) -> dict[str, object]:
    return {
        "id": tier.number,
        "symbol": symbol,
        "riskLimitValue": text(tier.limit_usdt),
        "maintenanceMargin": text(tier.maintenance_rate),
        "initialMargin": text(tier.initial_rate),
        "isLowestRisk": int(tier.number == 1),
        "maxLeverage": f"{tier.max_leverage:.2f}",
        "mmDeduction": text(tier.deduction) if tier.deduction else "",
    }
