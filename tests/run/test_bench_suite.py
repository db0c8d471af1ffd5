"""Every question of `synthtest bench` can be asked, and is documented; how fast is no test's business."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from synthcore._core.ring import Ring
from synthcore.bench.loops import Sleeper, pop_spaced, push_spaced
from synthcore.bench.pairs import both
from synthcore.bench.question import Question, Reading
from synthcore.bench.result import Report
from synthcore.bench.rivals import Native
from synthcore.bench.suite import Suite, chosen, questions
from synthcore.errors import ConfigError

ROOT = Path(__file__).parents[2]
ALL = questions(ROOT / "nowhere")  # without native rivals: their programs are tested below


def asked(question: Question) -> Report:
    suite = Suite([question], quick=True)
    suite.run()
    return suite.report()


@pytest.mark.parametrize("question", ALL, ids=[question.name for question in ALL])
def test_a_question_gives_a_row_and_every_round_of_every_contender(question: Question) -> None:
    report = asked(question)

    assert report.complete
    assert {row.name.removesuffix(" p99") for row in report.rows} == {question.name}
    assert report.series
    for series in report.series:
        assert len(series.rounds) == 2
        assert min(series.rounds) >= 0
    assert {limit.name for limit in report.limits if limit.p50 > 0} >= {"system call", "futex wake-up"}


@pytest.mark.parametrize("question", ALL, ids=[question.name for question in ALL])
def test_a_question_is_documented(question: Question) -> None:
    assert f"`{question.name}`" in (ROOT / "docs" / "bench.md").read_text()
    assert question.asks.endswith("?")


def test_steps_are_told_in_order_and_none_too_many() -> None:
    told: list[tuple[int, int]] = []
    suite = Suite(
        chosen(ALL, ["record"]), quick=True, on_progress=lambda what, done, of: told.append((done, of))
    )

    suite.run()

    assert told == [(0, 3), (1, 3), (2, 3)]


def test_a_question_that_fails_costs_only_itself() -> None:
    def fails() -> Reading:
        raise TimeoutError("nothing came")

    broken = Question(name="broken", asks="?", unit="ns", contenders=lambda stack, effort: {"ours": fails})
    suite = Suite([broken, *chosen(ALL, ["record"])], quick=True)

    suite.run()

    assert suite.report().rows[0].why == "failed (TimeoutError: nothing came)"
    assert {row.name for row in suite.report().rows} == {"broken", "record"}


def test_a_family_is_chosen_by_its_first_word() -> None:
    assert [question.name for question in chosen(ALL, ["parse"])] == ["parse.ticker", "parse.orderbook.1"]
    assert [question.name for question in chosen(ALL, ["parse.ticker"])] == ["parse.ticker"]


def test_an_unknown_name_is_refused_in_a_sentence() -> None:
    with pytest.raises(ConfigError, match=r"must name a question or the first word of several .* was 'pars'"):
        chosen(ALL, ["pars"])


def test_a_sleeper_that_misses_wake_ups_ends_with_the_last() -> None:
    sleeper = Sleeper()

    taken_ns, _ = both(lambda: sleeper.sleep(500), lambda: sleeper.wake(500, 1))

    assert 1 <= len(taken_ns) <= 500


def test_a_consumer_that_was_lapped_ends_with_the_last_item() -> None:
    ring = Ring(2)

    taken_ns, _ = both(lambda: pop_spaced(ring, 5000), lambda: push_spaced(ring, 5000, 1))

    assert len(taken_ns) + ring.dropped == 5000


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Native:
    """The rivals in C and C++; a crate would take this test too long."""
    if shutil.which("gcc") is None or shutil.which("g++") is None:
        pytest.skip("no gcc and g++ here")
    folder = tmp_path_factory.mktemp("rivals")
    sources = ROOT / "benchmarks" / "native"
    core = f"-I{ROOT / 'synthcore' / '_core'}"
    for command in (
        ["g++", "-std=c++17", "-O0", "-pthread", sources / "queues.cpp", "-o", folder / "queues"],
        ["gcc", "-std=c11", "-O0", core, sources / "epoll_client.c", "-o", folder / "epoll_client"],
    ):
        subprocess.run(list(map(str, command)), check=True)
    return Native(folder)


def test_native_rivals_are_found_and_answer(native: Native) -> None:
    assert "std::deque+mutex" in native.queues

    rate = native.run("queues", "std::deque+mutex", "throughput", 1000)
    one_way = native.run("queues", "std::deque+mutex", "one-way", 50, 2000)

    assert (rate.items, rate.ns > 0) == (1000, True)
    assert len(one_way.samples_ns) == 50


def test_the_c_client_takes_the_frames_that_ours_takes(native: Native) -> None:
    from synthcore.bench.stream_server import running

    with running(0) as port:
        found = native.run("epoll_client", port, "paced 20 1000000 1", 20)

    assert found.frames == 20
    assert min(found.samples_ns) > 0
