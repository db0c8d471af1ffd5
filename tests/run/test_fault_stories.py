"""Each fault against our own desk, over real sockets: where the trade must end, and that nothing is held.

A story is one line of the table: what goes wrong, and which ends are right. Whatever the end is, the
exchange must hold nothing, no order may be open, and no quantity may have been entered twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal

import pytest
from control_client import ControlClient
from offers import offered

from synthcore.config import SyntheticConfig
from synthcore.environment import Credentials
from synthcore.exchange.faults.close_socket import CloseSocket
from synthcore.exchange.faults.cut_socket import CutSocket
from synthcore.exchange.faults.delay_call import DelayCall
from synthcore.exchange.faults.delay_frame import DelayFrame
from synthcore.exchange.faults.drop_frame import DropFrame
from synthcore.exchange.faults.duplicate_frame import DuplicateFrame
from synthcore.exchange.faults.fault import Fault
from synthcore.exchange.faults.garble_frame import GarbleFrame
from synthcore.exchange.faults.half_open_socket import HalfOpenSocket
from synthcore.exchange.faults.hide_order import HideOrder
from synthcore.exchange.faults.http_error import HttpError
from synthcore.exchange.faults.liquidate import Liquidate
from synthcore.exchange.faults.lose_answer import LoseAnswer
from synthcore.exchange.faults.maintenance import Maintenance
from synthcore.exchange.faults.partial_fill import PartialFill
from synthcore.exchange.faults.refuse import RefuseCall
from synthcore.exchange.faults.refuse_socket import RefuseSocket
from synthcore.exchange.faults.reject_later import RejectLater
from synthcore.exchange.faults.reorder_frame import ReorderFrame
from synthcore.exchange.faults.skew_clock import SkewClock
from synthcore.exchange.faults.slow_socket import SlowSocket
from synthcore.exchange.faults.tcp_bandwidth import TcpBandwidth
from synthcore.exchange.faults.tcp_half_open import TcpHalfOpen
from synthcore.exchange.faults.tcp_latency import TcpLatency
from synthcore.exchange.faults.tcp_slice import TcpSlice
from synthcore.exchange.faults.time_out import TimeOut
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import Ready
from synthcore.exchange.settings import ExchangeSettings
from synthcore.execution.executor import SingleExchangeExecutor
from synthcore.execution.paper import PaperTrade
from synthcore.model import ArbitrageOpportunity
from synthcore.orders.bybit import BybitBackend
from synthcore.risk.budget import RateBudget
from synthcore.secret import Secret

BID, ASK = 60000.0, 60000.1  # of the steady market
QTY = Decimal("0.016")
CONFIG = SyntheticConfig(half_life_ms=50, max_holding_ms=300, cool_down_ms=0)

SHORT, LONG, CLOSE = "link=*-S-e*", "link=*-L-e*", "link=*-x*"
FLAT_AGAIN = {"FAILED_FLAT"}
DONE = {"CLOSED"}
EITHER = DONE | FLAT_AGAIN
LATE_SHORT = DelayCall(ms=150, when="request link=*-S-e0")  # leg 1 has filled when it is looked at

STORIES: dict[str, tuple[tuple[Fault, ...], set[str]]] = {
    # Answers
    "the answer of leg 2 is lost after leg 1's fill": (
        (LATE_SHORT, LoseAnswer(when=f"reply {SHORT} code=0 after fill {LONG}")),
        DONE,
    ),
    "both answers are lost": ((LoseAnswer(when="reply link=*-e0 code=0 count=2"),), DONE),
    "the request of leg 2 is lost": ((LoseAnswer(when=f"request {SHORT}"),), FLAT_AGAIN),
    "leg 2 times out before it is accepted": ((TimeOut(when=f"request {SHORT}"),), FLAT_AGAIN),
    "leg 2 times out after it was accepted": ((TimeOut(when=f"reply {SHORT}"),), EITHER),
    "the answer of a close is lost": ((LoseAnswer(when=f"reply {CLOSE}"),), DONE),
    "a close times out before it is accepted": ((TimeOut(when=f"request {CLOSE}"),), DONE),
    "a request arrives after its receive window": (
        (DelayCall(ms=1500, when=f"request {SHORT}"),),
        FLAT_AGAIN,
    ),
    "an answer is slow": ((DelayCall(ms=300, when=f"reply {SHORT}"),), DONE),
    # Codes
    "leg 2 is refused for balance after leg 1's fill": (
        (LATE_SHORT, RefuseCall(code=110007, when=f"request {SHORT}")),
        FLAT_AGAIN,
    ),
    "leg 2 is refused for its time": ((RefuseCall(code=10002, when=f"request {SHORT}"),), FLAT_AGAIN),
    "leg 2 is over the rate limit": (
        (RefuseCall(code=10006, retry_after_ms=200, when=f"request {SHORT}"),),
        FLAT_AGAIN,
    ),
    "a close is over the rate limit": (
        (RefuseCall(code=10006, retry_after_ms=200, when=f"request {CLOSE}"),),
        DONE,
    ),
    "a server error of an order that came in": ((RefuseCall(code=10016, when=f"reply {SHORT}"),), EITHER),
    "a server error of an order that did not": (
        (RefuseCall(code=10016, when=f"request {SHORT}"),),
        FLAT_AGAIN,
    ),
    "a close finds nothing, says the exchange wrongly": (
        (RefuseCall(code=110017, when=f"request {CLOSE}"),),
        DONE,
    ),
    "an id is taken, since the order was accepted": (
        (RefuseCall(code=110072, when=f"reply {SHORT}"),),
        EITHER,
    ),
    # In front of the exchange
    "a gateway fails behind an order that came in": ((HttpError(status=502, when=f"reply {SHORT}"),), EITHER),
    "a gateway fails before the order": ((HttpError(status=502, when=f"request {SHORT}"),), FLAT_AGAIN),
    # Orders
    "leg 2 is acknowledged and then rejected": ((RejectLater(when=f"accepted {SHORT}"),), FLAT_AGAIN),
    "leg 2 fills in part, once": ((PartialFill(share=0.5, when=f"accepted {SHORT}"),), EITHER),
    "leg 2 fills in part, always": ((PartialFill(share=0.3, when=f"accepted {SHORT} always"),), EITHER),
    "leg 1 finds nothing": ((PartialFill(share=0, when=f"accepted {LONG} always"),), FLAT_AGAIN),
    "a close fills in part": ((PartialFill(share=0.5, when=f"accepted {CLOSE}"),), DONE),
    "an order whose answer is lost is not visible yet": (
        (LoseAnswer(when=f"reply {SHORT}"), HideOrder(ms=300, when=f"accepted {SHORT}")),
        EITHER,
    ),
    # Frames
    "a fill is not told": ((DropFrame(when=f"private topic=execution {SHORT}"),), DONE),
    "neither fill nor state of leg 1 are told": ((DropFrame(when=f"private {LONG} always"),), EITHER),
    "no frame comes at all": ((DropFrame(when="private always"),), EITHER),
    "a fill is told three times": (
        (DuplicateFrame(copies=3, when=f"private topic=execution {SHORT}"),),
        DONE,
    ),
    "every frame comes twice": ((DuplicateFrame(when="private always"),), DONE),
    "the state comes before the fill": ((ReorderFrame(when=f"private topic=execution {SHORT}"),), DONE),
    "the fill comes half a second late": (
        (DelayFrame(ms=500, when=f"private topic=execution {SHORT}"),),
        EITHER,
    ),
    "a frame is no JSON": ((GarbleFrame(when=f"private topic=execution {SHORT}"),), DONE),
    "a frame ends in its middle": (
        (GarbleFrame(how="truncated", when=f"private topic=order {SHORT}"),),
        DONE,
    ),
    "a frame is huge": ((GarbleFrame(how="oversized", when=f"private topic=order {SHORT}"),), DONE),
    # Sockets
    "the stream is cut at leg 1's fill": ((CutSocket(when=f"fill {LONG}"),), EITHER),
    "the stream is cut and refuses to come back": (
        (CutSocket(when=f"fill {LONG}"), RefuseSocket(when="connect socket=private count=2")),
        EITHER,
    ),
    "the stream says that it restarts": ((CloseSocket(code=1012, when=f"fill {LONG}"),), EITHER),
    "the stream dies without a word": ((HalfOpenSocket(when=f"fill {LONG}"),), EITHER),
    "the stream lags by half a second": ((SlowSocket(ms=500),), EITHER),
    "the stream is reset at leg 1's fill": ((CutSocket(how="reset", when=f"fill {LONG}"),), EITHER),
    # The wire
    "the answer of leg 2 ends in a reset": (
        (LATE_SHORT, LoseAnswer(how="reset", when=f"reply {SHORT} code=0 after fill {LONG}")),
        DONE,
    ),
    "the way to the exchange is long": ((TcpLatency(ms=20, for_ms=1000, when=f"fill {LONG}"),), EITHER),
    "the way to the exchange is narrow": (
        (TcpBandwidth(bytes_per_s=20_000, for_ms=1000, when=f"fill {LONG}"),),
        EITHER,
    ),
    "answers come in slices": ((TcpSlice(bytes=50, for_ms=1000, when=f"fill {LONG}"),), EITHER),
    "nothing gets through for a while": ((TcpHalfOpen(for_ms=300, when=f"fill {LONG}"),), EITHER),
    # The exchange
    "the exchange closes for a while between the legs": (
        (LATE_SHORT, Maintenance(ms=300, when=f"fill {LONG}")),
        EITHER,
    ),
    "a gateway stands for the exchange that is closed": (
        (LATE_SHORT, Maintenance(ms=300, code=None, when=f"fill {LONG}")),
        EITHER,
    ),
    "leg 1 is liquidated as it fills": ((LATE_SHORT, Liquidate(when=f"fill {LONG}")), EITHER),
    # Time
    "the exchange's clock jumps ahead": ((SkewClock(ms=8000),), {"REFUSED", "FLAT"}),
    "the exchange's clock jumps back": ((SkewClock(ms=-8000),), {"REFUSED", "FLAT"}),
}


@pytest.fixture(scope="module")
def exchange() -> Iterator[Ready]:
    settings = ExchangeSettings(
        market="steady", position_mode="hedge", rate_tier="off", tcp_faults=True, control_token="auto"
    )
    with ExchangeProcess(settings) as ready:
        yield ready


@pytest.fixture
def control(exchange: Ready) -> Iterator[ControlClient]:
    client = ControlClient(exchange)
    yield client
    client.clear()
    client.close()


@pytest.fixture
async def executor(exchange: Ready, control: ControlClient) -> AsyncIterator[SingleExchangeExecutor]:
    executor = executor_of(exchange, RateBudget({}))  # the exchange has no limits either
    await executor.start()
    yield executor
    await executor.close()


def executor_of(exchange: Ready, budget: RateBudget) -> SingleExchangeExecutor:
    credentials = Credentials(api_key=Secret(exchange.api_key), api_secret=Secret(exchange.api_secret))
    backend = BybitBackend((exchange.rest,), exchange.ws_private, credentials)
    return SingleExchangeExecutor(backend, CONFIG, budget=budget)


def opportunity() -> ArbitrageOpportunity:
    return offered("BTCUSDT", BID, ASK)


async def entered(executor: SingleExchangeExecutor, trade: PaperTrade, leg: str) -> Decimal:
    """What all entries of a leg filled, as the exchange says."""
    backend, found = executor.desk.backend, Decimal(0)
    for attempt in range(3):
        fills = await backend.fills("BTCUSDT", f"{trade.trade}-{leg}-e{attempt}")
        found += sum((fill.qty for fill in fills), Decimal(0))
    return found


@pytest.mark.parametrize("story", STORIES)
async def test_the_trade_ends_where_it_must_and_nothing_is_held(
    story: str, executor: SingleExchangeExecutor, control: ControlClient
) -> None:
    faults, right_ends = STORIES[story]
    before = len(control.injected())
    names = control.add(*faults)

    async with asyncio.timeout(20):
        trade = await executor.execute_synthetic_trade(opportunity())
    struck = {one["fault"] for one in control.injected()[before:]}
    control.clear()
    backend = executor.desk.backend
    await backend.sync_server_time()  # the clock may have been off

    assert trade.end in right_ends, trade
    assert struck >= set(names) - {name for name in names if name.startswith("refuse_socket")}
    assert [record.size for record in await backend.positions("BTCUSDT")] == [0, 0]
    assert await backend.open_orders("BTCUSDT") == []
    assert await entered(executor, trade, "L") <= QTY
    assert await entered(executor, trade, "S") <= QTY


async def test_an_address_that_is_shut_out_takes_no_entry_and_what_is_held_is_closed(
    exchange: Ready, control: ControlClient
) -> None:
    """403 means ten minutes of silence for entries; a leg that is held is closed all the same."""
    executor = executor_of(exchange, RateBudget())
    await executor.start()
    control.add(LATE_SHORT, HttpError(status=403, when=f"request {SHORT}"))

    async with asyncio.timeout(20):
        trade = await executor.execute_synthetic_trade(opportunity())
    later = executor.desk.offer(opportunity())

    sizes = [record.size for record in await executor.desk.backend.positions("BTCUSDT")]
    await executor.close()

    assert trade.end == "FAILED_FLAT"
    assert later == "rate_budget"
    assert sizes == [0, 0]
