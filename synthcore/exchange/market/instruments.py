"""Raw instruments-info entries: those that ship, and made-up ones for load tests."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from synthcore.errors import ConfigError

Instrument = dict[str, Any]  # a raw `instruments-info` entry


@cache
def shipped_instruments() -> Sequence[Instrument]:
    """Trading rules of the contracts that the embedded exchange knows by itself, as of 2026-08-24."""
    text = files("synthcore").joinpath("data/instruments.json").read_bytes()
    return tuple(msgspec.json.decode(text, type=list[Instrument]))


def instruments_for(symbols: Iterable[str]) -> list[Instrument]:
    """The shipped rules of these symbols, in this order.

    Raises
    ------
    ConfigError
        A symbol is unknown.
    """
    known = {str(raw["symbol"]): raw for raw in shipped_instruments()}
    wanted = list(dict.fromkeys(symbols))
    for symbol in wanted:
        if symbol not in known:
            raise ConfigError(
                f"the generated market knows {', '.join(known)}, was {symbol!r} (symbols); take one of them,"
                " or replay a recording that has it"
            )
    return [known[symbol] for symbol in wanted]


def settling_each(instruments: Iterable[Instrument], minutes: int) -> list[Instrument]:
    """The same contracts with another funding interval; 0 leaves each its own."""
    return [{**raw, "fundingInterval": minutes or raw["fundingInterval"]} for raw in instruments]


def made_up_instruments(count: int) -> list[Instrument]:
    """`count` contracts that exist nowhere, SYM001USDT and on: for tests of many symbols."""
    pattern = shipped_instruments()[0]
    made = []
    for number in range(1, count + 1):
        raw = copy.deepcopy(pattern)
        raw["symbol"] = f"SYM{number:03d}USDT"
        raw["baseCoin"] = f"SYM{number:03d}"
        raw["symbolId"] = 100_000 + number
        made.append(raw)
    return made


def guessed_instrument(symbol: str, prices: Iterable[str], sizes: Iterable[str]) -> Instrument:
    """Rules for a contract of which only frames are known: the finest decimals seen are its steps."""
    raw = copy.deepcopy(shipped_instruments()[0])
    tick, step = _finest(prices), _finest(sizes)
    raw["symbol"], raw["symbolId"] = symbol, 0
    raw["baseCoin"] = symbol.removesuffix("USDT")
    raw["priceScale"] = str(_decimals(tick))
    raw["priceFilter"] = {"minPrice": tick, "maxPrice": "1999999", "tickSize": tick}
    raw["lotSizeFilter"] |= {"minOrderQty": step, "qtyStep": step}
    raw["lotSizeFilter"] |= dict.fromkeys(("maxOrderQty", "postOnlyMaxOrderQty", "maxMktOrderQty"), "1000000")
    return raw


def _finest(numbers: Iterable[str]) -> str:
    decimals = max((_decimals(number) for number in numbers), default=0)
    return f"0.{'1'.rjust(decimals, '0')}" if decimals else "1"


def _decimals(number: str) -> int:
    return len(number.partition(".")[2])
