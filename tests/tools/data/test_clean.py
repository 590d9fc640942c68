import runpy
import sys

import cv2
import numpy as np
import pandas as pd
import pytest

from kdxf.io.annotations import read_annotations
from kdxf.text.ocr import OCRTableWriter
from kdxf_runtime.ocr.record import OCRRecord


@pytest.fixture
def data(tmp_path):
    """Four pictures, one of them labelled oat that models call milk; one of them comes in two folds."""
    (tmp_path / "classes.txt").write_text("milk\noat\n")
    (tmp_path / "train.csv").write_text("image,label,shop\n0.png,milk,7\n1.png,oat,7\n2.png,oat,8\n3.png,milk,8\n")
    rows = [(f"some/{number}.png", code, 0.9) for number, code in enumerate((0, 0, 1, 0))]
    table = pd.DataFrame(rows, columns=["image", "pred_label", "score"])
    for name, part in {"image0": table[:2], "image1": table[2:], "text": table}.items():
        part.to_csv(tmp_path / f"{name}.csv", index=False)
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((8, 8, 3), 60 * number, np.uint8))
    return tmp_path


@pytest.fixture
def call(repo, monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["clean.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(repo / "tools" / "data" / "clean.py"), run_name="__main__")
        return end.value.code, capsys.readouterr()

    return call


def test_finds_shows_and_applies(data, call):
    tables = ("--predictions", data / "image0.csv", data / "image1.csv", "--accuracy", 0.9)
    results = ("--out", data / "suspects.csv", "--out-classes", data / "per_class.csv", "--report", data / "page.html")
    find = ("find", data / "train.csv", "--rule", "reliable", *tables, *results)
    code, said = call(*find, "--dry-run")
    assert code == 0 and "suspects                                        1" in said.out
    assert said.out.endswith("dry run: nothing was written\n")
    assert not (data / "suspects.csv").exists() and not (data / "page.html").exists()
    assert call(*find)[0] == 0
    table = read_annotations(data / "suspects.csv")
    assert table[["image", "label", "suggested", "decision"]].to_numpy().tolist() == [["1.png", "oat", "milk", "drop"]]
    assert "model says milk (0.90), label says oat" in (data / "page.html").read_text("utf-8")
    assert pd.read_csv(data / "per_class.csv")["wrong"].tolist() == [0, 1]
    code, said = call(*find)
    assert code == 2 and "page.html: is there already" in said.err

    apply = ("apply", data / "train.csv", data / "suspects.csv", "--out", data / "clean.csv")
    code, said = call(*apply, "--at-least", 2)
    assert code == 0 and "dropped                 1" in said.out and "repeated                1" in said.out
    clean = read_annotations(data / "clean.csv")
    assert clean["image"].tolist() == ["0.png", "2.png", "2.png", "3.png"] and clean["shop"].tolist() == [7, 8, 8, 8]
    table.assign(decision="relabel").to_csv(data / "suspects.csv", index=False)
    assert call(*apply, "--overwrite")[0] == 0
    assert read_annotations(data / "clean.csv")["label"].tolist() == ["milk", "milk", "oat", "milk"]


def test_judges_without_a_trained_model(data, call, monkeypatch):
    """Twelve red and twelve blue pictures, whose text says the same; a red one has the label of the blue ones."""
    monkeypatch.setattr("kdxf.analysis.baselines.installed_backbone", lambda: None)
    labels = ["milk"] * 12 + ["oat"] * 12
    with OCRTableWriter(data / "ocr", "annotation") as writer:
        for number, label in enumerate(labels):
            pixels = np.full((64, 64, 3), (200, 20, 20) if label == "oat" else (20, 20, 200), np.uint8)
            cv2.imwrite(str(data / f"{number}.png"), pixels + np.uint8(number))
            writer.add(OCRRecord.from_text(f"{number}.png", f"{label} {number}"))
    rows = [f"{number}.png,{label}" for number, label in enumerate([*labels[:3], "oat", *labels[4:]])]
    (data / "train.csv").write_text("\n".join(["image,label", *rows, "0.png,milk"]) + "\n")
    find = ("find", data / "train.csv", "--ocr", data / "ocr", "--features", data / "features", "--min-score", 0.3)
    code, said = call(*find, "--out", data / "suspects.csv")
    assert code == 0, said.err
    table = read_annotations(data / "suspects.csv")
    assert table[["image", "label", "suggested", "decision"]].to_numpy().tolist() == [["3.png", "oat", "milk", "drop"]]
    assert "rows judged                                    25" in said.out  # one picture is listed twice


def test_a_list_without_class_map(data, call):
    (data / "classes.txt").rename(data / "names.txt")
    find = ("find", data / "train.csv", "--rule", "reliable", "--predictions", data / "text.csv")
    find += ("--out", data / "suspects.csv")
    code, said = call(*find)
    assert code == 2 and "train.csv: no classes.txt beside it; give that of the model with --classes" in said.err
    assert call(*find, "--classes", data / "names.txt")[0] == 0
    assert call("apply", data / "train.csv", data / "suspects.csv", "--out", data / "clean.csv")[0] == 0
    assert read_annotations(data / "clean.csv")["image"].tolist() == ["0.png", "2.png", "3.png"]


def test_mistakes_end_with_one_line(data, call):
    rules = ("find", data / "train.csv", "--rule", "reliable", "--predictions", data / "text.csv")
    improbable = ("find", data / "train.csv", "--predictions", data / "text.csv")
    cases = {
        "text.csv: has no column 'scores', which this rule needs; write it with --out NAME.parquet": (
            *improbable,
            "--out",
            data / "s.csv",
        ),
        "text.csv: is an input, which is never changed": (*rules, "--out", data / "text.csv", "--overwrite"),
        "train.csv: is an input": (*rules, "--out", data / "s.csv", "--report", data / "train.csv"),
        "no such class list": (*rules, "--out", data / "s.csv", "--classes", data / "none.txt"),
        "suspects.csv: no such file of": ("apply", data / "train.csv", data / "suspects.csv", "--out", data / "c.csv"),
    }
    for message, arguments in cases.items():
        code, said = call(*arguments)
        assert code == 2 and message in said.err and "Traceback" not in said.err
    assert not (data / "s.csv").exists()
