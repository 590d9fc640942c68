"""One version, known to the package and to its installer."""

from importlib.metadata import version

import kdxf
from kdxf.version import __version__


def test_version_is_the_installed_one():
    assert kdxf.__version__ == __version__ == version("kdxf")
