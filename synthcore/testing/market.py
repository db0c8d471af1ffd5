"""The market of an exchange, from the side of a test that drives it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from synthcore.errors import ConfigError
from synthcore.exchange.control import faults
from synthcore.exchange.control.client import Control
from synthcore.exchange.control.market import (
    PATH,
    AnyAct,
    Cross,
    Halt,
    Pause,
    Print,
    Reopen,
    Resume,
    Shock,
    Speed,
)

Price = Decimal | str | int
BPS = 10_000


class Market:
    """Moves prices, prints trades, stops the market and lets frames go missing.

    Parameters
    ----------
    control
        The way to the exchange's control API.
    """

    def __init__(self, control: Control) -> None:
        self._control = control

    def facts(self, symbol: str) -> dict[str, Any]:
        """Mark, last, bid and ask of a contract as texts, what it is shifted by, whether it is halted."""
        return dict(self._control.get(PATH)["symbols"][symbol])

    def shock(self, symbol: str, bps: float) -> None:
        """Move all prices of a contract by so much of its mark; they stay moved."""
        self._act(Shock(symbol=symbol, bps=bps))

    def set_bid(self, symbol: str, price: Price) -> None:
        """Move all prices of a contract so that its best bid stands there, to the tick.

        Raises
        ------
        ConfigError
            The contract has no prices yet, or the way there is too far for one move.
        """
        known = self.facts(symbol)
        if known["bid"] is None or known["mark"] is None:
            raise ConfigError(f"a price to move from must be there, {symbol} has none yet")
        way = Decimal(price) - Decimal(known["bid"])
        self.shock(symbol, float(way * BPS / Decimal(known["mark"])))

    def trade(self, symbol: str, side: Literal["Buy", "Sell"], price: Price, qty: Price) -> None:
        """Print a trade of others, whose taker had this side: it fills what rests there."""
        self._act(Print(symbol=symbol, side=side, price=Decimal(price), qty=Decimal(qty)))

    def halt(self, symbol: str) -> None:
        """Let a contract stand still and refuse its orders."""
        self._act(Halt(symbol=symbol))

    def reopen(self, symbol: str) -> None:
        self._act(Reopen(symbol=symbol))

    def pause(self) -> None:
        """Let no frame come until `resume`."""
        self._act(Pause())

    def resume(self) -> None:
        self._act(Resume())

    def run_at(self, factor: float) -> None:
        """Let the market's own time run so much faster."""
        self._act(Speed(factor=factor))

    def cross(self, symbol: str) -> None:
        """Let the next frame of each of its books be crossed."""
        self._act(Cross(symbol=symbol))

    def gap(self, symbol: str, frames: int = 1) -> None:
        """Let this many frames of its books go missing: the next one's `u` doesn't follow."""
        when = f"public topic=orderbook.*.{symbol}"
        fault = {"do": "sequence_gap", "frames": frames, "when": when}
        self._control.post(faults.PATH, {"faults": [fault]})

    def _act(self, act: AnyAct) -> None:
        self._control.post(PATH, act)
