import pytest

from kdxf.errors import UserError
from kdxf.smoke import find_configs, smoke, smoke_all

SMALL = """
_base_ = "{repo}/configs/demo/image_r18.py"
model = dict(
    image_backbone=dict(stem_channels=4, base_channels=4),
    head=dict(in_channels=32, hidden_channels=8),
)
"""


@pytest.fixture
def configs(repo, tmp_path):
    folder = tmp_path / "configs"
    (folder / "_base_").mkdir(parents=True)
    (folder / "_base_" / "base.py").write_text("model = 1")
    (folder / "pipeline.py").write_text("stages = []")
    (folder / "good.py").write_text(SMALL.replace("{repo}", str(repo)))
    (folder / "broken.py").write_text("model = nothing")
    (folder / "staged.py").write_text(
        "_base_ = 'good.py'\n"
        "stages = [dict(name='a', model=dict(head=dict(num_classes=6))), dict(name='b', model=dict(head=dict(topk=1)))]"
    )
    (folder / "wrong.py").write_text("_base_ = 'good.py'\nmodel = dict(head=dict(in_channels=31))")
    return folder


def test_which_files_are_configs(configs):
    assert [file.name for file in find_configs([configs])] == ["broken.py", "good.py", "staged.py", "wrong.py"]
    assert find_configs([configs / "pipeline.py"]) == [configs / "pipeline.py"]  # asked for by name
    with pytest.raises(UserError, match="no.py does not exist; give configs, or folders of configs"):
        find_configs([configs / "no.py"])
    (configs / "empty").mkdir()
    with pytest.raises(UserError, match="there is no config in .*empty"):
        find_configs([configs / "empty"])


def test_configs_that_run_and_that_do_not(repo, configs, tmp_path):
    override = repo / "configs" / "_base_" / "smoke.py"
    folder = tmp_path / "smoke"
    assert smoke(configs / "good.py", folder, override) is None
    assert smoke(configs / "staged.py", folder, override) is None
    assert "config" in smoke(configs / "broken.py", folder, override)
    assert "mat1 and mat2 shapes cannot be multiplied" in smoke(configs / "wrong.py", folder, override)
    assert not (folder / "run").exists()
    assert smoke(configs / "staged.py", folder, override, whole=False) is None
    assert "mat1 and mat2" in smoke(configs / "wrong.py", folder, override, whole=False)
    assert not (folder / "run").exists()
    (found,) = smoke_all([configs / "wrong.py"], override)
    assert found[0] == configs / "wrong.py" and "mat1 and mat2" in found[1] and found[2] > 0
