import math

import pytest

from kdxf.analysis.runs.kept_config import flat, read_kept_config
from kdxf.engine.config import load_config
from kdxf.errors import UserError


@pytest.fixture
def config(tmp_path):
    def write(text):
        path = tmp_path / "config.py"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_plain_values(config):
    path = config(
        "a = -1.5\nb = dict(c=[1, (2, 3)], d={'奶 粉': None, 'e': True})\nf = inf\ng = float('-inf')\nh = {1, 2}\n"
        "i = dict({'x y': 1}, z='two '\n    'parts')\n"
    )
    assert read_kept_config(path) == {
        "a": -1.5,
        "b": {"c": [1, (2, 3)], "d": {"奶 粉": None, "e": True}},
        "f": math.inf,
        "g": -math.inf,
        "h": {1, 2},
        "i": {"x y": 1, "z": "two parts"},
    }


@pytest.mark.parametrize("name", ["grocery/moe_r18.py", "demo/moe_lite2_frozen.py"])
def test_it_reads_what_mmengine_dumps(repo, tmp_path, name):
    cfg = load_config(repo / "configs" / name)
    cfg.dump(tmp_path / "config.py")
    assert read_kept_config(tmp_path / "config.py") == cfg.to_dict()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = 1\nimport os", "line 2: only plain values are read, not 'import os'"),
        ("a = open('x', 'w')", "line 1: only plain values are read, not \"open('x', 'w')\""),
        ("a = dict(b=[1, c])", "line 1: only plain values are read, not 'c'"),
        ("a = dict(**b)", "line 1: only plain values are read, not 'dict(**b)'"),
        ("a = {**b}", "line 1: only plain values are read, not '{**b}'"),
        ("a = -'x'", "line 1: only plain values are read, not \"-'x'\""),
        ("a = b = 1", "line 1: only plain values are read, not 'a = b = 1'"),
        ("a = dict(1)", "line 1: 'int' object is not iterable"),
        ("a = (", "not a config that a run has left: '(' was never closed"),
    ],
)
def test_code_is_refused(config, text, reason):
    path = config(text)
    with pytest.raises(UserError) as error:
        read_kept_config(path)
    assert str(error.value).startswith(str(path))
    assert reason in str(error.value)


def test_flat():
    settings = {"a": {"b": [{"c": 1}, 2], "d": (3, 4)}, "e": {}, "f": []}
    assert dict(flat(settings)) == {"a.b.0.c": 1, "a.b.1": 2, "a.d": (3, 4), "e": {}, "f": []}
