"""Hundreds of Bybit's contracts, as a table of what sets their `instruments-info` entries apart.

The rules are the public trading rules as of 2026-08-09. Price (three digits) and turnover (USDT in 24 hours,
one digit), where there are any, are orders of magnitude of 2023.
The busiest come first, then the others by age.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from msgspec import Struct


class ListedContract(Struct, frozen=True):
    """One line of the table: a raw `instruments-info` entry; price and turnover where they are known."""

    raw: Mapping[str, Any]
    price: float | None
    turnover_usdt: float | None


@cache
def listed_contracts() -> Mapping[str, ListedContract]:
    """By symbol, in the table's order; without those that ship with measured numbers."""
    lines = files("synthcore").joinpath("data/contracts.csv").read_text("utf-8").splitlines()
    return {row["symbol"]: _contract(row) for row in csv.DictReader(lines)}


def _contract(row: Mapping[str, str]) -> ListedContract:
    return ListedContract(_raw(row), _number(row["price"]), _number(row["turnover"]))


def _number(text: str) -> float | None:
    return float(text) if text else None


def _raw(row: Mapping[str, str]) -> dict[str, Any]:
    """The whole entry, in Bybit's order; what all contracts share is written here."""
    return {
        "symbol": row["symbol"],
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": row["symbol"].removesuffix("USDT"),
        "quoteCoin": "USDT",
        "launchTime": row["launchTime"],
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": row["priceScale"],
        "leverageFilter": {"minLeverage": "1", "maxLeverage": row["maxLeverage"], "leverageStep": "0.01"},
        "priceFilter": {
            "minPrice": row["tickSize"],
            "maxPrice": row["maxPrice"],
            "tickSize": row["tickSize"],
        },
        "lotSizeFilter": {
            "maxOrderQty": row["maxOrderQty"],
            "minOrderQty": row["qtyStep"],
            "qtyStep": row["qtyStep"],
            "postOnlyMaxOrderQty": row["maxOrderQty"],
            "maxMktOrderQty": row["maxMktOrderQty"],
            "minNotionalValue": "5",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": int(row["fundingInterval"]),
        "settleCoin": "USDT",
        "copyTrading": row["copyTrading"],
        "upperFundingRate": row["upperFundingRate"],
        "lowerFundingRate": f"-{row['upperFundingRate']}",
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": {
            "priceLimitRatioX": row["priceLimitRatioX"],
            "priceLimitRatioY": row["priceLimitRatioY"],
        },
        "displayName": "",
        "symbolType": row["symbolType"],
        "forbidUplWithdrawal": row["forbidUplWithdrawal"] == "true",
        "symbolId": int(row["symbolId"]),
    }
