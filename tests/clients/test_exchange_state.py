"""An exchange with a state folder, killed and started again, as pybit sees it."""

import json
import resource
import select
import subprocess
import sys
import time
from decimal import Decimal

import msgspec
import pytest
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import HTTP

from synthcore.errors import ConfigError
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

WAIT_S = 15.0
LINEAR = {"category": "linear", "symbol": "BTCUSDT"}
ORDER = {**LINEAR, "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "1000"}


@pytest.fixture
def settings(tmp_path):
    return ExchangeSettings(
        market="steady", symbols=("BTCUSDT",), rate_tier="off", state=str(tmp_path / "state")
    )


def client_of(ready):
    client = HTTP(api_key=ready.api_key, api_secret=ready.api_secret)
    client.endpoint = ready.rest
    return client


def all_lists(client):
    """Everything that an account can ask for."""
    wallet = client.get_wallet_balance(accountType="UNIFIED")
    replies = [
        client.get_open_orders(**LINEAR),
        client.get_order_history(**LINEAR),
        client.get_executions(**LINEAR),
        client.get_positions(**LINEAR),
        client.get_closed_pnl(**LINEAR),
        client.get_transaction_log(),
        client.get_account_info(),
        wallet,
    ]
    return [reply["result"] for reply in replies]


def test_what_a_client_was_told_is_there_after_a_kill(settings):
    first = ExchangeProcess(settings)
    ready = first.start()
    client = client_of(ready)
    client.set_leverage(**LINEAR, buyLeverage="20", sellLeverage="20")
    client.place_order(**{**ORDER, "orderType": "Market", "qty": "0.03"}, takeProfit="900000", stopLoss="10")
    client.place_order(**{**ORDER, "side": "Sell", "orderType": "Market", "reduceOnly": True})
    rested = client.place_order(**ORDER, orderLinkId="mine")["result"]
    before = all_lists(client)
    first.kill()

    with ExchangeProcess(settings) as again:
        client = client_of(again)
        after = all_lists(client)
        with pytest.raises(InvalidRequestError, match="110072"):
            client.place_order(**ORDER, orderLinkId="mine")
        cancelled = client.cancel_order(**LINEAR, orderLinkId="mine")["result"]
        wallet = Decimal(before[-1]["list"][0]["totalWalletBalance"])
        log = client.get_transaction_log()["result"]["list"]

    first.stop()
    assert (again.instance_id, again.accounts) == (ready.instance_id, ready.accounts)
    assert after == before
    assert cancelled == rested
    assert sum(Decimal(row["change"]) for row in log) == wallet


def test_a_folder_in_use_and_one_of_other_settings_are_refused(settings):
    with ExchangeProcess(settings), pytest.raises(ConfigError, match="one exchange at a time"):
        ExchangeProcess(settings).start()

    other = ExchangeSettings(market="steady", symbols=("ETHUSDT",), state=settings.state)
    with pytest.raises(ConfigError, match="made with symbols BTCUSDT, not ETHUSDT"):
        ExchangeProcess(other).start()


def test_each_flavour_keeps_its_own(settings):
    settings = ExchangeSettings(
        market="steady", symbols=("BTCUSDT",), state=settings.state, flavours=("mainnet", "demo")
    )
    first = ExchangeProcess(settings)
    ready = first.start()
    client_of(ready.flavours["demo"]).place_order(**ORDER, orderLinkId="demo")
    first.kill()

    with ExchangeProcess(settings) as again:
        open_orders = {
            name: [row["orderLinkId"] for row in client_of(one).get_open_orders(**LINEAR)["result"]["list"]]
            for name, one in again.flavours.items()
        }

    first.stop()
    assert again.flavours["demo"].accounts == ready.flavours["demo"].accounts
    assert open_orders == {"mainnet": [], "demo": ["demo"]}


def test_a_window_of_cancel_on_disconnect_lasts(settings):
    settings = msgspec.structs.replace(settings, institutional_accounts=1)
    with ExchangeProcess(settings) as ready:
        client_of(ready).set_dcp(timeWindow=40)

    with ExchangeProcess(settings) as again:
        windows = client_of(again).query_dcp_info()["result"]

    assert "40" in json.dumps(windows)


def test_a_full_disk_refuses_what_grows_and_lets_cancels_through(settings):
    """The limit on a file's size stands for the disk: it is the same refusal of the same call."""
    limit = 1_300_000  # the room that is kept in reserve, and a little

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "synthcore.exchange", settings_text(settings)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limited)
    assert select.select([process.stdout], [], [], WAIT_S)[0], "no ready line in time"
    ready = json.loads(process.stdout.readline())
    client = HTTP(api_key=ready["api_key"], api_secret=ready["api_secret"], force_retry=False)
    client.endpoint = ready["rest"]
    batch = [{key: value for key, value in ORDER.items() if key != "category"} for _ in range(20)]

    refused, until_s = None, time.monotonic() + 60
    while refused is None and time.monotonic() < until_s:
        try:
            client.place_batch_order(category="linear", request=batch)
            client.cancel_all_orders(**LINEAR)
        except InvalidRequestError as error:
            refused = error
    client.cancel_all_orders(**LINEAR)
    before = all_lists(client)
    process.kill()
    process.communicate()
    with ExchangeProcess(settings) as again:
        after = all_lists(client_of(again))
        placed = client_of(again).place_order(**ORDER)["retCode"]

    assert refused is not None and refused.status_code == 429
    assert after == before
    assert placed == 0


def settings_text(settings):
    given = {name: getattr(settings, name) for name in ("market", "symbols", "rate_tier", "state")}
    return json.dumps(given)
