"""The kernel, run in place: what becomes of an update, and what is counted."""

import os
import select
from typing import Any

import pytest

from synthcore._core.kernel import Kernel
from synthcore._core.pipeline import Pipeline
from synthcore.qualification import QualificationRules

QUALIFYING = {"spread_bps": 50.0, "funding_delta": 0.0075, "position_size": 1000.0, "fees_bps": 11.0}
DOCUMENTED = QUALIFYING | {"spread_bps": 15.0, "funding_delta": 0.0001}
NO_FUNDING = QUALIFYING | {"funding_delta": 0.00005}
THIN = QUALIFYING | {"depth": 1500.0}
UNSURE = QUALIFYING | {"funding_delta": 0.001}
COSTLY = QUALIFYING | {"fees_bps": 40.0}
SECOND_NS = 1_000_000_000


class Bench:
    """A kernel that runs on the test's own thread."""

    def __init__(self, symbols: int = 2, **options: Any) -> None:
        self.kernel = Kernel(symbols, QualificationRules(), **options)
        self.pipeline = Pipeline(self.kernel, 8)
        self.pipeline.start("inline")

    def update(
        self, symbol_id: int = 0, recv_ns: int = SECOND_NS, bid: float = 99.0, ask: float = 101.0
    ) -> None:
        self.pipeline.push(symbol_id, bid, ask, 1.5, 2.5, 1_700_000_000_000_000, recv_ns)

    def suppressed(self, why: str) -> int:
        count: int = self.kernel.funnel()["suppressed"][why]
        return count


def qualifying_bench(**options: Any) -> Bench:
    bench = Bench(**options)
    bench.kernel.set_inputs(0, **QUALIFYING)
    bench.kernel.set_inputs(1, **QUALIFYING)
    return bench


def is_readable(fd: int) -> bool:
    return bool(select.select([fd], [], [], 0)[0])


def test_qualified_update_becomes_a_decision() -> None:
    bench = qualifying_bench()

    bench.update(symbol_id=1, bid=99.5, ask=100.5, recv_ns=5 * SECOND_NS)
    (decision,) = bench.kernel.drain_decisions()

    assert (decision.symbol_id, decision.bid, decision.ask) == (1, 99.5, 100.5)
    assert (decision.exchange_us, decision.recv_ns) == (1_700_000_000_000_000, 5 * SECOND_NS)
    assert decision.profit_bps == 50.0 - 11.0 - 10.0 - (2.0 + 1000.0 / 50_000.0 * 3.0)
    assert decision.confidence == 72
    assert decision.recv_ns <= decision.popped_ns <= decision.decided_ns


def test_event_is_readable_from_decision_to_drain() -> None:
    bench = qualifying_bench()

    before = is_readable(bench.kernel.fileno())
    bench.update()
    after = is_readable(bench.kernel.fileno())
    bench.kernel.drain_decisions()

    assert (before, after, is_readable(bench.kernel.fileno())) == (False, True, False)


@pytest.mark.parametrize(
    ("inputs", "reason", "margin"),
    [
        (DOCUMENTED, "funding_delta", 0.0),
        (NO_FUNDING, "funding_delta", -0.00005),
        (THIN, "depth", -500.0),
        (UNSURE, "confidence", -17.0),
        (COSTLY, "profit", -2.06),
    ],
)
def test_rejected_update_is_counted_with_its_margin(
    inputs: dict[str, float], reason: str, margin: float
) -> None:
    bench = Bench()
    bench.kernel.set_inputs(0, **inputs)

    for _ in range(3):
        bench.update()
    funnel = bench.kernel.funnel()

    assert funnel["rejected"].pop(reason) == {"count": 3, "median_margin": pytest.approx(margin, rel=0.016)}
    assert all(rest == {"count": 0, "median_margin": None} for rest in funnel["rejected"].values())
    assert (funnel["updates"], funnel["qualified"], funnel["emitted"]) == (3, 0, 0)
    assert bench.kernel.drain_decisions() == []


def test_median_margin_is_the_median() -> None:
    bench = Bench()
    for fees_bps in (40.0, 41.0, 45.0, 80.0, 100.0):
        bench.kernel.set_inputs(0, **QUALIFYING | {"fees_bps": fees_bps})
        bench.update()

    rejected = bench.kernel.funnel()["rejected"]["profit"]

    assert rejected == {"count": 5, "median_margin": pytest.approx(50.0 - 45.0 - 10.0 - 2.06, rel=0.016)}


def test_new_inputs_and_rules_take_effect_with_the_next_update() -> None:
    bench = qualifying_bench()

    bench.update()
    bench.kernel.set_inputs(0, **COSTLY)
    bench.update()
    bench.kernel.set_rules(QualificationRules(min_profit_bps=-5.0))
    bench.update()

    funnel = bench.kernel.funnel()
    assert (funnel["qualified"], funnel["rejected"]["profit"]["count"]) == (2, 1)


