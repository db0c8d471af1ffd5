"""How long legs were unequal, at the exchange; held to what is promised where somebody could act."""

from decimal import Decimal

import pytest

from synthcore.simulation.away import Away
from synthcore.simulation.exposure import LONGEST_S, Exposure, durations
from synthcore.virtual_time import VirtualTime

ONE, NOTHING = Decimal(1), Decimal(0)
BTC = "BTCUSDT"
NS = 1_000_000_000


class Account:
    """An account whose sizes a test sets at its times."""

    def __init__(self) -> None:
        self.clock = VirtualTime()
        self.away = Away(self.clock)
        self.violations: list[str] = []
        self.exposure = Exposure(self.clock, self.away, self.violations.append)
        self.exposure.on_process(is_there=True)

    def holds(self, long: Decimal, short: Decimal, *, at_s: float) -> "Account":
        self.at(at_s)
        self.exposure.on_sizes(BTC, long, short)
        return self

    def at(self, at_s: float) -> "Account":
        self.clock.passed_ns = int(at_s * NS)
        return self


@pytest.fixture
def account():
    return Account()


def counts(account):
    summary = account.exposure.summary()
    return summary.undisturbed.count, summary.disturbed.count


def test_a_stretch_lasts_from_the_first_unequal_sizes_to_equal_ones(account):
    account.holds(ONE, NOTHING, at_s=1).holds(ONE, ONE / 2, at_s=2).holds(ONE, ONE, at_s=3)
    account.holds(NOTHING, NOTHING, at_s=9)

    assert account.exposure.summary().undisturbed.max_ms == 2000.0
    assert counts(account) == (1, 0)


def test_one_that_takes_longer_than_is_promised_is_a_violation(account):
    account.holds(ONE, NOTHING, at_s=1).holds(NOTHING, NOTHING, at_s=1 + LONGEST_S + 0.1)

    assert account.violations == ["BTCUSDT stood unhedged for 31.850 s, at most 31.75 s are promised"]


def test_one_that_never_ends_is_told_once(account):
    account.holds(ONE, NOTHING, at_s=1)
    for at_s in (20, 40, 60):
        account.at(at_s).exposure.check()

    assert len(account.violations) == 1


def killed(account):
    account.exposure.on_process(is_there=False)
    account.exposure.on_process(is_there=True)


@pytest.mark.parametrize(
    "disturb",
    [
        killed,
        lambda account: account.exposure.on_given_up(BTC),
        lambda account: account.away.begins(6.0),
    ],
    ids=["killed", "given up", "away"],
)
def test_one_that_nobody_could_end_is_counted_apart(account, disturb):
    account.holds(ONE, NOTHING, at_s=1)
    disturb(account)

    account.holds(NOTHING, NOTHING, at_s=40)

    assert counts(account) == (0, 1)
    assert account.violations == []


def test_one_that_begins_without_a_process_is_counted_apart(account):
    account.exposure.on_process(is_there=False)
    account.holds(ONE, NOTHING, at_s=1)
    account.exposure.on_process(is_there=True)

    account.holds(NOTHING, NOTHING, at_s=2)

    assert counts(account) == (0, 1)


def test_quantiles_are_times_that_were():
    found = durations([10 * 1_000_000 * number for number in range(100, 0, -1)])

    assert (found.count, found.p50_ms, found.p99_ms, found.p999_ms, found.max_ms) == (
        100,
        500,
        990,
        1000,
        1000,
    )
