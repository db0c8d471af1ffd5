from typing import NamedTuple, final

from synthcore.exchange.market.draws import Draws

class Beat(NamedTuple):
    slot_ms: int
    move_bps: float
    taker_orders: int
    is_up: bool
    heat: float

@final
class Rhythm:
    def __init__(self, activity: float, volatility: float, draws: Draws) -> None: ...
    def next(self) -> Beat: ...
