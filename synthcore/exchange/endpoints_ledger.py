"""An account's money over REST: the transaction log, and what closing orders earned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from synthcore.exchange.closed_pnl import ClosedPnl
from synthcore.exchange.core import Exchange
from synthcore.exchange.decimals import E8, text
from synthcore.exchange.endpoint import (
    CATEGORIES,
    Call,
    Endpoint,
    Result,
    page_of,
    read_category,
    read_limit,
    read_ms,
)
from synthcore.exchange.endpoints_trade import DAY_MS, WEEK_MS, read_period
from synthcore.exchange.ledger import Entry
from synthcore.exchange.refusal import ILLEGAL_CATEGORY, Refusal, Refused, params_error
from synthcore.venues.bybit.messages import ClosedPnlRow, TransactionRow

CURRENCY = "USDT"  # the one coin that accounts hold


class LedgerEndpoints:
    """Transaction log and closed P&L."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/v5/account/transaction-log", self.transactions),
            Endpoint("GET", "/v5/position/closed-pnl", self.closed_pnl),
        ]

    def transactions(self, call: Call) -> Result:
        """Every change of the wallet, newest first; of the last day when no times are given."""
        params, account = call.params, call.user
        if params.get("accountType") not in (None, "", "UNIFIED"):
            raise Refused(Refusal(10001, "accountType only support UNIFIED."))
        if params.get("category") and params["category"] not in CATEGORIES:
            raise Refused(ILLEGAL_CATEGORY)
        start_ms, end_ms = read_day(params, call.now_ms)
        limit = read_limit(params, default=20, highest=50)
        is_meant = self._filter(params)
        entries = (
            entry
            for entry in reversed(account.ledger.entries)
            if start_ms <= entry.time_ms <= end_ms and is_meant(entry)
        )
        page = page_of(
            entries,
            lambda entry: entry.number,
            lambda entry: transaction_row(account.uid, entry),
            params.get("cursor", ""),
            limit,
        )
        return {"list": page.rows, "nextPageCursor": page.cursor}

    def _filter(self, params: Mapping[str, str]) -> Callable[[Entry], bool]:
        category, currency = params.get("category"), params.get("currency")
        kind, base = params.get("type"), params.get("baseCoin")
        nothing_fits = (
            (category and category != "linear")
            or (currency and currency != CURRENCY)
            or params.get("transSubType")  # of positions that were moved between accounts
        )
        contracts = self._exchange.contracts

        def is_meant(entry: Entry) -> bool:
            if nothing_fits or (kind and entry.kind != kind):
                return False
            execution = entry.execution
            if execution is None:
                return not category and not base
            return not base or contracts[execution.symbol].base_coin == base

        return is_meant

    def closed_pnl(self, call: Call) -> Result:
        """What closing orders earned, newest first; of the last week when no times are given."""
        params = call.params
        category = read_category(params)
        symbol = params.get("symbol")
        if symbol and category == "linear" and symbol not in self._exchange.contracts:
            raise Refused(params_error("symbol"))
        start_ms, end_ms = read_period(params, call.now_ms)
        limit = read_limit(params, default=50, highest=100)
        records = (
            record
            for record in call.user.closed_pnl.newest_first()
            if category == "linear"
            and start_ms <= record.updated_ms <= end_ms
            and (not symbol or record.order.contract.symbol == symbol)
        )
        page = page_of(records, lambda record: record.number, closed_pnl_row, params.get("cursor", ""), limit)
        return {"nextPageCursor": page.cursor, "category": category, "list": page.rows}


def read_day(params: Mapping[str, str], now_ms: int) -> tuple[int, int]:
    """The times a call means: a day where one end is missing, at most seven days apart."""
    start_ms, end_ms = read_ms(params, "startTime"), read_ms(params, "endTime")
    if start_ms is None:
        end_ms = now_ms if end_ms is None else end_ms
        return end_ms - DAY_MS, end_ms
    if end_ms is None:
        return start_ms, start_ms + DAY_MS
    if not 0 <= end_ms - start_ms <= WEEK_MS:
        raise Refused(params_error("endTime"))
    return start_ms, end_ms


def transaction_row(uid: str, entry: Entry) -> TransactionRow:
    """An entry as the log lists it; money from outside has no symbol and no trade."""
    row = TransactionRow(
        id=f"{uid}_{CURRENCY}_{entry.number}",
        change=text(entry.change),
        cash_flow=text(entry.cash_flow),
        transaction_time=str(entry.time_ms),
        type=entry.kind,
        cash_balance=text(entry.balance),
        currency=CURRENCY,
    )
    execution = entry.execution
    if execution is None:
        return row
    row.id = f"{uid}_{execution.symbol}_{execution.seq}"
    row.symbol, row.side, row.category = execution.symbol, execution.side, "linear"
    row.funding = text(entry.funding) if entry.kind == "SETTLEMENT" else ""
    row.order_id, row.order_link_id = execution.order_id, execution.order_link_id
    row.fee, row.fee_rate = f"{entry.fee.quantize(E8):f}", execution.fee_rate
    if entry.kind == "SETTLEMENT" and execution.side == "Sell":  # the rate as this side pays it
        row.fee_rate = text(-Decimal(execution.fee_rate))
    row.size, row.qty = text(entry.held), execution.exec_qty
    row.trade_price, row.trade_id = execution.exec_price, execution.exec_id
    return row


def closed_pnl_row(record: ClosedPnl) -> ClosedPnlRow:
    order = record.order
    contract = order.contract
    return ClosedPnlRow(
        symbol=contract.symbol,
        order_type=order.order_type,
        leverage=text(record.leverage),
        updated_time=str(record.updated_ms),
        side=order.side,
        order_id=order.order_id,
        closed_pnl=text(record.closed_pnl),
        avg_entry_price=text(record.average_entry),
        qty=contract.qty_text(order.lots),
        cum_entry_value=text(record.entry_value),
        created_time=str(record.created_ms),
        order_price=contract.price_text(order.price_ticks),
        closed_size=contract.qty_text(record.lots),
        avg_exit_price=text(record.average_exit),
        exec_type=record.exec_type,
        fill_count=str(record.fill_count),
        cum_exit_value=text(record.exit_value),
        open_fee=text(record.open_fee),
        close_fee=text(record.close_fee),
    )
