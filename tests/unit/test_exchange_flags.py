"""`synthtest exchange`: which flags become which settings of the exchange."""

import pytest
from click.testing import CliRunner

from synthcli.__main__ import run
from synthcli.cli import cli
from synthcli.commands import exchange
from synthcore.exchange import server
from synthcore.exchange.key_terms import KeyTerms


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


def test_further_keys_and_limits_of_an_address_have_flags(served, tmp_path):
    (tmp_path / "keys.json").write_text('[{"account": 2, "read_only": true}, {"ips": ["127.0.0.1"]}]')

    settings = served("--accounts", "2", "--keys", str(tmp_path / "keys.json"), "--ip-limits")

    assert settings.keys == (KeyTerms(account=2, read_only=True), KeyTerms(ips=("127.0.0.1",)))
    assert (settings.ip_limits, served().ip_limits, served().keys) == (True, False, ())


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--keys", "nowhere.json"), "keys must name a file that can be read, nowhere.json"),
        (("--keys", __file__), "keys must be a JSON list of terms"),
        (("--accounts", "0"), "a whole number from 1 to 100"),
        (("--market", "steady", "--recording", __file__), "a recording is a market of its own"),
    ],
)
def test_what_can_not_be_is_one_sentence(capsys, args, sentence):
    assert run(["exchange", *args]) == 2

    assert sentence in capsys.readouterr().err
