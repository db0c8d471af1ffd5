"""Cython compiles our modules without a warning and without a hint that a C call takes the GIL."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("*.pyx", "*.pxd", "*.h", "*.py")
COMPLAINTS = ("performance hint:", "warning:")


def cythonize(folder: Path) -> str:
    """Translate every module of a source tree with the tree's own setup.py; returns what Cython said."""
    result = subprocess.run(
        [sys.executable, "setup.py", "--quiet", "--name"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=110,
        check=True,
    )
    return result.stdout + result.stderr


def complaints(said: str) -> list[str]:
    """Those about our own files."""
    return [line for line in said.splitlines() if line.startswith(COMPLAINTS) and "synthcore/" in line]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what setup.py needs, without a module in it."""
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "synthcore/_core").mkdir(parents=True)
    (tmp_path / "synthcli").mkdir()
    return tmp_path


def test_no_module_has_a_warning_or_a_gil_hint(tree: Path) -> None:
    for pattern in SOURCES:
        for source in (ROOT / "synthcore").rglob(pattern):
            target = tree / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)

    said = cythonize(tree)

    assert list(tree.rglob("*.c"))
    assert complaints(said) == []


def test_a_bare_void_function_would_be_found(tree: Path) -> None:
    bare = "cdef void bare() nogil:\n    pass\n\ncdef void caller() noexcept nogil:\n    bare()\n"
    (tree / "synthcore/__init__.py").touch()
    (tree / "synthcore/_core/__init__.py").touch()
    (tree / "synthcore/_core/probe.pyx").write_text(bare)

    said = cythonize(tree)

    assert any("performance hint:" in line and "GIL" in line for line in complaints(said))
