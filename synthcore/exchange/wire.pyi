from collections.abc import Iterator
from typing import Final

TEXT: Final[int]
SHORT: Final[int]
MEDIUM: Final[int]

def framed(text: bytes) -> bytes: ...
def messages(data: bytes) -> Iterator[bytes]: ...
