"""Closes when the rate limit or the address is used up from outside: what happens, and how soon.

The exchange refuses by order of the test: singles, singles and batches, or every call of REST for minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal

import pytest
from control_client import ControlClient
from test_fault_stories import CONFIG, LATE_SHORT, LONG, SHORT, opportunity

from synthcore.environment import Credentials
from synthcore.errors import VenueRefused
from synthcore.exchange.faults.partial_fill import PartialFill
from synthcore.exchange.faults.refuse import RefuseCall
from synthcore.exchange.faults.shut_out import ShutOut
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import Ready
from synthcore.exchange.settings import ExchangeSettings
from synthcore.execution.executor import SingleExchangeExecutor
from synthcore.execution.paper import PaperTrade
from synthcore.model import OrderRequest
from synthcore.orders.bybit import BybitBackend
from synthcore.risk.budget import RateBudget
from synthcore.secret import Secret

LEG_2_FAILS = RefuseCall(code=110007, when=f"request {SHORT} after fill {LONG}")
SINGLES_FULL = "request path=*/create link=*-x*"
BATCHES_FULL = "request path=*/create-batch"
SHUT_OUT = ShutOut(when=f"request {SHORT} after fill {LONG}")


@pytest.fixture
def exchange() -> Iterator[Ready]:
    settings = ExchangeSettings(market="steady", position_mode="hedge", rate_tier="off", control_token="auto")
    with ExchangeProcess(settings) as ready:
        yield ready


@pytest.fixture
def control(exchange: Ready) -> Iterator[ControlClient]:
    client = ControlClient(exchange)
    yield client
    client.close()


def executor_of(ready: Ready, entry: str) -> SingleExchangeExecutor:
    """Orders go by `socket`, by `rest` with a socket in reserve, or by `rest only`."""
    backend = BybitBackend(
        (ready.rest,),
        ready.ws_private,
        Credentials(api_key=Secret(ready.api_key), api_secret=Secret(ready.api_secret)),
        ws_trade_url=None if entry == "rest only" else ready.ws_trade,
        trade_socket_in_reserve=entry == "rest",
    )
    return SingleExchangeExecutor(backend, CONFIG, budget=RateBudget({}))


async def trade_on(executor: SingleExchangeExecutor) -> PaperTrade:
    """A trade that ends well before the ten seconds after which the machine gives up."""
    async with asyncio.timeout(6):
        return await executor.execute_synthetic_trade(opportunity())


@pytest.mark.parametrize("entry", ["socket", "rest"])
async def test_closes_go_by_the_batch_while_single_orders_are_refused(
    exchange: Ready, control: ControlClient, entry: str
) -> None:
    control.add(RefuseCall(code=10006, retry_after_ms=60_000, when=f"{SINGLES_FULL} always"))

    async with executor_of(exchange, entry) as executor:
        trade = await trade_on(executor)
        sizes = [record.size for record in await executor.desk.backend.positions("BTCUSDT")]

    assert trade.end == "CLOSED"
    assert sizes == [0, 0]
    assert len(control.injected()) == 2  # one for each leg: what is refused is not asked again


async def test_closes_wait_for_the_reset_where_batches_are_refused_too(
    exchange: Ready, control: ControlClient
) -> None:
    control.add(
        RefuseCall(code=10006, retry_after_ms=400, when=f"{SINGLES_FULL} count=2"),
        RefuseCall(code=10006, retry_after_ms=400, when=f"{BATCHES_FULL} count=2"),
    )

    async with executor_of(exchange, "rest") as executor:
        trade = await trade_on(executor)
        sizes = [record.size for record in await executor.desk.backend.positions("BTCUSDT")]

    assert trade.end == "CLOSED"
    assert sizes == [0, 0]
    assert len(control.injected()) in (3, 4)  # the second batch waits where it hears of the first one in time


@pytest.mark.parametrize(("limit", "is_retried"), [(5, True), (4, False)])
async def test_a_remainder_is_sent_again_only_where_the_closes_still_fit(
    exchange: Ready, control: ControlClient, limit: int, is_retried: bool
) -> None:
    control.add(PartialFill(share=0.5, when=f"accepted {SHORT}"))

    async with executor_of(exchange, "rest") as executor:
        executor.desk.gate.budget = executor.desk.budget = RateBudget({"create": limit})
        trade = await trade_on(executor)

    assert trade.end == "CLOSED"
    assert trade.qty == (trade.target_qty if is_retried else trade.target_qty / 2)


@pytest.mark.parametrize("entry", ["socket", "rest"])
async def test_an_order_of_a_batch_is_refused_by_its_own_code(exchange: Ready, entry: str) -> None:
    order = OrderRequest(
        symbol="BTCUSDT",
        side="Sell",
        qty=Decimal("0.016"),
        order_type="Market",
        link_id="batch-1",
        reduce_only=True,
        position_idx=1,
    )

    async with executor_of(exchange, entry) as executor:
        with pytest.raises(VenueRefused) as refused:
            await executor.desk.backend.place_by_batch(order)

    assert (refused.value.code, refused.value.error_class) == (110017, "flat")


@pytest.mark.parametrize("entry", ["socket", "rest"])
async def test_an_address_that_is_shut_out_closes_by_the_trade_socket(
    exchange: Ready, control: ControlClient, entry: str
) -> None:
    """REST answers nothing but 403, for minutes: the fills and the positions are the stream's."""
    control.add(LATE_SHORT, LEG_2_FAILS, SHUT_OUT)

    async with executor_of(exchange, entry) as executor:
        trade = await trade_on(executor)
        later = executor.desk.offer(opportunity())

    assert trade.end == "FAILED_FLAT"
    assert later == "rate_budget"
    assert sizes_by(control) == []


async def test_an_address_that_is_shut_out_and_has_no_socket_leaves_a_leg_to_a_person_at_once(
    exchange: Ready, control: ControlClient, caplog: pytest.LogCaptureFixture
) -> None:
    control.add(LATE_SHORT, SHUT_OUT)

    async with executor_of(exchange, "rest only") as executor:
        trade = await trade_on(executor)

    assert trade.end == "UNRESOLVED"
    assert [(leg.leg, leg.qty) for leg in trade.open_legs] == [("long", trade.target_qty)]
    assert "could not be proven flat" in caplog.text


def sizes_by(control: ControlClient) -> list[object]:
    """What the exchange holds, by its own books: REST says nothing."""
    return [
        position for account in control.get("state")["accounts"].values() for position in account["positions"]
    ]
