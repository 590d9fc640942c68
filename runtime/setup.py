"""Build entry point of kdxf-runtime: the package ``kdxf_runtime`` of this repository, by itself."""

import runpy
from pathlib import Path

from setuptools import setup

SOURCE = Path("..", "kdxf_runtime")
packages = ["kdxf_runtime"] + [
    ".".join(("kdxf_runtime", *path.parent.relative_to(SOURCE).parts))
    for path in sorted(SOURCE.rglob("__init__.py"))
    if path.parent != SOURCE
]
setup(
    version=runpy.run_path(str(Path("..", "kdxf", "version.py")))["__version__"],
    packages=packages,
    package_dir={"kdxf_runtime": str(SOURCE)},
    package_data={"kdxf_runtime": ["py.typed", "spelling/*.txt", "service/page/*"]},
)
