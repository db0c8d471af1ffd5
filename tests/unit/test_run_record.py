"""What a run leaves in the state folder."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from synthcore.monitor.record import KEPT_RUNS, RecordedRun


class Heard:
    """An observer that remembers the kinds of what it was told."""

    status_every_s = 1.0

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.warnings: list[str] = []

    def on_start(self, info: object) -> None:
        self.kinds.append("start")

    def on_status(self, snapshot: object) -> None:
        self.kinds.append("status")

    def on_trade(self, trade: object) -> None:
        self.kinds.append("trade")

    def on_warning(self, text: str) -> None:
        self.warnings.append(text)

    def on_summary(self, summary: object, final: bool) -> None:
        self.kinds.append("summary")


def test_everything_is_passed_on_and_all_but_the_statuses_is_kept(tmp_path: Path) -> None:
    heard = Heard()
    record = RecordedRun(heard, tmp_path / "state")

    record.on_start({"seed": 1})
    record.on_status({})
    record.on_trade({"trade": "a-1"})
    record.on_summary({"flat": True}, True)
    record.close()

    kept = [json.loads(line) for line in record.path.read_text().splitlines()]
    assert heard.kinds == ["start", "status", "trade", "summary"]
    assert [line["type"] for line in kept] == ["start", "trade", "summary"]


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    record = RecordedRun(Heard(), tmp_path / "state")
    record.close()

    assert stat.S_IMODE(record.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(record.path.parent.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_costs_one_warning_and_no_run(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file is in the way")
    heard = Heard()

    record = RecordedRun(heard, tmp_path / "state")
    record.on_start({})
    record.close()

    assert heard.kinds == ["start"]
    assert len(heard.warnings) == 1 and "leaves no record" in heard.warnings[0]


def test_old_records_are_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    for number in range(KEPT_RUNS + 5):
        (folder / f"20200101T0000{number:02d}Z-1.jsonl").touch()

    record = RecordedRun(Heard(), tmp_path)
    record.close()

    assert len(list(folder.iterdir())) == KEPT_RUNS
    assert record.path.exists()
