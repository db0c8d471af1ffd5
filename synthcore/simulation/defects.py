"""What the code itself calls a defect, as it logs it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

OURS = "synthcore"


class DefectHandler(logging.Handler):
    """Tells of log records that have an exception, or call themselves an internal error."""

    def __init__(self, on_defect: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._on_defect = on_defect

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        if error is not None or "internal error" in text:
            self._on_defect(text if error is None else f"{text} ({type(error).__name__}: {error})")


@contextmanager
def heard(on_defect: Callable[[str], None]) -> Iterator[None]:
    """Let nothing be logged meanwhile, and tell of defects."""
    logger = logging.getLogger(OURS)
    handler, level, passes_on = DefectHandler(on_defect), logger.level, logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = passes_on
        logger.setLevel(level)
