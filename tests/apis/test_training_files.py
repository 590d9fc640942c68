from kdxf.apis.config import load_config
from kdxf.apis.training_files import training_files
from kdxf.config_files import config_contents


def test_files_of_all_stages(tiny_config, tmp_path):
    for name in ("start", "head", "test"):
        (tmp_path / f"{name}.pth").write_text(name)
    init = {"init_cfg": {"type": "Pretrained", "checkpoint": str(tmp_path / "head.pth")}}
    options = {"load_from": str(tmp_path / "start.pth"), "test_dataloader.weights": str(tmp_path / "test.pth")}
    assert training_files(load_config(tiny_config)) == {}
    found = training_files(load_config(tiny_config, options))
    assert found == config_contents({"load_from": str(tmp_path / "start.pth")})
    stages = {"stages": [{"name": "one"}, {"name": "two", "model": {"head": init}}]}
    staged = training_files(load_config(tiny_config, {**options, **stages}))
    assert staged == {**found, **config_contents({"checkpoint": str(tmp_path / "head.pth")})}
