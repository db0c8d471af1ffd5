"""Positions, wallet and settings of an account over REST."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from synthcore.exchange.account import Position
from synthcore.exchange.core import Exchange
from synthcore.exchange.dcp import DEFAULT_WINDOW_S, DisconnectGuard
from synthcore.exchange.dcp import TRADED as DCP_TRADED
from synthcore.exchange.decimals import text
from synthcore.exchange.endpoint import (
    Call,
    Endpoint,
    Result,
    page_of,
    read_body,
    read_category,
    read_limit,
)
from synthcore.exchange.endpoints_trade import DAY_MS
from synthcore.exchange.fees import MAKER_FEE_RATE, TAKER_FEE_RATE
from synthcore.exchange.position_margins import CROSS, ISOLATED
from synthcore.exchange.refusal import ILLEGAL_CATEGORY, Refusal, Refused, params_error
from synthcore.exchange.rows import rest_position_row, wallet_row
from synthcore.venues.bybit.messages import SetLimitPriceAction, SwitchMode, WalletResult

UNIFIED_2_0 = 5  # unifiedMarginStatus
KEY_LASTS_MS = 90 * DAY_MS  # a key that is bound to no address


class AccountEndpoints:
    """Position list, mode and leverage; wallet, account info, fees, key info."""

    def __init__(self, exchange: Exchange, guard: DisconnectGuard) -> None:
        self._exchange = exchange
        self._guard = guard

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/v5/position/list", self.positions),
            Endpoint("POST", "/v5/position/switch-mode", self.switch_mode),
            Endpoint("GET", "/v5/account/wallet-balance", self.wallet_balance),
            Endpoint("GET", "/v5/account/info", self.info),
            Endpoint("GET", "/v5/account/fee-rate", self.fee_rate),
            Endpoint("POST", "/v5/account/set-limit-px-action", self.set_limit_price_action),
            Endpoint("GET", "/v5/account/user-setting-config", self.user_settings),
            Endpoint("GET", "/v5/user/query-api", self.query_api),
        ]

    def positions(self, call: Call) -> Result:
        """With a symbol its records, empty or not; with a settle coin those that hold something."""
        category = read_category(call.params)
        limit = read_limit(call.params, default=20, highest=200)
        found = list(self._positions(call)) if category == "linear" else []
        numbered = [(len(found) - index, position) for index, position in enumerate(found)]
        mark = self._exchange.market.mark
        margin = call.user.margin(mark)
        page = page_of(
            numbered,
            lambda item: item[0],
            lambda item: rest_position_row(item[1], mark(item[1].contract.symbol), margin),
            call.params.get("cursor", ""),
            limit,
        )
        return {"list": page.rows, "nextPageCursor": page.cursor, "category": category}

    def _positions(self, call: Call) -> Iterable[Position]:
        symbol, coin = call.params.get("symbol"), call.params.get("settleCoin")
        if symbol:
            contract = self._exchange.contracts.get(symbol)
            if contract is None:
                raise Refused(params_error("symbol"))
            return call.user.legs(contract)
        if coin:
            return (position for position in call.user.held() if position.contract.settle_coin == coin)
        raise Refused(Refusal(10001, "Missing some parameters that must be filled in, symbol or settleCoin"))

    def switch_mode(self, call: Call) -> Result | Refusal:
        refused = self._exchange.switch_mode(call.user, read_body(call.body, SwitchMode))
        return refused or {}

    def wallet_balance(self, call: Call) -> Result:
        if call.params.get("accountType") != "UNIFIED":
            raise Refused(Refusal(10001, "accountType only support UNIFIED."))
        row = wallet_row(call.user, call.user.margin(self._exchange.market.mark))
        wanted = call.params.get("coin")
        if wanted:
            coins = wanted.split(",")
            row.coin = [coin for coin in row.coin if coin.coin in coins]
        return WalletResult([row])

    def info(self, call: Call) -> Result:
        windows_s = self._guard.windows_s(call.user.uid)
        return {
            "marginMode": ISOLATED if call.user.is_isolated else CROSS,
            "updatedTime": str(call.user.margin_mode_ms),
            "unifiedMarginStatus": UNIFIED_2_0,
            "dcpStatus": "ON" if windows_s else "OFF",
            "timeWindow": windows_s.get(DCP_TRADED, DEFAULT_WINDOW_S),
            "smpGroup": 0,
            "isMasterTrader": False,
            "spotHedgingStatus": "OFF",
        }

    def fee_rate(self, call: Call) -> Result:
        category = read_category(call.params)
        symbol = call.params.get("symbol")
        known = sorted(self._exchange.contracts) if category == "linear" else []
        if symbol and category == "linear" and symbol not in known:
            raise Refused(params_error("symbol"))
        taker, maker = text(TAKER_FEE_RATE), text(MAKER_FEE_RATE)
        return {
            "list": [
                {"symbol": name, "takerFeeRate": taker, "makerFeeRate": maker}
                for name in known
                if not symbol or name == symbol
            ]
        }

    def set_limit_price_action(self, call: Call) -> Result | Refusal:
        """Whether a limit beyond the price band is moved or refused, for all futures at once."""
        action = read_body(call.body, SetLimitPriceAction)
        if action.category == "spot":
            call.user.reprices_spot = action.modify_enable
        elif action.category in ("linear", "inverse"):
            call.user.reprices_limits = action.modify_enable
        else:
            return ILLEGAL_CATEGORY
        return {}

    def user_settings(self, call: Call) -> Result:
        """`lpaPerp` is true where a limit is refused, `lpaSpot` where it is moved: Bybit's own words."""
        user = call.user
        return {
            "lpaSpot": user.reprices_spot,
            "lpaPerp": not user.reprices_limits,
            "deltaEnable": False,
            "smsef": False,
            "fmsef": False,
            "smpType": 0,
        }

    def query_api(self, call: Call) -> Result:
        """What the key may do: trade contracts, and never withdraw."""
        uid, expires_ms = call.user.uid, call.user.created_ms + KEY_LASTS_MS
        key = call.key
        assert key is not None  # over REST alone
        terms = key.terms
        return {
            "id": uid,
            "note": "embedded",
            "apiKey": key.signer.key,
            "readOnly": int(terms.read_only),
            "secret": "",
            "permissions": {
                "ContractTrade": list(terms.permissions),
                "Spot": [],
                "Wallet": [],
                "Options": [],
                "Derivatives": ["DerivativesTrade"],
                "CopyTrading": [],
                "BlockTrade": [],
                "Exchange": [],
                "NFT": [],
                "Affiliate": [],
                "Earn": [],
                "FiatP2P": [],
                "FiatBitPay": [],
                "FiatConvertBroker": [],
                "BitCard": [],
                "ByXPost": [],
            },
            "ips": list(terms.ips) or ["*"],
            "type": 1,
            "deadlineDay": max(0, (expires_ms - call.now_ms) // DAY_MS),
            "expiredAt": time_text(expires_ms),
            "createdAt": time_text(call.user.created_ms),
            "unified": 0,
            "uta": 1,
            "userID": int(uid),
            "inviterID": 0,
            "vipLevel": "No VIP",
            "mktMakerLevel": "0",
            "affiliateID": 0,
            "rsaPublicKey": "",
            "isMaster": True,
            "parentUid": "0",
            "kycLevel": "LEVEL_DEFAULT",
            "kycRegion": "",
        }


def time_text(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
