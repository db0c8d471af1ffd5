"""Figures as people read them."""

from __future__ import annotations

MINUS = "−"


def time_text(ns: float | None) -> str:
    """Write a time with three digits and its unit."""
    if ns is None:
        return "–"
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{three_digits(ns / size)} {unit}"
    return f"{ns:.0f} ns"


def three_digits(value: float) -> str:
    """Write 1.23, 12.3 and 123."""
    if value >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def count_text(count: int) -> str:
    """Write a whole number with its thousands apart."""
    return f"{count:,}"


def signed(value: float, digits: int = 2) -> str:
    """Write a number with its sign, a real minus included."""
    text = f"{abs(value):,.{digits}f}"
    if not text.strip("0.,"):
        return text
    return ("+" if value > 0 else MINUS) + text


def percent(rate: float | None, digits: int = 1) -> str:
    """Write a rate of 0 to 1; never rounded up to 100 % when it isn't."""
    if rate is None:
        return "–"
    shown = f"{rate:.{digits}%}"
    if rate < 1 and shown.startswith("100"):
        shown = f"{100 - 10**-digits:.{digits}f}%"
    return shown.replace("%", " %")


def duration_text(seconds: float) -> str:
    """Write minutes and seconds, and hours where there are any."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def memory_text(count: int) -> str:
    """Write a size in MB."""
    return f"{count / 1e6:.1f} MB"
