from functools import _lru_cache_wrapper
from typing import Final, NamedTuple, final

from synthcore.exchange.market.draws import Draws

KEPT: Final[int]
MOST_KEPT: Final[int]
MOST_FILLED: Final[int]
TOP_SIGMA_ABOVE: Final[float]
TOP_SIGMA_BELOW: Final[float]
COARSE_FROM_BPS: Final[float]
RESIZED: Final[float]
CHANGED_MEAN_PLACE: Final[int]
FRONT_PLACES: Final[int]
CHANGED_PLACES: Final[list[int]]

class Depth(NamedTuple):
    share: float
    sigma: float
    full_from: int
    steps: tuple[int, ...]
    gone: float
    gone_in_front: float
    stirred: float
    stirred_sigma: float

FINE: Final[Depth]
COARSE: Final[Depth]

log_normal: _lru_cache_wrapper[list[float]]

@final
class Ladder:
    def __init__(self, sign: int, best_ticks: int, top_lots: float, draws: Draws) -> None: ...
    @property
    def sign(self) -> int: ...
    @property
    def lots(self) -> dict[int, int]: ...
    @property
    def best(self) -> int: ...
    @property
    def best_lots(self) -> int: ...
    def best_levels(self, depth: int) -> dict[int, int]: ...
    def change_best(self) -> None: ...
    def move_best(self, ticks: int) -> None: ...

def stir(bids: Ladder, asks: Ladder) -> None: ...
