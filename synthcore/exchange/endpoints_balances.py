"""Balances by wallet over REST: each user has a unified wallet, and an empty one for funding."""

from __future__ import annotations

from decimal import Decimal

from synthcore.exchange.core import Exchange
from synthcore.exchange.decimals import ZERO, text
from synthcore.exchange.endpoint import Call, Endpoint, Result
from synthcore.exchange.refusal import Refused, params_error

COIN = "USDT"
UNIFIED, FUND = "UNIFIED", "FUND"
BUSINESS = {UNIFIED: 1, FUND: 3}  # `bizType`


class BalanceEndpoints:
    """What could be taken out of a wallet, if there were anywhere to bring it."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/v5/account/withdrawal", self.withdrawal),
            Endpoint("GET", "/v5/account/smp-group", self.group),
            Endpoint("GET", "/v5/asset/transfer/query-account-coins-balance", self.coins),
            Endpoint("GET", "/v5/asset/transfer/query-account-coin-balance", self.coin),
            Endpoint("GET", "/v5/user/get-member-type", self.wallets),
        ]

    def withdrawal(self, call: Call) -> Result:
        """What of some coins no margin needs."""
        coins = named(call, "coinName").split(",")
        free = {coin: text(self._free(call) if coin == COIN else ZERO) for coin in coins}
        return {"availableWithdrawal": free[coins[0]], "availableWithdrawalMap": free}

    def group(self, call: Call) -> Result:
        """No account belongs to a group of self-match prevention."""
        return {"smpGroup": 0}

    def coins(self, call: Call) -> Result:
        wallet = wallet_of(call)
        asked = call.params.get("coin", "")
        if wallet == UNIFIED and not asked:
            raise Refused(params_error("coin"))
        rows = [self._row(call, wallet, coin) for coin in asked.split(",") if coin]
        return {"accountType": wallet, "memberId": call.user.uid, "balance": rows}

    def coin(self, call: Call) -> Result:
        wallet, uid = wallet_of(call), call.user.uid
        row = self._row(call, wallet, named(call, "coin"))
        unasked = {"transferSafeAmount": "", "ltvTransferSafeAmount": ""}
        return {
            "accountType": wallet,
            "bizType": BUSINESS[wallet],
            "accountId": uid,
            "memberId": uid,
            "balance": {**row, **unasked},
        }

    def wallets(self, call: Call) -> Result:
        return {"accounts": [{"uid": call.user.uid, "accountType": [UNIFIED, FUND]}]}

    def _row(self, call: Call, wallet: str, coin: str) -> dict[str, str]:
        is_held = wallet == UNIFIED and coin == COIN
        return {
            "coin": coin,
            "walletBalance": text(call.user.wallet if is_held else ZERO),
            "transferBalance": text(self._free(call) if is_held else ZERO),
            "bonus": "0",
        }

    def _free(self, call: Call) -> Decimal:
        return max(ZERO, min(call.user.wallet, call.user.margin(self._exchange.market.mark).available))


def named(call: Call, name: str) -> str:
    """A parameter that has to be there."""
    value = call.params.get(name, "")
    if not value:
        raise Refused(params_error(name))
    return value


def wallet_of(call: Call) -> str:
    wallet = named(call, "accountType")
    if wallet not in BUSINESS:
        raise Refused(params_error("accountType"))
    return wallet
