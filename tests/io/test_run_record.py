import json
import math
import os
import shutil
from pathlib import Path

import pytest

from kdxf.errors import UserError
from kdxf.io.run_record import TrainResult, changed_settings, check_unchanged, last_checkpoint


def test_changed_settings():
    noted = {"vectors": "1", "ocr_file": "2", "load_from": "3"}
    assert changed_settings(noted, files={"vectors": "1", "ocr_file": "4", "classes": "5"}) == ["ocr_file"]
    assert changed_settings(noted, {"vectors": "1", "--seed": 0}, {"ocr_file": "4"}) == ["--seed", "ocr_file"]


def test_check_unchanged():
    check_unchanged(Path("a"), "run", None, {"--seed": 1})
    check_unchanged(Path("a"), "run", {"--seed": 1}, {"--seed": 1}, {"vectors": "1"})
    message = r"^a holds a run with other settings \(--seed and vectors changed\); remove it, or choose another --work-"
    with pytest.raises(UserError, match=message):
        check_unchanged(Path("a"), "run", {"--seed": 1, "vectors": "1"}, {"--seed": 2}, {"vectors": "2"})
    with pytest.raises(UserError, match="remove it and more, or choose"):
        check_unchanged(Path("a"), "run", {}, {"--seed": 2}, remove="it and more")


def test_file_may_move_with_its_folder(tmp_path):
    first = tmp_path / "a"
    first.mkdir()
    result = TrainResult(
        {"accuracy/top1": 50.0}, 0.5, 3, first / "epoch_3.pth", tmp_path / "best" / "b.pth", seconds=2.5
    )
    result.write(first / "result.json", "digest")
    assert [path.name for path in first.iterdir()] == ["result.json"]
    assert TrainResult.read(first / "result.json") == (result, "digest")
    shutil.move(first, tmp_path / "c")
    moved, _ = TrainResult.read(tmp_path / "c" / "result.json")
    assert moved.checkpoint == tmp_path / "c" / "epoch_3.pth"
    assert moved.best_checkpoint == tmp_path / "best" / "b.pth"
    assert moved.seconds == 2.5


def test_without_checkpoints(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = TrainResult({}, 0.5, 3, None, None, finished=False)
    result.write(Path("result.json"), "digest")
    assert TrainResult.read(Path("result.json"))[0] == result


def test_seconds_of_older_results_are_not_known(tmp_path):
    content = {"metrics": {}, "loss": 0.5, "epoch": 3, "checkpoint": None, "best_checkpoint": None, "finished": True}
    (tmp_path / "result.json").write_text(json.dumps({"settings": "digest", **content}))
    assert math.isnan(TrainResult.read(tmp_path / "result.json")[0].seconds)


def test_last_checkpoint(tmp_path):
    assert last_checkpoint(tmp_path) is None
    (tmp_path / "epoch_9.pth").touch()
    os.utime(tmp_path / "epoch_9.pth", (1, 1))
    (tmp_path / "epoch_10.pth").touch()
    (tmp_path / "best_epoch_11.pth").touch()
    assert last_checkpoint(tmp_path).name == "epoch_10.pth"
    (tmp_path / "last_checkpoint").write_text("/moved/away/epoch_9.pth")
    assert last_checkpoint(tmp_path).name == "epoch_9.pth"
    (tmp_path / "last_checkpoint").write_text("/gone/epoch_8.pth")
    assert last_checkpoint(tmp_path).name == "epoch_10.pth"
