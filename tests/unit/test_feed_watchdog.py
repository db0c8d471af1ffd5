"""Silence and outages, on a clock that the test holds."""

from __future__ import annotations

from synthcore.feed.outages import KEPT, Outage, OutageLog
from synthcore.feed.watchdog import Silence, Watchdog

DEADLINES = {"tickers.A": 10, "orderbook.1.A": 10, "orderbook.50.A": 20}


def test_a_link_on_which_every_topic_is_past_its_deadline_is_dead() -> None:
    watchdog = Watchdog(DEADLINES)
    watchdog.begin(100)

    early = watchdog.check(114, {"tickers.A": 105}, DEADLINES)
    silence = watchdog.check(120, {"tickers.A": 105}, DEADLINES)

    assert early == Silence(("orderbook.1.A",), False, 100)
    assert silence == Silence(tuple(DEADLINES), True, 105)


def test_one_silent_topic_among_talking_ones_is_named_alone() -> None:
    watchdog = Watchdog(DEADLINES)
    watchdog.begin(100)

    silence = watchdog.check(125, {"tickers.A": 124, "orderbook.50.A": 124, "orderbook.1.A": 110}, DEADLINES)

    assert silence == Silence(("orderbook.1.A",), False, 110)


def test_patience_doubles_until_the_topic_speaks() -> None:
    watchdog = Watchdog({"a": 10, "b": 10})
    watchdog.begin(0)

    named = [now for now in range(1, 100) if watchdog.check(now, {"a": now}, ["a", "b"])]
    watchdog.check(100, {"a": 100, "b": 100}, ["a", "b"])
    named_again = [now for now in range(101, 125) if watchdog.check(now, {"a": now, "b": 100}, ["a", "b"])]

    assert named == [10, 30, 70]
    assert named_again == [110]


def test_what_is_not_watched_is_not_missed() -> None:
    watchdog = Watchdog(DEADLINES)
    watchdog.begin(0)

    assert watchdog.check(1000, {}, []) is None
    assert watchdog.check(1000, {"tickers.A": 999}, ["tickers.A"]) is None


def test_an_outage_is_told_at_both_ends_and_summed() -> None:
    told: list[Outage] = []
    log = OutageLog(told.append)

    log.begin("closed by the server", 1_000_000)
    log.begin("again", 2_000_000)
    meanwhile_ms = log.blind_ms(4_000_000)
    log.end(6_000_000)
    log.end(9_000_000)

    assert told == [
        Outage("closed by the server", 1_000_000),
        Outage("closed by the server", 1_000_000, 6_000_000),
    ]
    assert meanwhile_ms == 3.0
    assert log.blind_ms(10_000_000) == 5.0
    assert log.count == 1


def test_the_list_of_outages_is_bounded_and_their_sum_is_not() -> None:
    log = OutageLog()

    for i in range(KEPT + 10):
        log.begin("cut", i * 2_000_000)
        log.end(i * 2_000_000 + 1_000_000)

    assert len(log.recent) == KEPT
    assert log.count == KEPT + 10
    assert log.blind_ms(0) == KEPT + 10
