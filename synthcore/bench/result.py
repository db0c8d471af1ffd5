"""What a benchmark run found: the shape of its JSON file, and reading one back."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from synthcore.errors import ConfigError

FORMAT = 1


class Machine(Struct, kw_only=True):
    """Where it was measured; a figure without it says little."""

    processor: str
    cores: int
    kernel: str
    load: tuple[float, float, float]  # at the start: 1, 5, 15 minutes
    idle_states: str  # "held off", or why not
    real_time: str  # "allowed", or why not
    versions: dict[str, str]


class Limit(Struct, kw_only=True):
    """What the machine itself costs, in ns; nothing built on it can be quicker."""

    name: str
    p50: float
    p99: float
    bins: list[tuple[float, int]] = []


class Row(Struct, kw_only=True):
    """Ours beside one rival, or beside a target that needs none.

    `ratio` is how many times better ours is, whatever the unit: above 1 ours is ahead. `met` is None where
    nothing could be compared; `why` says why.
    """

    name: str
    ours: float | None
    unit: str
    rival: str | None = None
    rival_value: float | None = None
    ratio: float | None = None
    target: str | None = None
    met: bool | None = None
    why: str = ""


class Series(Struct, kw_only=True):
    """All rounds of one contender: what noise and histograms are made of."""

    question: str
    contender: str
    unit: str
    more_is_better: bool
    rounds: list[float]
    p50: float  # of the rounds' values
    p99: float | None = None  # of latencies: the rounds' p99
    bins: list[tuple[float, int]] = []  # lower bound in ns, count; all rounds together


class Report(Struct, kw_only=True):
    """One run of the suite."""

    format: int = FORMAT
    taken_at: str
    took_s: float
    complete: bool
    quick: bool
    machine: Machine
    warnings: list[str]
    limits: list[Limit]
    rows: list[Row]
    series: list[Series]


def encoded(report: Report) -> bytes:
    """The report as JSON with a final newline."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def load(path: Path) -> Report:
    """Read what `--json` wrote.

    Raises
    ------
    ConfigError
        The file can't be read, or is no report of this format.
    """
    try:
        report = msgspec.json.decode(path.read_bytes(), type=Report)
    except OSError as error:
        raise ConfigError(
            f"a result must be a file that can be read, {path} can't ({error.strerror}); check its name"
        ) from error
    except msgspec.DecodeError as error:
        raise ConfigError(
            f"a result must be what `synthtest bench --json` wrote, {path} isn't ({error}); make it anew"
        ) from error
    if report.format != FORMAT:
        raise ConfigError(
            f"a result must have format {FORMAT}, {path} has {report.format}; make it anew with this version"
        )
    return report
