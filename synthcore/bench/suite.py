"""The suite: its questions in order, run in interleaved rounds, one report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from subprocess import SubprocessError

from synthcore._core.idle import IdleStates
from synthcore.bench import hand_over, judging, limits, machine, orders, parsing, queues, sockets, trades
from synthcore.bench.question import FULL, QUICK, Effort, Question, Reading, rows_of, series_of
from synthcore.bench.result import Limit, Report, Row, Series
from synthcore.bench.rivals import Native
from synthcore.errors import ConfigError, SynthError

RIVALS = Path("build/rivals")  # where `make rivals` puts them
LIMITS = "limits"

FAILURES = (OSError, AssertionError, SubprocessError, SynthError)

Progress = Callable[[str, int, int], None]  # what is measured now, steps done, steps in all


def questions(rivals: Path = RIVALS) -> list[Question]:
    """All of them, in the order of the report."""
    native = Native(rivals)
    return [
        *queues.questions(native),
        *hand_over.questions(),
        *parsing.questions(native),
        *judging.questions(native),
        *sockets.questions(native),
        *orders.questions(),
        *trades.questions(native),
    ]


def chosen(every: list[Question], only: Iterable[str]) -> list[Question]:
    """Those of a name, or of a family: `parse` is `parse.ticker` and `parse.orderbook.1`.

    Raises
    ------
    ConfigError
        A name that no question has.
    """
    names = tuple(only)
    for name in names:
        if name != LIMITS and not any(is_of(question, name) for question in every):
            known = ", ".join([LIMITS, *sorted({question.name.split(".")[0] for question in every})])
            raise ConfigError(
                f"--only must name a question or the first word of several ({known}), was {name!r};"
                " `synthtest bench --list` shows all"
            )
    return [question for question in every if not names or any(is_of(question, name) for name in names)]


def is_of(question: Question, name: str) -> bool:
    return question.name == name or question.name.startswith(f"{name}.")


class Suite:
    """One run; `report` gives what there is so far, whenever it is asked.

    Parameters
    ----------
    asked
        The questions to measure; the machine's limits are measured in any case.
    on_progress
        Told before each step.
    """

    def __init__(
        self, asked: list[Question], quick: bool = False, on_progress: Progress | None = None
    ) -> None:
        self._asked = asked
        self._effort: Effort = QUICK if quick else FULL
        self._is_quick = quick
        self._on_progress = on_progress or (lambda what, done, steps: None)
        self._done = 0
        self._limits: list[Limit] = []
        self._rows: list[Row] = []
        self._series: list[Series] = []
        self._taken_at = datetime.now(UTC).isoformat(timespec="seconds")
        self._begun_s = time.monotonic()
        self._before = machine.ProcessorTime.now()
        self._is_complete = False
        with IdleStates() as idle:
            self._machine = machine.describe(idle)

    def run(self) -> None:
        """Measure everything. An interruption leaves the report of what was complete."""
        with IdleStates() as idle:
            self._step("limits of the machine")
            self._limits = limits.measure(idle, self._effort)
            for question in self._asked:
                try:
                    self._answer(question)
                except FAILURES as error:  # one that can't be asked here costs only itself
                    self._rows.append(failed(question, error))
        self._is_complete = True

    def report(self) -> Report:
        took_s = time.monotonic() - self._begun_s
        spoils = machine.spoils(
            self._machine, self._limits, self._before, machine.ProcessorTime.now(), took_s
        )
        return Report(
            taken_at=self._taken_at,
            took_s=round(took_s, 1),
            complete=self._is_complete,
            quick=self._is_quick,
            machine=self._machine,
            warnings=spoils,
            limits=self._limits,
            rows=self._rows,
            series=self._series,
        )

    def _answer(self, question: Question) -> None:
        """All rounds of one question: ours and each rival in turn, then again."""
        with ExitStack() as stack:
            contenders = question.contenders(stack, self._effort)
            readings: dict[str, list[Reading]] = {name: [] for name in contenders}
            for _ in range(self._effort.rounds):
                self._step(question.name)
                for name, measure in contenders.items():
                    readings[name].append(measure())
        found = [series_of(question, name, each) for name, each in readings.items()]
        self._series += found
        self._rows += rows_of(question, found)

    def _step(self, what: str) -> None:
        self._on_progress(what, self._done, 1 + self._effort.rounds * len(self._asked))
        self._done += 1


def failed(question: Question, error: BaseException) -> Row:
    """What is said of a question that found no answer."""
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    return Row(name=question.name, ours=None, unit=question.unit, why=f"failed ({said})")
