"""Where a setting's value came from, and how one would give another there."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

OriginKind = Literal["argument", "flag", "variable", ".env", "file", "stage", "safety", "profile", "default"]


class Origin(Struct, frozen=True):
    """A place that a user can find and change."""

    kind: OriginKind
    place: str  # completes "… came from"
    way: str = ""  # how a value is given there, with {} for it

    def __str__(self) -> str:
        return self.place


def argument(name: str) -> Origin:
    """An argument of a constructor."""
    return Origin("argument", f"argument {name}", f"{name}={{}}")


def flag(name: str) -> Origin:
    """An option of the command line."""
    return Origin("flag", f"flag {name}", f"{name} {{}}")


def variable(name: str) -> Origin:
    """An environment variable."""
    return Origin("variable", f"environment variable {name}", f"{name}={{}}")


def dotenv(file: str, line: int, name: str) -> Origin:
    """A line of the `.env` file."""
    return Origin(".env", f"{file}:{line}, {name}", f"{name}={{}}")


def config_file(file: str, line: int, key: str) -> Origin:
    """A line of a TOML or YAML file."""
    separator = " = {}" if file.endswith(".toml") else ": {}"
    return Origin("file", f"{file}:{line}, {key}", key + separator)


def stage(name: str) -> Origin:
    """The template of a deployment stage."""
    return Origin("stage", f"stage {name}")


def safety(name: str) -> Origin:
    """What live trading, or all safety features together, starts from."""
    return Origin("safety", name)


def profile(name: str) -> Origin:
    """A named profile."""
    return Origin("profile", f"profile {name}")


DEFAULT = Origin("default", "documented default")
