"""Bybit V5 messages as Structs: the exchange encodes them, the client decodes the same ones.

Prices, quantities, money and times inside rows are JSON strings, and ``""`` means absent: read them
through `number`, never through float. Fields that one direction does not have are UNSET and are left
out when encoded. Unknown fields are ignored when decoded, since Bybit adds fields without notice.
Rows hold texts only and can't be part of a cycle, so the garbage collector is spared them (`gc=False`).
"""

from __future__ import annotations

# Bybit names a field `list`: inside those classes the name no longer means the type.
from builtins import list as Rows
from decimal import Decimal
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

Row = TypeVar("Row")


def number(text: str) -> Decimal | None:
    """Read a number of a row exactly; ``""`` is absent and gives None."""
    return Decimal(text) if text else None


# Rows: the same nouns on the private stream and in REST lists


class OrderRow(Struct, rename="camel", kw_only=True, gc=False):
    """One order, of the `order` topic or of `order/realtime` and `order/history`."""

    category: str | UnsetType = UNSET  # stream only
    symbol: str
    order_id: str
    order_link_id: str = ""
    block_trade_id: str = ""
    side: str
    position_idx: int = 0
    order_status: str
    cancel_type: str = "UNKNOWN"
    reject_reason: str = "EC_NoError"
    time_in_force: str = "GTC"
    is_leverage: str = ""
    price: str = ""
    qty: str
    avg_price: str = ""  # "" before the first fill (REST says "0" then)
    leaves_qty: str = ""
    leaves_value: str = ""
    cum_exec_qty: str = "0"
    cum_exec_value: str = "0"
    cum_exec_fee: str = "0"
    order_type: str = "Limit"
    stop_order_type: str = ""
    order_iv: str = ""
    trigger_price: str = ""
    take_profit: str = ""
    stop_loss: str = ""
    trigger_by: str = ""
    tp_trigger_by: str = ""
    sl_trigger_by: str = ""
    trigger_direction: int = 0
    place_type: str = ""
    last_price_on_created: str = ""
    close_on_trigger: bool = False
    reduce_only: bool = False
    smp_group: int = 0
    smp_type: str = "None"
    smp_order_id: str = ""
    sl_limit_price: str = "0"
    tp_limit_price: str = "0"
    tpsl_mode: str = "UNKNOWN"
    create_type: str = "CreateByUser"
    market_unit: str = ""
    created_time: str = ""  # ms
    updated_time: str = ""  # ms
    fee_currency: str = ""
    closed_pnl: str = "0"
    parent_order_link_id: str = ""
    slippage_tolerance: str = "0"
    slippage_tolerance_type: str = "UNKNOWN"
    cum_fee_detail: dict[str, str] = {}
    rpi_taker_access: bool = False
    rpi_matched_qty: str = "0"
    extra_fees: str | list[dict[str, str]] | UnsetType = UNSET  # REST only


class ExecutionRow(Struct, rename="camel", kw_only=True, gc=False):
    """One fill. De-duplicate on `exec_id`."""

    category: str | UnsetType = UNSET  # stream only
    symbol: str
    closed_size: str = ""
    exec_fee: str = ""  # > 0 is paid
    exec_id: str
    exec_price: str
    exec_qty: str
    exec_type: str = "Trade"
    exec_value: str = ""
    fee_rate: str = ""
    trade_iv: str = ""
    mark_iv: str = ""
    block_trade_id: str = ""
    mark_price: str = ""
    index_price: str = ""
    underlying_price: str = ""
    leaves_qty: str = ""
    order_id: str
    order_link_id: str = ""
    order_price: str = ""
    order_qty: str = ""
    order_type: str = ""
    stop_order_type: str = "UNKNOWN"
    side: str
    exec_time: str = ""  # ms
    is_leverage: str = "0"
    is_maker: bool = False
    seq: int = 0
    market_unit: str = ""
    exec_pnl: str = ""
    create_type: str = "CreateByUser"
    extra_fees: str | list[dict[str, str]] = ""
    fee_currency: str = ""
    exec_fee_v2: str | UnsetType = UNSET  # REST only


