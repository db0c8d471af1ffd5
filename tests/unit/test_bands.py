"""The bands of the specification, at and around their bounds."""

from __future__ import annotations

import pytest

from synthcore.monitor.bands import latency_band, profit_band, success_band

MS = 1e6


@pytest.mark.parametrize(
    ("rate", "name", "advice"),
    [
        (1.0, "excellent", "may grow"),
        (0.9801, "excellent", "may grow"),
        (0.98, "good", "keep"),
        (0.95, "good", "keep"),
        (0.9499, "acceptable", "watch closely"),
        (0.90, "acceptable", "watch closely"),
        (0.8999, "poor", "reduce or stop"),
        (0.0, "poor", "reduce or stop"),
    ],
)
def test_success(rate: float, name: str, advice: str) -> None:
    band = success_band(rate)

    assert (band.name, band.advice) == (name, advice)


@pytest.mark.parametrize(
    ("latency_ms", "name"),
    [
        (0, "excellent"),
        (4.99, "excellent"),
        (5, "good"),
        (10, "good"),
        (10.1, "acceptable"),
        (20, "acceptable"),
        (20.1, "poor"),
    ],
)
def test_latency(latency_ms: float, name: str) -> None:
    assert latency_band(latency_ms * MS).name == name


def test_a_far_venue_does_not_spoil_the_latency() -> None:
    assert latency_band(104 * MS).name == "poor"
    assert latency_band(104 * MS, network_rtt_ns=100 * MS).name == "excellent"
    assert latency_band(4 * MS, network_rtt_ns=100 * MS).name == "excellent"


def test_poor_latency_is_investigated() -> None:
    assert latency_band(21 * MS).advice == "investigate"


@pytest.mark.parametrize(
    ("usdt", "name", "advice"),
    [(0.01, "positive", "keep"), (0.0, "break-even", "optimise"), (-0.01, "negative", "review trades")],
)
def test_profit(usdt: float, name: str, advice: str) -> None:
    band = profit_band(usdt)

    assert (band.name, band.advice) == (name, advice)
