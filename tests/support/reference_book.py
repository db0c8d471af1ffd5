"""The compiled book in plain Python: what `synthcore.exchange.matching` must do, act by act.

Price, then time. The market's displayed levels are given from outside (best first); this book knows
what its clients took of them, and how much of a level stands in front of each resting order.

- What a client takes of a displayed level is remembered until the market updates that level.
- A resting order fills when a trade prints through its price, or at its price once the quantity that
  stood in front of it is gone, or when the market's other side comes to its price.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from synthcore.exchange.contract import Contract
from synthcore.exchange.matches import Match, Taken
from synthcore.exchange.orders import Order, crosses
from synthcore.model import OPPOSITE, Side

Level = tuple[Decimal, Decimal]  # price, quantity
Levels = Sequence[Level]  # best first


class ReferenceBook:
    """Resting orders of all accounts in one contract, and what they took of the market's levels."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._sides = {"Buy": RestingSide("Buy"), "Sell": RestingSide("Sell")}
        self._taken: dict[Side, dict[int, Taken]] = {"Buy": {}, "Sell": {}}

    @property
    def is_idle(self) -> bool:
        """Whether the market's updates can't concern us."""
        return not (self._sides["Buy"] or self._sides["Sell"] or self._taken["Buy"] or self._taken["Sell"])

    @property
    def has_resting(self) -> bool:
        return bool(self._sides["Buy"] or self._sides["Sell"])

    # Our clients' orders

    def rest(self, order: Order, same_side: Levels) -> None:
        """Put an order at the end of its level's queue: behind what is left of the market's lots."""
        displayed = self._displayed_at(order.price_ticks, order.side, same_side)
        left = None if displayed is None else self._left(order.side, order.price_ticks, displayed)
        order.ahead_lots = left
        self._sides[order.side].add(order)

    def remove(self, order: Order) -> None:
        self._sides[order.side].discard(order)

    def holds(self, order: Order) -> bool:
        """Whether the order rests here."""
        return self._sides[order.side].holds(order)

    def take(self, side: Side, limit_ticks: int, lots: int, background: Levels) -> list[Match]:
        """Match a taker of `side` against resting orders and the market's levels within its limit."""
        return self.take_from_others(side, limit_ticks, lots, background, None)[0]

    def take_from_others(
        self, side: Side, limit_ticks: int, lots: int, background: Levels, uid: str | None
    ) -> tuple[list[Match], Order | None]:
        """As `take`, but stop in front of the first order of this user, and return it."""
        matches: list[Match] = []
        for price_ticks, displayed in self._levels(OPPOSITE[side], background):
            if lots == 0 or not crosses(side, limit_ticks, price_ticks):
                break
            at_level, taken, own = self._walk(OPPOSITE[side], price_ticks, displayed, lots, uid)
            self._remember(OPPOSITE[side], price_ticks, displayed, taken)
            lots -= sum(match.lots for match in at_level)
            matches += at_level
            if own is not None:
                return matches, own
        return matches, None

    def available_from_others(
        self, side: Side, limit_ticks: int, wanted: int, background: Levels, uid: str, *, stops: bool
    ) -> int:
        """As `available_lots`, without this user's orders; `stops`: not beyond the first level of theirs."""
        found = 0
        for price_ticks, displayed in self._levels(OPPOSITE[side], background):
            if found >= wanted or not crosses(side, limit_ticks, price_ticks):
                break
            resting = self._sides[OPPOSITE[side]].at(price_ticks)
            if stops and any(order.uid == uid for order in resting):
                break
            found += self._left(OPPOSITE[side], price_ticks, displayed)
            found += sum(order.leaves_lots for order in resting if order.uid != uid)
        return min(found, wanted)

    def available_lots(self, side: Side, limit_ticks: int, wanted: int, background: Levels) -> int:
        """How much of `wanted` a taker of `side` could get within its limit, at once."""
        found = 0
        for price_ticks, displayed in self._levels(OPPOSITE[side], background):
            if found >= wanted or not crosses(side, limit_ticks, price_ticks):
                break
            found += self._left(OPPOSITE[side], price_ticks, displayed)
            found += sum(order.leaves_lots for order in self._sides[OPPOSITE[side]].at(price_ticks))
        return min(found, wanted)

    # The market's moves

    def on_trade(self, taker_side: Side, price_ticks: int, lots: int) -> list[Match]:
        """A trade printed: resting orders in its way fill, best price and first come first."""
        resting = self._sides[OPPOSITE[taker_side]]
        matches: list[Match] = []
        for level_ticks in resting.prices():
            if lots == 0 or not crosses(taker_side, price_ticks, level_ticks):
                break
            # At a better price than the print, the market's own queue there is gone already.
            through = level_ticks != price_ticks
            at_level, passed, _ = self._walk_queue(resting, level_ticks, lots, 0 if through else None)
            lots -= passed + sum(match.lots for match in at_level)
            matches += at_level
        return matches

    def on_book(self, bids: Levels, asks: Levels) -> list[Match]:
        """The market's levels changed: forget what is stale, move queues, fill what the market crossed."""
        self._forget_updated("Buy", bids)
        self._forget_updated("Sell", asks)
        self._move_queues("Buy", bids)
        self._move_queues("Sell", asks)
        return self._fill_crossed("Buy", asks) + self._fill_crossed("Sell", bids)

    # Levels

    def _levels(self, side: Side, background: Levels) -> Iterator[tuple[int, int]]:
        """Prices of one side, best first, with the market's displayed lots; ours and the market's merged."""
        ours = self._sides[side].prices()
        theirs = self._in_units(background)
        better = min if side == "Sell" else max
        own, market = next(ours, None), next(theirs, None)
        while own is not None or market is not None:
            if market is None:
                assert own is not None
                price = own
            else:
                price = market[0] if own is None else better(own, market[0])
            if market is not None and market[0] == price:
                yield market
                market = next(theirs, None)
            else:
                yield price, 0
            if own == price:
                own = next(ours, None)

    def _in_units(self, levels: Iterable[Level]) -> Iterator[tuple[int, int]]:
        tick, step = self.contract.tick, self.contract.step
        return ((int(price / tick), int(qty / step)) for price, qty in levels)

    def _displayed_at(self, price_ticks: int, side: Side, levels: Levels) -> int | None:
        """The market's lots at a price: 0 where the visible book shows none, None beyond its end."""
        sign = -1 if side == "Buy" else 1
        price = self.contract.price(price_ticks)
        index = bisect_left(levels, sign * price, key=lambda level: sign * level[0])
        if index == len(levels):
            return None
        found, qty = levels[index]
        return int(qty / self.contract.step) if found == price else 0

    # What was taken

    def _left(self, side: Side, price_ticks: int, displayed: int) -> int:
        taken = self._taken[side].get(price_ticks)
        return displayed if taken is None else max(0, displayed - taken.lots)

    def _remember(self, side: Side, price_ticks: int, displayed: int, lots: int) -> None:
        if lots:
            before = self._taken[side].get(price_ticks)
            self._taken[side][price_ticks] = Taken(displayed, lots + (before.lots if before else 0))

    def _forget_updated(self, side: Side, levels: Levels) -> None:
        """A level that the market shows in another size is the market's again."""
        taken = self._taken[side]
        for price_ticks, was in tuple(taken.items()):
            if self._displayed_at(price_ticks, side, levels) != was.displayed_lots:
                del taken[price_ticks]

    # Queues

    def _walk(
        self, side: Side, price_ticks: int, displayed: int, lots: int, uid: str | None
    ) -> tuple[list[Match], int, Order | None]:
        """A taker eats one level: what stands in front of each order, the order, then the rest."""
        left = self._left(side, price_ticks, displayed)
        matches, passed, own = self._walk_queue(self._sides[side], price_ticks, lots, left, uid)
        # What is not our clients' is the market's: the lots in front of them, then those behind.
        behind = 0 if own is not None else left
        background = min(left, max(passed, behind), lots - sum(match.lots for match in matches))
        if background:
            matches.append(Match(price_ticks, background, None))
        return matches, background, own

    def _walk_queue(
        self,
        resting: RestingSide,
        price_ticks: int,
        lots: int,
        background: int | None,
        uid: str | None = None,
    ) -> tuple[list[Match], int, Order | None]:
        """Fill the orders of one level in turn, after the market's lots in front of each.

        `background` bounds how much of the market stands at the level (None: take the queues' word).
        Returns the matches, how many of the market's lots were passed on the way, and the order of `uid`
        that is next in turn, at which it stopped.
        """
        matches: list[Match] = []
        passed = 0
        for order in resting.at(price_ticks):
            ahead = order.ahead_lots or 0
            if background is not None:
                ahead = min(ahead, background)
            step = min(max(0, ahead - passed), lots)
            passed, lots = passed + step, lots - step
            order.ahead_lots = max(0, ahead - passed)
            filled = min(lots, order.leaves_lots) if order.ahead_lots == 0 else 0
            if filled and order.uid == uid:
                return matches, passed, order
            if filled:
                matches.append(Match(price_ticks, filled, order))
                lots -= filled
        return matches, passed, None

    def _move_queues(self, side: Side, levels: Levels) -> None:
        """What the market withdrew in front of us no longer stands there."""
        resting = self._sides[side]
        for price_ticks in resting.prices():
            displayed = self._displayed_at(price_ticks, side, levels)
            if displayed is None:  # beyond the visible book, and so is every worse price
                break
            for order in resting.at(price_ticks):
                seen = order.ahead_lots
                order.ahead_lots = displayed if seen is None else min(seen, displayed)

    def _fill_crossed(self, side: Side, opposite: Levels) -> list[Match]:
        """The market's other side came to our price: we are the maker, at our price."""
        resting = self._sides[side]
        if not resting or not opposite:
            return []
        matches: list[Match] = []
        best_ticks = int(opposite[0][0] / self.contract.tick)
        for price_ticks in resting.prices():
            if not crosses(side, price_ticks, best_ticks):
                break
            for order in resting.at(price_ticks):
                lots = self._take_background(side, price_ticks, order.leaves_lots, opposite)
                if lots:
                    matches.append(Match(price_ticks, lots, order))
        return matches

    def _take_background(self, side: Side, limit_ticks: int, lots: int, background: Levels) -> int:
        """Take up to `lots` of the market's levels within a limit; returns how many there were."""
        wanted = lots
        for price_ticks, displayed in self._in_units(background):
            if lots == 0 or not crosses(side, limit_ticks, price_ticks):
                break
            got = min(lots, self._left(OPPOSITE[side], price_ticks, displayed))
            self._remember(OPPOSITE[side], price_ticks, displayed, got)
            lots -= got
        return wanted - lots


