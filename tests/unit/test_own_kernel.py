"""A strategy's own compiled rule decides, as a capsule, by its address, with its own memory."""

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import synthcore
from synthcore._core.kernel import Kernel
from synthcore._core.pipeline import Pipeline
from synthcore._core.ring import Ring
from synthcore.config import SyntheticConfig
from synthcore.errors import ConfigError
from synthcore.qualification import QualificationRules
from synthcore.strategies.compiled import UPDATE, find_rule

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_kernel"
QUALIFYING = {"spread_bps": 50.0, "funding_delta": 0.0075, "position_size": 1000.0, "fees_bps": 11.0}
TIGHT, WIDE = (100.0, 100.005), (100.0, 100.02)


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The example, built as its author would."""
    folder = tmp_path_factory.mktemp("own_kernel")
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture
def there(example, monkeypatch):
    monkeypatch.chdir(example)
    monkeypatch.setattr(sys, "path", list(sys.path))


def decided(kernel, *quotes):
    """What the kernel's rule makes of the quotes: the funnel, and the bids of the decisions."""
    kernel.set_inputs(0, **QUALIFYING)
    with Pipeline(kernel, 8) as pipeline:
        pipeline.start("park")
        for bid, ask in quotes:
            pipeline.push(0, bid, ask, 1.0, 1.0, 0, 1)
    return kernel.funnel(), [decision.ask for decision in kernel.drain_decisions()]


def limits(max_spread_bps):
    memory = np.zeros(1, [("max_spread_bps", "f8"), ("too_wide", "u8")])
    memory["max_spread_bps"] = max_spread_bps
    return memory


def test_the_example_decides_by_its_own_memory(there):
    kernel, memory = Kernel(1, QualificationRules()), limits(1.0)
    kernel.decide_by(find_rule("tight_spread:kernel").decide, memory)

    funnel, asks = decided(kernel, TIGHT, WIDE)

    assert (asks, memory["too_wide"].item()) == ([TIGHT[1]], 1)
    assert (funnel["qualified"], funnel["rejected"]["strategy"]["count"]) == (1, 1)


def test_its_memory_comes_with_it(there):
    kernel = Kernel(1, QualificationRules())
    kernel.decide_by(*find_rule("tight_spread:kernel"))

    assert decided(kernel, TIGHT, WIDE)[1] == [TIGHT[1]]


def test_its_memory_may_change_while_it_runs(there):
    kernel, memory = Kernel(1, QualificationRules()), limits(1.0)
    kernel.decide_by(find_rule("tight_spread:kernel").decide, memory)
    memory["max_spread_bps"] = 100.0

    assert decided(kernel, WIDE)[1] == [WIDE[1]]


def test_without_it_the_production_rules_decide_again(there):
    kernel = Kernel(1, QualificationRules())
    kernel.decide_by(find_rule("tight_spread:kernel").decide, limits(1.0))
    kernel.decide_by(None)

    assert decided(kernel, WIDE)[1] == [WIDE[1]]


def test_a_numba_rule_decides(there):
    pytest.importorskip("numba", reason="Numba is not installed")
    kernel = Kernel(1, QualificationRules())
    kernel.decide_by(*find_rule("numba_rule:kernel"))

    funnel, asks = decided(kernel, TIGHT, WIDE)

    assert (asks, funnel["rejected"]["strategy"]["count"]) == ([TIGHT[1]], 1)


@pytest.mark.parametrize("reason", [-1, 6, 200])
def test_a_reason_that_nobody_knows_is_the_strategys_own(reason):
    kernel, rule = Kernel(1, QualificationRules()), in_python(lambda verdict: set_reason(verdict, reason))
    kernel.decide_by(ctypes.cast(rule, ctypes.c_void_p).value)

    funnel, asks = decided(kernel, TIGHT)

    assert (asks, funnel["rejected"]["strategy"]["count"]) == ([], 1)


def test_the_funnel_has_no_strategy_while_nobody_brings_a_rule():
    assert "strategy" not in decided(Kernel(1, QualificationRules()), TIGHT)[0]["rejected"]


@pytest.mark.parametrize("wrong", ["kernel", 0, -5, object(), 1.5])
def test_what_is_no_function_is_refused(wrong):
    with pytest.raises(TypeError, match="a kernel must be a capsule"):
        Kernel(1, QualificationRules()).decide_by(wrong)


def test_a_capsule_of_something_else_is_refused():
    import datetime

    with pytest.raises(ValueError, match="incorrect name"):
        Kernel(1, QualificationRules()).decide_by(datetime.datetime_CAPI)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (
            "nowhere_at_all:kernel",
            "kernel must name a module that can be imported, was nowhere_at_all:kernel",
        ),
        ("json:kernel", "kernel must name something in json, was json:kernel: it has no 'kernel'"),
    ],
)
def test_a_rule_that_is_not_there_is_named(place, words):
    with pytest.raises(ConfigError, match=words):
        find_rule(place)


def test_a_place_that_is_none_is_refused_with_an_example():
    with pytest.raises(ConfigError, match="kernel must be a name in a module, `module:name`, was 'kernel'"):
        SyntheticConfig(kernel="kernel")


def test_updates_come_out_as_records():
    ring, updates = Ring(8), np.zeros(2, UPDATE)
    for number in range(3):
        ring.push(number, 100.0 + number, 101.0 + number, 1.5, 2.5, 7, 9)

    assert (ring.pop_into(updates), len(ring)) == (2, 1)
    assert updates["symbol_id"].tolist() == [0, 1]
    assert updates[["bid_px", "ask_px", "bid_qty", "ask_qty", "exchange_us", "recv_ns"]][1].item() == (
        101.0, 102.0, 1.5, 2.5, 7, 9,
    )  # fmt: skip
    assert (ring.pop_into(updates), ring.pop_into(updates)) == (1, 0)


def test_memory_of_broken_records_is_refused():
    with pytest.raises(ValueError, match="whole records of 64 bytes, was 100"):
        Ring(8).pop_into(bytearray(100))


def test_the_headers_are_where_they_are_said_to_be():
    assert (Path(synthcore.get_include()) / "update.h").is_file()


RULE = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5)
REASON_AT = 48  # bytes into a Verdict


def in_python(write):
    """A rule that takes the GIL, which only a test may."""
    return RULE(lambda update, inputs, rules, context, out: write(out))


def set_reason(verdict, reason):
    ctypes.c_int.from_address(verdict + REASON_AT).value = reason
