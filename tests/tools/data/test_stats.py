import json
from functools import partial

import cv2
import numpy as np
import pytest


@pytest.fixture
def call(run_tool):
    return partial(run_tool, "tools/data/stats.py")


def test_prints_draws_and_writes(call, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((30, 40, 3), np.uint8))
    (tmp_path / "train.csv").write_text("image,label,text\na.png,milk,Arla\nb.png,tea,Te 90g\n")
    (tmp_path / "val.csv").write_text("image,label,text\na.png,milk,Arla\n")
    files = ("--report", tmp_path / "stats.html", "--json", tmp_path / "stats.json", "--workers", "1")
    done = call(tmp_path / "train.csv", tmp_path / "val.csv", *files)
    assert done.returncode == 0, done.stderr
    assert "imbalance_ratio" in done.stdout and "compared with the first list" in done.stdout
    figures = json.loads((tmp_path / "stats.json").read_text())
    assert figures["compared with the first list"][0]["also_in_first"] == 1
    assert figures["text per class"][0] == {
        "class": "milk", "images": 1, "with_text": 1.0, "characters": 4, "words": "arla 1",
    }  # fmt: skip
    assert "<svg" in (tmp_path / "stats.html").read_text()
    done = call(tmp_path / "train.csv", *files)
    assert done.returncode == 2 and "stats.html: is there already" in done.stderr
    done = call(tmp_path / "train.csv", "--no-image-sizes", "--dry-run", "--json", tmp_path / "new.json")
    assert done.returncode == 0 and "image sizes" not in done.stdout and not (tmp_path / "new.json").exists()
