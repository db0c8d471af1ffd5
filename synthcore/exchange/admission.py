"""The checks before an order is accepted, in Bybit's order, each with Bybit's code and text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import cast

from msgspec import Struct

from synthcore.exchange import refusal
from synthcore.exchange.account import Account, Position, closing_side
from synthcore.exchange.band import Bands
from synthcore.exchange.contract import Contract
from synthcore.exchange.decimals import read
from synthcore.exchange.market_view import MarketView, reference_price
from synthcore.exchange.order_log import OrderLog
from synthcore.exchange.orders import STOP, Order, Protection, Slippage, Trigger, closes_leg
from synthcore.exchange.pricing import bbo_ticks, read_slippage, within_slippage
from synthcore.exchange.protection import FULL, OrderTypes, check_protection, read_protection
from synthcore.exchange.refusal import Refused
from synthcore.exchange.triggers import FALLS, RISES, check_waits, prices_of, read_trigger_by
from synthcore.model import OrderType, Side, TimeInForce
from synthcore.venues.bybit.messages import AmendOrder, CreateOrder

MAX_ACTIVE_ORDERS = 500  # per symbol
MAX_CONDITIONAL_ORDERS = 10  # per symbol; stops of positions don't count

SIDES = frozenset({"Buy", "Sell"})
ORDER_TYPES = frozenset({"Limit", "Market"})
TIMES_IN_FORCE = frozenset({"GTC", "IOC", "FOK", "PostOnly"})
OTHER_CATEGORIES = frozenset({"spot", "inverse", "option"})
NOT_GIVEN = frozenset({None, "", "0"})
NOT_SAID = frozenset({None, ""})
LINK_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")

SMP_TYPES = frozenset({"None", "CancelMaker", "CancelTaker", "CancelBoth"})


class Terms(Struct, frozen=True, kw_only=True):
    """An admitted order's terms, in ticks and lots."""

    contract: Contract
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    price_ticks: int
    lots: int
    position_idx: int
    reduce_only: bool
    close_on_trigger: bool
    link_id: str
    trigger: Trigger | None
    closes_all: bool
    protection: Protection | None
    smp_type: str
    slippage: Slippage | None
    create_type: str


