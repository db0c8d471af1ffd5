from collections.abc import Sequence
from typing import final

from msgspec import Struct

@final
class RowWriter:
    def __init__(self, kind: type[Struct], names: Sequence[str], **fixed: object) -> None: ...
    def write(self, values: tuple[str | int | bytes, ...]) -> bytes: ...
