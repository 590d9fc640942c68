import pytest
import yaml
from mmengine.fileio import load

from kdxf.errors import UserError
from kdxf.io.config_files import read_config


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system [touch ran]",
        "!!python/object/new:os.system [touch ran]",
        '!!python/object/apply:eval [\'open("ran", "w")\']',
        "!!python/object:collections.Counter {a: 1}",
        "!!python/name:os.system ''",
        "!!python/module:antigravity ''",
        "!mine 1",
    ],
)
@pytest.mark.parametrize("name", ["c.yaml", "c.yml"])
def test_tags_run_nothing(tag, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(f"a: 1\nb: {tag}\n")
    with pytest.raises(UserError) as raised:
        read_config(tmp_path / name)
    path = tmp_path / name
    assert str(raised.value) == (
        f"config {path} cannot be loaded: {path}, line 2: the tag {tag.split()[0]} is refused, as a YAML file is data "
        "and may run nothing; write the value itself, or a Python config"
    )
    with pytest.raises(yaml.YAMLError, match="is refused"):  # wherever mmengine or MMPretrain read such a file
        load(tmp_path / name)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["c.py", "c.yaml", "c.json"])
def test_the_file_at_fault_is_named(name, tmp_path):
    (tmp_path / "first.yaml").write_text("_base_: second.yaml\na: 1\n")
    (tmp_path / "second.yaml").write_text("b: 1\nc: [\n")
    (tmp_path / name).write_text(
        {"c.py": "_base_ = 'first.yaml'", "c.yaml": "_base_: first.yaml"}.get(name, '{"_base_": "first.yaml"}')
    )
    with pytest.raises(UserError) as raised:
        read_config(tmp_path / name, "recipe")
    assert str(raised.value) == (
        f"recipe {tmp_path / name} cannot be loaded: {tmp_path}/second.yaml, line 3: expected the node content, but "
        "found '<stream end>'"
    )
    (tmp_path / "second.yaml").write_text("_base_: third.json\n")
    (tmp_path / "third.json").write_text('{"a":\n 1,}')
    with pytest.raises(
        UserError, match=rf"^config {tmp_path / name} cannot be loaded: {tmp_path}/third\.json, line 2: "
    ):
        read_config(tmp_path / name)


def test_data_comes_back(tmp_path):
    """Tuples, which mmengine writes with a tag of Python, dates and every kind of number are data."""
    values = {"a": (1, (2.5, "x")), "b": [True, None, {"c": "火"}], "d": 1e-4}
    (tmp_path / "c.py").write_text("\n".join(f"{name} = {value!r}" for name, value in values.items()))
    read_config(tmp_path / "c.py").dump(tmp_path / "c.yaml")
    assert "!!python/tuple" in (tmp_path / "c.yaml").read_text()
    assert read_config(tmp_path / "c.yaml").to_dict() == values


def test_python_runs(tmp_path):
    (tmp_path / "c.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\na = 1")
    assert read_config(tmp_path / "c.py").a == 1 and (tmp_path / "ran").exists()
