"""The rooms of the control API: clock, market, state and log, on a market that moves."""

import contextlib
import json
import time

import pytest
from plain_client import WAIT_S, PlainRest, connected

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

BTC, ETH = "BTCUSDT", "ETHUSDT"


@pytest.fixture(scope="module")
def exchange():
    settings = ExchangeSettings(symbols=(BTC, ETH), seed=5, rate_tier="off", accounts=2, control_token="auto")
    with ExchangeProcess(settings) as ready:
        yield ready


async def stream_of(exchange, *topics):
    return await connected(exchange.ws_public, {"op": "subscribe", "args": list(topics)})


def test_the_clock_is_read_and_set_off_and_set_right_by_clearing(control):
    before = control.get("clock")
    ahead = control.post("clock", ahead_ms=5000, drift_ppm=100)
    control.clear()

    assert (before["ahead_ms"], before["drift_ppm"]) == (0, 0)
    assert ahead["ahead_ms"] == pytest.approx(5000, abs=10)
    assert ahead["now_ms"] - time.time_ns() // 1_000_000 == pytest.approx(5000, abs=1000)
    assert control.get("clock")["ahead_ms"] == 0


async def test_a_paused_market_sends_nothing_and_goes_on_where_it_was(exchange, control):
    transport, stream = await stream_of(exchange, f"orderbook.50.{BTC}")
    await stream.next()
    assert control.post("market", do="pause")["is_paused"]
    for _ in range(100):  # what was due before the pause may still come, which soon ends
        with contextlib.suppress(AssertionError):
            if await stream.nothing_comes():
                break
    else:
        pytest.fail("the market went on")

    control.post("market", do="resume")
    numbers = [json.loads(await stream.next())["data"]["u"] for _ in range(3)]
    transport.disconnect(graceful=False)

    assert numbers == list(range(numbers[0], numbers[0] + 3))


async def test_a_market_runs_as_fast_as_it_is_told(exchange, control):
    transport, stream = await stream_of(exchange, f"orderbook.50.{BTC}")
    slow = json.loads(await stream.next())
    assert control.post("market", do="speed", factor=50)["speed"] == 50
    began_s = time.monotonic()
    fast = slow
    while fast["cts"] - slow["cts"] < 5000:
        fast = json.loads(await stream.next())
    took_s = time.monotonic() - began_s
    transport.disconnect(graceful=False)

    assert took_s < 4.0  # five seconds of the market


async def test_a_shock_moves_every_price_of_one_contract_and_is_undone_by_clearing(exchange, control):
    transport, stream = await stream_of(exchange, f"orderbook.50.{BTC}", f"tickers.{BTC}")
    control.post("market", do="pause")
    before = control.get("market")["symbols"]
    after = control.post("market", do="shock", symbol=BTC, bps=-500)["symbols"]
    book = ticker = None
    while not (book and ticker):
        frame = json.loads(await stream.next())
        if frame["type"] == "snapshot" and frame["topic"].startswith("orderbook"):
            best = float(frame["data"]["b"][0][0])  # level 1 writes it with fewer decimals
            book = frame if best == float(after[BTC]["bid"]) else book
        elif frame["type"] == "snapshot":
            ticker = frame if frame["data"]["markPrice"] == after[BTC]["mark"] else ticker
    control.clear()
    right = control.get("market")["symbols"]
    transport.disconnect(graceful=False)

    for name in ("mark", "bid", "ask", "last"):
        moved = float(after[BTC][name]) - float(before[BTC][name])
        assert moved == pytest.approx(-0.05 * float(before[BTC]["mark"]), rel=1e-4), name
    assert after[ETH]["mark"] == before[ETH]["mark"]
    assert float(right[BTC]["shift"]) == 0
    assert abs(float(right[BTC]["mark"]) / float(before[BTC]["mark"]) - 1) < 0.01


def test_a_shock_liquidates_who_holds_too_much(rest, control):
    assert rest.buy("too-much", qty="5").json()["retCode"] == 0
    (held,) = rest.positions()
    assert held["side"] == "Buy"

    control.post("market", do="shock", symbol=BTC, bps=-4500)
    deadline_s = time.monotonic() + WAIT_S
    while float(control.get("state")["accounts"]["1000001"]["equity"]) > 1000:
        assert time.monotonic() < deadline_s

    assert control.get("state")["accounts"]["1000001"]["positions"] == []
    assert control.get("state")["accounts"]["1000002"]["fills"] == 0


