"""The command line; what it keeps is tested in tests/recipes/test_pseudo_label.py."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kdxf.io.predictions import Predictions, read_predictions, write_predictions

SCORES = np.array([[0.75, 0.25, 0.0], [0.5, 0.25, 0.25], [0.25, 0.75, 0.0]], np.float32)


@pytest.fixture
def call(repo, tmp_path, monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["pseudo_label.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(repo / "tools" / "recipes" / "pseudo_label.py"), run_name="__main__")
        return end.value.code, *capsys.readouterr()

    monkeypatch.chdir(tmp_path)
    found = Predictions(
        ["x.jpg", "y.jpg", "z.jpg"], SCORES, ("p", "q", "r"), seen=np.zeros(3, bool), errors={2: "the file is empty"}
    )
    write_predictions(found, "test.parquet")
    (tmp_path / "train.csv").write_text("image,label\na.jpg,p\n")
    return run


def test_lists_soft_labels_and_report(call):
    options = ("test.parquet", "--train", "train.csv", "--out", "new/mixed.csv", "--threshold", 0.5, "--margin", 0.1)
    options = (*options, "--per-class", 1, "--weight", "score", "--soft", "new/soft.parquet")
    for again in ((), ("--overwrite",)):
        status, output, error = call(*options, *again)
        assert (status, error) == (0, "")
    assert [line.split() for line in output.splitlines()[:2]] == [
        ["class", "predicted", "kept", "share", "mean_score"],
        ["p", "2", "1", "100.0%", "0.750"],
    ]
    assert output.splitlines()[2:] == [
        "1 of 3 predictions kept, 2 rows",
        "1 images that could not be read were left out",
        "warning: no pseudo-label for 2 of 3 classes: q, r",
    ]
    assert pd.read_csv("new/mixed.csv")["weight"].tolist() == [1, 0.75]
    assert read_predictions("new/soft.parquet").images == ["x.jpg"]
    note = json.loads(Path("new/mixed.json").read_text())
    assert (note["threshold"], note["margin"], note["per_class"], note["weight"]) == (0.5, 0.1, 1, "score")


def test_only_pseudo(call):
    options = ("test.parquet", "--train", "train.csv", "--out", "mixed.csv", "--only-pseudo", "--weight", "0.5")
    assert call(*options)[0] == 0
    assert pd.read_csv("mixed.csv")["image"].tolist() == ["x.jpg", "y.jpg"]


def test_text_of_the_list_that_was_predicted(call, tmp_path):
    (tmp_path / "train.csv").write_text("image,label,text\na.jpg,p,tea\n")
    (tmp_path / "test.csv").write_text("image,text\nz.jpg,\ny.jpg,cup\nx.jpg,milk\n")
    options = ("test.parquet", "--train", "train.csv", "--out")
    assert call(*options, "mixed.csv", "--unlabelled", "test.csv")[::2] == (0, "")
    assert pd.read_csv("mixed.csv")["text"].tolist() == ["tea", "milk", "cup"]
    assert json.loads(Path("mixed.json").read_text())["unlabelled"] == "test.csv"
    assert call(*options, "test.csv", "--unlabelled", "test.csv", "--overwrite")[2].startswith(
        "error: test.csv: is an input, which is never changed; choose anoth"
    )
    status, _, error = call(*options, "other.csv")
    assert status == 2 and error.startswith("error: train.csv: has a column 'text', which the new rows need too; name")


@pytest.mark.parametrize("name", ["mixed.csv", "mixed.json", "soft.parquet"])
def test_results_that_are_there_are_kept(call, tmp_path, name):
    (tmp_path / name).write_text("kept")
    options = ("test.parquet", "--train", "train.csv", "--out", "mixed.csv", "--soft", "soft.parquet")
    message = f"error: {name}: is there already; choose another name, or replace it with --overwrite\n"
    assert call(*options)[::2] == (2, message)
    assert (tmp_path / name).read_text() == "kept"
    assert call(*options, "--overwrite")[::2] == (0, "")
    assert (tmp_path / name).read_bytes() != b"kept"


def test_mistakes_are_one_line(call):
    options = ("test.parquet", "--train", "train.csv", "--out")
    assert call(*options, "m.txt")[::2] == (2, "error: --out m.txt: the name must end with .csv\n")
    assert call(*options, "m.csv", "--soft", "s.csv")[::2] == (
        2,
        "error: --soft s.csv: the name must end with .parquet\n",
    )
    assert call(*options, "train.csv", "--overwrite")[2].startswith(
        "error: train.csv: is an input, which is never changed; choose anoth"
    )
    status, _, error = call(*options, "m.csv", "--weight", "much")
    assert status == 2 and error.endswith("argument --weight: must be a number from 0 or 'score', not 'much'\n")


def test_a_list_for_excel(call):
    assert call("test.parquet", "--train", "train.csv", "--out", "mixed.csv", "--excel")[0] == 0
    assert Path("mixed.csv").read_bytes().startswith(b"\xef\xbb\xbfimage,label,weight,")


def test_decisions_of_a_person(call):
    Path("decisions.csv").write_text("image,label,suggested,decision\nx.jpg,p,r,relabel\ny.jpg,p,p,drop\n")
    options = ("test.parquet", "--train", "train.csv", "--out", "mixed.csv", "--only-pseudo")
    assert call(*options, "--decisions", "decisions.csv")[0] == 0
    assert pd.read_csv("mixed.csv")[["image", "label"]].to_numpy().tolist() == [["x.jpg", "r"]]
