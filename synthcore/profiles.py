"""Named starting points for a run's settings."""

from __future__ import annotations

from msgspec import Struct

from synthcore.config import SyntheticConfig


class Profile(Struct, frozen=True):
    """Four settings that belong together."""

    name: str
    summary: str
    synthetic_spread_bps: float
    synthetic_funding_delta: float  # per 8 hours
    estimated_position_size: float  # USDT per leg
    max_concurrent_trades: int

    def settings(self) -> dict[str, float | int]:
        """Name the settings as `SyntheticConfig` does."""
        return {
            "synthetic_spread_bps": self.synthetic_spread_bps,
            "synthetic_funding_delta": self.synthetic_funding_delta,
            "estimated_position_size": self.estimated_position_size,
            "max_concurrent_trades": self.max_concurrent_trades,
        }

    def config(self) -> SyntheticConfig:
        """Make a config of this profile, documented values for the rest."""
        return SyntheticConfig(
            synthetic_spread_bps=self.synthetic_spread_bps,
            synthetic_funding_delta=self.synthetic_funding_delta,
            estimated_position_size=self.estimated_position_size,
            max_concurrent_trades=self.max_concurrent_trades,
        )


DOCUMENTED = Profile("documented", "the source's own numbers; can never qualify", 15.0, 0.0001, 1000.0, 3)
QUALIFYING = Profile("qualifying", "confidence 72, profit 26.94 bps", 50.0, 0.0075, 1000.0, 3)
PROFILES: dict[str, Profile] = {profile.name: profile for profile in (DOCUMENTED, QUALIFYING)}
