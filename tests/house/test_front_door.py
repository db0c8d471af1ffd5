"""The front door: what is listed is what is there, and opening it costs next to nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import synthcore

ROOT = Path(__file__).parents[2]
HEAVY = {"numpy", "httpx", "picows", "click", "rich", "uvicorn", "yaml", "dotenv", "asyncio", "ssl", "pandas"}


@pytest.mark.parametrize("name", synthcore.__all__)
def test_every_public_name_is_there_documented_and_in_the_docs(name: str) -> None:
    value = getattr(synthcore, name)

    assert value.__doc__, f"{name} has no docstring"
    assert f"`{name}" in (ROOT / "docs" / "library.md").read_text(), f"docs/library.md leaves out {name}"


def test_the_typed_names_are_the_listed_names() -> None:
    """What a type checker sees (imports under TYPE_CHECKING) is what `__all__` says."""
    tree = ast.parse((ROOT / "synthcore" / "__init__.py").read_text())
    typed = {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        for inner in node.body
        if isinstance(inner, ast.ImportFrom)
        for alias in inner.names
    }

    assert typed | {"get_include"} == set(synthcore.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Rong'"):
        synthcore.Rong  # noqa: B018


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)


def test_importing_the_library_loads_nothing_heavy() -> None:
    code = "import sys, synthcore; print(' '.join(sys.modules))"

    loaded = run(code)

    assert not HEAVY & set(loaded.stdout.split())


def test_help_loads_no_trading_code() -> None:
    code = (
        "import sys\nfrom synthcli.__main__ import main\nsys.argv = ['synthtest', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\nprint(' '.join(sys.modules), file=sys.stderr)"
    )

    loaded = run(code)

    assert "run" in loaded.stdout
    assert not (HEAVY - {"click"}) & set(loaded.stderr.split())
