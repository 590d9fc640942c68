import shutil

from kdxf.evaluation.calibration.stored import read_calibration


def test_calibrates_and_says_what_it_achieved(run_tool, tiny_config, tiny_trained, tmp_path):
    checkpoint = tmp_path / "model.pth"
    shutil.copy(tiny_trained.checkpoint, checkpoint)
    done = run_tool("tools/calibrate.py", tiny_config, checkpoint, "--level", 0.8, "--sets", "aps", "--per-class")
    assert done.returncode == 0, done.stderr
    assert f"{checkpoint}.calibration.json: temperature " in done.stdout
    assert "sets (aps) for 80%: " in done.stdout
    assert read_calibration(checkpoint).sets.kind == "aps"


def test_mistakes_are_one_line(run_tool, tiny_config, tmp_path):
    done = run_tool("tools/calibrate.py", tiny_config, tmp_path / "none.pth")
    assert done.returncode == 2
    assert "none.pth does not exist here" in done.stderr
