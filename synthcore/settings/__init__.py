"""Settings from everywhere (flag, environment, .env, file, stage, profile, default) into one value."""

from synthcore.settings.run import RunSettings

__all__ = ["RunSettings"]