class Admission:
    """Reads requests against the rules of the contracts, the market and the account."""

    def __init__(self, contracts: Mapping[str, Contract], market: MarketView) -> None:
        self._contracts = contracts
        self._market = market
        self._bands = Bands(market)

    def terms(self, request: CreateOrder, account: Account, log: OrderLog) -> Terms:
        """Check a new order up to, not including, its margin."""
        check_category(request.category)
        check_enums(request)
        contract = self.contract(request.symbol)
        link_id = check_link_id(request.order_link_id, log)
        position_idx = request.position_idx or 0
        reduce_only = bool(request.reduce_only) or bool(request.close_on_trigger)
        closing = reduce_only and closes_everything(request)
        trigger = self.new_trigger(request, contract) if request.trigger_price else None
        side = cast(Side, request.side)
        if closing and trigger is not None:
            lots = 0
        elif closing:  # the position says how much; without a fitting one there is nothing to close
            check_mode(account, contract, position_idx)
            held = account.position(contract, position_idx)
            lots = min(held.lots, contract.max_market_lots) if closing_side(held) == side else 0
        else:
            lots = check_qty(request, contract)
        price_ticks = self.price_ticks(request, contract, trigger, reprices=account.reprices_limits)
        reduces = reduce_only or closes_leg(side, position_idx)
        if not reduces:
            self.check_value(request, contract, price_ticks or cast(Trigger, trigger).price_ticks, lots)
        check_mode(account, contract, position_idx)
        is_market = request.order_type == "Market"
        if reduces and trigger is None:  # a conditional order meets its position when it is set off
            position = account.position(contract, position_idx)
            lots = reducible_lots(position, log, side, price_ticks, lots, may_shrink=reduce_only)
        protection = None
        if request.take_profit or request.stop_loss:
            mode = request.tpsl_mode or account.stop_mode(contract.symbol)
            protection = self.protection(request, contract, price_ticks, trigger, mode, reduces=reduces)
        check_count(log, contract, is_conditional=trigger is not None)
        return Terms(
            contract=contract,
            side=side,
            order_type=cast(OrderType, request.order_type),
            time_in_force="IOC" if is_market else cast(TimeInForce, request.time_in_force or "GTC"),
            price_ticks=price_ticks,
            lots=lots,
            position_idx=position_idx,
            reduce_only=reduce_only,
            close_on_trigger=bool(request.close_on_trigger),
            link_id=link_id,
            trigger=trigger,
            closes_all=closing and trigger is not None,
            protection=protection,
            smp_type=request.smp_type or "None",
            slippage=read_slippage(request) if request.slippage_tolerance_type else None,
            create_type="CreateByBboOrder" if request.bbo_side_type else "CreateByUser",
        )

    def protection(
        self,
        request: CreateOrder,
        contract: Contract,
        price_ticks: int,
        trigger: Trigger | None,
        mode: str,
        *,
        reduces: bool,
    ) -> Protection | None:
        """The stops that come with an order, held against the price at which it would open."""
        if request.take_profit in NOT_SAID and request.stop_loss in NOT_SAID:
            return None
        types = OrderTypes(request.tp_order_type, request.sl_order_type)
        protection = read_protection(request, types, mode, contract)
        if protection is None:
            return None
        if reduces:  # there would be nothing to protect
            raise Refused(refusal.params_error("stopLoss" if protection.stop_loss else "takeProfit"))
        if request.order_type == "Limit":
            base: Decimal | None = contract.price(price_ticks)
        elif trigger is not None:
            base = contract.price(trigger.price_ticks)
        else:
            base = self._market.last(contract.symbol)
        if base is None:
            raise Refused(refusal.NO_MARKET_PRICE)
        check_protection(protection, cast(Side, request.side), base, contract)
        return protection

    def new_trigger(self, request: CreateOrder, contract: Contract) -> Trigger | None:
        """What a conditional order waits for; None for any other order."""
        if request.trigger_price in NOT_GIVEN:
            return None
        if request.trigger_direction not in (RISES, FALLS):
            raise Refused(refusal.params_error("triggerDirection"))
        trigger = Trigger(
            self.plain_ticks(request.trigger_price, contract, "triggerPrice"),
            request.trigger_direction,
            read_trigger_by(request.trigger_by, "triggerBy"),
        )
        check_waits(trigger, contract, prices_of(self._market, contract.symbol))
        return trigger

    def amended_protection(self, order: Order, request: AmendOrder) -> Protection | None:
        """An order's stops after an amendment: `"0"` removes one, what is not given stays."""
        now = order.protection
        if request.take_profit in NOT_SAID and request.stop_loss in NOT_SAID:
            return now
        if order.tpsl_mode or order.reduces or order.children:  # its stops live on their own by now
            raise Refused(refusal.params_error("takeProfit" if request.take_profit else "stopLoss"))
        mode = request.tpsl_mode or (now.mode if now is not None else FULL)
        types = OrderTypes(
            "Limit" if request.tp_limit_price else "Market", "Limit" if request.sl_limit_price else "Market"
        )
        asked = read_protection(request, types, mode, order.contract)
        profit, loss = (now.take_profit, now.stop_loss) if now is not None else (None, None)
        if request.take_profit not in NOT_SAID:
            profit = asked.take_profit if asked is not None else None
        if request.stop_loss not in NOT_SAID:
            loss = asked.stop_loss if asked is not None else None
        if profit is None and loss is None:
            return None
        protection = Protection(mode, profit, loss)
        ticks = order.price_ticks or (order.trigger.price_ticks if order.trigger is not None else 0)
        check_protection(protection, order.side, order.contract.price(ticks), order.contract)
        return protection

    def contract(self, symbol: str) -> Contract:
        contract = self._contracts.get(symbol)
        if contract is None:
            raise Refused(refusal.params_error("symbol"))
        return contract

    def price_ticks(
        self, request: CreateOrder, contract: Contract, trigger: Trigger | None, *, reprices: bool
    ) -> int:
        """The limit in ticks, within the price band; for a market order its bound.

        A conditional order meets band and bound when it is set off: until then it has its own limit, or 0.
        """
        side = cast(Side, request.side)
        bbo = bbo_ticks(request, self._market, contract, side) if request.bbo_side_type else None
        if bbo is not None:
            return self.within_band(bbo, contract, side, reprices=reprices)
        if trigger is not None:
            return 0 if request.order_type == "Market" else self.plain_ticks(request.price, contract)
        if request.order_type == "Market":
            slippage = read_slippage(request) if request.slippage_tolerance_type else None
            return self.market_bound(contract, side, slippage)
        return self.limit_ticks(request.price, contract, side, reprices=reprices)

    def limit_ticks(self, price_text: str | None, contract: Contract, side: Side, *, reprices: bool) -> int:
        return self.within_band(self.plain_ticks(price_text, contract), contract, side, reprices=reprices)

    def plain_ticks(self, price_text: str | None, contract: Contract, field: str = "price") -> int:
        """A price that is on the contract's grid and in its range."""
        ticks = contract.price_texts.count_of(price_text or "")  # 0: look closer
        if contract.min_price_ticks <= ticks <= contract.max_price_ticks and ticks > 0:
            return ticks
        price = read(price_text or "")
        if price is None or price <= 0:
            raise Refused(refusal.params_error(field))
        on_grid = contract.ticks(price)
        if on_grid is None:
            raise Refused(refusal.PRICE_INVALID)
        if not contract.min_price_ticks <= on_grid <= contract.max_price_ticks:
            raise Refused(refusal.PRICE_OUT_OF_RANGE)
        return on_grid

    def ticks_when_set_off(self, order: Order) -> int:
        """The limit or the bound of a conditional order at the moment when it becomes active."""
        if order.order_type == "Market":
            return self.market_bound(order.contract, order.side, order.slippage)
        return self.within_band(order.price_ticks, order.contract, order.side, reprices=True)

    def market_bound(self, contract: Contract, side: Side, slippage: Slippage | None) -> int:
        """A market order is an IOC limit at mark·(1 ± X), rounded to the tick, or nearer if it says so."""
        mark = reference_price(self._market, contract.symbol)
        if mark is None:
            raise Refused(refusal.NO_MARKET_PRICE)
        ratio = contract.limit_ratio_x if side == "Buy" else -contract.limit_ratio_x
        bound = mark * (1 + ratio) / contract.tick
        ticks = max(contract.min_price_ticks, int(bound.to_integral_value(ROUND_HALF_UP)))
        if slippage is None:
            return ticks
        return within_slippage(ticks, slippage, self._market, contract, side)

    def within_band(self, ticks: int, contract: Contract, side: Side, *, reprices: bool) -> int:
        """A limit beyond the band moves silently to the nearest allowed price, unless the user said no."""
        band = self._bands.of(contract)
        if band is None:
            return ticks
        allowed = min(ticks, band.highest_buy) if side == "Buy" else max(ticks, band.lowest_sell)
        if allowed != ticks and not reprices:
            raise Refused(refusal.ABOVE_HIGHEST_BUY if side == "Buy" else refusal.BELOW_LOWEST_SELL)
        return allowed

    def check_value(self, request: CreateOrder, contract: Contract, price_ticks: int, lots: int) -> None:
        """At least the minimum notional; a market order is valued at the mark."""
        value = contract.value(price_ticks, lots)
        if request.order_type == "Market" and request.trigger_price in NOT_GIVEN:
            mark: Decimal | None = reference_price(self._market, contract.symbol)
            value = (mark or contract.price(price_ticks)) * contract.qty(lots)
        if value < contract.min_notional:
            raise Refused(refusal.VALUE_TOO_SMALL)