def test_cool_down_holds_back_per_symbol() -> None:
    bench = qualifying_bench(cool_down_ns=100)

    for symbol_id, recv_ns in ((0, 1000), (0, 1099), (1, 1099), (0, 1100), (0, 1199)):
        bench.update(symbol_id, recv_ns)
    decisions = bench.kernel.drain_decisions()

    assert [(decision.symbol_id, decision.recv_ns) for decision in decisions] == [
        (0, 1000),
        (1, 1099),
        (0, 1100),
    ]
    assert bench.suppressed("cool_down") == 2


def test_changed_cool_down_applies_from_the_next_decision() -> None:
    bench = qualifying_bench(cool_down_ns=0)
    bench.kernel.cool_down_ns = 50

    bench.update(recv_ns=1000)
    bench.update(recv_ns=1049)

    assert (bench.kernel.cool_down_ns, bench.suppressed("cool_down")) == (50, 1)


def test_symbol_that_is_not_armed_emits_nothing() -> None:
    bench = qualifying_bench()

    bench.kernel.set_armed(0, False)
    bench.update(0)
    bench.update(1)
    bench.kernel.set_armed(0, True)
    bench.update(0)

    assert [decision.symbol_id for decision in bench.kernel.drain_decisions()] == [1, 0]
    assert bench.suppressed("symbol_busy") == 1


def test_book_that_is_not_trusted_emits_nothing() -> None:
    bench = qualifying_bench()

    bench.kernel.set_trusted(0, False)
    bench.update(0)
    bench.kernel.set_trusted(0, True)
    bench.update(0)

    assert len(bench.kernel.drain_decisions()) == 1
    assert bench.suppressed("untrusted") == 1


def test_halted_kernel_goes_on_counting_and_emits_nothing() -> None:
    bench = qualifying_bench()
    bench.kernel.halted = True

    bench.update()

    assert bench.kernel.halted is True
    assert bench.kernel.drain_decisions() == []
    assert (bench.kernel.funnel()["qualified"], bench.suppressed("halted")) == (1, 1)


def test_suppressed_update_starts_no_cool_down() -> None:
    bench = qualifying_bench(cool_down_ns=100)

    bench.kernel.halted = True
    bench.update(recv_ns=1000)
    bench.kernel.halted = False
    bench.update(recv_ns=1001)

    assert [decision.recv_ns for decision in bench.kernel.drain_decisions()] == [1001]


def test_every_qualified_update_is_emitted_or_suppressed() -> None:
    bench = qualifying_bench(cool_down_ns=10)
    for n in range(100):
        bench.kernel.halted = n % 7 == 0
        bench.kernel.set_armed(n % 2, n % 3 != 0)
        bench.update(n % 2, 1000 + n)

    funnel = bench.kernel.funnel()

    assert funnel["emitted"] + sum(funnel["suppressed"].values()) == funnel["qualified"] == 100
    assert funnel["emitted"] == len(bench.kernel.drain_decisions())


def test_symbol_without_inputs_is_stored_and_counted_only() -> None:
    bench = Bench()

    bench.update(1, bid=7.0)

    assert bench.kernel.funnel()["without_inputs"] == 1
    assert bench.kernel.funnel()["updates"] == 0
    assert bench.kernel.latest(1) == (1, 7.0, 101.0, 1.5, 2.5, 1_700_000_000_000_000, SECOND_NS)
    assert bench.kernel.latest(0) is None


@pytest.mark.parametrize("symbol_id", [-1, 2, 32_767, -32_768])
def test_update_of_an_unknown_id_is_counted_only(symbol_id: int) -> None:
    bench = qualifying_bench()

    bench.update(symbol_id)

    assert bench.kernel.funnel()["strays"] == 1
    assert bench.kernel.funnel()["updates"] == 0


def test_undrained_decisions_drop_the_oldest_and_are_counted() -> None:
    bench = qualifying_bench(decision_capacity=4)

    for n in range(6):
        bench.update(recv_ns=n)

    assert bench.kernel.decisions_dropped == 2
    assert [decision.recv_ns for decision in bench.kernel.drain_decisions()] == [2, 3, 4, 5]


def test_detection_is_measured_for_each_decided_update() -> None:
    bench = qualifying_bench()

    for _ in range(5):
        bench.update()

    assert bench.kernel.detection.count == 5


@pytest.mark.parametrize("symbols", [0, -1, 32_768])
def test_number_of_symbols_out_of_range_is_refused(symbols: int) -> None:
    with pytest.raises(ValueError, match=f"symbols must be 1 to 32767, was {symbols}"):
        Kernel(symbols, QualificationRules())


def test_setting_what_nobody_has_is_refused() -> None:
    kernel = Kernel(2, QualificationRules())

    for act in (
        lambda: kernel.set_inputs(2, **QUALIFYING),
        lambda: kernel.set_armed(-1, True),
        lambda: kernel.set_trusted(9, True),
        lambda: kernel.latest(2),
    ):
        with pytest.raises(IndexError, match="a symbol id must be 0 to 1 here, was"):
            act()


def test_close_gives_the_descriptor_back() -> None:
    kernel = Kernel(1, QualificationRules())
    fd = kernel.fileno()

    kernel.close()
    kernel.close()

    assert kernel.fileno() == -1
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)
