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
        return refusal.WOULD_LIQUIDATE if self._has_exhausted(account.held()) else None

    def _has_exhausted(self, positions: Iterable[Position]) -> bool:
        return any(one.is_isolated and one.is_exhausted(self._mark(one)) for one in positions)

    # A symbol

    def set_leverage(self, account: Account, request: SetLeverage) -> Refusal | None:
        """Leverage of one symbol; it differs between the sides only in isolated hedge mode."""
        symbol = request.symbol
        before = account.leverage(symbol, 1), account.leverage(symbol, 2)
        try:
            buy, sell = self._asked(account, request)
            if (buy, sell) == before:
                return refusal.LEVERAGE_UNCHANGED
            self._check_sizes(account, symbol, buy, sell)
        except Refused as refused:
            return refused.refusal
        account.set_leverage(symbol, buy, sell)
        is_lower = buy < before[0] or sell < before[1]
        refused_for = self._cannot_lever(account, symbol, is_lower=is_lower)
        if refused_for is not None:
            account.set_leverage(symbol, *before)
        return refused_for

    def _asked(self, account: Account, request: SetLeverage) -> tuple[Decimal, Decimal]:
        """Both leverages of a request, as far as the contract and the modes allow them."""
        if request.category != "linear":
            raise Refused(refusal.ILLEGAL_CATEGORY)
        contract = self._host.contracts.get(request.symbol)
        if contract is None:
            raise Refused(refusal.params_error("symbol"))
        buy, sell = read(request.buy_leverage), read(request.sell_leverage)
        may_differ = account.is_isolated and account.is_hedged(request.symbol)
        if buy is None or sell is None or (buy != sell and not may_differ):
            raise Refused(refusal.params_error("leverage"))
        if any(one % contract.leverage_step or one < contract.min_leverage for one in (buy, sell)):
            raise Refused(refusal.params_error("leverage"))
        if max(buy, sell) > contract.max_leverage:
            raise Refused(refusal.LEVERAGE_TOO_HIGH)
        return buy, sell

    def _check_sizes(self, account: Account, symbol: str, buy: Decimal, sell: Decimal) -> None:
        """No position may reach beyond the risk tier of its leverage."""
        ladder = self._host.contracts[symbol].ladder
        for position_idx, exposure in account.claims.largest_exposures(symbol).items():
            if exposure > ladder.limit_at(sell if position_idx == 2 else buy):
                raise Refused(refusal.LEVERAGE_TOO_HIGH)

    def _cannot_lever(self, account: Account, symbol: str, *, is_lower: bool) -> Refusal | None:
        """A lower leverage needs more money; a higher one leaves an isolated position less."""
        if is_lower and account.margin(self._market.mark).available < 0:
            return refusal.BALANCE_TOO_LOW
        own = [one for one in account.held() if one.contract.symbol == symbol]
        return refusal.WOULD_LIQUIDATE if self._has_exhausted(own) else None

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
