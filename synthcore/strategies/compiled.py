"""A strategy's own compiled rule: where it is found, and what it sees, as NumPy records."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from synthcore.errors import ConfigError

# One record each, laid out as the C structs of `_core/update.h` and `_core/qualify.pxd`.
UPDATE = np.dtype(
    [
        ("sequence", "u8"),
        ("recv_ns", "i8"),
        ("exchange_us", "i8"),
        ("bid_px", "f8"),
        ("ask_px", "f8"),
        ("bid_qty", "f8"),
        ("ask_qty", "f8"),
        ("publish_delta_ns", "u4"),
        ("symbol_id", "i2"),
        ("source", "u2"),
    ]
)
INPUTS = np.dtype(
    [
        ("spread_bps", "f8"),
        ("funding_delta", "f8"),
        ("position_size", "f8"),
        ("depth_long", "f8"),
        ("depth_short", "f8"),
        ("fees_bps", "f8"),
        ("obi_boost", "i4"),
        ("oi_boost", "i4"),
        ("gravity_boost", "i4"),
    ],
    align=True,
)
RULES = np.dtype(
    [
        ("min_funding_delta", "f8"),
        ("min_depth_multiple", "f8"),
        ("min_profit_bps", "f8"),
        ("funding_cost_bps", "f8"),
        ("slippage_base_bps", "f8"),
        ("slippage_slope_bps", "f8"),
        ("slippage_cap_bps", "f8"),
        ("min_confidence", "i4"),
    ],
    align=True,
)
VERDICT = np.dtype(
    [
        ("slippage_bps", "f8"),
        ("profit_bps", "f8"),
        ("funding_margin", "f8"),
        ("depth_margin", "f8"),
        ("profit_margin", "f8"),
        ("confidence_margin", "i4"),
        ("confidence", "i4"),
        ("reason", "i4"),
        ("failed", "u4"),
    ]
)


class OwnRule(NamedTuple):
    """What `Kernel.decide_by` takes."""

    decide: Any  # a capsule "synthcore.decide", an object with an `address`, or an address
    context: Any = None  # writable memory for it


def find_rule(place: str) -> OwnRule:
    """Import a rule by `module:name`; the current folder is looked in, too.

    Its context is the module's `NAME_context`, where there is one.

    Raises
    ------
    ConfigError
        There is no such module, or no such name in it.
    """
    module_name, _, name = place.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        module = import_module(module_name)
    except ImportError as e:
        raise ConfigError(
            f"kernel must name a module that can be imported, was {place}: {e};"
            " build it, or start where it lies"
        ) from None
    if not hasattr(module, name):
        raise ConfigError(f"kernel must name something in {module_name}, was {place}: it has no {name!r}")
    return OwnRule(getattr(module, name), getattr(module, f"{name}_context", None))
