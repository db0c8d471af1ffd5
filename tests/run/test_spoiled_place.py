"""Where nothing can be written, or nobody reads: that costs the record or the lines, never the closing."""

from __future__ import annotations

import os
import resource
import signal

import pytest
from live_run import HELD_OPEN, Place, wait_until

RUN = ("run", "--symbols", "BTCUSDT", "--json")


def test_a_file_in_the_way_of_the_state_folder_costs_the_record_only(place: Place) -> None:
    file = place.home / "state"
    file.write_text("mine")

    done = place.call(*RUN, "--duration", "1s", "--state", str(file), "--journal", "off")

    (warning,) = [one["text"] for one in done.objects("warning")]
    assert done.code == 0, done
    assert warning.startswith(f"this run leaves no record: {file}")
    assert done.summary["successful"] > 0
    assert file.read_text() == "mine"
    assert "Traceback" not in done.err


def test_a_folder_that_may_not_be_written_costs_the_record_only(place: Place) -> None:
    done = place.call(*RUN, "--duration", "1s", "--state", "/proc/no-folder", "--journal", "off")

    (warning,) = [one["text"] for one in done.objects("warning")]
    assert done.code == 0, done
    assert warning.startswith("this run leaves no record: /proc/no-folder")
    assert done.summary["successful"] > 0


def no_more_than_a_few_lines() -> None:
    """As a full disk: a write beyond this size fails (Python ignores the signal that comes with it)."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))


def test_a_disk_that_fills_up_costs_the_rest_of_the_record_only(place: Place) -> None:
    done = place.call(*RUN, "--duration", "2s", "--journal", "off", prepare=no_more_than_a_few_lines)

    warnings = [one["text"] for one in done.objects("warning")]
    assert done.code == 0, done
    assert done.summary["flat"] and done.summary["successful"] > 0
    assert len(place.record()) <= 2048
    assert any("record is incomplete" in text for text in warnings), warnings
    assert "Traceback" not in done.err


def test_without_a_place_for_the_journal_nothing_is_traded(place: Place) -> None:
    done = place.call(*RUN, "--duration", "1s", "--state", "/proc/no-folder")  # root may write anywhere else

    assert done.code == 2, done
    assert "the journal must be writable, /proc/no-folder/journal.sqlite isn't" in done.err
    assert "--journal off" in done.err
    assert "Traceback" not in done.err


def room_for_a_few_trades() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))


def test_a_disk_that_fills_up_under_the_journal_stops_new_trades_and_closes_what_is_open(
    place: Place,
) -> None:
    done = place.call(*RUN, "--duration", "60s", prepare=room_for_a_few_trades)

    warnings = [one["text"] for one in done.objects("warning")]
    assert done.code == 1, done
    assert done.summary["flat"] and done.summary["successful"] > 0
    assert any("journal.sqlite can't be written" in text for text in warnings), warnings
    assert "Traceback" not in done.err


@pytest.mark.parametrize("form", [("--json",), ()], ids=["json", "plain"])
def test_a_reader_that_leaves_changes_nothing(place: Place, form: tuple[str, ...]) -> None:
    """As `| head -1` does."""
    reading, writing = os.pipe()
    run = place.start("run", "--symbols", "BTCUSDT", "--duration", "1s", *form, stdout=writing)
    os.close(writing)
    first = os.read(reading, 10)
    os.close(reading)

    done = run.finish()

    last = place.record().splitlines()[-1]
    assert first
    assert done.code == 0, done
    assert '"flat":true' in last and '"exit_code":0' in last
    assert "Traceback" not in done.err and "Broken" not in done.err
    wait_until(lambda: not place.processes(), "every process is gone")


def test_a_reader_that_leaves_and_then_a_signal_still_end_flat(place: Place) -> None:
    reading, writing = os.pipe()
    run = place.start(*RUN, environ=HELD_OPEN, stdout=writing)
    os.close(writing)
    with os.fdopen(reading) as lines:
        for line in lines:
            if '"state":"active"' in line:
                break

    run.signal(signal.SIGTERM)
    done = run.finish()

    last = place.record().splitlines()[-1]
    assert done.code == 130, done
    assert '"flat":true' in last and '"exit_code":130' in last
    assert '"reason":"shutdown"' in place.record()


@pytest.mark.parametrize("descriptor", [0, 1, 2])
def test_a_closed_standard_stream_changes_nothing(place: Place, descriptor: int) -> None:
    done = place.call(*RUN, "--duration", "1s", prepare=lambda: os.close(descriptor))

    last = place.record().splitlines()[-1]
    assert done.code == 0, done
    assert '"flat":true' in last and '"exit_code":0' in last
    assert "Traceback" not in done.err
