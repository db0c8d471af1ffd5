"""What an account did and holds, as the exchange counts it: its lists by signed REST, nobody's memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from synthcore.exchange.ready import AccountKey
from synthcore.orders.rest import RestClient
from synthcore.secret import Secret

Sizes = tuple[Decimal, Decimal]


class Audit(Struct, frozen=True):
    """One account on one symbol; sizes are of the long and the short leg."""

    held: Sizes  # by `position/list`
    open_orders: int
    entered: Sizes  # by `execution/list`, of orders of ours
    closed: Sizes
    orders_of_link: dict[str, int]  # by `order/history`: how many orders bear a link id
    logged: Sizes  # by `account/transaction-log`: of each leg's orders, bought less sold
    executions_twice: int

    def flaws(self, target: Decimal) -> list[str]:
        """What is wrong, where a trade of this target should be over: held, open, doubled, or not paired."""
        claims = {
            f"held {self.held}": not any(self.held),
            f"{self.open_orders} open orders": not self.open_orders,
            f"entered {self.entered} of {target}": max(self.entered) <= target,
            f"entered {self.entered}, closed {self.closed}": self.entered == self.closed,
            f"orders by link id {self.orders_of_link}": set(self.orders_of_link.values()) <= {1},
            f"the log's sums are {self.logged}": not any(self.logged),
            f"{self.executions_twice} executions twice": not self.executions_twice,
        }
        return [flaw for flaw, is_right in claims.items() if not is_right]


async def audit(rest_url: str, key: AccountKey, symbol: str = "BTCUSDT") -> Audit:
    """Read everything the exchange has of an account."""
    client = RestClient((rest_url,), Secret(key.api_key), Secret(key.api_secret))
    try:
        linear = {"category": "linear", "symbol": symbol, "limit": "50"}
        await client.sync_server_time()
        positions = await rows(client, "/v5/position/list", {"category": "linear", "symbol": symbol})
        open_orders = await rows(client, "/v5/order/realtime", {**linear, "openOnly": "0"})
        orders = await rows(client, "/v5/order/history", linear)
        fills = await rows(client, "/v5/execution/list", linear)
        log = await rows(client, "/v5/account/transaction-log", {"category": "linear", "limit": "50"})
    finally:
        await client.close()
    sizes = {row["positionIdx"]: Decimal(row["size"] or 0) for row in positions}
    by_order = {row["orderId"]: row["orderLinkId"] for row in orders}
    entered, closed = filled(fills)
    return Audit(
        held=(sizes.get(1, Decimal(0)), sizes.get(2, Decimal(0))),
        open_orders=sum(row["orderStatus"] in ("New", "PartiallyFilled") for row in open_orders),
        entered=entered,
        closed=closed,
        orders_of_link=dict(Counter(by_order.values())),
        logged=(logged(log, "L"), logged(log, "S")),
        executions_twice=len(fills) - len({row["execId"] for row in fills}),
    )


def filled(fills: list[dict[str, Any]]) -> tuple[Sizes, Sizes]:
    """What entries and closes filled, by the link ids of their orders."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in fills:
        leg, attempt = row["orderLinkId"].rsplit("-", 2)[1:]
        sums[leg + attempt[0]] += Decimal(row["execQty"])
    return (sums["Le"], sums["Se"]), (sums["Lx"], sums["Sx"])


def logged(log: list[dict[str, Any]], leg: str) -> Decimal:
    """What a leg's orders bought less what they sold."""
    sizes = [
        Decimal(row["qty"]) * (1 if row["side"] == "Buy" else -1)
        for row in log
        if row["type"] == "TRADE" and f"-{leg}-" in row["orderLinkId"]
    ]
    return sum(sizes, Decimal(0))


async def rows(client: RestClient, path: str, params: dict[str, str]) -> list[dict[str, Any]]:
    """All pages of a list."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = msgspec.json.decode((await client.query(path, params, cursor=cursor)).result)
        found += page["list"]
        cursor = page.get("nextPageCursor", "")
        if not cursor or not page["list"]:
            return found