class RestingSide:
    """The resting orders of one side: a queue per price, prices in order."""

    def __init__(self, side: Side) -> None:
        self._sign = -1 if side == "Buy" else 1
        self._ranks: list[int] = []  # signed prices, best first
        self._queues: dict[int, dict[Order, None]] = {}  # by signed price, first come first

    def __bool__(self) -> bool:
        return bool(self._ranks)

    def add(self, order: Order) -> None:
        rank = self._sign * order.price_ticks
        queue = self._queues.get(rank)
        if queue is None:
            queue = self._queues[rank] = {}
            insort(self._ranks, rank)
        queue[order] = None

    def discard(self, order: Order) -> None:
        rank = self._sign * order.price_ticks
        queue = self._queues.get(rank)
        if queue is None:
            return
        queue.pop(order, None)
        if not queue:
            del self._queues[rank]
            del self._ranks[bisect_left(self._ranks, rank)]

    def holds(self, order: Order) -> bool:
        return order in self._queues.get(self._sign * order.price_ticks, ())

    def prices(self) -> Iterator[int]:
        """Prices in ticks, best first. No order may come or go while this is read."""
        return (self._sign * rank for rank in self._ranks)

    def at(self, price_ticks: int) -> tuple[Order, ...]:
        """The orders of one price, first come first."""
        return tuple(self._queues.get(self._sign * price_ticks, ()))
