"""YAML, read in one place: the library is imported when a YAML file is given, and not before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from synthcore.errors import ConfigError

SUFFIXES = (".yaml", ".yml")


def read_yaml(path: Path, text: str) -> tuple[Any, Any]:
    """Read a document: its nodes, which know their lines, and its values. None and None where it is empty.

    Raises
    ------
    ConfigError
        It is not YAML, or nothing is installed that reads it.
    """
    try:
        import yaml  # type: ignore[import-untyped]
    except ImportError as error:
        raise ConfigError(
            f"a YAML file needs the package pyyaml, which is not installed ({path});"
            " install it with `pip install pyyaml`, or give TOML"
        ) from error
    try:
        return yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise ConfigError(
            f"{path} must be valid YAML, was not ({place}: {getattr(error, 'problem', None) or error})"
        ) from error
