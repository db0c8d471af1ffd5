"""Text that must never be seen: keys and what is made from them."""

from __future__ import annotations

MASK = "***"


class Secret:
    """A text that shows itself only when asked by name.

    Parameters
    ----------
    value
        The text to keep. `repr`, `str`, `format` and any log line show `***`; pickling is refused,
        so that a secret doesn't travel into a file or another process by accident.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself; call it where it is used, never earlier."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret can't be pickled: hand over `reveal()` where it is used")
