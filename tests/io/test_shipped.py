import pytest

from kdxf.errors import UserError
from kdxf.io import shipped
from kdxf.io.shipped import shipped_config, shipped_folder


def test_a_clone_has_them_beside_the_package(repo):
    assert (shipped_folder("tools"), shipped_folder("configs")) == (repo / "tools", repo / "configs")
    assert shipped_config("kdxf::_base_/default_runtime.py") == str(repo / "configs" / "_base_" / "default_runtime.py")


def test_an_installed_package_has_them_inside(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path / "kdxf")
    (tmp_path / "kdxf" / ".mim" / "tools").mkdir(parents=True)
    (tmp_path / "tools").mkdir()  # of some other package
    assert shipped_folder("tools") == tmp_path / "kdxf" / ".mim" / "tools"
    with pytest.raises(UserError, match="has no folder 'configs'"):
        shipped_folder("configs")


def test_unknown_config():
    with pytest.raises(UserError, match="kdxf::_base_/no.py: kdxf has no such config"):
        shipped_config("kdxf::_base_/no.py")
