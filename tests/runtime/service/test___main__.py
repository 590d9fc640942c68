import runpy
import sys

import pytest


def test_the_package_can_be_run(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["service", str(tmp_path)])
    with pytest.raises(SystemExit) as end:
        runpy.run_module("kdxf_runtime.service", run_name="__main__")
    assert end.value.code == 2
    assert "is no bundle" in capsys.readouterr().err


def test_a_spawned_worker_that_imports_it_starts_no_service():
    assert "main" in runpy.run_module("kdxf_runtime.service.__main__", run_name="__mp_main__")
