from types import SimpleNamespace

import numpy

from kdxf.engine.hooks import EnvironmentHook
from kdxf.engine.hooks.environment_hook import _version
from kdxf.version import __version__


def test_logs_versions():
    lines = []
    EnvironmentHook().before_run(SimpleNamespace(logger=SimpleNamespace(info=lines.append)))
    assert lines[0].startswith(f"kdxf {__version__} (")
    assert f"numpy {numpy.__version__}" in lines[0] and "torch threads" in lines[0]


def test_absent_package():
    assert _version("no-such-package-anywhere") is None


def test_marks_checkpoints():
    checkpoint = {"meta": {"epoch": 1}}
    EnvironmentHook().before_save_checkpoint(None, checkpoint)
    assert checkpoint == {"meta": {"epoch": 1, "kdxf_version": __version__}}
