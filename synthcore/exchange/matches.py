"""What matching gives and remembers: who traded how much at which price, and what is gone of a level."""

from __future__ import annotations

from typing import NamedTuple

from synthcore.exchange.orders import Order


class Match(NamedTuple):
    """`lots` changed hands at `price_ticks`; the maker is None where it was the market."""

    price_ticks: int
    lots: int
    maker: Order | None


class Taken(NamedTuple):
    """What our clients took of a displayed level."""

    displayed_lots: int  # the level's size when they took it
    lots: int
