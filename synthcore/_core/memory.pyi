from typing import final

from typing_extensions import Buffer

@final
class Memory:
    def __new__(cls, size: int, buffer: Buffer | None = None) -> Memory: ...

class LockedMemory:
    held: bool
    reason: str
    def hold(self) -> bool: ...
    def release(self) -> None: ...
