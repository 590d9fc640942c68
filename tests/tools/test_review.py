"""The command line; what it writes is tested in tests/data/review."""

import json

import cv2
import numpy as np
import pandas as pd
import pytest

from kdxf.io.annotations import read_annotations

SCORES = [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]


@pytest.fixture
def file(write, tmp_path):
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.jpg"), np.full((8, 8, 3), 60 * number, np.uint8))
    return write("p", SCORES, labels=[1, 0, 1], seen=[False] * 3, classes=("milk", "oat"))


def test_a_page_of_a_part(run_tool, file, tmp_path):
    options = ("--root", tmp_path, "--limit", 2, "--part", 2)
    done = run_tool("tools/review.py", file, *options, "--out", tmp_path / "review.html")
    assert (done.returncode, done.stdout) == (
        0,
        f"{tmp_path / 'review.html'}: 3 to 3 of 3 images, by loss; open it in a browser\n",
    )
    assert "<title>Review of p.parquet</title>" in (tmp_path / "review.html").read_text(encoding="utf-8")
    done = run_tool("tools/review.py", file, *options, "--out", tmp_path / "review.html")
    assert done.returncode == 2 and "review.html: is there already" in done.stderr


def test_through_label_studio_into_clean_apply(run_tool, file, tmp_path):
    done = run_tool("tools/review.py", file, "--root", tmp_path, "--out", tmp_path / "tasks.json")
    assert done.returncode == 0 and f"{tmp_path / 'tasks.xml'}: the labelling interface" in done.stdout
    tasks = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
    for task in tasks:
        task["annotations"] = [{"result": task["predictions"][0]["result"]}]  # a person agrees with the model
    (tmp_path / "export.json").write_text(json.dumps(tasks), encoding="utf-8")
    done = run_tool("tools/review.py", tmp_path / "export.json", "--out", tmp_path / "decisions.csv")
    assert (done.returncode, done.stdout) == (0, "2 keep, 1 relabel\n")
    (tmp_path / "classes.txt").write_text("milk\noat\n")
    (tmp_path / "list.csv").write_text("image,label\n0.jpg,oat\n1.jpg,milk\n2.jpg,oat\n")
    apply = ("apply", tmp_path / "list.csv", tmp_path / "decisions.csv", "--out", tmp_path / "clean.csv")
    assert run_tool("tools/data/clean.py", *apply).returncode == 0
    assert read_annotations(tmp_path / "clean.csv")["label"].tolist() == ["milk", "milk", "oat"]
    assert pd.read_csv(tmp_path / "decisions.csv").columns.tolist() == [
        "image",
        "label",
        "suggested",
        "score",
        "reason",
        "decision",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("p.parquet", "--out", "a.csv"),
            "give predictions (.parquet) for a page (.html) or tasks (.json), or an export",
        ),
        (
            ("a.json", "--out", "a.html"),
            "give predictions (.parquet) for a page (.html) or tasks (.json), or an export",
        ),
        (
            ("p.parquet", "--out", "a.html"),
            "--root: name the image root, which the paths of the predictions are relative",
        ),
        (("p.parquet", "--out", "a.html", "--root", "none"), "--root none: no such folder"),
        (("p.parquet", "--out", "a.html", "--limit", "0"), "--limit: must be a whole number from 1, not '0'"),
    ],
)
def test_wrong_arguments(run_tool, file, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    done = run_tool("tools/review.py", *arguments)
    assert done.returncode == 2 and message in done.stderr
