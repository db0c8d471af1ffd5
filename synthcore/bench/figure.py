"""A figure in words."""

from __future__ import annotations

TIMES = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns"))


def value(number: float | None, unit: str) -> str:
    """A figure with three digits, in the unit that reads best."""
    if number is None:
        return "–"
    if unit != "ns":
        return f"{number:,.0f} {unit}" if number >= 1000 else f"{number:.3g} {unit}"
    size, name = next(((size, name) for size, name in TIMES if number >= size), TIMES[-1])
    return f"{number / size:.3g} {name}"