class PositionRow(Struct, rename="camel", kw_only=True, gc=False):
    """One position record, keyed by (symbol, position_idx)."""

    position_idx: int = 0
    trade_mode: int = 0
    risk_id: int = 0
    risk_limit_value: str = ""
    symbol: str
    side: str = ""  # "" when empty ("None" in messages of 2023)
    size: str = "0"
    entry_price: str | UnsetType = UNSET  # stream's name
    avg_price: str | UnsetType = UNSET  # REST's name
    session_avg_price: str = ""
    leverage: str = ""
    position_value: str = ""
    position_balance: str = "0"
    mark_price: str = ""
    position_im: str = field(default="", name="positionIM")
    position_mm: str = field(default="", name="positionMM")
    position_im_by_mp: str = field(default="", name="positionIMByMp")
    position_mm_by_mp: str = field(default="", name="positionMMByMp")
    take_profit: str = "0"
    stop_loss: str = "0"
    trailing_stop: str = "0"
    unrealised_pnl: str = "0"
    cum_realised_pnl: str = "0"
    cur_realised_pnl: str = "0"
    created_time: str = ""
    updated_time: str = ""
    tpsl_mode: str = "Full"
    liq_price: str = ""
    bust_price: str = ""
    category: str | UnsetType = UNSET  # stream only
    position_status: str = "Normal"
    adl_rank_indicator: int = 0
    auto_add_margin: int = 0
    leverage_sys_updated_time: str = ""
    mmr_sys_updated_time: str = ""
    seq: int = -1
    break_even_price: str = ""
    open_time: int = 0
    is_reduce_only: bool = False

    def entry(self) -> Decimal | None:
        """Average entry price, whichever of its two names it came under."""
        return number(self.entry_price or self.avg_price or "")


class CoinRow(Struct, rename="camel", kw_only=True, gc=False):
    """One coin of a wallet."""

    coin: str
    equity: str = ""
    usd_value: str = ""
    wallet_balance: str = ""
    available_to_withdraw: str = ""
    available_to_borrow: str = ""
    borrow_amount: str = "0"
    accrued_interest: str = "0"
    total_order_im: str = field(default="", name="totalOrderIM")
    total_position_im: str = field(default="", name="totalPositionIM")
    total_position_mm: str = field(default="", name="totalPositionMM")
    unrealised_pnl: str = ""
    cum_realised_pnl: str = ""
    bonus: str = "0"
    collateral_switch: bool = True
    margin_collateral: bool = True
    locked: str = "0"
    spot_hedging_qty: str = "0"
    spot_borrow: str = "0"


class WalletRow(Struct, rename="camel", kw_only=True, gc=False):
    """A unified account, in USD, and its coins."""

    account_im_rate: str = field(default="", name="accountIMRate")
    account_mm_rate: str = field(default="", name="accountMMRate")
    account_im_rate_by_mp: str = field(default="", name="accountIMRateByMp")
    account_mm_rate_by_mp: str = field(default="", name="accountMMRateByMp")
    total_equity: str = ""
    total_wallet_balance: str = ""
    total_margin_balance: str = ""
    total_available_balance: str = ""
    total_perp_upl: str = field(default="", name="totalPerpUPL")
    total_initial_margin: str = ""
    total_maintenance_margin: str = ""
    total_initial_margin_by_mp: str = field(default="", name="totalInitialMarginByMp")
    total_maintenance_margin_by_mp: str = field(default="", name="totalMaintenanceMarginByMp")
    coin: list[CoinRow] = []
    account_ltv: str = field(default="0", name="accountLTV")
    account_type: str = "UNIFIED"


class TransactionRow(Struct, rename="camel", kw_only=True, gc=False):
    """One change of a wallet, of `account/transaction-log`: change = cashFlow + funding − fee."""

    trans_sub_type: str = ""
    id: str
    symbol: str = ""
    side: str = "None"
    funding: str = ""  # > 0 is received; "" outside settlements
    order_link_id: str = ""
    order_id: str = ""
    fee: str = ""  # > 0 is paid
    change: str
    cash_flow: str
    transaction_time: str  # ms
    type: str
    fee_rate: str = ""
    bonus_change: str = ""
    size: str = ""  # position after it, negative for a short
    qty: str = ""
    cash_balance: str
    currency: str
    category: str = ""
    trade_price: str = ""
    trade_id: str = ""
    extra_fees: str | list[dict[str, str]] = ""


class ClosedPnlRow(Struct, rename="camel", kw_only=True, gc=False):
    """What one closing order earned, of `position/closed-pnl`."""

    symbol: str
    order_type: str
    leverage: str
    updated_time: str  # ms
    side: str  # of the closing order
    order_id: str
    closed_pnl: str
    avg_entry_price: str
    qty: str
    cum_entry_value: str
    created_time: str  # ms
    order_price: str
    closed_size: str
    avg_exit_price: str
    exec_type: str
    fill_count: str
    cum_exit_value: str
    open_fee: str
    close_fee: str


class LeverageFilter(Struct, rename="camel", frozen=True):
    min_leverage: str
    max_leverage: str
    leverage_step: str = "0.01"


class PriceFilter(Struct, rename="camel", frozen=True):
    min_price: str
    max_price: str
    tick_size: str


