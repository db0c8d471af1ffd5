"""Hundreds of generated contracts: real rules, a few busy ones and a long quiet tail, page by page."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from synthcore.errors import ConfigError
from synthcore.exchange.contract import contract_of
from synthcore.exchange.endpoint import Call
from synthcore.exchange.endpoints_market import MarketEndpoints
from synthcore.exchange.market.generator import Generator
from synthcore.exchange.market.instruments import instruments_for
from synthcore.exchange.market.listed import listed_contracts
from synthcore.exchange.market.state import MarketState

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("SYNTHTEST_SHARED", ROOT.parent / "shared"))
REAL = SHARED / "data" / "bybit" / "rest_v5_instruments_info_linear_20260809.json.gz"
SECONDS = 60
SEED = 7


def test_a_number_means_so_many_and_all_means_all() -> None:
    five_hundred = [raw["symbol"] for raw in instruments_for(["500"])]
    everything = [raw["symbol"] for raw in instruments_for(["all"])]

    assert len(set(five_hundred)) == 500
    assert five_hundred == everything[:500]
    assert everything[:3] == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert set(listed_contracts()) < set(everything)


def test_names_and_numbers_can_be_mixed_and_count_once() -> None:
    symbols = [raw["symbol"] for raw in instruments_for(["LINKUSDT", "2", "BTCUSDT"])]

    assert symbols == ["LINKUSDT", "BTCUSDT", "ETHUSDT"]


@pytest.mark.parametrize("word", ["0", "693", "BTCUSD"])
def test_what_is_not_there_is_refused_in_one_sentence(word: str) -> None:
    with pytest.raises(ConfigError, match=rf"knows 692 contracts .*, was '{word}' \(symbols\); take one"):
        instruments_for([word])


def test_every_contract_can_be_traded() -> None:
    for raw in instruments_for(["all"]):
        contract = contract_of(raw)

        assert 0 < contract.min_lots <= contract.max_market_lots <= contract.max_lots
        assert 0 < contract.min_price_ticks < contract.max_price_ticks


def test_the_rules_are_the_real_ones() -> None:
    if not REAL.exists():
        pytest.skip(f"{REAL.name} isn't here; set SYNTHTEST_SHARED to the folder above data/")
    reply = json.loads(gzip.decompress(REAL.read_bytes()).splitlines()[1])
    real = {raw["symbol"]: raw for raw in reply["result"]["list"]}

    assert len(listed_contracts()) == 687
    for symbol, listed in listed_contracts().items():
        assert listed.raw == real[symbol]
        assert list(listed.raw) == list(real[symbol])


def test_prices_and_turnovers_are_of_scale_only() -> None:
    for symbol, listed in listed_contracts().items():
        if listed.turnover_usdt is not None:
            assert listed.turnover_usdt == float(f"{listed.turnover_usdt:.0e}"), symbol
        if listed.price is not None:
            assert listed.price == float(f"{listed.price:.2e}"), symbol
            ticks = Decimal(str(listed.price)) / Decimal(listed.raw["priceFilter"]["tickSize"])
            assert ticks == int(ticks), symbol


def test_a_few_contracts_are_busy_and_most_are_quiet() -> None:
    contracts = instruments_for(["all"])[::36]
    updates: Counter[str] = Counter()
    for frame in Generator(contracts, SEED, depths=()).frames():
        if frame.due_ns > SECONDS * 1e9:
            break
        if frame.topic.startswith("orderbook.1."):
            updates[frame.topic.rpartition(".")[2]] += 1

    rates = sorted((updates[raw["symbol"]] / SECONDS for raw in contracts), reverse=True)

    assert contracts[0]["symbol"] == "BTCUSDT"
    assert rates[0] == updates["BTCUSDT"] / SECONDS > 14
    assert 0.33 <= rates[-1] <= 1.0  # at least the repetition each three seconds
    assert rates[len(rates) // 2] < rates[0] / 8
    assert rates[1] > 2 * rates[-1]


def test_a_client_pages_through_all_of_them() -> None:
    endpoints = MarketEndpoints(instruments_for(["500"]), MarketState(), lambda: 0)
    found: list[str] = []
    cursor, pages = "", 0

    while pages == 0 or cursor:
        params = {"category": "linear", "limit": "120", "cursor": cursor}
        page = endpoints.instruments_info(Call(params=params, body=b"", account=None, now_ms=0))
        found += [row["symbol"] for row in page["list"]]
        cursor, pages = page["nextPageCursor"], pages + 1

    assert pages == 5
    assert len(found) == len(set(found)) == 500
    assert found == sorted(found)
