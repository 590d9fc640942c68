import math
import re
import sys

import pytest

from kdxf.errors import UserError
from kdxf_runtime.optional import require


def test_gives_the_module():
    assert require("math", "any", "a test") is math


def test_names_what_needs_the_package_and_the_extra_that_brings_it():
    message = (
        "--executor ray needs the package no_such_package: "
        "pip install 'kdxf[ray]' (in a clone: pip install -e '.[ray]')"
    )
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        require("no_such_package.data", "ray", "--executor ray")


def test_a_package_that_lacks_something_of_its_own_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "half_there.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        require("half_there", "any", "a test")
    assert "half_there" not in sys.modules


def test_the_runtime_by_itself_names_its_own_extras(monkeypatch):
    monkeypatch.setattr("kdxf_runtime.optional._OWNER", "kdxf-runtime")
    monkeypatch.setattr("kdxf_runtime.optional._CLONE", "runtime/")
    message = "pip install 'kdxf-runtime[parts]' (in a clone: pip install -e 'runtime/[parts]')"
    with pytest.raises(UserError, match=re.escape(message)):
        require("no_such_package", "parts", "--parts")
