"""What coins there are, over REST: clients ask for them when they load the markets."""

from __future__ import annotations

from collections.abc import Mapping

from synthcore.exchange.contract import Contract
from synthcore.exchange.endpoint import Call, Endpoint, Result


class AssetEndpoints:
    """The coins of the contracts. Nothing can be deposited or withdrawn, so they have no chains."""

    def __init__(self, contracts: Mapping[str, Contract]) -> None:
        self._coins = coins_of(contracts)

    def endpoints(self) -> list[Endpoint]:
        return [Endpoint("GET", "/v5/asset/coin/query-info", self.coins)]

    def coins(self, call: Call) -> Result:
        wanted = call.params.get("coin")
        return {
            "rows": [
                {"name": coin, "coin": coin, "remainAmount": "0", "chains": []}
                for coin in self._coins
                if not wanted or coin == wanted
            ]
        }


def coins_of(contracts: Mapping[str, Contract]) -> tuple[str, ...]:
    """What contracts are settled in, and what they are of."""
    coins = [coin for each in contracts.values() for coin in (each.settle_coin, each.base_coin)]
    return tuple(dict.fromkeys(coins))