# The single checks


def check_category(category: str) -> None:
    if category != "linear":
        raise Refused(
            refusal.NOT_SUPPORTED_SYMBOLS if category in OTHER_CATEGORIES else refusal.ILLEGAL_CATEGORY
        )


def check_enums(request: CreateOrder) -> None:
    if request.side not in SIDES:
        raise Refused(refusal.params_error("side"))
    if request.order_type not in ORDER_TYPES:
        raise Refused(refusal.params_error("orderType"))
    if request.time_in_force == "RPI":
        raise Refused(refusal.NO_RPI_MAKER)
    if request.time_in_force and request.time_in_force not in TIMES_IN_FORCE:
        raise Refused(refusal.params_error("timeInForce"))
    if (request.position_idx or 0) not in (0, 1, 2):
        raise Refused(refusal.params_error("positionIdx"))
    if request.smp_type and request.smp_type not in SMP_TYPES:
        raise Refused(refusal.params_error("smpType"))


def check_link_id(link_id: str | None, log: OrderLog) -> str:
    if not link_id:
        return ""
    if LINK_ID.fullmatch(link_id) is None:
        raise Refused(refusal.params_error("orderLinkId"))
    if log.is_link_id_used(link_id):
        raise Refused(refusal.LINK_ID_TAKEN)
    return link_id


