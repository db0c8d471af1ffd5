from typing import final

@final
class Grid:
    def __init__(self, scale: int, decimals: int) -> None: ...

def book_text(
    depth: int, symbol: str, kind: str, bids: bytes, asks: bytes, u: int, seq: int, ts_ms: int, cts_ms: int
) -> bytes: ...
def short_level(ticks: int, price: Grid, lots: int, lot: Grid) -> bytes: ...
