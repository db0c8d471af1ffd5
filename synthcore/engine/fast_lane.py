"""The fast lane of a run: whether it may be used, and its wiring between the feed's loop and the desk."""

from __future__ import annotations

import logging
import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from typing_extensions import Buffer

from synthcore._core.lane import SLOT_BYTES, Lane, Spent
from synthcore.engine.account import trade_url
from synthcore.engine.venue import Venue
from synthcore.errors import ConfigError
from synthcore.execution.desk import Desk
from synthcore.execution.fast_lane import Describe, FastLane
from synthcore.execution.lane_record import lane_record
from synthcore.orders.bybit import BybitBackend
from synthcore.orders.fast import FastSocket
from synthcore.settings.run import RunSettings

log = logging.getLogger(__name__)


class FastLaneParts:
    """The three parts, joined: the socket writes, the lane spends, the keeper allows and takes over.

    Parameters
    ----------
    memory
        Of the lane's slots, such as `lane_record`'s; without it nothing outlives the process.
    """

    def __init__(
        self,
        url: str,
        backend: BybitBackend,
        desk: Desk,
        describe: Describe,
        on_taken: Callable[[Spent, str], None],
        memory: Buffer | None = None,
    ) -> None:
        symbols = desk.config.symbols_to_trade
        self.socket = FastSocket(url, backend)
        self.socket.on_rate_limit(desk.on_rate_limit)
        self.lane = Lane(len(symbols), self.socket.wire, memory)
        self.keeper = FastLane(desk, self.lane, self.socket, symbols, describe, on_taken)
        desk.fast_lane = self.keeper


def wants_fast_lane(settings: RunSettings, venue: Venue) -> bool:
    """Whether first sends go by the fast lane.

    Raises
    ------
    ConfigError
        It was asked for, and something is in its way.
    """
    wanted = settings.config.fast_lane
    if wanted == "off":
        return False
    reason = what_hinders(settings, venue)
    if reason and wanted == "on":
        raise ConfigError(f"fast_lane on needs {reason}; or use auto, which does without where it must")
    log.info("fast lane: %s", f"off, it needs {reason}" if reason else "on")
    return not reason


def what_hinders(settings: RunSettings, venue: Venue) -> str:
    """What is needed and not there; empty when nothing is."""
    config = settings.config
    if config.topology not in ("inline", "auto"):
        return f"topology inline, was {config.topology}"
    if trade_url(config, venue) is None or config.order_entry == "rest":
        return "a trade socket, orders go by REST here"
    if config.order_pricing != "marketable":
        return f"order_pricing marketable, was {config.order_pricing}"
    if settings.journal == "full" and config.fast_lane != "on":
        return "a journal that need not outlive a power cut, or fast_lane on, was journal full"
    return ""


@contextmanager
def lane_memory(settings: RunSettings, venue: Venue) -> Iterator[mmap.mmap | None]:
    """Where the slots lie: in the state folder's record, unless nothing is recorded; None without a lane."""
    symbols = len(settings.config.symbols_to_trade)
    if not wants_fast_lane(settings, venue):
        yield None
    elif settings.journal == "off":
        yield mmap.mmap(-1, symbols * SLOT_BYTES)
    else:
        with lane_record(settings.state_dir, symbols) as memory:
            yield memory
