"""How a run ended, as an exit code (specification, section 5)."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from msgspec import Struct


class ExitCode(IntEnum):
    """What a script that started the run must know."""

    FLAT = 0  # finished and flat
    FAILED_FLAT = 1  # failed, and flat
    WRONG_USE = 2  # wrong use or configuration: nothing was traded
    NOT_FLAT = 3  # not flat, or not known to be flat
    CRITERIA_NOT_MET = 4  # finished and flat, but the criteria asked for are not met
    INTERRUPTED_FLAT = 130  # Ctrl+C or SIGTERM, and flat


class RunOutcome(Struct, frozen=True):
    """What `run` returns: the exit code and the final summary."""

    exit_code: int
    summary: dict[str, Any]


def exit_code(*, flat: bool, interrupted: bool, failed: bool, criteria_met: bool | None) -> ExitCode:
    """Weigh what happened, worst first: exposure, failure, interruption, criteria.

    Parameters
    ----------
    criteria_met
        None when nobody asked for criteria.
    """
    if not flat:
        return ExitCode.NOT_FLAT
    if failed:
        return ExitCode.FAILED_FLAT
    if interrupted:
        return ExitCode.INTERRUPTED_FLAT
    if criteria_met is False:
        return ExitCode.CRITERIA_NOT_MET
    return ExitCode.FLAT
