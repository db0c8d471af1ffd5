"""How often one user may call one endpoint: a rolling second, and the headers that tell about it."""

from __future__ import annotations

from collections import deque
from typing import Literal

from msgspec import Struct

from synthcore.exchange.refusal import Refusal

RateTier = Literal["10", "20", "60", "off"]

WINDOW_MS = 1000
TOO_MANY_VISITS = Refusal(10006, "Too many visits!")

# Calls a second. None: the order limit of the tier.
LIMITS: dict[str, int | None] = {
    "/v5/order/create": None,
    "/v5/order/amend": None,
    "/v5/order/cancel": None,
    "/v5/order/cancel-all": None,
    "/v5/order/create-batch": None,  # counted in orders
    "/v5/order/amend-batch": None,
    "/v5/order/cancel-batch": None,
    "/v5/order/realtime": 50,
    "/v5/order/history": 50,
    "/v5/execution/list": 50,
    "/v5/position/list": 50,
    "/v5/position/closed-pnl": 50,
    "/v5/position/switch-mode": 10,
    "/v5/position/set-leverage": 10,
    "/v5/position/trading-stop": 10,
    "/v5/position/set-auto-add-margin": 10,
    "/v5/position/add-margin": 10,
    "/v5/position/switch-isolated": 10,  # not published, as that of the three below: its group's
    "/v5/position/symbol-info": 10,
    "/v5/account/user-setting-config": 10,
    "/v5/asset/coin/query-info": 10,
    "/v5/account/wallet-balance": 50,
    "/v5/account/info": 50,
    "/v5/account/transaction-log": 25,
    "/v5/account/fee-rate": 5,
    "/v5/account/query-dcp-info": 5,
    "/v5/order/disconnected-cancel-all": 5,
    "/v5/order/pre-check": 10,
    "/v5/account/demo-apply-money": 1,  # a minute
    "/v5/account/set-margin-mode": 5,
    "/v5/account/set-limit-px-action": 10,
    "/v5/user/query-api": 10,
    "/v5/user/get-member-type": 10,
    "/v5/position/set-tpsl-mode": 10,  # not published, as that of the seven below
    "/v5/position/set-risk-limit": 10,
    "/v5/position/get-closed-positions": 10,
    "/v5/account/set-collateral-switch": 5,
    "/v5/account/set-hedging-mode": 5,
    "/v5/asset/deposit/query-internal-record": 5,
    "/v5/spot-margin-trade/state": 5,
    "/v5/spot-margin-uta/status": 5,
    "/v5/position/confirm-pending-mmr": 10,
    "/v5/position/move-history": 10,
    "/v5/account/instruments-info": 10,
    "/v5/account/withdrawal": 50,
    "/v5/account/borrow-history": 50,
    "/v5/account/collateral-info": 50,
    "/v5/account/smp-group": 5,
    "/v5/account/set-collateral-switch-batch": 5,
    "/v5/asset/coin-greeks": 50,
    "/v5/asset/delivery-record": 50,
    "/v5/asset/settlement-record": 50,
    "/v5/asset/transfer/query-account-coins-balance": 5,
    "/v5/asset/transfer/query-account-coin-balance": 450,
    "/v5/asset/transfer/query-transfer-coin-list": 60,  # a minute, as the three below
    "/v5/asset/transfer/query-inter-transfer-list": 60,
    "/v5/asset/deposit/query-record": 100,
    "/v5/asset/withdraw/query-record": 300,
}

WINDOWS_MS = {  # of all others it is a second
    "/v5/account/demo-apply-money": 60_000,
    "/v5/asset/transfer/query-transfer-coin-list": 60_000,
    "/v5/asset/transfer/query-inter-transfer-list": 60_000,
    "/v5/asset/deposit/query-record": 60_000,
    "/v5/asset/withdraw/query-record": 60_000,
}


class Visit(Struct, frozen=True):
    """One call held against its limit."""

    granted: int  # of what it costs, how much is let through
    limit: int
    remaining: int
    reset_ms: int  # when refused: the time to wait for

    @property
    def is_allowed(self) -> bool:
        return self.granted > 0

    def headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"X-Bapi-Limit", b"%d" % self.limit),
            (b"X-Bapi-Limit-Status", b"%d" % self.remaining),
            (b"X-Bapi-Limit-Reset-Timestamp", b"%d" % self.reset_ms),
        ]


class RateLimiter:
    """Rolling windows per (user, endpoint)."""

    def __init__(self, tier: RateTier) -> None:
        self._order_limit = None if tier == "off" else int(tier)
        self._windows: dict[tuple[str, str], deque[int]] = {}

    def visit(self, uid: str, path: str, now_ms: int, cost: int = 1) -> Visit | None:
        """Count one call, or a batch as its orders; None where there is no limit, or limits are off."""
        if self._order_limit is None or path not in LIMITS:
            return None
        limit, window_ms = LIMITS[path] or self._order_limit, WINDOWS_MS.get(path, WINDOW_MS)
        window = self._windows.setdefault((uid, path), deque())
        while window and window[0] <= now_ms - window_ms:
            window.popleft()
        granted = min(cost, limit - len(window))
        if granted <= 0:
            return Visit(0, limit, 0, window[0] + window_ms)
        window.extend([now_ms] * granted)
        return Visit(granted, limit, limit - len(window), now_ms)
