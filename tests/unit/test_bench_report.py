"""What `synthtest bench` makes of its measurements: rows, the JSON file, the comparison, the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from synthcore.bench import compare, machine, result, table
from synthcore.bench.limits import CACHE_LINE
from synthcore.bench.page import page
from synthcore.bench.question import Question, Reading, binned, latencies, rows_of, series_of
from synthcore.bench.result import Limit, Machine, Report, Series
from synthcore.errors import ConfigError

MACHINE = Machine(
    processor="a <test> processor",
    cores=2,
    kernel="6",
    load=(0.1, 0.1, 0.1),
    idle_states="held off",
    real_time="allowed",
    versions={"Python": "3"},
)


def question(more_is_better: bool = False, **asked: object) -> Question:
    return Question(
        name="family.one",
        asks="How long?",
        unit="M/s" if more_is_better else "ns",
        more_is_better=more_is_better,
        contenders=lambda stack, effort: {},
        **asked,  # type: ignore[arg-type]
    )


def found(asked: Question, **rounds: list[float]) -> list[Series]:
    return [series_of(asked, name, [Reading(value) for value in each]) for name, each in rounds.items()]


def report(series: Sequence[Series] = (), **changed: object) -> Report:
    whole = Report(
        taken_at="2026-11-21T12:00:00+00:00",
        took_s=1.0,
        complete=True,
        quick=False,
        machine=MACHINE,
        warnings=["a & warning"],
        limits=[Limit(name=CACHE_LINE, p50=60.0, p99=70.0, bins=[(56.0, 9), (63.0, 1)])],
        rows=rows_of(question(at_most=170.0), found(question(), ours=[100.0], rival=[300.0])),
        series=list(series),
    )
    return msgspec.structs.replace(whole, **changed)


# ── rows ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("more_is_better", "ours", "rival", "ratio"), [(False, 100.0, 400.0, 4.0), (True, 100.0, 25.0, 4.0)]
)
def test_a_ratio_above_one_means_that_ours_is_ahead(
    more_is_better: bool, ours: float, rival: float, ratio: float
) -> None:
    asked = question(more_is_better, ratios={"rival": 4.0})

    (row,) = rows_of(asked, found(asked, ours=[ours], rival=[rival]))

    assert (row.rival, row.rival_value, row.ratio, row.met) == ("rival", rival, ratio, True)
    assert row.target == "≥ 4 ×"


def test_a_target_may_leave_ours_behind_by_so_much() -> None:
    asked = question(ratios={"limit": 1 / 1.6})

    (within,) = rows_of(asked, found(asked, ours=[95.0], limit=[60.0]))
    (beyond,) = rows_of(asked, found(asked, ours=[97.0], limit=[60.0]))

    assert within.target == "≤ 1.6 × its time"
    assert (within.met, beyond.met) == (True, False)


def test_the_ratio_is_that_of_the_rounds_so_that_a_drifting_machine_moves_both() -> None:
    asked = question()

    (row,) = rows_of(asked, found(asked, ours=[10.0, 100.0, 1000.0], rival=[20.0, 200.0, 2000.0]))

    assert row.ratio == 2.0


def test_figures_to_reach_have_rows_of_their_own() -> None:
    asked = question(at_most=100.0, p99_at_most=500.0)
    readings = [latencies([50.0] * 98 + [700.0] * 2)]

    p50, p99 = rows_of(asked, [series_of(asked, "ours", readings)])

    assert (p50.name, p50.ours, p50.target, p50.met) == ("family.one", 50.0, "≤ 100 ns", True)
    assert (p99.name, p99.ours, p99.target, p99.met) == ("family.one p99", 700.0, "≤ 500 ns", False)


def test_a_rival_that_a_target_names_and_that_is_not_here_is_said() -> None:
    asked = question(ratios={"boost": 2.0})

    (row,) = rows_of(asked, found(asked, ours=[1.0]))

    assert (row.rival, row.rival_value, row.met) == ("boost", None, None)
    assert "not installed" in row.why


def test_bins_are_equally_wide_on_a_log_axis_and_hold_every_sample() -> None:
    bins = binned([1.0, 10.0, 10.1, 99.9, 1e6])

    assert sum(count for _, count in bins) == 5
    assert dict(bins)[10.0] == 2


# ── JSON ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_row_has_the_fields_that_readers_of_the_file_rely_on() -> None:
    told = msgspec.json.decode(result.encoded(report()))

    assert set(told) >= {"format", "machine", "limits", "warnings", "rows", "series"}
    for row in told["rows"]:
        assert list(row)[:8] == ["name", "ours", "unit", "rival", "rival_value", "ratio", "target", "met"]


def test_a_result_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    written = report(found(question(), ours=[1.0, 2.0]))
    file.write_bytes(result.encoded(written))

    assert result.load(file) == written


@pytest.mark.parametrize(
    ("content", "rule"),
    [("{", "must be what `synthtest bench --json` wrote"), ("{}", "must be what"), (None, "can be read")],
)
def test_another_file_is_refused_in_a_sentence(tmp_path: Path, content: str | None, rule: str) -> None:
    file = tmp_path / "result.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(ConfigError, match=rule):
        result.load(file)


def test_a_result_of_another_format_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_bytes(result.encoded(report(format=99)))

    with pytest.raises(ConfigError, match="must have format 1"):
        result.load(file)


# ── comparison ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([100.0, 110.0, 105.0], [50.0, 52.0, 51.0], "better"),
        ([50.0, 52.0, 51.0], [100.0, 110.0, 105.0], "worse"),
        ([100.0, 110.0, 90.0], [80.0, 91.0, 70.0], "noise"),  # one round of each on the other's side
        ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], "noise"),
    ],
)
def test_a_change_counts_when_all_rounds_of_one_are_on_one_side(
    before: list[float], after: list[float], said: str
) -> None:
    earlier, later = (report(found(question(), ours=rounds)) for rounds in (before, after))

    (change,) = compare.changes(earlier, later)

    assert change.said == said
    assert change.least <= change.ratio <= change.most


def test_more_is_better_for_rates() -> None:
    earlier, later = (report(found(question(True), ours=[value] * 3)) for value in (10.0, 20.0))

    (change,) = compare.changes(earlier, later)

    assert (change.said, change.ratio) == ("better", 2.0)


def test_five_rounds_each_stand_apart_by_chance_in_eight_of_a_thousand() -> None:
    series = found(question(), ours=[1.0] * 5)
    (change,) = compare.changes(report(series), report(series))

    assert compare.chance(change) == pytest.approx(2 / 252)


def test_a_comparison_says_when_the_cores_were_at_another_distance() -> None:
    near = report(found(question(), ours=[1.0]))
    far = report(found(question(), ours=[1.0]), limits=[Limit(name=CACHE_LINE, p50=250.0, p99=300.0)])

    assert "another distance" in compare.text(near, far)
    assert "another distance" not in compare.text(near, near)


# ── what spoils a run ─────────────────────────────────────────────────────────────────────────────────────


def spoils(line_ns: float = 60.0, stolen_s: float = 0.0, busy_s: float = 10.0, **changed: str) -> str:
    before = machine.ProcessorTime(0.0, 0.0, 0.0)
    after = machine.ProcessorTime(busy_s, stolen_s, 10.0)
    limits = [Limit(name=CACHE_LINE, p50=line_ns, p99=line_ns)]
    return "\n".join(
        machine.spoils(msgspec.structs.replace(MACHINE, **changed), limits, before, after, took_s=10.0)
    )


def test_what_spoils_a_run_is_said() -> None:
    assert "far cores: a cache line takes 250 ns" in spoils(line_ns=250.0)
    assert "stolen time" in spoils(stolen_s=1.0)
    assert "other processes used 0.5 of 2 cores" in spoils(busy_s=15.0)
    assert "idle states can't be held off (no device)" in spoils(idle_states="no device")
    assert "real-time scheduling was refused" in spoils(real_time="refused: Operation not permitted")


def test_an_idle_machine_is_not_complained_about() -> None:
    assert "core only" in spoils() or spoils() == ""


# ── what people see ───────────────────────────────────────────────────────────────────────────────────────


def test_the_page_is_well_formed_and_needs_nothing_else() -> None:
    asked = question()
    whole = report([series_of(asked, "ours <b>", [latencies([50.0, 60.0, 5000.0])])])

    text = page(whole)

    ElementTree.fromstring(text.partition("\n")[2])
    assert not re.search(r"\b(src|href|url|@import|http)\b", text)
    assert text.count("<svg") == 2
    assert "a &lt;test&gt; processor" in text and "ours &lt;b&gt;" in text


def test_the_table_says_what_was_met_and_what_an_interrupted_run_lacks() -> None:
    assert "1 targets met, 0 missed" in table.text(report())
    assert "interrupted, so this is a part" in table.text(report(complete=False))


@pytest.mark.parametrize(
    ("number", "unit", "said"),
    [
        (None, "ns", "–"),
        (65.43, "ns", "65.4 ns"),
        (16_000.0, "ns", "16 µs"),
        (3.2e6, "ns", "3.2 ms"),
        (200_000.0, "updates/s", "200,000 updates/s"),
        (4.58, "M/s", "4.58 M/s"),
    ],
)
def test_a_figure_is_said_in_the_unit_that_reads_best(number: float | None, unit: str, said: str) -> None:
    assert table.value(number, unit) == said
