from collections.abc import Iterable
from typing import Final, NamedTuple

FEED_CORE: Final[int]
STRATEGY_CORE: Final[int]

class Pinning(NamedTuple):
    core: int | None
    reason: str

class Precedence(NamedTuple):
    held: bool
    reason: str

HOT: Final[int]
ORDERS: Final[int]

def take_precedence(level: int = 1, inherited: bool = True, thread: int = 0) -> Precedence: ...
def give_precedence_back(thread: int = 0) -> None: ...
def allowed_cores() -> list[int]: ...
def current_core() -> int: ...
def choose_cores(cores: Iterable[int] | None = None) -> tuple[int, int]: ...
def pin(core: int | None) -> Pinning: ...
