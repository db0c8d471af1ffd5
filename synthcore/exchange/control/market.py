"""`/_control/market`: its pace, and what a test does to its prices."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from synthcore.errors import ConfigError
from synthcore.exchange.clock import ExchangeClock
from synthcore.exchange.contract import Contract
from synthcore.exchange.control.door import ControlCall, Routes
from synthcore.exchange.faults.cross_book import CrossBook
from synthcore.exchange.faults.engine import FaultEngine
from synthcore.exchange.faults.refuse import RefuseCall
from synthcore.exchange.ids import Ids
from synthcore.exchange.market.bend import Bend
from synthcore.exchange.market.state import MarketState
from synthcore.exchange.pace import Pace
from synthcore.model import Side

PATH = "/_control/market"
NOT_LIVE = 110074
BPS = Decimal(10_000)


class Act(Struct, frozen=True, forbid_unknown_fields=True, tag_field="do"):
    """Something that is done to the market."""


class OfSymbol(Act, frozen=True):
    symbol: str


class Pause(Act, frozen=True, tag="pause"):
    """No frame comes until it is resumed."""


class Resume(Act, frozen=True, tag="resume"):
    """It goes on where it was paused."""


class Speed(Act, frozen=True, tag="speed"):
    factor: Annotated[float, Meta(gt=0, le=1000)]


class Shock(OfSymbol, frozen=True, tag="shock"):
    """All prices of a contract move at once, and stay moved."""

    bps: Annotated[float, Meta(ge=-5000, le=10_000)]


class Cross(OfSymbol, frozen=True, tag="cross"):
    """The next frame of each of its books is crossed."""


class Halt(OfSymbol, frozen=True, tag="halt"):
    """Its market stands still, and orders are refused."""


class Reopen(OfSymbol, frozen=True, tag="reopen"):
    """A halt is over."""


class Print(OfSymbol, frozen=True, tag="print"):
    """The market prints a trade."""

    side: Side  # of the taker
    price: Decimal
    qty: Decimal


AnyAct = Pause | Resume | Speed | Shock | Cross | Halt | Reopen | Print


class MarketControl:
    """Changes the market of one exchange.

    Parameters
    ----------
    pace
        Asked for each time: exchanges that share a market share its pace.
    apply
        Takes a frame as if the market had sent it.
    """

    def __init__(
        self,
        contracts: dict[str, Contract],
        market: MarketState,
        bend: Bend,
        pace: Callable[[], Pace],
        faults: FaultEngine,
        apply: Callable[[str, bytes], None],
        clock: ExchangeClock,
        ids: Ids,
    ) -> None:
        self._contracts = contracts
        self._market = market
        self._bend = bend
        self._pace = pace
        self._faults = faults
        self._apply = apply
        self._clock = clock
        self._ids = ids

    def routes(self) -> Routes:
        return {("GET", PATH): self._facts, ("POST", PATH): self._act}

    def set_right(self) -> None:
        """Undo what lasts."""
        self._pace().set_right()
        self._bend.halted.clear()
        for symbol, shift in list(self._bend.shifts.items()):
            self._shift(symbol, -shift)

    def _facts(self, call: ControlCall) -> object:
        pace = self._pace()
        return {
            "is_paused": pace.is_paused,
            "speed": pace.speed,
            "symbols": {symbol: self._symbol_facts(symbol) for symbol in self._contracts},
        }

    def _symbol_facts(self, symbol: str) -> dict[str, Any]:
        bids, asks = self._market.bids(symbol), self._market.asks(symbol)
        return {
            "mark": self._market.mark(symbol),
            "last": self._market.last(symbol),
            "bid": bids[0][0] if bids else None,
            "ask": asks[0][0] if asks else None,
            "shift": self._bend.shifts.get(symbol, Decimal(0)),
            "is_halted": symbol in self._bend.halted,
        }

    def _act(self, call: ControlCall) -> object:
        act: AnyAct = msgspec.json.decode(call.body, type=AnyAct)
        if isinstance(act, OfSymbol) and act.symbol not in self._contracts:
            raise ConfigError(f"symbol must be one of {', '.join(self._contracts)}, was {act.symbol}")
        match act:
            case Pause():
                self._pace().pause()
            case Resume():
                self._pace().resume()
            case Speed():
                self._pace().run_at(act.factor)
            case Shock():
                self._shock(act)
            case Cross():
                self._faults.add([CrossBook(when=f"public topic=orderbook.*.{act.symbol}")])
            case Halt():
                self._halt(act.symbol)
            case Reopen():
                self._bend.halted.discard(act.symbol)
                self._faults.remove(halt_name(act.symbol))
            case Print():
                self._print(act)
        return self._facts(call)

    def _shock(self, act: Shock) -> None:
        contract, mark = self._contracts[act.symbol], self._market.mark(act.symbol)
        if mark is None:
            raise ConfigError(f"a shock needs a mark price, {act.symbol} has none yet")
        ticks = round(mark * Decimal(str(act.bps)) / BPS / contract.tick)
        self._shift(act.symbol, ticks * contract.tick)

    def _shift(self, symbol: str, by: Decimal) -> None:
        for topic, frame in self._bend.shift(symbol, by, self._market, self._clock.right_ms()):
            self._apply(topic, frame)

    def _halt(self, symbol: str) -> None:
        if symbol not in self._bend.halted:
            self._bend.halted.add(symbol)
            when = f"request path=/v5/order/create* symbol={symbol} always"
            message = "This contract is not live"
            self._faults.add([RefuseCall(code=NOT_LIVE, message=message, when=when, name=halt_name(symbol))])

    def _print(self, act: Print) -> None:
        contract = self._contracts[act.symbol]
        if act.price <= 0 or act.qty <= 0 or act.price % contract.tick or act.qty % contract.step:
            raise ConfigError(
                f"a print must be whole ticks of {contract.tick} and steps of {contract.step}, above 0,"
                f" was {act.price} and {act.qty}"
            )
        self._apply(f"publicTrade.{act.symbol}", self._print_frame(act))

    def _print_frame(self, act: Print) -> bytes:
        now_ms, topic = self._clock.right_ms(), f"publicTrade.{act.symbol}"
        row = {
            "T": now_ms,
            "s": act.symbol,
            "S": act.side,
            "v": str(act.qty),
            "p": str(act.price),
            "L": "ZeroPlusTick",
            "i": self._ids.uuid(),
            "BT": False,
            "RPI": False,
            "seq": self._market.cross_sequence(act.symbol),
        }
        return msgspec.json.encode({"topic": topic, "type": "snapshot", "ts": now_ms, "data": [row]})


def halt_name(symbol: str) -> str:
    return f"halt-{symbol}"
