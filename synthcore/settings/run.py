"""Everything one run needs to know, complete and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct

from synthcore.config import SyntheticConfig
from synthcore.environment import Credentials, Environment

RateTier = Literal["10", "20", "60", "off"]
DelayPreset = Literal["instant", "lan", "realistic"]
JournalLevel = Literal["off", "normal", "full"]


class RunSettings(Struct, frozen=True, kw_only=True):
    """What `synthcore.engine.run` is given: settings are checked, files are known to be there."""

    config: SyntheticConfig  # holds the seed, the topology, the symbols
    environment: Environment
    credentials: Credentials | None  # None on `embedded`: the exchange's ready line brings them
    profile: str = "qualifying"
    duration_s: float | None = None  # None: until stopped
    recording: Path | None = None  # replayed by the embedded exchange; None: the generator
    speed: float = 1.0  # of the replay
    attach: Path | None = None  # ready file of an exchange that runs already
    state_dir: Path
    journal: JournalLevel = "normal"
    rate_tier: RateTier = "10"  # of the embedded exchange
    delays: DelayPreset = "lan"  # of the embedded exchange
    faults: Path | None = None  # what goes wrong on the embedded exchange
    require_criteria: bool = False
    debug: bool = False
