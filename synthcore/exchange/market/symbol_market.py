"""One generated contract as it lives: quotes follow a fair price, sizes change, taker orders print."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from synthcore.exchange.market.character import KNOWN, character_of
from synthcore.exchange.market.contract_facts import ContractFacts
from synthcore.exchange.market.day import Day
from synthcore.exchange.market.draws import Draws
from synthcore.exchange.market.frames import Digits
from synthcore.exchange.market.ladder import Ladder
from synthcore.exchange.market.rhythm import Beat, Rhythm
from synthcore.exchange.market.taker import Taker

SAME_SIDE = 0.88  # of a size change as the one before
BOTH_SIDES = 0.13  # of size changes
WIDE_AFTER_MOVE = 0.12  # share of moves after which the other side follows a beat later
STIR_GRID_MS = 100  # levels behind the best prices change on this grid, …
STIRRED_EACH = 0.65  # … each time in a contract of this activity, and more seldom in quieter ones
CROSSING_TICKS = 0.8  # how far the fair price leaves the mid before the quotes follow


class TakerOrder(NamedTuple):
    """One taker order and its fills."""

    side: str
    fills: list[tuple[int, int]]  # ticks and lots


class SymbolMarket:
    """Book, trades and slow facts of one contract. Time comes in by beats.

    Parameters
    ----------
    price
        Where it starts, USDT; without it where the contract was when it was measured.
    """

    def __init__(self, raw: dict[str, Any], draws: Draws, price: float | None = None) -> None:
        self.symbol = str(raw["symbol"])
        self.price = Digits(raw["priceFilter"]["tickSize"])
        self.lot = Digits(raw["lotSizeFilter"]["qtyStep"])
        character = character_of(raw, draws)
        if price is not None:
            character = msgspec.structs.replace(character, price=price)
        bid = round(character.price / float(self.price.step))
        lot_usdt = character.price * float(self.lot.step)
        top_lots = max(2.0, character.top_usdt / lot_usdt)
        self.bids = Ladder(-1, bid, top_lots, draws)
        self.asks = Ladder(1, bid + 1, top_lots, draws)
        self.day = Day(bid, character, self.price, self.lot, draws)
        self.facts = ContractFacts(raw, character, self.lot, draws)
        volatility = character.volatility_bps / KNOWN["BTCUSDT"].volatility_bps
        self.rhythm = Rhythm(character.activity, volatility, draws)
        self.stir_period_ms = STIR_GRID_MS * max(1, round(STIRRED_EACH / character.activity))
        self._taker = Taker(lot_usdt, draws)
        self._draws = draws
        self.fair_ticks = bid + 0.5
        self._changes_bid = True

    @property
    def mid_price(self) -> float:
        return (self.bids.best + self.asks.best) / 2 * float(self.price.step)

    def play(self, beat: Beat) -> list[TakerOrder]:
        """Let one beat happen; returns its taker orders."""
        side = self.asks if beat.is_up else self.bids
        before = side.best
        if not self._move(beat.move_bps):
            self._change_sizes()
        after = side.best
        swept = after if (after > before) == beat.is_up else before
        return [self._order(beat, before, swept) for _ in range(beat.taker_orders)]

    def _move(self, move_bps: float) -> bool:
        """Let the quotes follow the fair price, once it has left them far enough."""
        bids, asks = self.bids, self.asks
        self.fair_ticks += move_bps * 1e-4 * bids.best
        if asks.best - bids.best > 1:
            self._close_spread()
            return True
        distance = self.fair_ticks - (bids.best + 0.5)
        if not move_bps or abs(distance) < CROSSING_TICKS:
            return False
        best_bid = max(1, bids.best + round(distance))
        stays_wide = self._draws.random() < WIDE_AFTER_MOVE
        if distance > 0 or not stays_wide:
            asks.move_best(best_bid + 1)
        if distance < 0 or not stays_wide:
            bids.move_best(best_bid)
        return True

    def _close_spread(self) -> None:
        """The side that stayed behind follows."""
        if self.fair_ticks > (self.bids.best + self.asks.best) / 2:
            self.bids.move_best(self.asks.best - 1)
        else:
            self.asks.move_best(self.bids.best + 1)

    def _change_sizes(self) -> None:
        draws = self._draws
        if draws.random() >= SAME_SIDE:
            self._changes_bid = not self._changes_bid
        both = draws.random() < BOTH_SIDES
        if self._changes_bid or both:
            self.bids.change_best()
        if not self._changes_bid or both:
            self.asks.change_best()

    def _order(self, beat: Beat, first_ticks: int, final_ticks: int) -> TakerOrder:
        fills = self._taker.order(first_ticks, final_ticks, beat.heat)
        return TakerOrder("Buy" if beat.is_up else "Sell", fills)
