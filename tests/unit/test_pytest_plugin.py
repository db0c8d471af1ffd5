"""The pytest plugin as another project meets it: its own tests, in its own folder."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from synthcore.errors import ConfigError, VenueUnreachable
from synthcore.exchange.delays import Delay, DelayPlan
from synthcore.exchange.faults.lose_answer import LoseAnswer
from synthcore.testing import BybitExchange, VirtualExchange

pytest_plugins = "pytester"

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    is_installed = entry_points(group="pytest11", name="synthtest")
    plugin = "" if is_installed else "-p synthcore.testing.plugin"
    pytester.makeini(f"[pytest]\naddopts = {plugin} --strict-markers -p no:cacheprovider\n")
    return pytester


BOT = """
    import pytest
    from pybit.unified_trading import HTTP

    BUY = dict(category="linear", symbol="BTCUSDT", side="Buy", orderType="Market", qty="0.01")

    def client_of(exchange):
        client = HTTP(api_key=exchange.api_key, api_secret=exchange.api_secret, max_retries=1)
        client.endpoint = exchange.rest
        return client
"""


def test_a_bot_s_test_has_an_exchange_and_a_wrong_setting_is_named(
    project: pytest.Pytester,
) -> None:
    project.makepyfile(
        bot=BOT,
        test_bot="""
    import pytest
    from bot import BUY, client_of

    def test_an_order_is_taken(bybit_exchange):
        assert client_of(bybit_exchange).place_order(**BUY)["retCode"] == 0

    def test_an_order_is_refused(bybit_exchange, faults):
        faults.add({"do": "refuse", "code": 110007})
        with pytest.raises(Exception, match="110007"):
            client_of(bybit_exchange).place_order(**BUY)
        assert faults.wait_for("refuse")["at"]["symbol"] == "BTCUSDT"
        assert (faults.struck("refuse"), faults.struck("lose_answer")) == (1, 0)

    @pytest.mark.bybit_exchange(position_mode="hedge", accounts=2)
    def test_the_mark_sets_it_up(bybit_exchange):
        assert len(bybit_exchange.accounts) == 2
        assert client_of(bybit_exchange).place_order(**BUY, positionIdx=1)["retCode"] == 0

    @pytest.mark.bybit_exchange(markt="steady")
    def test_a_wrong_setting(bybit_exchange):
        pass
    """,
    )

    done = project.runpytest_subprocess()

    done.assert_outcomes(passed=3, errors=1)
    done.stdout.fnmatch_lines(["*markt*"])


def test_a_shared_exchange_is_one_process_and_forgets_faults_between_tests(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_shared="""
    import os, pytest
    pytestmark = pytest.mark.bybit_exchange(shared=True)
    pids = []

    def test_one(bybit_exchange, faults):
        pids.append(bybit_exchange.ready.pid)
        faults.add({"do": "drop_frame", "when": "private always"}, {"do": "skew_clock", "ms": 9000})
        bybit_exchange.set_delays("lan")

    def test_two(bybit_exchange, faults):
        assert pids == [bybit_exchange.ready.pid]
        assert (faults.armed(), faults.injected()) == ([], [])

    def test_one_that_dies(bybit_exchange):
        bybit_exchange.kill()

    def test_three(bybit_exchange):
        assert bybit_exchange.is_running and pids != [bybit_exchange.ready.pid]

    @pytest.mark.bybit_exchange(shared=True, symbols=("ETHUSDT",))
    def test_other_settings_are_another_exchange(bybit_exchange):
        assert pids != [bybit_exchange.ready.pid]
        pids.append(bybit_exchange.ready.pid)

    def test_nothing_of_it_is_left_at_the_end():
        pass
    """
    )

    project.runpytest_subprocess().assert_outcomes(passed=6)


def test_who_doesn_t_use_the_plugin_doesn_t_load_the_exchange(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
    import sys

    def test_one():
        heavy = ("synthcore.exchange", "picows", "uvicorn", "msgspec")
        assert not {name for name in sys.modules if name.startswith(heavy)}
    """
    )

    project.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_bot_that_knows_httpx_trades_in_virtual_time_without_a_change(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_virtual="""
    import asyncio, hashlib, hmac, json, time
    import httpx, pytest

    class Bot:
        '''Knows httpx and the machine's clock, and nothing of ours.'''

        def __init__(self, http, key, secret):
            self.http, self.key, self.secret = http, key, secret

        async def order(self, **fields):
            order = dict(category="linear", symbol="BTCUSDT", orderType="Market", qty="0.01")
            body = json.dumps(order | fields)
            stamp = str(int(time.time() * 1000))
            text = stamp + self.key + "5000" + body
            sign = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
            headers = {"X-BAPI-API-KEY": self.key, "X-BAPI-TIMESTAMP": stamp, "X-BAPI-RECV-WINDOW": "5000",
                       "X-BAPI-SIGN": sign}
            return (await self.http.post("/v5/order/create", content=body, headers=headers)).json()

        async def run(self, hours):
            end_s, codes = time.monotonic() + 3600 * hours, set()
            while time.monotonic() < end_s:
                codes.add((await self.order(side="Buy"))["retCode"])
                codes.add((await self.order(side="Sell"))["retCode"])
                await asyncio.sleep(30)
            return codes

    def bot_of(exchange):
        http = httpx.AsyncClient(transport=exchange.transport(), base_url=exchange.rest, timeout=5.0)
        return Bot(http, exchange.api_key, exchange.api_secret)

    @pytest.mark.bybit_exchange(symbols=("BTCUSDT",), delays="realistic")
    def test_half_an_hour(bybit_exchange, virtual_clock):
        begun_ms = virtual_clock.now_ms
        assert virtual_clock.run(bot_of(bybit_exchange).run(hours=0.5)) == {0}
        assert 1_800_000 <= virtual_clock.now_ms - begun_ms < 1_831_000
        fills = bybit_exchange.client().get("/v5/execution/list", category="linear", limit=100)
        assert len(virtual_clock.run(fills)["result"]["list"]) == 100

    def test_what_goes_wrong(bybit_exchange, virtual_clock, faults):
        bot = bot_of(bybit_exchange)
        faults.add({"do": "time_out"}, {"do": "lose_answer", "when": "2nd reply path=/v5/order/create"})
        begun_ms = virtual_clock.now_ms
        with pytest.raises(httpx.ReadTimeout):
            virtual_clock.run(bot.order(side="Buy"))
        assert virtual_clock.now_ms - begun_ms == 5000
        with pytest.raises(httpx.RemoteProtocolError):
            virtual_clock.run(bot.order(side="Buy"))
        with pytest.raises(TimeoutError):
            faults.wait_for("cut_socket", within_s=1)
        assert [one["do"] for one in faults.injected()] == ["time_out", "lose_answer"]

    def test_the_clock_is_the_machine_s_again():
        assert abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME)) < 60
    """,
    )

    project.runpytest_subprocess().assert_outcomes(passed=3)


