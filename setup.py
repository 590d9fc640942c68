"""Build entry point; every setting lives in pyproject.toml. A built package also gets the tools and the configs."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

REPO = Path(__file__).resolve().parent
SHIPPED = ("tools", "configs")
INDEX = "model-index.yml"
LEFT_OUT = shutil.ignore_patterns("__pycache__", "demo.py")  # tools/demo.py needs data/demo


class BuildWithTools(build_py):
    """Puts ``tools``, ``configs`` and their index into ``kdxf/.mim``, as MMPretrain does.

    :mod:`kdxf.io.shipped` finds them there once the package is installed.
    """

    def run(self) -> None:
        """Build as usual, then copy; an editable installation finds them in the clone."""
        super().run()
        if self.editable_mode:
            return
        for name in SHIPPED:
            target = Path(self.build_lib, "kdxf", ".mim", name)
            shutil.rmtree(target, ignore_errors=True)
            ignored = LEFT_OUT if name == "tools" else shutil.ignore_patterns("__pycache__")
            shutil.copytree(REPO / name, target, ignore=ignored)
        shutil.copy(REPO / INDEX, Path(self.build_lib, "kdxf", ".mim", INDEX))


setup(cmdclass={"build_py": BuildWithTools})
