"""One Bybit account as an `ExecutionBackend`: orders by socket or REST, events by the private stream."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec

from synthcore.environment import Credentials
from synthcore.errors import ConfigError, OutcomeUnknown, VenueError, VenueRefused
from synthcore.model import Fill, Instrument, OrderAck, OrderRequest, OrderState, Position
from synthcore.orders.answers import RATE_REFUSALS, raise_for
from synthcore.orders.gateway import ClockOffset, PrivateEvent, RateLimitSeen
from synthcore.orders.lookup import decode_order_list, look_up
from synthcore.orders.private import PrivateStream
from synthcore.orders.rest import CLOCK_CODES, TIME_PATH, RestClient
from synthcore.orders.rows import fill, instrument, order_state, position
from synthcore.orders.socket import OPERATIONS, TradeSocket
from synthcore.orders.surroundings import MACHINE, Surroundings
from synthcore.venues.bybit.messages import (
    MODE_HEDGE,
    CancelAll,
    CancelOrder,
    CreateBatch,
    CreateOrder,
    ExecutionListResult,
    ExecutionRow,
    InstrumentListResult,
    OrderAckResult,
    OrderBatchCodes,
    OrderBatchResult,
    PositionListResult,
    RestReply,
    SwitchMode,
    WalletResult,
    number,
)
from synthcore.venues.bybit.signing import Signer

logger = logging.getLogger(__name__)

CATEGORY = "linear"
CREATE_PATH = "/v5/order/create"
BATCH_PATH = "/v5/order/create-batch"
SOCKET_WITHIN_S = 1.0
CLOCK_EVERY_S = 30.0
RECENT_PAGES = 100  # of 100 fills
TRADED = frozenset({"Trade", "BustTrade", "AdlTrade"})  # what changes a position, and has a price
WINDOW_S = 1.0  # of a rate limit
WINDOWS_WAITED = 5

decode_ack = msgspec.json.Decoder(OrderAckResult).decode
decode_batch = msgspec.json.Decoder(OrderBatchResult).decode
decode_batch_codes = msgspec.json.Decoder(OrderBatchCodes).decode
decode_executions = msgspec.json.Decoder(ExecutionListResult).decode
decode_positions = msgspec.json.Decoder(PositionListResult).decode
decode_instruments = msgspec.json.Decoder(InstrumentListResult).decode
decode_wallet = msgspec.json.Decoder(WalletResult).decode
encode = msgspec.json.Encoder().encode


class BybitBackend:
    """Orders, look-ups and private events of one Bybit account.

    Parameters
    ----------
    rest_urls
        Hosts in order; queries may use all of them, orders only the first.
    recv_window_ms, order_recv_window_ms
        How old a request may be when the server reads it: queries, and calls that may take effect.
        The second bounds how long a lost order stays in doubt.
    warm_connections
        Connections opened before the first order, so that no order pays for a handshake.
    ws_trade_url
        Where orders go by socket; None, or while that socket is down: they go by REST.
    trade_socket_in_reserve
        Orders go by REST, and the socket is opened only when our address is shut out there.
    """

    def __init__(
        self,
        rest_urls: tuple[str, ...],
        ws_private_url: str,
        credentials: Credentials,
        recv_window_ms: int = 5000,
        order_recv_window_ms: int = 1000,
        warm_connections: int = 6,
        ws_trade_url: str | None = None,
        trade_socket_in_reserve: bool = False,
        surroundings: Surroundings = MACHINE,
    ) -> None:
        self.surroundings = surroundings
        self.order_recv_window_ms = order_recv_window_ms
        self.rest = RestClient(
            rest_urls,
            credentials.api_key,
            credentials.api_secret,
            recv_window_ms,
            surroundings=surroundings,
        )
        self._warm_connections = warm_connections
        self._handlers: list[Callable[[PrivateEvent], None]] = []
        self._key = credentials.api_key
        self.signer = signer = Signer(credentials.api_key.reveal(), credentials.api_secret.reveal())
        self.stream = PrivateStream(
            ws_private_url, signer, self.server_time_ms, self._on_event, surroundings=surroundings
        )
        self.trade_socket: TradeSocket | None = None
        if ws_trade_url:
            self.trade_socket = TradeSocket(
                ws_trade_url, signer, self.server_time_ms, surroundings=surroundings
            )
        self._is_in_reserve = trade_socket_in_reserve
        self._background: set[asyncio.Task[Any]] = set()

    def __repr__(self) -> str:
        return f"BybitBackend({self.rest.base_urls[0]})"

    async def start(self) -> None:
        """Read the server's clock, warm the connections, bring the private stream up."""
        await self.sync_server_time()
        await asyncio.gather(
            *(self.rest.query(TIME_PATH, {}, signed=False) for _ in range(self._warm_connections))
        )
        await self.stream.start()
        await self._start_trade_socket()
        self._in_background(self._keep_the_clock())

    async def _start_trade_socket(self) -> None:
        if self.trade_socket is None or self._is_in_reserve:
            logger.info("orders go by REST: the venue serves no trade socket, or it is switched off")
            return
        await self.trade_socket.start()

    @property
    def order_entry(self) -> str:
        """How an order would go now: `socket` or `rest`."""
        return "socket" if self.trade_socket is not None and self.trade_socket.is_up else "rest"

    async def close(self) -> None:
        for task in list(self._background):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self.trade_socket is not None:
            await self.trade_socket.close()
        await self.stream.close()
        await self.rest.close()

    def on_private_event(self, handler: Callable[[PrivateEvent], None]) -> None:
        self._handlers.append(handler)

    def on_rate_limit(self, handler: Callable[[RateLimitSeen], None]) -> None:
        self.rest.on_rate_limit(handler)
        if self.trade_socket is not None:
            self.trade_socket.on_rate_limit(handler)

    # Time

    async def sync_server_time(self) -> ClockOffset:
        return await self.rest.sync_server_time()

    def server_time_ms(self) -> float:
        return self.rest.server_time_ms()

    def network_rtt_ns(self) -> float:
        """The network's share of a round trip to the venue, without HTTP and the venue's own work."""
        return self.stream.network_rtt_ns()

    # Orders

    async def place(self, order: OrderRequest) -> OrderAck:
        """Send one order, once. What is raised says whether it may have taken effect."""
        body = create_order(order)
        reply, sent_ns, acked_ns = await self._order_call(CREATE_PATH, body, is_urgent=order.reduce_only)
        return OrderAck(decode_ack(reply.result).order_id, order.link_id, sent_ns, acked_ns)

    async def place_by_batch(self, order: OrderRequest) -> OrderAck:
        """Send a batch of one: its answer has a code of its own, whatever the code of the call is."""
        body = create_batch(order)
        reply, sent_ns, acked_ns = await self._order_call(BATCH_PATH, body, is_urgent=order.reduce_only)
        for outcome in decode_batch_codes(reply.ret_ext_info).list:
            of_order = RestReply(ret_code=outcome.code, ret_msg=outcome.msg)
            raise_for(of_order, CREATE_PATH, self._key.reveal(), for_order=True)
        for ack in decode_batch(reply.result).list:
            return OrderAck(ack.order_id, order.link_id, sent_ns, acked_ns)
        raise OutcomeUnknown(f"{BATCH_PATH}: the answer says nothing of the order")

    async def cancel(self, symbol: str, link_id: str) -> None:
        body = CancelOrder(category=CATEGORY, symbol=symbol, order_link_id=link_id)
        await self._order_call("/v5/order/cancel", body, is_urgent=True)

    async def cancel_all(self, symbol: str) -> None:
        """Cancel every order on the symbol, foreign ones too: a person's tool, no part of a trade."""
        await self._order_call("/v5/order/cancel-all", CancelAll(category=CATEGORY, symbol=symbol))

    async def _order_call(self, path: str, body: Any, is_urgent: bool = False) -> Any:
        """Send a call that may take effect; one that gets us out goes by socket where REST shuts us out."""
        try:
            return await self._entry_for(path).order_call(path, encode(body), self.order_recv_window_ms)
        except VenueRefused as e:
            self.heed_refusal(e)
            if e.error_class != "shut_out" or not is_urgent or not await self._has_socket_for(path):
                raise
            logger.warning("%s: by the trade socket instead", e)
        return await self._entry_for(path).order_call(path, encode(body), self.order_recv_window_ms)

    def heed_refusal(self, refusal: VenueRefused) -> None:
        """Where our clock is off, read the server's anew, for the next order."""
        if refusal.code in CLOCK_CODES:
            self._in_background(self._sync_quietly())

    async def _has_socket_for(self, path: str) -> bool:
        """Whether a call can go by socket; one in reserve, or on its way back, is given a moment."""
        entry = self.trade_socket
        return entry is not None and path in OPERATIONS and await entry.up_within(SOCKET_WITHIN_S)

    def _entry_for(self, path: str) -> RestClient | TradeSocket:
        """The way of an order call: the socket where it is up and knows the call."""
        entry = self.trade_socket
        return entry if entry is not None and entry.is_up and path in OPERATIONS else self.rest

    # Queries

    async def look_up(self, symbol: str, link_id: str) -> OrderState | None:
        return await look_up(self.rest, symbol, link_id)

    async def fills(self, symbol: str, link_id: str) -> list[Fill]:
        params = {"category": CATEGORY, "symbol": symbol, "orderLinkId": link_id, "limit": "100"}
        rows = await self._pages("/v5/execution/list", params, decode_executions)
        return [fill for fill in self._fills(rows) if fill.link_id == link_id]

    async def recent_fills(self, symbol: str) -> list[Fill]:
        params = {"category": CATEGORY, "symbol": symbol, "limit": "100"}
        rows = await self._pages(
            "/v5/execution/list", params, decode_executions, self._unhurried, at_most=RECENT_PAGES
        )
        return self._fills(rows)

    def _fills(self, rows: list[ExecutionRow]) -> list[Fill]:
        """What was traded, also by a liquidation; funding is no fill."""
        recv_ns = self.rest.now_ns()
        return [fill(row, recv_ns) for row in rows if row.exec_type in TRADED]

    async def open_orders(self, symbol: str) -> list[OrderState]:
        params = {"category": CATEGORY, "symbol": symbol, "openOnly": "0", "limit": "50"}
        rows = await self._pages("/v5/order/realtime", params, decode_order_list)
        recv_ns = self.rest.now_ns()
        return [state for row in rows if not (state := order_state(row, recv_ns)).is_final]

    async def positions(self, symbol: str) -> list[Position]:
        reply = await self.rest.query("/v5/position/list", {"category": CATEGORY, "symbol": symbol})
        recv_ns = self.rest.now_ns()
        return [position(row, recv_ns) for row in decode_positions(reply.result).list]

    async def available_balance(self) -> Decimal:
        reply = await self.rest.query("/v5/account/wallet-balance", {"accountType": "UNIFIED"})
        wallets = decode_wallet(reply.result).list
        return (number(wallets[0].total_available_balance) if wallets else None) or Decimal(0)

    async def _pages(
        self,
        path: str,
        params: dict[str, str],
        decode: Callable[[Any], Any],
        query: Callable[..., Awaitable[RestReply]] | None = None,
        at_most: int | None = None,
    ) -> list[Any]:
        query = query or self.rest.query
        rows: list[Any] = []
        cursor = ""
        for _ in count() if at_most is None else range(at_most):
            page = decode((await query(path, params, cursor=cursor)).result)
            rows += page.list
            if not page.next_page_cursor or not page.list:
                return rows
            cursor = page.next_page_cursor
        return rows

    async def _unhurried(self, path: str, params: dict[str, str], cursor: str) -> RestReply:
        """A page of a list so long that it may use up the window: then the next page waits for a new one."""
        for _ in range(WINDOWS_WAITED):
            try:
                return await self.rest.query(path, params, cursor=cursor)
            except VenueRefused as e:
                if e.code not in RATE_REFUSALS:
                    raise
                await asyncio.sleep(WINDOW_S)
        return await self.rest.query(path, params, cursor=cursor)

    # Rules and modes

    async def instruments(self, symbols: Iterable[str]) -> dict[str, Instrument]:
        """Read the trading rules of each symbol.

        Raises
        ------
        ConfigError
            The exchange doesn't trade one of them.
        """
        wanted = list(symbols)
        found = dict(zip(wanted, await asyncio.gather(*map(self._instrument, wanted)), strict=True))
        unknown = [symbol for symbol, rules in found.items() if rules is None]
        if unknown:
            raise ConfigError(
                f"symbols_to_trade must be linear USDT perpetuals that the exchange trades, "
                f"was {', '.join(unknown)}: check the spelling"
            )
        return {symbol: rules for symbol, rules in found.items() if rules is not None}

    async def _instrument(self, symbol: str) -> Instrument | None:
        params = {"category": CATEGORY, "symbol": symbol}
        try:
            reply = await self.rest.query("/v5/market/instruments-info", params, signed=False)
        except VenueRefused as e:
            if e.code == 10001:
                return None
            raise
        rows = [row for row in decode_instruments(reply.result).list if row.symbol == symbol]
        return instrument(rows[0]) if rows else None

    async def hedge_mode(self, symbol: str) -> bool:
        """Whether the symbol has a record for each side, so that a pair of legs can be held."""
        return any(record.position_idx for record in await self.positions(symbol))

    async def set_hedge_mode(self, symbol: str) -> None:
        body = SwitchMode(category=CATEGORY, symbol=symbol, mode=MODE_HEDGE)
        await self._order_call("/v5/position/switch-mode", body)

    # Background

    def _on_event(self, event: PrivateEvent) -> None:
        for handler in self._handlers:
            handler(event)

    async def _keep_the_clock(self) -> None:
        while True:
            await asyncio.sleep(CLOCK_EVERY_S)
            await self._sync_quietly()

    async def _sync_quietly(self) -> None:
        try:
            await self.sync_server_time()
        except VenueError as e:
            logger.warning("server time was not refreshed: %s", e)

    def _in_background(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def create_order(order: OrderRequest) -> CreateOrder:
    """Our order in Bybit's words."""
    return CreateOrder(
        category=CATEGORY,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        qty=plain(order.qty),
        price=None if order.price is None else plain(order.price),
        time_in_force=order.time_in_force if order.order_type == "Limit" else "IOC",
        position_idx=order.position_idx,
        order_link_id=order.link_id,
        reduce_only=order.reduce_only or None,
    )


def plain(number: Decimal) -> str:
    """A number without an exponent, as `f"{number:f}"`, which takes six times as long."""
    text = str(number)
    return text if "E" not in text else f"{number:f}"


def create_batch(order: OrderRequest) -> CreateBatch:
    """A batch of one: its orders have no category of their own."""
    fields = msgspec.to_builtins(create_order(order))
    return CreateBatch(category=fields.pop("category"), request=[fields])