class LotSizeFilter(Struct, rename="camel", frozen=True):
    max_order_qty: str
    min_order_qty: str
    qty_step: str
    max_mkt_order_qty: str = ""
    min_notional_value: str = ""


class RiskParameters(Struct, rename="camel", frozen=True):
    price_limit_ratio_x: str = ""
    price_limit_ratio_y: str = ""


class InstrumentRow(Struct, rename="camel", frozen=True):
    """The trading rules of one contract, as `instruments-info` lists them."""

    symbol: str
    price_filter: PriceFilter
    lot_size_filter: LotSizeFilter
    contract_type: str = ""
    status: str = ""
    base_coin: str = ""
    quote_coin: str = ""
    settle_coin: str = ""
    price_scale: str = ""
    leverage_filter: LeverageFilter = LeverageFilter("1", "1")
    funding_interval: int = 0  # minutes
    risk_parameters: RiskParameters = RiskParameters()


# Private stream


class OrderMessage(Struct, rename="camel"):
    """A frame of topic `order`. Bybit writes `topic` first here and `id` first elsewhere."""

    topic: str
    id: str
    creation_time: int
    data: list[OrderRow]


class ExecutionMessage(Struct, rename="camel"):
    """A frame of topic `execution`."""

    topic: str
    id: str
    creation_time: int
    data: list[ExecutionRow]


class PositionMessage(Struct, rename="camel"):
    """A frame of topic `position`. In hedge mode `data` holds both legs."""

    id: str
    topic: str
    creation_time: int
    data: list[PositionRow]


class WalletMessage(Struct, rename="camel"):
    """A frame of topic `wallet`."""

    id: str
    topic: str
    creation_time: int
    data: list[WalletRow]


class PrivateFrame(Struct, kw_only=True):
    """Any frame of the private socket: a push (`topic` is set) or the reply of an operation (`op` is set)."""

    topic: str = ""
    id: str = ""
    creation_time: int = field(default=0, name="creationTime")
    data: Raw = Raw(b"[]")
    op: str = ""
    req_id: str = ""
    success: bool | None = None  # absent in pongs
    ret_msg: str = ""
    ret_code: int = field(default=0, name="retCode")  # seen instead of ret_msg in some auth failures
    ret_msg_camel: str = field(default="", name="retMsg")

    @property
    def reason(self) -> str:
        """Why the operation failed, whichever spelling it came in."""
        return self.ret_msg or self.ret_msg_camel


class OpRequest(Struct, kw_only=True, omit_defaults=True):
    """A control message of a client: auth, subscribe, unsubscribe, ping."""

    req_id: str | None = None
    op: str
    args: list[str | int] | None = None


decode_private_frame = msgspec.json.Decoder(PrivateFrame).decode
decode_orders = msgspec.json.Decoder(list[OrderRow]).decode
decode_executions = msgspec.json.Decoder(list[ExecutionRow]).decode
decode_positions = msgspec.json.Decoder(list[PositionRow]).decode
decode_wallets = msgspec.json.Decoder(list[WalletRow]).decode


# REST envelope and results


class RestReply(Struct, rename="camel"):
    """The envelope of every REST answer; decode `result` with the result's own Struct."""

    ret_code: int
    ret_msg: str = ""
    result: Raw = Raw(b"{}")
    ret_ext_info: Raw = Raw(b"{}")
    time: int = 0  # ms


decode_reply = msgspec.json.Decoder(RestReply).decode


class TimeResult(Struct, rename="camel"):
    time_second: str
    time_nano: str


class OrderAckResult(Struct, rename="camel"):
    """Result of create, amend and cancel: accepted for processing, nothing more."""

    order_id: str
    order_link_id: str = ""


class OrderBatchResult(Struct):
    """Result of `create-batch`, in the order of the request."""

    list: Rows[OrderAckResult] = []


class BatchCode(Struct):
    """What became of one order of a batch."""

    code: int
    msg: str = ""


class OrderBatchCodes(Struct):
    """`retExtInfo` of a batch, in the order of the request."""

    list: Rows[BatchCode] = []


class CancelAllResult(Struct):
    list: Rows[OrderAckResult] = []
    success: str = "1"


class ListResult(Struct, Generic[Row], rename="camel"):
    """A page of rows. An empty `next_page_cursor` is the last page; pass it back verbatim."""

    list: Rows[Row]
    next_page_cursor: str = ""
    category: str = ""


OrderListResult = ListResult[OrderRow]
ExecutionListResult = ListResult[ExecutionRow]
PositionListResult = ListResult[PositionRow]
InstrumentListResult = ListResult[InstrumentRow]


class WalletResult(Struct):
    list: Rows[WalletRow]


# REST request bodies (`null` counts as not given)


