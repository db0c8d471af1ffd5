"""The fast lane of a simulated process: compiled code decides, and hands its bytes to the exchange.

The gate's keeper, the lane and its socket are production's. What is left out is the thread of the feed: books
come on the one event loop, and the desk hears of what was sent a moment later.
"""

from __future__ import annotations

import asyncio
import mmap
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from msgspec import Struct

from synthcore._core.lane import SLOT_BYTES, CallWire, Frame, Lane
from synthcore.clock import Clock
from synthcore.execution.desk import Desk
from synthcore.execution.fast_lane import Describe, FastLane
from synthcore.execution.trade import LEGS
from synthcore.orders.bybit import BybitBackend
from synthcore.orders.fast import FastSocket
from synthcore.simulation.lane_judge import LaneJudge
from synthcore.simulation.quotes import Quote
from synthcore.simulation.wires import LINK_ID, Link

NOTICED_AFTER_S = 0.0005  # on average, from the second frame to the desk
SYMBOL = re.compile(rb'"symbol":"([^"]+)"')


class Key(Struct):
    """Of what a trade begins with, as a slot has it."""

    key: str


decode_key = msgspec.json.Decoder(Key).decode


class LaneWire(CallWire):
    """Give the lane's frames to the exchange as they are.

    Parameters
    ----------
    on_frame
        Told each frame before it leaves; False: the process died of it.
    on_left
        Told when it has left.
    """

    def __init__(self, clock: Clock, on_frame: Callable[[bytes], bool], on_left: Callable[[], None]) -> None:
        super().__init__(self._send, clock.monotonic_ns)
        self.shut()
        self._on_frame = on_frame
        self._on_left = on_left
        self._link: Link

    def open(self, connection: Link) -> None:
        self._link = connection
        super().open(connection)

    def _send(self, text: bytes) -> None:
        if self._on_frame(text):
            self._link.carry(text)
            self._on_left()


class WatchedSlots:
    """The slots as the lane's keeper has them, with a judge who hears of each allowance."""

    def __init__(
        self, lane: Lane, symbols: tuple[str, ...], judge: LaneJudge, is_kept: Callable[[str], bool]
    ) -> None:
        self.renew = lane.renew
        self.drain = lane.drain
        self.state = lane.state
        self._lane = lane
        self._symbols = symbols
        self._judge = judge
        self._is_kept = is_kept

    def fill(self, symbol_id: int, frames: tuple[Frame, Frame], *, begun: bytes, **terms: Any) -> None:
        self._lane.fill(symbol_id, frames, begun=begun, **terms)
        self._judge.on_allowed(self._symbols[symbol_id], decode_key(begun).key)

    def revoke(self, symbol_id: int) -> bool:
        is_revoked = self._lane.revoke(symbol_id)
        if is_revoked:
            self._judge.on_revoked(self._symbols[symbol_id])
        return is_revoked

    def clear(self, symbol_id: int) -> None:
        self._lane.clear(symbol_id)
        self._judge.on_cleared(self._symbols[symbol_id], self._is_kept)


class SimulatedLane:
    """The lane of one process, and what decides.

    Parameters
    ----------
    is_kept
        Whether the journal on the disk has a trade.

    Attributes
    ----------
    memory
        The slots: what a mapped file would hold.
    """

    def __init__(
        self,
        url: str,
        source: random.Random,
        desk: Desk,
        describe: Describe,
        judge: LaneJudge,
        is_kept: Callable[[str], bool],
    ) -> None:
        assert isinstance(desk.backend, BybitBackend)
        symbols = desk.config.symbols_to_trade
        self.memory = mmap.mmap(-1, len(symbols) * SLOT_BYTES)
        self._ids = {symbol: number for number, symbol in enumerate(symbols)}
        self._source = source
        self._desk = desk
        self._socket = FastSocket(url, desk.backend)
        self._socket.on_rate_limit(desk.on_rate_limit)
        self._lane = Lane(len(symbols), self._socket.wire, self.memory)
        slots = WatchedSlots(self._lane, symbols, judge, is_kept)
        self._keeper = desk.fast_lane = FastLane(desk, slots, self._socket, symbols, describe)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The socket is kept, and trades are allowed."""
        keeping = self._desk.loop.create_task(self._socket.run(), name="fast lane's socket")
        self._keeper.start()
        try:
            yield
        finally:
            self._keeper.stop()
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping

    def takes(self, symbol: str, quote: Quote) -> bool:
        """Let compiled code send a trade, if it may; the desk is told of it as by an eventfd."""
        is_sent = self._lane.spend(
            self._ids[symbol], quote.bid, quote.ask, recv_ns=quote.recv_ns, decided_ns=self._desk.now_ns()
        )
        if is_sent:
            wait_s = self._source.expovariate(1 / NOTICED_AFTER_S)
            self._desk.loop.call_later(wait_s, self._keeper.heed)
        return is_sent

    def hindrance(self, symbol: str) -> str | None:
        """Why no entry may leave now, by the desk's own state."""
        desk = self._desk
        if not desk.is_stream_up:
            return "a private stream that is down"
        now_ns = desk.now_ns()
        refusal = desk.gate.refusal(symbol, now_ns, now_ns, desk.config.synthetic_spread_bps)
        if refusal == "rate_budget" and desk.budget.allows_entry(now_ns, legs_to_close(desk)):
            return None  # the gate keeps room for other allowances, too, and twice for a close that has left
        return None if refusal is None else f"the gate ({refusal})"


def legs_to_close(desk: Desk) -> int:
    """Legs of running trades for which no close has left."""
    closing = [
        {intent.leg for intent in driver.state.intents if intent.is_close} for driver in desk.trades.values()
    ]
    return sum(len(LEGS) - len(legs) for legs in closing)


def link_id_in(frame: bytes) -> str:
    return text_in(LINK_ID, frame)


def symbol_in(frame: bytes) -> str:
    return text_in(SYMBOL, frame)


def text_in(pattern: re.Pattern[bytes], frame: bytes) -> str:
    found = pattern.search(frame)
    assert found is not None, "an order's frame names it"
    return found[1].decode()
