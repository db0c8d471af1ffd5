"""Who may use the control API: this machine, with the token; to others it isn't there."""

from pathlib import Path

import pytest
from control_client import control_http

from synthcore.errors import ConfigError
from synthcore.exchange.control.client import ControlClient
from synthcore.exchange.control.door import ControlDoor
from synthcore.exchange.control.token import VARIABLE, given_token
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

TOKEN = "a-token-that-nobody-guesses"
UNKNOWN = {"retCode": 10017, "retMsg": "Route not found.", "result": {}, "retExtInfo": {}}


@pytest.fixture(scope="module")
def exchange():
    with ExchangeProcess(ExchangeSettings(market="steady", control_token=TOKEN)) as ready:
        yield ready


def test_a_token_that_was_given_opens_the_door_and_is_told_nowhere(exchange):
    faults = ControlClient(exchange.rest, TOKEN).get("/_control/faults")
    command_line = Path(f"/proc/{exchange.pid}/cmdline").read_text()

    assert faults == {"faults": [], "injected": []}
    assert exchange.control_token is None
    assert TOKEN not in command_line
    assert TOKEN not in repr(ExchangeSettings(control_token=TOKEN))
    assert TOKEN not in repr(vars(ControlClient(exchange.rest, TOKEN)))


@pytest.mark.parametrize("borne", ["", "Bearer", "Bearer x", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_another_token_is_401_and_changes_nothing(exchange, borne):
    with control_http(exchange) as http:
        reply = http.delete("/_control/faults", headers={"Authorization": borne})

    assert (reply.status_code, list(reply.json())) == (401, ["error"])
    assert TOKEN not in reply.text


def test_a_path_that_is_none_names_those_that_are(exchange):
    with pytest.raises(ConfigError, match="GET /_control/nothing is none of GET /_control/faults, "):
        ControlClient(exchange.rest, TOKEN).get("/_control/nothing")


def test_without_a_token_there_is_no_such_path():
    with ExchangeProcess(ExchangeSettings(market="steady")) as ready, control_http(ready) as http:
        reply = http.get("/_control/faults")

    answer = reply.json()
    assert (reply.status_code, {key: answer[key] for key in UNKNOWN}) == (404, UNKNOWN)


@pytest.mark.parametrize("client", [None, ("192.0.2.7", 1), ("::2", 1), ("elsewhere", 1)])
def test_from_elsewhere_there_is_no_such_path_either(client):
    scope = {"path": "/_control/faults", "client": client}

    assert not ControlDoor(TOKEN, []).serves(scope)
    assert ControlDoor(TOKEN, []).serves(scope | {"client": ("127.0.0.1", 1)})


@pytest.mark.parametrize("token", ["short", "with a space in its middle", "ümlaut-ümlaut-ümlaut", "x" * 15])
def test_a_token_that_could_be_guessed_is_refused_without_being_shown(token, monkeypatch):
    monkeypatch.setenv(VARIABLE, token)

    with pytest.raises(ConfigError, match="control_token must be `auto` or at least 16") as refused:
        given_token("")

    assert token not in str(refused.value)


def test_the_setting_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv(VARIABLE, "x" * 20)

    assert (given_token(""), given_token(TOKEN)) == ("x" * 20, TOKEN)
