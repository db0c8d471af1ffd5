"""Risk tiers over REST."""

from __future__ import annotations

from collections.abc import Mapping

from synthcore.exchange.contract import Contract
from synthcore.exchange.decimals import text
from synthcore.exchange.endpoint import Call, Endpoint, Result, page_of, read_category
from synthcore.exchange.refusal import Refused, params_error
from synthcore.exchange.risk_tiers import RiskTier

SYMBOLS_A_PAGE = 15


class RiskEndpoints:
    """The tiers of every contract."""

    def __init__(self, contracts: Mapping[str, Contract]) -> None:
        self._contracts = contracts

    def endpoints(self) -> list[Endpoint]:
        return [Endpoint("GET", "/v5/market/risk-limit", self.risk_limit, is_private=False)]

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
