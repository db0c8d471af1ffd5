"""The floors of docs/design.md: an import only goes down, and each third-party library has one room."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# The longest matching prefix decides.
FLOORS = {
    "synthcli": 7,
    "synthcore": 6,
    "synthcore.testing": 6,
    "synthcore.engine": 4,
    "synthcore.monitor": 3,
    "synthcore.execution": 3,
    "synthcore.strategies": 3,
    "synthcore.risk": 3,
    "synthcore.exchange": 3,
    "synthcore.feed": 2,
    "synthcore.orders": 2,
    "synthcore.venues": 1,
    "synthcore.config": 1,
    "synthcore.environment": 1,
    "synthcore.errors": 1,
    "synthcore.model": 1,
    "synthcore.secret": 1,
    "synthcore.backoff": 1,
    "synthcore.clock": 1,
    "synthcore.recording": 1,
    "synthcore.qualification": 1,
    "synthcore.feasibility": 1,
    "synthcore.profiles": 1,
    "synthcore.ready": 1,
    "synthcore.doctor": 5,
    "synthcore.capture": 5,
    "synthcore.calibration": 5,
    "synthcore.bench": 5,
    "synthcore.simulation": 5,
    "synthcore.settings": 1,
    "synthcore.virtual_time": 1,
    "synthcore._core": 0,
}

# Rooms on one floor that may use each other; all others may not.
NEIGHBOURS = {
    ("synthcore.execution", "synthcore.risk"),
    ("synthcore.execution", "synthcore.strategies"),
}

FORBIDDEN = {
    "synthcore.feed": ("synthcore.orders",),
    "synthcore.orders": ("synthcore.feed",),
    "synthcore.execution": ("synthcore.venues",),
}

LIBRARY_ROOMS = {
    "picows": ("synthcore.feed", "synthcore.orders", "synthcore.exchange", "synthcore.bench"),
    "httpx": ("synthcore.orders", "synthcore.testing", "synthcore.bench"),
    "httpcore": ("synthcore.orders",),
    "uvicorn": ("synthcore.exchange",),
    "click": ("synthcli",),
    "rich": ("synthcore.monitor",),
    "yaml": ("synthcore.config", "synthcore.settings"),
    "dotenv": ("synthcore.config", "synthcore.settings"),
    "uvloop": ("synthcore.feed", "synthcore.exchange", "synthcore.engine"),
}


def sources() -> Iterator[tuple[str, Path]]:
    for package in ("synthcore", "synthcli"):
        for path in sorted((ROOT / package).rglob("*.py*")):
            if path.suffix in {".py", ".pyx", ".pxd"}:
                module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                yield module.removesuffix(".__init__"), path


def imports(path: Path) -> set[str]:
    """Every module that a file names in an import or cimport statement."""
    text = path.read_text()
    if path.suffix == ".py":
        found = set()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                assert node.level == 0, f"{path}: relative import; name the module in full"
                found.add(node.module)
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
        return found
    pattern = re.compile(r"^\s*(?:from\s+([\w.]+)\s+c?import\s+([^#\n]+)|c?import\s+([\w.]+))", re.MULTILINE)
    found = set()
    for source, names, plain in pattern.findall(text):
        found.add(source or plain)
        if source and not names.strip().startswith("("):
            found |= {f"{source}.{name.split(' as ')[0].strip()}" for name in names.split(",")}
    return found


def room(module: str) -> str:
    """The room a module belongs to: the longest prefix that has a floor."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        if prefix in FLOORS:
            return prefix
    raise AssertionError(f"{module} has no floor: give it one in docs/design.md and here")


ALL = list(sources())


@pytest.mark.parametrize(("module", "path"), ALL, ids=[module for module, _ in ALL])
def test_imports_only_go_down(module: str, path: Path) -> None:
    mine = room(module)

    for name in imports(path) - {"synthcore"}:
        if not name.startswith(("synthcore", "synthcli")):
            continue
        theirs = room(name)
        if theirs == mine:
            continue
        assert not name.startswith(FORBIDDEN.get(mine, ("-",))), f"{module} imports {name}"
        goes_down = FLOORS[theirs] < FLOORS[mine]
        same_floor = FLOORS[theirs] == FLOORS[mine] and (FLOORS[mine] <= 1 or (mine, theirs) in NEIGHBOURS)
        assert goes_down or same_floor, (
            f"{module} (floor {FLOORS[mine]}) imports {name} (floor {FLOORS[theirs]})"
        )


@pytest.mark.parametrize(("module", "path"), ALL, ids=[module for module, _ in ALL])
def test_a_third_party_library_has_one_room(module: str, path: Path) -> None:
    for name in imports(path):
        library = name.split(".")[0]
        if library in LIBRARY_ROOMS:
            assert any(f"{module}.".startswith(f"{home}.") for home in LIBRARY_ROOMS[library]), (
                f"{module} imports {library}, whose room is {', '.join(LIBRARY_ROOMS[library])}"
            )


def test_the_trading_side_never_imports_the_exchange() -> None:
    for module, path in ALL:
        if room(module) in {
            "synthcore.exchange",
            "synthcore.engine",
            "synthcore.simulation",
            "synthcore.testing",
            "synthcore.bench",
            "synthcli",
        }:
            continue
        assert not any(name.startswith("synthcore.exchange") for name in imports(path)), module


def test_modules_import_each_other_without_a_circle() -> None:
    names = {module for module, _ in ALL}
    graph = {module: (imports(path) & names) - {module} for module, path in ALL}
    done: set[str] = set()

    def walk(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail, module))
        if module not in done:
            for name in graph[module] - {"synthcore"}:
                walk(name, (*trail, module))
            done.add(module)

    for module in graph:
        walk(module, ())
