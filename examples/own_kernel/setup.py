"""Build the example: `python setup.py build_ext --inplace`."""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

import synthcore

setup(
    name="tight-spread",
    ext_modules=cythonize(
        Extension("tight_spread", ["tight_spread.pyx"], include_dirs=[synthcore.get_include()]),
        include_path=[str(Path(synthcore.__file__).parents[1])],  # where Cython looks for synthcore's .pxd
        compiler_directives={"language_level": 3},
    ),
)
