"""Asking again what changes nothing, where an exchange is busy for a moment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from synthcore.errors import VenueError

logger = logging.getLogger(__name__)

T = TypeVar("T")

PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until there is an answer, for about six seconds.

    Raises
    ------
    VenueError
        There was none in all that time: the last reason.
    """
    for pause_s in PAUSES_S:
        try:
            return await ask()
        except VenueError as e:
            logger.warning("not known yet: %s", e)
            await asyncio.sleep(pause_s)
    return await ask()
