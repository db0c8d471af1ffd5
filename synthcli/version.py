"""What `synthtest --version` prints."""

from __future__ import annotations

import platform
import re
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

# Every compiler leaves its name in the module it made.
COMPILER = re.compile(rb"(GCC): \([^)]*\) ([\d.]+)|(clang) version ([\d.]+)")


def version_lines() -> list[str]:
    """Distribution, compiled core, Python, platform: one line each."""
    core = core_module()
    compiled = f"compiled by {compiler_of(core)}" if core else "not compiled"
    return [
        f"synthtest {distribution_version()}",
        f"core      {compiled}",
        f"Python    {platform.python_version()} ({platform.python_implementation()}, {sys.executable})",
        f"platform  {platform.platform()}",
    ]


def distribution_version() -> str:
    """The installed version; a source tree that isn't installed says so."""
    try:
        return version("synthtest")
    except PackageNotFoundError:
        return "(source tree, not installed)"


def core_module() -> Path | None:
    """One compiled module of the core, or None when it isn't built."""
    spec = find_spec("synthcore._core.qualify")
    if spec is None or spec.origin is None or not spec.origin.endswith(tuple(EXTENSION_SUFFIXES)):
        return None
    return Path(spec.origin)


def compiler_of(module: Path) -> str:
    """Name the compiler and its version, as it wrote them into the module."""
    match = COMPILER.search(module.read_bytes())
    if match is None:
        return "an unnamed compiler"
    name, number = (part.decode() for part in match.groups() if part)
    return f"{name} {number}"
