"""The log of a run: its level, its file, and that trouble with it reaches nobody."""

from __future__ import annotations

import logging
import resource
import stat
from pathlib import Path

import pytest

from synthcore.monitor.log import run_log

log = logging.getLogger("synthcore.somewhere")


@pytest.mark.parametrize(
    ("level", "logged"),
    [("debug", ["D", "I", "W"]), ("info", ["I", "W"]), ("warning", ["W"]), ("error", [])],
)
def test_the_level_decides_what_is_written(tmp_path: Path, level: str, logged: list[str]) -> None:
    path = tmp_path / "runs" / "one.log"

    with run_log(path, level):
        log.debug("D")
        log.info("I")
        log.warning("W")

    assert [line.rpartition(": ")[2] for line in path.read_text().splitlines()] == logged
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_libraries_begin_at_warning(tmp_path: Path) -> None:
    with run_log(tmp_path / "one.log", "debug"):
        logging.getLogger("httpcore").info("chatter")

    assert (tmp_path / "one.log").read_text() == ""


def test_afterwards_every_logger_is_as_before(tmp_path: Path) -> None:
    before = list(logging.getLogger().handlers), logging.getLogger("synthcore").level

    with run_log(tmp_path / "one.log", "debug"):
        pass

    assert (list(logging.getLogger().handlers), logging.getLogger("synthcore").level) == before


def test_a_file_that_cant_be_made_costs_the_log_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs").write_text("in the way")

    with run_log(tmp_path / "runs" / "one.log", "info"):
        log.warning("dropped")

    assert capsys.readouterr() == ("", "")


def test_a_disk_that_fills_up_costs_the_logs_end_only(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        with run_log(tmp_path / "one.log", "info"):
            for _ in range(8):
                log.warning("a line of some length")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert (tmp_path / "one.log").stat().st_size == 64
