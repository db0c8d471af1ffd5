"""What pyproject.toml can't say: the compiled modules and how they are compiled."""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("SYNTHCORE_DEBUG") == "1"
SANITIZE = os.environ.get("SYNTHCORE_SANITIZE")  # address | thread | undefined

# -ffp-contract=off: each operation of the qualification is rounded, as specified.
# -fno-trapping-math: nobody reads the floating-point flags, so comparisons become vector code; values stay.
FLAGS = ["-std=c11", "-O3", "-fvisibility=hidden", "-pthread"]
FLAGS += ["-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
LINK = ["-pthread"]
if SANITIZE:
    FLAGS += [f"-fsanitize={SANITIZE}", "-g", "-fno-omit-frame-pointer"]
    LINK += [f"-fsanitize={SANITIZE}"]

SOURCES = sorted(Path("synthcore").rglob("*.pyx"))

setup(
    ext_modules=cythonize(
        [
            Extension(
                str(source.with_suffix("")).replace("/", "."),
                [str(source)],
                include_dirs=["synthcore/_core"],
                depends=[str(header) for header in Path("synthcore/_core").glob("*.h")],
                extra_compile_args=FLAGS,
                extra_link_args=LINK,
            )
            for source in SOURCES
        ],
        compiler_directives={
            "language_level": 3,
            "binding": True,
            "embedsignature": True,
            "boundscheck": DEBUG,
            "wraparound": DEBUG,
            "cdivision": True,
            "initializedcheck": DEBUG,
            "freethreading_compatible": False,
        },
    ),
    options={"build_ext": {"parallel": os.cpu_count()}},
)
