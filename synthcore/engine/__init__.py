"""Wiring: what a run is built of, in which order it starts, and in which order it stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthcore.engine.outcome import ExitCode, RunOutcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from synthcore.monitor.observer import RunObserver
    from synthcore.settings.run import RunSettings

__all__ = ["ExitCode", "RunOutcome", "run"]


def run(
    settings: RunSettings,
    observer: RunObserver,
    *,
    hold_signals: bool = False,
    was_asked: Callable[[], bool] = lambda: False,
) -> RunOutcome:
    """Trade until the duration is over, a signal comes, or something fails; end flat, and say so.

    Parameters
    ----------
    hold_signals
        Leave SIGINT and SIGTERM ignored at the return, for a caller that has something left to say; else
        their handlers are put back as they were.
    was_asked
        Whether somebody asked to stop before the run had handlers of its own.

    Raises
    ------
    SynthError
        Something was wrong before the first trade: settings, keys, position mode, an exchange that isn't
        there. Nothing was sent.
    """
    import asyncio
    from contextlib import nullcontext

    from synthcore.engine.run import Run
    from synthcore.engine.signals import restored_signals
    from synthcore.feed.thread import new_event_loop
    from synthcore.monitor.log import run_log
    from synthcore.monitor.record import RecordedRun

    async def main(recorded: RecordedRun) -> RunOutcome:
        return await Run(settings, recorded).main(was_asked)

    recorded = RecordedRun(observer, settings.state_dir)
    log = run_log(recorded.path.with_suffix(".log"), settings.config.effective_log_level)
    with nullcontext() if hold_signals else restored_signals(), log:
        try:
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                return runner.run(main(recorded))
        finally:
            recorded.close()
