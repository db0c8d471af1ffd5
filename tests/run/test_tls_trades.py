"""Trades over TLS whose connections are reset, cut or dead in the middle, by REST and by the trade socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from audit import audit
from control_client import ControlClient
from dying_trader import QTY, opportunity
from emergency import ENTRIES, Entry, backend_of
from hedged import HEDGED
from kill_rows import FLAT_ENDS
from msgspec.structs import replace

from synthcore.config import SyntheticConfig
from synthcore.exchange.faults.cut_socket import CutSocket
from synthcore.exchange.faults.fault import Fault
from synthcore.exchange.faults.half_open_socket import HalfOpenSocket
from synthcore.exchange.faults.lose_answer import LoseAnswer
from synthcore.exchange.faults.refuse_socket import RefuseSocket
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import Ready
from synthcore.execution.executor import SingleExchangeExecutor
from synthcore.risk.budget import RateBudget

CONFIG = SyntheticConfig(symbols_to_trade=("BTCUSDT",), half_life_ms=50, max_holding_ms=300, cool_down_ms=0)

STORIES: dict[str, tuple[Fault, ...]] = {
    "the private stream is reset at leg 1's fill": (CutSocket(how="reset", when="fill link=*-L-e*"),),
    "every socket is reset at a close": (CutSocket(how="reset", socket="all", when="request link=*-L-x*"),),
    "the answer of leg 2 ends in a reset": (LoseAnswer(how="reset", when="reply link=*-S-e*"),),
    "the request of leg 2 ends in a reset": (LoseAnswer(how="reset", when="request link=*-S-e*"),),
    "an answer is lost, and the stream is cut and stays away": (
        LoseAnswer(how="reset", when="reply link=*-S-e*"),
        CutSocket(when="fill link=*-L-e*"),
        RefuseSocket(when="connect socket=private count=2"),
    ),
    "the stream dies without a word, and a close's answer is lost": (
        HalfOpenSocket(when="fill link=*-L-e*"),
        LoseAnswer(when="reply link=*-L-x*"),
    ),
}


@pytest.fixture(scope="module")
def exchange() -> Iterator[Ready]:
    settings = replace(HEDGED, tls=True, accounts=len(STORIES) * len(ENTRIES))
    with ExchangeProcess(settings) as ready, pytest.MonkeyPatch.context() as patch:
        assert ready.ca_file is not None
        patch.setenv("SSL_CERT_FILE", ready.ca_file)
        yield ready


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("story", STORIES)
async def test_a_trade_over_tls_ends_flat(story: str, entry: Entry, exchange: Ready) -> None:
    key = exchange.accounts[list(STORIES).index(story) * len(ENTRIES) + ENTRIES.index(entry)]
    own = replace(exchange, api_key=key.api_key, api_secret=key.api_secret)
    executor = SingleExchangeExecutor(backend_of(own, entry), CONFIG, budget=RateBudget({}))
    await executor.start()
    control = ControlClient(exchange)
    before = len(control.injected())
    names = control.add(*STORIES[story])
    try:
        async with asyncio.timeout(30):
            trade = await executor.execute_synthetic_trade(opportunity(60000.0))
        struck = {one["fault"] for one in control.injected()[before:]}
    finally:
        control.clear()
        control.close()
        await executor.desk.close()
    found = await audit(exchange.rest, key)

    assert exchange.rest.startswith("https")
    assert struck >= set(names) - {name for name in names if name.startswith("refuse_socket")}
    assert trade.end in FLAT_ENDS, trade
    assert found.flaws(QTY) == []
