"""An input log once more: what the exchange lets out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from synthcore.exchange.in_process.input_log import read_input_log
from synthcore.exchange.in_process.output import Output
from synthcore.exchange.in_process.stepped import SteppedExchange


def replayed(path: Path) -> Iterator[Output]:
    """All outputs in order, each as it was: every answer, every frame, every time, to the byte.

    Raises
    ------
    RecordingError
        There is no such log, or a line of it says nothing.
    """
    head, inputs = read_input_log(path)
    outputs: list[Output] = []
    exchange = SteppedExchange(head, outputs.append)
    try:
        for given in inputs:
            exchange.give(given)
            yield from outputs
            outputs.clear()
    finally:
        exchange.close()
    yield from outputs
