"""The market's displayed levels, without what our clients took of them, with what rests of theirs.

Prices are ticks, sizes are lots. Nothing is decided here: matching has the market's own levels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Protocol

from synthcore.exchange.contract import Contract
from synthcore.model import Side

Level = tuple[Decimal, Decimal]  # price, quantity
Lots = dict[int, int]  # by price in ticks, best first
Sides = tuple[Lots, Lots]  # bids, asks


class OwnOrders(Protocol):
    """What one contract's book tells of our clients."""

    @property
    def is_idle(self) -> bool: ...

    def resting_levels(self, side: Side) -> Iterator[tuple[int, int]]: ...

    def taken_levels(self, side: Side) -> Mapping[int, int]: ...


def sides_of(
    bids: Iterable[Level], asks: Iterable[Level], own: OwnOrders, contract: Contract, depth: int
) -> Sides:
    """The best `depth` levels of both sides as they are to be displayed."""
    both = _side("Buy", bids, own, contract, depth), _side("Sell", asks, own, contract, depth)
    _withhold_crossing(both, own, depth)
    return _best(both[0], depth, is_bids=True), _best(both[1], depth, is_bids=False)


def in_lots(levels: Iterable[Level], contract: Contract) -> Lots:
    """The market's levels as they are."""
    tick, step = contract.tick, contract.step
    return {int(price / tick): int(qty / step) for price, qty in levels}


def _side(side: Side, market: Iterable[Level], own: OwnOrders, contract: Contract, depth: int) -> Lots:
    taken = own.taken_levels(side)
    lots = in_lots(islice(market, depth + len(taken)), contract)
    for ticks in taken.keys() & lots.keys():
        lots[ticks] -= taken[ticks]
        if lots[ticks] <= 0:
            del lots[ticks]
    for ticks, resting in islice(own.resting_levels(side), depth):
        lots[ticks] = lots.get(ticks, 0) + resting
    return lots


def _withhold_crossing(both: Sides, own: OwnOrders, depth: int) -> None:
    """An order that a fault kept from taking stands across the other side: it is not displayed."""
    bids, asks = both
    while bids and asks and max(bids) >= min(asks):
        resting = dict(islice(own.resting_levels("Buy"), depth))
        side, ticks = (bids, max(bids)) if max(bids) in resting else (asks, min(asks))
        if side is asks:
            resting = dict(islice(own.resting_levels("Sell"), depth))
        side[ticks] -= resting.get(ticks, side[ticks])
        if side[ticks] <= 0:
            del side[ticks]


def _best(lots: Lots, depth: int, *, is_bids: bool) -> Lots:
    return {ticks: lots[ticks] for ticks in sorted(lots, reverse=is_bids)[:depth]}
