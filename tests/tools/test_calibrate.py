import shutil

from kdxf.evaluation.calibration.stored import read_calibration
from kdxf.evaluation.routing.stored import read_routing


def test_calibrates_and_says_what_it_achieved(run_tool, tiny_config, tiny_trained, tmp_path):
    checkpoint = tmp_path / "model.pth"
    shutil.copy(tiny_trained.checkpoint, checkpoint)
    done = run_tool("tools/calibrate.py", tiny_config, checkpoint, "--level", 0.8, "--sets", "aps", "--per-class")
    assert done.returncode == 0, done.stderr
    assert f"{checkpoint}.calibration.json: temperature " in done.stdout
    assert "sets (aps) for 80%: " in done.stdout
    assert read_calibration(checkpoint).sets.kind == "aps"


def test_a_budget_in_points(run_tool, lab, tmp_path):
    checkpoint = tmp_path / "moe.pth"
    shutil.copy(lab.moe_checkpoint, checkpoint)
    files = []
    for name, without in (("both", []), ("image", ["--without", "text"])):
        files.append(tmp_path / f"{name}.parquet")
        done = run_tool("tools/test.py", lab.moe, checkpoint, "--out", files[-1], "--work-dir", tmp_path, *without)
        assert done.returncode == 0, done.stderr
    done = run_tool("tools/calibrate.py", lab.moe, checkpoint, "--budget", 40, "--predictions", *files)
    assert done.returncode == 0, done.stderr
    assert "routing, budget 40 points: " in done.stdout
    assert read_routing(checkpoint).budget == 0.4


def test_mistakes_are_one_line(run_tool, tiny_config, tmp_path):
    done = run_tool("tools/calibrate.py", tiny_config, tmp_path / "none.pth")
    assert done.returncode == 2
    assert "none.pth does not exist here" in done.stderr