def closes_everything(request: CreateOrder) -> bool:
    """Quantity 0, reduce-only and close-on-trigger: close the whole position."""
    return bool(request.reduce_only and request.close_on_trigger) and read(request.qty) == 0


def check_qty(request: CreateOrder, contract: Contract) -> int:
    most = contract.max_market_lots if request.order_type == "Market" else contract.max_lots
    counted = contract.qty_texts.count_of(request.qty)  # 0: look closer
    if counted and contract.min_lots <= counted <= most:
        return counted
    qty = read(request.qty)
    if qty is None or qty < 0:
        raise Refused(refusal.params_error("qty"))
    lots = contract.lots(qty)
    if lots is None:
        is_small = qty < contract.qty(contract.min_lots)
        raise Refused(refusal.QTY_TOO_SMALL if is_small else refusal.QTY_INVALID)
    if lots < contract.min_lots:
        raise Refused(refusal.QTY_TOO_SMALL)
    if lots > most:
        raise Refused(refusal.QTY_TOO_LARGE)
    return lots


def check_count(log: OrderLog, contract: Contract, *, is_conditional: bool) -> None:
    if not is_conditional:
        if log.open_count(contract.symbol) >= MAX_ACTIVE_ORDERS:
            raise Refused(refusal.TOO_MANY_ORDERS)
        return
    stops = (order for order in log.waiting(contract.symbol) if order.stop_order_type == STOP)
    if sum(1 for _ in stops) >= MAX_CONDITIONAL_ORDERS:
        raise Refused(refusal.TOO_MANY_CONDITIONAL_ORDERS)


def check_mode(account: Account, contract: Contract, position_idx: int) -> None:
    if account.is_hedged(contract.symbol) != (position_idx != 0):
        raise Refused(refusal.IDX_NOT_MATCHING)


def reducible_lots(
    position: Position,
    log: OrderLog,
    side: Side,
    price_ticks: int,
    lots: int,
    *,
    may_shrink: bool,
    but: Order | None = None,
) -> int:
    """How much a closing order may be: the position less closing orders of better priority.

    An order that is not flagged reduce-only but closes a hedge leg is refused beyond it, not shrunk.
    """
    if closing_side(position) != side:
        raise Refused(refusal.POSITION_IS_ZERO if position.lots == 0 else refusal.REDUCE_ONLY_VIOLATED)
    queued = sum(
        order.leaves_lots
        for order in log.reducing(position.contract.symbol, position.position_idx)
        if order is not but and has_priority(order, side, price_ticks)
    )
    reducible = position.lots - queued
    if reducible <= 0 or (lots > reducible and not may_shrink):
        raise Refused(refusal.REDUCE_ONLY_VIOLATED)
    return min(lots, reducible)


def has_priority(order: Order, side: Side, price_ticks: int) -> bool:
    """Whether a resting order is served before a new one of this price: as good, and earlier."""
    if order.side != side:
        return False
    return order.price_ticks >= price_ticks if side == "Buy" else order.price_ticks <= price_ticks
