from typing import final

from synthcore.exchange.market.draws import Draws

@final
class Taker:
    def __init__(self, lot_usdt: float, draws: Draws) -> None: ...
    def order(self, first_ticks: int, final_ticks: int, heat: float = 1.0) -> list[tuple[int, int]]: ...
