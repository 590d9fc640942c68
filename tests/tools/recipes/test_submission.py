import json
import runpy
import sys

import numpy as np
import pytest

from kdxf.io.predictions import Predictions, write_predictions
from kdxf.io.provenance import Provenance


@pytest.fixture
def call(repo, tmp_path, monkeypatch, capsys):
    """Run the tool in ``tmp_path``, which has test.parquet; return exit status, standard output and error."""
    scores = np.array([[0.75, 0.25], [0.5, 0.5], [0.125, 0.875]], np.float32)
    images = [f"test/{index}.jpg" for index in range(3)]
    write_predictions(Predictions(images, scores, ("0", "1")), tmp_path / "test.parquet")

    def call(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["submission.py", *arguments])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(repo / "tools" / "recipes" / "submission.py"), run_name="__main__")
        return end.value.code, *capsys.readouterr()

    return call


def test_ids_classes_and_names(call, tmp_path):
    (tmp_path / "names.json").write_text('{"0": "化妆品", "1": "手机"}', encoding="utf-8")
    (tmp_path / "train.csv").write_text("image,label\na,0\nb,1\n")
    columns = ("--columns", "image_id", "category_id", "category_name", "--class-names", "names.json")
    status, out, err = call("test.parquet", "--format", "class", "--out", "s.csv", *columns, "--train", "train.csv")
    assert status == 0, err
    assert (tmp_path / "s.csv").read_text(encoding="utf-8").splitlines() == [
        "image_id,category_id,category_name", "0.jpg,0,化妆品", "1.jpg,0,化妆品", "2.jpg,1,手机",
    ]  # fmt: skip
    assert out.splitlines()[1].split() == ["0", "2", "66.7", "1", "50.0", "16.7"]
    assert out.endswith("\n3 rows; written to s.csv\n")
    status, _, err = call("test.parquet", "--format", "class", "--out", "s.csv")
    assert status == 2 and err.startswith("error: s.csv: is there already; choose another name, or replace it with")
    status, _, err = call("test.parquet", "--format", "class", "--out", "s.csv", "--train", "s.csv", "--overwrite")
    assert status == 2 and err.startswith("error: s.csv: is an input")


def test_as_the_sample_then_averaged(call, tmp_path):
    (tmp_path / "sample.csv").write_text("image_id,1,0\n2,0,0\n0,0,0\n1,0,0\n")
    for name in ("a.csv", "b.csv"):
        status, _, err = call(
            "test.parquet", "--format", "scores", "--sample", "sample.csv", "--decimals", "3", "--out", name
        )
        assert status == 0, err
    text = "image_id,1,0\n2,0.875,0.125\n0,0.250,0.750\n1,0.500,0.500\n"
    assert (tmp_path / "a.csv").read_text() == text
    status, out, _ = call("--average", "a.csv", "b.csv", "--decimals", "3", "--out", "mix.csv")
    assert status == 0 and out == "mean of 2 submissions, 3 rows; written to mix.csv\n"
    assert (tmp_path / "mix.csv").read_text() == text


def test_average_in_the_order_of_a_sample(call, tmp_path):
    for name, text in {"a": "id,x\n1,0\n2,0.5\n", "b": "id,x\n2,0.5\n1,1\n", "sample": "id,x\n2,0\n1,0\n"}.items():
        (tmp_path / f"{name}.csv").write_text(text)
    options = ("--average", "a.csv", "b.csv", "--sample", "sample.csv", "--decimals", "1")
    assert call(*options, "--out", "s.csv")[::2] == (0, "")
    assert (tmp_path / "s.csv").read_text() == "id,x\n2,0.5\n1,0.5\n"
    assert call(*options, "--out", "s.json")[::2] == (2, "error: --out s.json: the name must end with .csv\n")


def test_names_that_do_not_fit_the_format(call):
    for form, suffix in (("json", "json"), ("class", "csv"), ("scores", "csv")):
        status, _, err = call("test.parquet", "--format", form, "--out", "s.tsv")
        assert (status, err) == (2, f"error: --out s.tsv: the name must end with .{suffix}\n")


def test_no_image(call, tmp_path):
    write_predictions(Predictions([], np.ones((0, 2), np.float32), ("0", "1")), tmp_path / "none.parquet")
    status, _, err = call("none.parquet", "--format", "class", "--out", "s.csv")
    assert (status, err) == (2, "error: none.parquet: holds no image; predict a list with images\n")
    assert not (tmp_path / "s.csv").exists()


def test_ranks(call, tmp_path):
    ranks = Predictions(["1"], np.ones((1, 2), np.float32), ("0", "1"), source=Provenance(mean="rank"))
    write_predictions(ranks, tmp_path / "ranks.parquet")
    status, out, _ = call("ranks.parquet", "--format", "scores", "--out", "s.csv")
    assert status == 0 and out.endswith(
        "warning: ranks.parquet holds ranks, which only metrics that go class by class (ROC-AUC, ...) take\n"
    )


def test_json(call, tmp_path):
    status, _, err = call("test.parquet", "--format", "json", "--id", "path", "--class-as", "index", "--out", "s.json")
    assert status == 0, err
    found = json.loads((tmp_path / "s.json").read_text())
    assert found[2] == {"image_name": "test/2.jpg", "category": 1, "score": 0.875} and len(found) == 3


def test_as_a_sample_in_json(call, tmp_path):
    sample = [{"id": number, "label": 0, "p": 0} for number in (2, 0, 1)]
    (tmp_path / "sample.json").write_text(json.dumps(sample))
    status, _, err = call("test.parquet", "--format", "json", "--sample", "sample.json", "--out", "s.json")
    assert status == 0, err
    assert json.loads((tmp_path / "s.json").read_text()) == [
        {"id": 2, "label": 1, "p": 0.875},
        {"id": 0, "label": 0, "p": 0.75},
        {"id": 1, "label": 0, "p": 0.5},
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either a file of predictions or --average CSV CSV ..."),
        (["p", "--average", "a"], "give either a file of predictions or --average CSV CSV ..."),
        (["--average", "a", "b", "--format", "class"], "--format: submissions are averaged as they are; leave it out"),
        (["--average", "a", "b", "--class-as", "name"], "--class-as: submissions are averaged as they are; leave it o"),
        (["--average", "a", "b", "--columns", "i", "c"], "--columns: submissions are averaged as they are; leave it"),
        (["p", "--format", "scores", "--class-as", "index"], "--class-as: the format scores has no column of classes"),
        (["p"], "--format is needed: class, scores, json"),
        (
            ["p", "--format", "class", "--sample", "s", "--columns", "a"],
            "--columns: the sample names the columns; leave one of the two out",
        ),
    ],
)
def test_options_that_do_not_go_together(call, arguments, message):
    status, _, err = call(*arguments, "--out", "s.csv")
    assert status == 2 and message in err
