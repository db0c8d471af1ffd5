"""Templates of defaults (deployment stages, live), and the ceilings that no value may pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from synthcore.errors import ConfigError
from synthcore.settings import origin
from synthcore.settings.sources import Given, Layer

# What ENABLE_ALL_SAFETY_FEATURES switches on anywhere, and live always starts from.
SAFETY: dict[str, Any] = {
    "max_concurrent_trades": 2,
    "minimum_spread_bps": 20.0,
    "max_daily_loss": 50.0,
    "max_consecutive_failures": 5,
    "enable_emergency_stop": True,
    "enable_all_safety_features": True,
}

LIVE: dict[str, Any] = {"estimated_position_size": 100.0, "journal": "full", **SAFETY}

STAGES: dict[str, dict[str, Any]] = {
    "development": {
        "estimated_position_size": 10.0,
        "log_level": "debug",
        "enable_debug_logging": True,
    },
    "testing": {"environment": "embedded", "estimated_position_size": 10.0, "seed": 1},
    "staging": {"environment": "demo", "estimated_position_size": 50.0},
    "production": {"environment": "live", **LIVE},
}


class Ceiling(Struct, frozen=True):
    """A bound of live trading; a value beyond it refuses the start and is never cut to fit."""

    setting: str
    bound: float
    is_least: bool = False  # the bound is the smallest value allowed, not the largest


LIVE_CEILINGS = (
    Ceiling("estimated_position_size", 500.0),  # the last step of the position schedule
    Ceiling("max_concurrent_trades", 2),
    Ceiling("max_daily_loss", 50.0),
    Ceiling("max_consecutive_failures", 5),
    Ceiling("minimum_spread_bps", 20.0, is_least=True),
)
LIVE_MUST_BE_ON = ("enable_emergency_stop",)


def stage_layer(name: str | None) -> Layer:
    """What a deployment stage sets; nothing without one."""
    template = STAGES[name] if name else {}
    return {key: Given(value, origin.stage(f"{name} (ENVIRONMENT)")) for key, value in template.items()}


def safety_layer(all_features: bool, is_live: bool) -> Layer:
    """What safety sets: every feature at its value of live, and in live a small size too."""
    layer: Layer = {}
    if is_live:
        layer |= {key: Given(value, origin.safety("environment live")) for key, value in LIVE.items()}
    if all_features:
        cause = origin.safety("ENABLE_ALL_SAFETY_FEATURES")
        layer |= {key: Given(value, cause) for key, value in SAFETY.items()}
    return layer


def hold_ceilings(values: Mapping[str, Given]) -> None:
    """Refuse a value that passes a bound of live trading.

    Raises
    ------
    ConfigError
        Names the value with its origin and the ceiling.
    """
    for ceiling in LIVE_CEILINGS:
        given = values[ceiling.setting]
        beyond = given.value < ceiling.bound if ceiling.is_least else given.value > ceiling.bound
        if beyond:
            word = "at least" if ceiling.is_least else "at most"
            raise ConfigError(
                f"{ceiling.setting} must be {word} {ceiling.bound:g} in live trading (live limit),"
                f" was {given.value:g} ({given.origin}); nothing is cut to fit: change it there"
            )
    for name in LIVE_MUST_BE_ON:
        if not values[name].value:
            raise ConfigError(
                f"{name} must be true in live trading (live limit), was false ({values[name].origin});"
                " change it there"
            )
