"""How much margin a position's size asks for: the larger its value, the higher its tier's rates."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct

from synthcore.exchange.decimals import E4, ZERO


class RiskTier(Struct, frozen=True):
    """One tier: it holds for position values up to and with `limit_usdt`."""

    number: int  # from 1
    limit_usdt: Decimal
    maintenance_rate: Decimal
    initial_rate: Decimal
    max_leverage: Decimal
    deduction: Decimal  # keeps the maintenance margin continuous where a tier begins

    def maintenance(self, value: Decimal) -> Decimal:
        """Maintenance margin of a position of this value, without its closing fee."""
        return value * self.maintenance_rate - self.deduction


class RiskLadder:
    """One contract's tiers, smallest values first."""

    def __init__(self, tiers: Iterable[RiskTier]) -> None:
        self.tiers = tuple(tiers)
        self._limits = [tier.limit_usdt for tier in self.tiers]
        self._limit_at: dict[Decimal, Decimal] = {}  # by leverage, as they were asked for

    def tier(self, value: Decimal) -> RiskTier:
        """The tier of a position's value; beyond the last limit the last."""
        if value <= self._limits[0]:
            return self.tiers[0]
        return self.tiers[min(bisect_left(self._limits, value), len(self.tiers) - 1)]

    def limit_at(self, leverage: Decimal) -> Decimal:
        """The largest position value that this leverage allows."""
        limit = self._limit_at.get(leverage)
        if limit is None:
            allowing = (tier.limit_usdt for tier in self.tiers if tier.max_leverage >= leverage)
            limit = self._limit_at[leverage] = max(allowing, default=ZERO)
        return limit


class TierRow(Struct, frozen=True, array_like=True):
    """A tier as it is kept in the data file."""

    limit_usdt: Decimal
    maintenance_rate: Decimal
    initial_rate: Decimal
    max_leverage: Decimal


@cache
def btc_rows() -> tuple[TierRow, ...]:
    """The tiers of BTCUSDT as of 2026-08-26."""
    text = files("synthcore").joinpath("data/risk_limits.json").read_bytes()
    return msgspec.json.decode(text, type=tuple[TierRow, ...])


@cache
def ladder_for(max_leverage: Decimal) -> RiskLadder:
    """The tiers of a contract: those of BTCUSDT from the contract's own highest leverage down.

    Of other contracts no tiers are known; the ladder that they borrow begins with their leverage.
    """
    lower = [row for row in btc_rows() if row.max_leverage <= max_leverage]
    if not lower or lower[0].max_leverage < max_leverage:
        higher = [row for row in btc_rows() if row.max_leverage > max_leverage]
        initial = (1 / max_leverage).quantize(E4)
        limit = (higher or btc_rows())[-1 if higher else 0].limit_usdt
        lower.insert(0, TierRow(limit, initial / 2, initial, max_leverage))
    return RiskLadder(_with_deductions(lower))


def _with_deductions(rows: Iterable[TierRow]) -> Iterable[RiskTier]:
    """deduction(n) = deduction(n−1) + limit(n−1) · (rate(n) − rate(n−1))."""
    deduction, limit, rate = ZERO, ZERO, ZERO
    for number, row in enumerate(rows, start=1):
        deduction += limit * (row.maintenance_rate - rate)
        yield RiskTier(
            number=number,
            limit_usdt=row.limit_usdt,
            maintenance_rate=row.maintenance_rate,
            initial_rate=row.initial_rate,
            max_leverage=row.max_leverage,
            deduction=deduction,
        )
        limit, rate = row.limit_usdt, row.maintenance_rate