async def test_a_halted_contract_stands_still_and_takes_no_order_and_the_other_one_goes_on(exchange, control):
    client = PlainRest(exchange.accounts[1], exchange.rest)
    transport, stream = await stream_of(exchange, f"orderbook.50.{BTC}", f"orderbook.50.{ETH}")
    assert control.post("market", do="halt", symbol=BTC)["symbols"][BTC]["is_halted"]
    control.post("market", do="halt", symbol=BTC)  # once more changes nothing
    while not stream.frames.empty():
        stream.frames.get_nowait()

    refused = client.buy("halted").json()["retCode"]
    taken = client.buy("other", symbol=ETH, qty="0.1").json()["retCode"]
    topics = {json.loads(await stream.next())["topic"] for _ in range(20)}
    control.post("market", do="reopen", symbol=BTC)
    again = client.buy("reopened").json()["retCode"]
    transport.disconnect(graceful=False)
    client.http.close()

    assert (refused, taken, again) == (110074, 0, 0)
    assert f"orderbook.50.{ETH}" in topics


async def test_a_print_is_told_and_fills_what_rests_at_its_price(exchange, control):
    client = PlainRest(exchange.accounts[1], exchange.rest)
    transport, stream = await stream_of(exchange, f"publicTrade.{BTC}")
    control.post("market", do="pause")
    price = f"{float(control.get('market')['symbols'][BTC]['bid']) - 20:.1f}"
    client.buy("rests", orderType="Limit", price=price)

    control.post("market", do="print", symbol=BTC, side="Sell", price=str(float(price) - 1), qty="0.5")
    printed = json.loads(await stream.next())["data"][-1]
    while (printed["S"], printed["v"]) != ("Sell", "0.5"):
        printed = json.loads(await stream.next())["data"][-1]
    transport.disconnect(graceful=False)

    assert client.orders("rests")[0]["orderStatus"] == "Filled"
    client.http.close()


async def test_a_cross_is_the_fault_of_that_name(exchange, control):
    transport, stream = await stream_of(exchange, f"orderbook.50.{BTC}")
    await stream.next()

    control.post("market", do="cross", symbol=BTC)
    while not any(one["do"] == "cross_book" for one in control.injected()):
        await stream.next()
    transport.disconnect(graceful=False)


def test_the_state_is_what_the_exchange_counts_whatever_a_query_shows(exchange, control):
    client = PlainRest(exchange.accounts[1], exchange.rest)
    control.post("faults", faults=[{"do": "hide_order", "ms": 5000}])

    client.buy("hidden", orderType="Limit", price="1000.0")
    state = control.http.get("/_control/state?account=1000002").json()["accounts"]
    shown = client.orders("hidden")
    client.http.close()

    assert shown == []
    assert list(state) == ["1000002"]
    assert [order["orderLinkId"] for order in state["1000002"]["orders"]] == ["hidden"]
    assert float(state["1000002"]["wallet"]) > 0


def test_the_log_has_what_was_injected_and_what_happened(exchange, control):
    client = PlainRest(exchange.accounts[1], exchange.rest)
    control.post("faults", faults=[{"do": "refuse", "code": 10016, "when": "reply link=logged"}])

    client.buy("logged", orderType="Limit", price="1000.0")
    log = control.http.get("/_control/log?last=6").json()
    client.http.close()

    assert log["injected"][-1]["at"]["link"] == "logged"
    assert [one["at"]["point"] for one in log["happened"] if one["at"]["link"] == "logged"][:4] == [
        "request",
        "accepted",
        "order",
        "reply",
    ]


@pytest.mark.parametrize(
    ("room", "request_", "word"),
    [
        ("market", {"do": "crash"}, "crash"),
        ("market", {"do": "halt", "symbol": "NOPE"}, "symbol must be one of"),
        ("market", {"do": "shock", "symbol": BTC, "bps": -9000}, "bps"),
        (
            "market",
            {"do": "print", "symbol": BTC, "side": "Buy", "price": "1.005", "qty": "1"},
            "whole ticks",
        ),
        ("clock", {"advance_ms": 5}, "advance_ms"),
    ],
)
def test_what_can_not_be_done_is_one_sentence_and_changes_nothing(control, room, request_, word):
    before = control.get("clock")["ahead_ms"], control.get("market")["symbols"][BTC]["shift"]
    reply = control.http.post(f"/_control/{room}", json=request_)

    assert reply.status_code == 400
    assert word in reply.json()["error"]
    assert (control.get("clock")["ahead_ms"], control.get("market")["symbols"][BTC]["shift"]) == before
    assert control.http.get("/_control/log?last=x").status_code == 400
    assert control.http.get("/_control/state?account=7").status_code == 400
