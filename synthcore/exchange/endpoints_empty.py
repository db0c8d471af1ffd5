"""Lists over REST that clients ask for and that nothing here ever fills."""

from __future__ import annotations

from functools import partial

from synthcore.exchange.endpoint import Call, Endpoint, Result, read_category

# Neither deposits, withdrawals nor transfers; no loans, options, deliveries, or moves between accounts.
OF_NO_CATEGORY = {
    "/v5/account/borrow-history": {"list": [], "nextPageCursor": ""},
    "/v5/asset/coin-greeks": {"list": []},
    "/v5/asset/deposit/query-record": {"rows": [], "nextPageCursor": ""},
    "/v5/asset/deposit/query-internal-record": {"rows": [], "nextPageCursor": ""},
    "/v5/asset/withdraw/query-record": {"rows": [], "nextPageCursor": ""},
    "/v5/asset/transfer/query-inter-transfer-list": {"list": [], "nextPageCursor": ""},
    "/v5/asset/transfer/query-transfer-coin-list": {"list": []},
    "/v5/position/move-history": {"list": [], "nextPageCursor": ""},
}
OF_A_CATEGORY = (
    "/v5/asset/delivery-record",
    "/v5/asset/settlement-record",
    "/v5/position/get-closed-positions",
)


class EmptyEndpoints:
    """Answers each in its own shape, so that a client finds nothing rather than no such call."""

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/v5/announcements/index", partial(nothing, {"total": 0, "list": []}), False),
            *(Endpoint("GET", path, partial(nothing, result)) for path, result in OF_NO_CATEGORY.items()),
            *(Endpoint("GET", path, nothing_of_category) for path in OF_A_CATEGORY),
        ]


def nothing(result: Result, call: Call) -> Result:
    return result


def nothing_of_category(call: Call) -> Result:
    return {"category": read_category(call.params), "list": [], "nextPageCursor": ""}
