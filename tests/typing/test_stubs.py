"""Each compiled module has a stub, and mypy.stubtest finds the two alike."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "synthcore").rglob("*.pyx"))

# What Cython adds to every module and class, and no stub should promise.
CYTHON_NAMES = r"""
.*\.__pyx_capi__
.*\.__test__
.*\.__reduce_cython__
.*\.__setstate_cython__
.*\.__pyx_vtable__
"""


def module_of(source: Path) -> str:
    return ".".join(source.relative_to(ROOT).with_suffix("").parts)


def test_each_compiled_module_has_a_stub() -> None:
    assert SOURCES
    assert [source for source in SOURCES if not source.with_suffix(".pyi").exists()] == []


def test_each_module_of_the_core_has_a_table_of_contents() -> None:
    core = [source for source in SOURCES if source.parent.name == "_core"]

    assert [source for source in core if not source.with_suffix(".pxd").exists()] == []


def test_stubs_say_what_the_compiled_modules_are(tmp_path: Path) -> None:
    allowlist = tmp_path / "allowlist"
    allowlist.write_text(CYTHON_NAMES)
    modules = [module_of(source) for source in SOURCES]

    result = subprocess.run(
        [
            sys.executable,
            *("-m", "mypy.stubtest", "--allowlist", str(allowlist), "--ignore-unused-allowlist"),
            *modules,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr
