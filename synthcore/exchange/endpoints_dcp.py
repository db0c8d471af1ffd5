"""Cancel on disconnect over REST: its time window, and whether the account has it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from synthcore.exchange.dcp import LONGEST_WINDOW_S, SHORTEST_WINDOW_S, DisconnectGuard
from synthcore.exchange.endpoint import Call, Endpoint, Extended, Result, read_body
from synthcore.exchange.refusal import PERMISSION_DENIED, Refusal

SUCCESS = Refusal(0, "success")


class WindowRequest(Struct, rename="camel"):
    """Body of `disconnected-cancel-all`."""

    time_window: Annotated[int, Meta(ge=SHORTEST_WINDOW_S, le=LONGEST_WINDOW_S)]
    product: Literal["OPTIONS", "DERIVATIVES", "SPOT"] = "OPTIONS"  # as on Bybit


class DcpEndpoints:
    """For institutions; another account is refused."""

    def __init__(self, guard: DisconnectGuard) -> None:
        self._guard = guard

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("POST", "/v5/order/disconnected-cancel-all", self.set_window),
            Endpoint("GET", "/v5/account/query-dcp-info", self.info),
        ]

    def set_window(self, call: Call) -> Result | Refusal:
        request = read_body(call.body, WindowRequest)
        if not self._guard.windows_s(call.user.uid):
            return PERMISSION_DENIED
        self._guard.set_window(call.user.uid, request.product, request.time_window)
        return Extended({}, {}, SUCCESS)

    def info(self, call: Call) -> Result:
        windows_s = self._guard.windows_s(call.user.uid)
        rows = [
            {"product": product, "dcpStatus": "ON", "timeWindow": str(window_s)}
            for product, window_s in windows_s.items()
        ]
        return Extended({"dcpInfos": rows}, {}, SUCCESS)
