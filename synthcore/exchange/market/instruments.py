"""Raw instruments-info entries: those that are known, and made-up ones for load tests."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from synthcore.errors import ConfigError
from synthcore.exchange.market.listed import listed_contracts

Instrument = dict[str, Any]  # a raw `instruments-info` entry


@cache
def shipped_instruments() -> Sequence[Instrument]:
    """Trading rules of the contracts that the embedded exchange knows by itself, as of 2026-08-24."""
    text = files("synthcore").joinpath("data/instruments.json").read_bytes()
    return tuple(msgspec.json.decode(text, type=list[Instrument]))


def known_instruments() -> Mapping[str, Instrument]:
    """Every contract of which the rules are known, by symbol, the busiest first."""
    shipped = {str(raw["symbol"]): raw for raw in shipped_instruments()}
    return shipped | {symbol: dict(listed.raw) for symbol, listed in listed_contracts().items()}


def instruments_for(symbols: Iterable[str]) -> list[Instrument]:
    """The rules of these contracts, in this order.

    Parameters
    ----------
    symbols
        Symbols; among them a number means that many contracts, the busiest first, and `all` all of them.

    Raises
    ------
    ConfigError
        A symbol is unknown, or the number too high.
    """
    wanted = list(symbols)
    known: Mapping[str, Instrument] = {str(raw["symbol"]): raw for raw in shipped_instruments()}
    if not known.keys() >= set(wanted):
        known = known_instruments()  # the long table is read by those only who need it
    names = dict.fromkeys(name for word in wanted for name in _named(word, list(known)))
    return [known[name] for name in names]


def _named(word: str, known: Sequence[str]) -> Sequence[str]:
    """The symbols that one word of the setting means."""
    if word == "all":
        return known
    if word.isdecimal() and 1 <= int(word) <= len(known):
        return known[: int(word)]
    if word in known:
        return (word,)
    raise ConfigError(
        f"the generated market knows {len(known)} contracts ({', '.join(known[:3])}, …), was {word!r}"
        f" (symbols); take one of them, a number up to {len(known)}, or `all`, or replay a recording"
        " that has it"
    )


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
