"""How much money stands behind a position, and who changes it: margin mode, leverage, added margin."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

from synthcore.exchange import refusal
from synthcore.exchange.account import Account, Position
from synthcore.exchange.admission import check_category, check_mode
from synthcore.exchange.batch import Batch, Event
from synthcore.exchange.contract import Contract
from synthcore.exchange.decimals import ZERO, read
from synthcore.exchange.market_view import MarketView
from synthcore.exchange.refusal import Refusal, Refused
from synthcore.venues.bybit.messages import AddMargin, SetAutoAddMargin, SetLeverage

CROSS, ISOLATED, PORTFOLIO = "REGULAR_MARGIN", "ISOLATED_MARGIN", "PORTFOLIO_MARGIN"

_MARGIN = re.compile(r"-?[0-9]+(\.[0-9]{0,4})?")  # Bybit takes four decimals


class Host(Protocol):
    """What it needs of the exchange."""

    contracts: dict[str, Contract]

    def begin(self, now_ms: int) -> Batch: ...


class PositionMargins:
    """Changes the margin of accounts and positions; refuses what their money can't bear."""

    def __init__(self, host: Host, market: MarketView) -> None:
        self._host = host
        self._market = market

    # The account

    def set_mode(self, account: Account, mode: str, now_ms: int) -> tuple[Refusal | None, Iterable[Event]]:
        """Cross or isolated margin for all positions of an account, those that are open too."""
        is_isolated = mode == ISOLATED
        if is_isolated == account.is_isolated:
            return refusal.MARGIN_MODE_UNCHANGED, ()
        before, set_ms = account.margin_settings(), account.margin_mode_ms
        account.set_isolated(is_isolated, now_ms)
        refused = self._cannot_bear(account)
        if refused is not None:
            account.restore(before, set_ms)
            return refused, ()
        batch = self._host.begin(now_ms)
        for position in account.held():
            batch.moved(account, position.contract)
        return None, batch

    def _cannot_bear(self, account: Account) -> Refusal | None:
        """Why the account can't have the margin settings that it has."""
        if account.margin(self._market.mark).available < 0:
            return refusal.MARGIN_NOT_COVERED
        return refusal.WOULD_LIQUIDATE if self._has_exhausted(account) else None

    def _has_exhausted(self, account: Account) -> bool:
        held = account.held() if account.is_isolated else ()
        return any(position.is_exhausted(self._mark(position)) for position in held)

    # A symbol

    def set_leverage(self, account: Account, request: SetLeverage) -> Refusal | None:
        """Leverage of one symbol; it differs between the sides only in isolated hedge mode."""
        if request.category != "linear":
            return refusal.ILLEGAL_CATEGORY
        contract = self._host.contracts.get(request.symbol)
        if contract is None:
            return refusal.params_error("symbol")
        buy, sell = read(request.buy_leverage), read(request.sell_leverage)
        may_differ = account.is_isolated and account.is_hedged(request.symbol)
        if buy is None or sell is None or (buy != sell and not may_differ):
            return refusal.params_error("leverage")
        if any(one % contract.leverage_step or one < contract.min_leverage for one in (buy, sell)):
            return refusal.params_error("leverage")
        if max(buy, sell) > contract.max_leverage:
            return refusal.LEVERAGE_TOO_HIGH
        before = account.leverage(request.symbol, 1), account.leverage(request.symbol, 2)
        if (buy, sell) == before:
            return refusal.LEVERAGE_UNCHANGED
        for position_idx, exposure in account.largest_exposures(request.symbol).items():
            if exposure > contract.ladder.limit_at(sell if position_idx == 2 else buy):
                return refusal.LEVERAGE_TOO_HIGH
        account.set_leverage(request.symbol, buy, sell)
        is_lower = buy < before[0] or sell < before[1]
        refused = self._cannot_lever(account, is_lower=is_lower)
        if refused is not None:
            account.set_leverage(request.symbol, *before)
        return refused

    def _cannot_lever(self, account: Account, *, is_lower: bool) -> Refusal | None:
        """A lower leverage needs more money; a higher one leaves an isolated position less."""
        if is_lower and account.margin(self._market.mark).available < 0:
            return refusal.BALANCE_TOO_LOW
        return refusal.WOULD_LIQUIDATE if self._has_exhausted(account) else None

    # A position

    def add(
        self, account: Account, request: AddMargin, now_ms: int
    ) -> tuple[Position | Refusal, Iterable[Event]]:
        """Move money between the wallet's free part and an isolated position."""
        try:
            position = self._position(account, request.category, request.symbol, request.position_idx)
            amount = self._amount(account, position, request.margin)
        except Refused as refused:
            return refused.refusal, ()
        batch = self._host.begin(now_ms)
        position.extra_margin += amount
        position.updated_ms = now_ms
        batch.moved(account, position.contract)
        return position, batch

    def _amount(self, account: Account, position: Position, margin: str) -> Decimal:
        """What is added (below 0: taken back), checked."""
        amount = read(margin) if _MARGIN.fullmatch(margin) else None
        if amount is None:
            raise Refused(refusal.params_error("margin"))
        if not account.is_isolated:
            raise Refused(refusal.IN_CROSS_MARGIN)
        if not position.lots:
            raise Refused(refusal.NO_POSITION_TO_MARGIN)
        if amount == 0:
            raise Refused(refusal.MARGIN_UNCHANGED)
        if amount > max(ZERO, account.free()):
            raise Refused(refusal.BALANCE_TOO_LOW_TO_ADD)
        if amount < 0:
            self._check_reduced(position, amount)
        return amount

    def _check_reduced(self, position: Position, amount: Decimal) -> None:
        """What was added can be taken back, as far as the position can do without it."""
        if -amount > position.extra_margin:
            raise Refused(refusal.REDUCED_TOO_FAR)
        mark = self._mark(position)
        if position.own_money(mark) + amount <= position.maintenance_margin(mark):
            raise Refused(refusal.WOULD_LIQUIDATE)

    def set_auto_add(self, account: Account, request: SetAutoAddMargin) -> Refusal | None:
        """Whether the wallet adds to an isolated position before it is liquidated."""
        if request.switch not in (0, 1):
            return refusal.params_error("autoAddMargin")
        try:
            position = self._position(account, request.category, request.symbol, request.position_idx)
        except Refused as refused:
            return refused.refusal
        if not account.is_isolated:
            return refusal.ONLY_ISOLATED_ADDS
        position.auto_add_margin = bool(request.switch)
        return None

    def _position(self, account: Account, category: str, symbol: str, position_idx: int | None) -> Position:
        check_category(category)
        contract = self._host.contracts.get(symbol)
        if contract is None or position_idx not in (None, 0, 1, 2):
            raise Refused(refusal.params_error("symbol" if contract is None else "positionIdx"))
        check_mode(account, contract, position_idx or 0)
        return account.position(contract, position_idx or 0)

    def _mark(self, position: Position) -> Decimal:
        return self._market.mark(position.contract.symbol) or position.entry_price


def add_by_itself(account: Account, position: Position, mark: Decimal, now_ms: int) -> None:
    """Add the position's initial margin once more, or what is free, until it holds; at most its value."""
    portion = position.initial_margin(mark) - position.extra_margin
    while position.auto_add_margin and position.is_exhausted(mark):
        room = position.entry_value - position.initial_margin(mark)  # leverage ends at 1
        amount = min(portion, account.free(), room)
        if amount <= 0:
            return
        position.extra_margin += amount
        position.updated_ms = now_ms
