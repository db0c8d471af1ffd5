"""`synthtest exchange`: which flags become which settings of the exchange."""

import pytest
from click.testing import CliRunner

from synthcli.__main__ import run
from synthcli.cli import cli
from synthcli.commands import exchange
from synthcore.exchange import server


@pytest.fixture
def served(monkeypatch):
    """The settings that a command line would serve."""
    seen = []
    monkeypatch.setattr(server, "serve", lambda settings: seen.append(settings) or 0)
    monkeypatch.setattr(exchange.signal, "signal", lambda number, handler: None)

    def settings_of(*args):
        done = CliRunner().invoke(cli, ["exchange", *args])
        assert done.exception is None, done.exception
        return seen.pop()

    return settings_of


def test_accounts_market_and_funding_have_flags(served):
    settings = served(
        *("--accounts", "3", "--institutional", "2", "--market", "steady", "--funding-minutes", "5")
    )

    assert (settings.accounts, settings.institutional_accounts) == (3, 2)
    assert (settings.market, settings.funding_minutes) == ("steady", 5)


def test_without_them_the_defaults_stay(served):
    settings = served()

    assert (settings.accounts, settings.institutional_accounts) == (1, 0)
    assert (settings.market, settings.funding_minutes) == ("generator", 0)


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--accounts", "0"), "a whole number from 1 to 100"),
        (("--market", "steady", "--recording", __file__), "a recording is a market of its own"),
    ],
)
def test_what_can_not_be_is_one_sentence(capsys, args, sentence):
    assert run(["exchange", *args]) == 2

    assert sentence in capsys.readouterr().err