class CreateOrder(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Body of `POST /v5/order/create`."""

    category: str
    symbol: str
    side: str
    order_type: str
    qty: str
    price: str | None = None
    time_in_force: str | None = None
    position_idx: int | None = None
    order_link_id: str | None = None
    reduce_only: bool | None = None
    close_on_trigger: bool | None = None
    trigger_price: str | None = None
    trigger_direction: int | None = None
    trigger_by: str | None = None
    take_profit: str | None = None
    stop_loss: str | None = None
    tp_trigger_by: str | None = None
    sl_trigger_by: str | None = None
    tpsl_mode: str | None = None
    tp_order_type: str | None = None
    sl_order_type: str | None = None
    tp_limit_price: str | None = None
    sl_limit_price: str | None = None
    smp_type: str | None = None
    slippage_tolerance_type: str | None = None
    slippage_tolerance: str | None = None
    bbo_side_type: str | None = None
    bbo_level: str | None = None


class AmendOrder(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Body of `POST /v5/order/amend`: only what changes."""

    category: str
    symbol: str
    order_id: str | None = None
    order_link_id: str | None = None
    qty: str | None = None
    price: str | None = None
    trigger_price: str | None = None
    trigger_by: str | None = None
    take_profit: str | None = None
    stop_loss: str | None = None
    tp_trigger_by: str | None = None
    sl_trigger_by: str | None = None
    tpsl_mode: str | None = None
    tp_limit_price: str | None = None
    sl_limit_price: str | None = None


class CreateBatch(Struct):
    """Body of `POST /v5/order/create-batch`."""

    category: str
    request: list[dict[str, Any]]  # bodies of single orders, without their category


class CancelOrder(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Body of `POST /v5/order/cancel`."""

    category: str
    symbol: str
    order_id: str | None = None
    order_link_id: str | None = None
    order_filter: str | None = None


class CancelAll(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Body of `POST /v5/order/cancel-all`."""

    category: str
    symbol: str | None = None
    base_coin: str | None = None
    settle_coin: str | None = None
    order_filter: str | None = None
    stop_order_type: str | None = None


class SwitchMode(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Body of `POST /v5/position/switch-mode`: mode 0 is one-way, 3 is hedge."""

    category: str
    mode: int
    symbol: str | None = None
    coin: str | None = None


class SetLeverage(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Body of `POST /v5/position/set-leverage`."""

    category: str
    symbol: str
    buy_leverage: str
    sell_leverage: str


class SetMarginMode(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Body of `POST /v5/account/set-margin-mode`."""

    set_margin_mode: str


class SetLimitPriceAction(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Body of `POST /v5/account/set-limit-px-action`: what happens to a limit beyond the price band."""

    category: str
    modify_enable: bool


class AddMargin(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Body of `POST /v5/position/add-margin`: `"10"` adds, `"-10"` takes back."""

    category: str
    symbol: str
    margin: str
    position_idx: int | None = None


class SetAutoAddMargin(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Body of `POST /v5/position/set-auto-add-margin`; the documentation has the switch in two spellings."""

    category: str
    symbol: str
    auto_add_margin: int | None = None
    auto_add_margin_alias: int | None = field(default=None, name="autoAddmargin")
    position_idx: int | None = None

    @property
    def switch(self) -> int | None:
        return self.auto_add_margin if self.auto_add_margin is not None else self.auto_add_margin_alias


class MarginResult(Struct, rename="camel", kw_only=True):
    """Result of `add-margin`: the position afterwards, in fewer fields than `position/list` has."""

    category: str
    symbol: str
    position_idx: int
    risk_id: int
    risk_limit_value: str
    size: str
    position_value: str
    avg_price: str
    liq_price: str
    bust_price: str
    mark_price: str
    leverage: str
    auto_add_margin: int
    position_status: str
    position_im: str = field(name="positionIM")
    position_mm: str = field(name="positionMM")
    unrealised_pnl: str
    cum_realised_pnl: str
    stop_loss: str
    take_profit: str
    trailing_stop: str
    created_time: str
    updated_time: str


class TradingStop(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Body of `POST /v5/position/trading-stop`: `"0"` removes, nothing leaves as it is."""

    category: str
    symbol: str
    tpsl_mode: str | None = None
    position_idx: int | None = None
    take_profit: str | None = None
    stop_loss: str | None = None
    trailing_stop: str | None = None
    active_price: str | None = None
    tp_trigger_by: str | None = None
    sl_trigger_by: str | None = None
    tp_size: str | None = None
    sl_size: str | None = None
    tp_order_type: str | None = None
    sl_order_type: str | None = None
    tp_limit_price: str | None = None
    sl_limit_price: str | None = None


MODE_ONE_WAY = 0
MODE_HEDGE = 3
