"""What the doctor says of a key, and of this machine."""

from __future__ import annotations

import pytest

from synthcore import doctor
from synthcore.doctor import KeyInfo, examine_machine, judge_key

TRADES = {"ContractTrade": ["Order", "Position"], "Wallet": []}
BOUND = ["203.0.113.7"]


def key(**changed: object) -> KeyInfo:
    return KeyInfo(**{"permissions": TRADES, "ips": BOUND, **changed})  # type: ignore[arg-type]


def test_a_key_that_may_trade_from_one_address_is_in_order() -> None:
    assert judge_key(key(), "demo").grade == "ok"


@pytest.mark.parametrize("right", ["Withdraw", "withdrawal"])
def test_a_key_that_may_withdraw_is_wrong(right: str) -> None:
    finding = judge_key(key(permissions={**TRADES, "Wallet": ["AccountTransfer", right]}), "demo")

    assert (finding.grade, finding.text) == ("wrong", "may withdraw funds")
    assert finding.fix == "make a key without withdrawal rights"


@pytest.mark.parametrize(
    "changed", [{"read_only": 1}, {"permissions": {}}, {"permissions": {"ContractTrade": ["Order"]}}]
)
def test_a_key_that_may_not_trade_contracts_is_wrong(changed: dict[str, object]) -> None:
    finding = judge_key(key(**changed), "demo")

    assert (finding.grade, finding.text) == ("wrong", "may not trade contracts")


@pytest.mark.parametrize("ips", [[], ["*"]])
def test_a_key_for_any_address_is_warned_about_but_on_our_own_exchange(ips: list[str]) -> None:
    assert judge_key(key(ips=ips), "demo").grade == "warning"
    assert judge_key(key(ips=ips), "embedded").grade == "ok"


def test_one_core_is_a_warning_and_two_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "allowed_cores", lambda: [3])
    one = examine_machine()[0]
    monkeypatch.setattr(doctor, "allowed_cores", lambda: [3, 5])
    two = examine_machine()[0]

    assert (one.grade, two.grade) == ("warning", "ok")
    assert "on core 3" in two.text
    assert "on core 5" in two.text
