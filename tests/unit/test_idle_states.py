"""Holding idle states off: a value and a reason, never an exception."""

from pathlib import Path

from synthcore._core.idle import IdleStates


def test_held_while_inside_and_released_after(tmp_path: Path) -> None:
    device = tmp_path / "cpu_dma_latency"
    device.touch()

    with IdleStates(str(device)) as idle:
        inside = (idle.held, idle.reason)

    assert inside == (True, "")
    assert (idle.held, idle.reason) == (False, "released")
    assert device.read_bytes() == bytes(4)


def test_device_that_cant_be_opened_is_told(tmp_path: Path) -> None:
    device = tmp_path / "absent"

    with IdleStates(str(device)) as idle:
        held, reason = idle.held, idle.reason

    assert held is False
    assert reason == f"{device} can't be opened: No such file or directory"


def test_device_that_cant_be_written_is_told() -> None:
    idle = IdleStates("/dev/full")

    held = idle.hold()

    assert held is False
    assert idle.reason == "/dev/full can't be written: No space left on device"


def test_holding_twice_and_releasing_twice_is_once(tmp_path: Path) -> None:
    device = tmp_path / "cpu_dma_latency"
    device.touch()
    idle = IdleStates(str(device))

    assert (idle.hold(), idle.hold()) == (True, True)
    idle.release()
    idle.release()

    assert idle.held is False
