from collections.abc import Callable
from decimal import Decimal
from typing import Final

from synthcore.exchange.account import Position
from synthcore.exchange.risk_tiers import RiskLadder
from synthcore.model import Side

LEAST_BREAK_EVEN_RATE: Final[Decimal]

def closing_fee(
    side: Side | None, entry_value: Decimal, leverage: Decimal, taker_rate: Decimal
) -> Decimal: ...
def initial_margin(mark_value: Decimal, leverage: Decimal, fee: Decimal) -> Decimal: ...
def maintenance_margin(mark_value: Decimal, ladder: RiskLadder, fee: Decimal) -> Decimal: ...
def standing(position: Position, mark: Decimal) -> tuple[Decimal, Decimal, Decimal, Decimal, Decimal]: ...
def standings(
    positions: dict[tuple[str, int], Position], marks: Callable[[str], Decimal | None]
) -> tuple[Decimal, Decimal, Decimal]: ...
def break_even(
    entry_price: Decimal, signed_qty: Decimal, realised: Decimal, taker_rate: Decimal
) -> Decimal: ...
def liquidation_price(
    signed_qty: Decimal, mark: Decimal, spare: Decimal, ladder: RiskLadder, fee: Decimal
) -> Decimal: ...
