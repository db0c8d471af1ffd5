from math import nan

import pytest

from synthcore.risk.budget import RateBudget
from synthcore.risk.gate import Gate
from synthcore.risk.guard import RaceConditionGuard

MS = 1_000_000
NOW = 10_000 * MS


def gate(**changes) -> Gate:
    settings = {
        "max_concurrent_trades": 2,
        "cool_down_ns": 250 * MS,
        "max_quote_age_ns": 2000 * MS,
        "budget": RateBudget({}),
    }
    return Gate(**(settings | changes))


def test_an_idle_gate_lets_a_fresh_opportunity_pass():
    assert gate().refusal("BTCUSDT", NOW, NOW) is None


def test_a_symbol_has_one_trade_at_a_time():
    subject = gate()
    subject.begin("BTCUSDT")

    assert subject.refusal("BTCUSDT", NOW, NOW) == "symbol_busy"
    assert subject.refusal("ETHUSDT", NOW, NOW) is None


def test_concurrency_is_limited():
    subject = gate()
    subject.begin("BTCUSDT")
    subject.begin("ETHUSDT")

    assert subject.refusal("SOLUSDT", NOW, NOW) == "concurrency"


def test_a_symbol_cools_down_after_its_trade():
    subject = gate()
    subject.begin("BTCUSDT")
    subject.end("BTCUSDT", NOW)

    assert subject.refusal("BTCUSDT", NOW, NOW + 249 * MS) == "cool_down"
    assert subject.refusal("BTCUSDT", NOW, NOW + 250 * MS) is None


def test_an_old_quote_is_stale():
    assert gate().refusal("BTCUSDT", NOW - 2001 * MS, NOW) == "stale"


def test_a_halt_stays():
    subject = gate()
    subject.halt("unresolved")

    assert subject.refusal("BTCUSDT", NOW, NOW) == "risk"
    assert subject.halt_reasons == ["unresolved"]


@pytest.mark.parametrize(
    ("spread_bps", "found"), [(19.99, "risk"), (nan, "risk"), (20.0, None), (50.0, None)]
)
def test_a_spread_below_the_minimum_is_a_risk(spread_bps, found):
    assert gate(minimum_spread_bps=20.0).refusal("BTCUSDT", NOW, NOW, spread_bps) == found


def test_an_entry_waits_for_the_rate_budget():
    subject = gate(budget=RateBudget({"create": 3}))

    assert subject.refusal("BTCUSDT", NOW, NOW) == "rate_budget"


def test_the_guard_turns_the_second_away():
    guard = RaceConditionGuard()

    with guard.holding("BTCUSDT") as first, guard.holding("BTCUSDT") as second:
        taken = (first, second)

    assert taken == (True, False)
    assert "BTCUSDT" not in guard


def test_what_is_reserved_counts_as_a_trade_but_not_against_itself():
    subject = gate(max_concurrent_trades=2)
    subject.reserved |= {"BTCUSDT", "ETHUSDT"}

    assert subject.refusal("SOLUSDT", NOW, NOW) == "concurrency"
    assert subject.refusal("BTCUSDT", NOW, NOW) is None


def test_what_is_reserved_keeps_its_entries_and_closes_back():
    subject = gate(max_concurrent_trades=5, budget=RateBudget({"create": 8}))
    subject.reserved.add("BTCUSDT")

    assert subject.refusal("ETHUSDT", NOW, NOW) is None  # 4 of its own, and 4 that are kept
    subject.reserved.add("SOLUSDT")
    assert subject.refusal("ETHUSDT", NOW, NOW) == "rate_budget"


def test_a_trade_that_begins_is_reserved_no_more():
    subject = gate()
    subject.reserved.add("BTCUSDT")

    subject.begin("BTCUSDT")

    assert subject.reserved == set()