MARKET = """
    import pytest
    from decimal import Decimal
    pytestmark = pytest.mark.bybit_exchange(shared=True)

    def test_its_prices_are_where_they_are_set(bybit_exchange, market{and_clock}):
        market.set_bid("BTCUSDT", "63999.9")
        known = market.facts("BTCUSDT")
        assert (Decimal(known["bid"]), Decimal(known["ask"])) == (Decimal("63999.9"), Decimal("64000"))
        market.shock("BTCUSDT", bps=-100)
        assert Decimal(market.facts("BTCUSDT")["bid"]) == Decimal("63359.9")

    def test_it_stands_still(bybit_exchange, market{and_clock}):
        assert Decimal(market.facts("BTCUSDT")["bid"]) == 60000  # what the test before did is undone
        market.halt("BTCUSDT")
        assert market.facts("BTCUSDT")["is_halted"]
        market.reopen("BTCUSDT")
        market.pause()
        market.run_at(10)
        market.resume()
        assert not market.facts("BTCUSDT")["is_halted"]

    def test_its_books_lose_frames_and_cross(bybit_exchange, market, faults{and_clock}):
        market.gap("BTCUSDT", frames=2)
        market.cross("BTCUSDT")
        assert [one["do"] for one in faults.armed()] == ["sequence_gap", "cross_book"]
"""


@pytest.mark.parametrize("and_clock", ["", ", virtual_clock"], ids=["process", "virtual"])
def test_the_market_is_driven(project: pytest.Pytester, and_clock: str) -> None:
    project.makepyfile(MARKET.replace("{and_clock}", and_clock))

    project.runpytest_subprocess().assert_outcomes(passed=3)


def test_the_documented_tests_pass(project: pytest.Pytester) -> None:
    page = (ROOT / "docs" / "testing.md").read_text()
    project.makepyfile("\n\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL)))

    project.runpytest_subprocess().assert_outcomes(passed=4)


def test_a_printed_trade_fills_what_rests_there() -> None:
    order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "qty": "0.01"}

    with VirtualExchange(symbols=("BTCUSDT",)) as exchange:
        client = exchange.client()
        exchange.clock.run(client.post("/v5/order/create", **order, orderType="Limit", price="59000"))
        exchange.market.trade("BTCUSDT", "Sell", "58999", "1")
        history = exchange.clock.run(client.get("/v5/order/history", category="linear"))

    assert [row["orderStatus"] for row in history["result"]["list"]] == ["Filled"]


def test_workers_of_xdist_have_exchanges_of_their_own(project: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    project.makepyfile(
        """
    import os, pytest
    pytestmark = pytest.mark.bybit_exchange(shared=True)

    @pytest.mark.parametrize("number", range(6))
    def test_one(bybit_exchange, faults, number):
        with open("exchanges", "a") as seen:
            seen.write(f"{os.getpid()} {bybit_exchange.ready.pid}\\n")
        faults.add({"do": "refuse", "code": 10006})
        assert len(faults.armed()) == 1

    def test_virtual(bybit_exchange, virtual_clock):
        virtual_clock.advance(60)
    """
    )

    project.runpytest_subprocess("-n", "2").assert_outcomes(passed=7)

    pairs = {tuple(line.split()) for line in (project.path / "exchanges").read_text().splitlines()}
    workers, exchanges = zip(*pairs, strict=True)
    assert len(set(workers)) == len(set(exchanges)) == len(pairs) == 2


# Without pytest's fixtures


def test_an_exchange_is_a_context_manager_and_tells_what_it_doesn_t_take() -> None:
    with BybitExchange(symbols=("BTCUSDT",)) as exchange:
        exchange.set_delays(DelayPlan(reply=Delay(floor_ms=1)))
        names = exchange.faults.add(LoseAnswer(name="mine"))
        with pytest.raises(ConfigError, match="can strike at"):
            exchange.faults.add({"do": "lose_answer", "when": "fill"})
        with pytest.raises(TimeoutError, match="mine must strike"):
            exchange.faults.wait_for("mine", within_s=0.01)

    assert names == ["mine"]
    with pytest.raises(VenueUnreachable):
        exchange.faults.armed()


def test_an_exchange_that_speaks_tls_fails_on_command_too() -> None:
    pytest.importorskip("cryptography")

    with BybitExchange(symbols=("BTCUSDT",), tls=True) as exchange:
        exchange.faults.add({"do": "skew_clock", "ms": 5})
        struck = exchange.faults.struck("skew_clock")

    assert exchange.rest.startswith("https://")
    assert struck == 1
