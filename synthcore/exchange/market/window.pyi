from typing import final

from synthcore.exchange.market.book_text import Grid
from synthcore.exchange.market.ladder import Ladder

@final
class Window:
    def __init__(self, ladder: Ladder, depth: int, price: Grid, lot: Grid) -> None: ...
    def snapshot(self) -> bytes: ...
    def changes(self) -> bytes: ...
