"""The parser once more, in plain Python: msgspec reads the frame, dictionaries merge it.

Only the decoding of one frame is shared with the product; the merge and its judgement are written anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from synthcore._core.reference import decode
from synthcore._core.ticker import CODES

BID_PX, BID_QTY, ASK_PX, ASK_QTY, BID_GONE, ASK_GONE = (1 << bit for bit in range(6))
PLAIN_TOPIC = re.compile(rb'\{"topic":"([ !#-\[\]-\x7f]*)"')  # first member, ASCII, no escape
OURS = re.compile(rb"(?:tickers|orderbook\.1)\.(.*)", re.DOTALL)


@dataclass
class Top:
    """What is known of one book's top."""

    sides: dict[str, dict[str, float]] = field(default_factory=lambda: {"bid": {}, "ask": {}})
    ts_ms: int = 0
    update_id: int = 0
    seeded: bool = False


class ReferenceParser:
    """The same outcomes and quotes as `TickerParser`, slowly."""

    def __init__(self, symbols: list[str]) -> None:
        self.symbols = symbols
        self.tops: dict[tuple[str, int], Top] = {}

    def parse(self, frame: bytes) -> tuple[str, tuple[object, ...] | None]:
        """Give the outcome, and the quote if it is "emit"."""
        if plain := PLAIN_TOPIC.match(frame):  # told from the topic alone
            ours = OURS.match(plain[1])
            if not ours:
                return "not_market", None
            if ours[1].decode() not in self.symbols:
                return "unknown_symbol", None
        message = decode(frame)
        if isinstance(message, int):
            return CODES[message], None
        if message.symbol not in self.symbols:
            return "unknown_symbol", None
        top = self.tops.setdefault((message.symbol, message.source), Top())
        outcome = self.merge(top, message)
        if outcome != "emit":
            return outcome, None
        bid, ask = top.sides["bid"], top.sides["ask"]
        return "emit", (
            message.symbol, bid["px"], ask["px"], bid["qty"], ask["qty"], message.ts_ms * 1000, message.source
        )  # fmt: skip

    def merge(self, top: Top, message) -> str:
        is_book = message.source == 1
        restart = is_book and message.update_id == 1
        replaces = message.is_snapshot or restart
        if not restart:
            if message.ts_ms < top.ts_ms:
                return "stale"
            if not replaces:
                if not top.seeded:
                    return "no_snapshot"
                if is_book and message.update_id <= top.update_id:
                    return "stale"
                if is_book and message.update_id > top.update_id + 1:
                    top.seeded, top.sides = False, {"bid": {}, "ask": {}}
                    return "gap"
            elif is_book and (message.ts_ms, message.update_id) < (top.ts_ms, top.update_id):
                return "stale"

        if replaces:
            top.sides, top.seeded = {"bid": {}, "ask": {}}, True
        top.ts_ms, top.update_id = message.ts_ms, message.update_id
        touched = False
        for side, gone_bit, gone_px, px_bit, px, qty_bit, qty in (
            ("bid", BID_GONE, message.bid_gone_px, BID_PX, message.bid_px, BID_QTY, message.bid_qty),
            ("ask", ASK_GONE, message.ask_gone_px, ASK_PX, message.ask_px, ASK_QTY, message.ask_qty),
        ):
            now = top.sides[side]
            if message.has & gone_bit:
                touched = True
                if not is_book:
                    now.clear()
                elif replaces:
                    now.update(px=gone_px, qty=0.0)
                elif now.get("px") == gone_px:
                    now.clear()
            if message.has & px_bit:
                touched, now["px"] = True, px
            if message.has & qty_bit:
                touched, now["qty"] = True, qty

        bid, ask = top.sides["bid"], top.sides["ask"]
        if not touched or len(bid) < 2 or len(ask) < 2:
            return "merged"
        if min(bid["px"], ask["px"]) <= 0:
            return "bad_price"
        if min(bid["qty"], ask["qty"]) <= 0:
            return "zero_size"
        if bid["px"] >= ask["px"]:
            return "locked" if bid["px"] == ask["px"] else "crossed"
        return "emit"
