import csv

import cv2
import numpy as np
import pytest


@pytest.fixture
def lab(tmp_path):
    for index in range(3):
        pixels = np.random.default_rng(index).integers(0, 255, (40, 48, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f"{index}.png"), pixels)
    (tmp_path / "list.csv").write_text("image,label\n0.png,milk\n1.png,牛奶\n2.png,milk\n", encoding="utf-8")
    (tmp_path / "classes.txt").write_text("milk\n牛奶\n", encoding="utf-8")
    return tmp_path


def test_predicts(run_tool, lab, pair_folders):
    model = ("--model", pair_folders["clip"], "--classes", lab / "classes.txt", "--features", lab / "store")
    done = run_tool("tools/zero_shot.py", *model, lab, "--save_csv", lab / "out.csv", "--with-name", "--topk", 2)
    assert done.returncode == 0 and done.stdout == f"{lab / 'out.csv'}: 3 images, 0 with an error\n", done.stderr
    table = list(csv.DictReader((lab / "out.csv").open(encoding="utf-8")))
    assert list(table[0]) == ["image_id", "category_id", "category_name", "top2_id", "top2_name", "error"]
    assert [row["image_id"] for row in table] == ["0.png", "1.png", "2.png"]
    assert {table[0]["category_name"], table[0]["top2_name"]} == {"milk", "牛奶"}
    listed = ("--list", lab / "list.csv", "--root", lab, "--examples", lab / "list.csv", "--shots", 1)
    done = run_tool("tools/zero_shot.py", *model, *listed, "--save-probs", lab / "out.parquet")
    assert done.returncode == 0 and "classes learnt from 2 examples\ntop-1 " in done.stdout, done.stderr


def test_refuses(run_tool, lab, tiny_bert):
    model = ("--model", tiny_bert, "--classes", lab / "classes.txt", "--save_csv", lab / "out.csv")
    done = run_tool("tools/zero_shot.py", *model)
    assert done.returncode == 2 and "give either INPUT or --list" in done.stderr
    done = run_tool("tools/zero_shot.py", *model, lab)
    assert done.returncode == 2 and f"error: --model {tiny_bert}: the model_type 'bert' is no pair" in done.stderr
