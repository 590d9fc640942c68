"""Predictions by class names and examples, with a pair that sees and reads one number."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kdxf.errors import UserError
from kdxf.io.annotations import write_annotations
from kdxf.io.predictions import read_predictions
from kdxf.zero_shot.run import Examples, Listed, first_of_each_class, zero_shot
from kdxf_runtime.predictions import Columns

ANGLES = {"red": 0, "blue": 90, "rot": 90, "blau": 0}


def direction(degrees):
    return np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], axis=1).astype(np.float32)


@dataclass
class FakePair:
    """Pictures are called by their angle, such as ``30.png``; ``broken.png`` cannot be read."""

    scale: float = 2.0
    folder: Path = Path("pair")
    asked: list = field(default_factory=list)

    def encode_images(self, files, workers=0):
        stems = [Path(file).stem for file in files]
        errors = {index: "cannot be read" for index, stem in enumerate(stems) if stem == "broken"}
        return direction([0 if stem == "broken" else float(stem) for stem in stems]), errors

    def encode_texts(self, texts):
        self.asked += texts
        return direction([next(angle for word, angle in ANGLES.items() if word in text) for text in texts])


@pytest.fixture
def lab(tmp_path):
    (tmp_path / "classes.txt").write_text("red\nblue\n")
    rows = [("10.png", "red"), ("80.png", "blue"), ("70.png", "red"), ("broken.png", "red")]
    write_annotations(pd.DataFrame(rows, columns=["image", "label"]), tmp_path / "val.csv")
    examples = [("60.png", "red"), ("broken.png", "red"), ("0.png", "blue"), ("20.png", "blue")]
    write_annotations(pd.DataFrame(examples, columns=["image", "label"]), tmp_path / "train.csv")
    return tmp_path


def call(lab, **options):
    images = Listed(lab / "val.csv", lab)
    return zero_shot(FakePair(), lab / "classes.txt", images, save_csv=lab / "out.csv", **options)


def rows(lab):
    return list(csv.DictReader((lab / "out.csv").open(encoding="utf-8")))


def test_by_names(lab):
    report = call(lab, columns=Columns(with_name=True, with_score=True), save_probs=lab / "out.parquet")
    table = rows(lab)
    assert list(table[0]) == ["image_id", "category_id", "category_name", "score", "error"]
    assert [row["category_name"] for row in table] == ["red", "blue", "blue", "red"]
    # cos 10° = 0.9848, cos 80° = 0.1736; times 2: 1 / (1 + e^(2 * 0.1736 - 2 * 0.9848)) = 0.8351
    assert float(table[0]["score"]) == pytest.approx(0.8351, abs=1e-4)
    assert [row["error"] for row in table] == ["", "", "", "cannot be read"]
    assert str(report) == (
        f"{lab / 'out.csv'} and {lab / 'out.parquet'}: 4 images, 1 with an error\ntop-1 75.0 % of the labelled images"
    )
    kept = read_predictions(lab / "out.parquet")
    assert kept.images[2] == "70.png" and kept.labels.tolist() == [0, 1, 0, 0] and kept.seen is None
    assert kept.errors == {3: "cannot be read"} and kept.source.details["by"] == "names"


def test_by_other_names_and_prompts(lab):
    (lab / "names.csv").write_text("id,name\n0,rot\n1,blau\n")
    (lab / "prompts.txt").write_text("ein {}er Fleck\n")
    pair = FakePair()
    options = dict(class_names=lab / "names.csv", prompts=lab / "prompts.txt", columns=Columns(with_name=True))
    zero_shot(pair, lab / "classes.txt", [lab / "missing/10.png"], save_csv=lab / "out.csv", **options)
    assert pair.asked == ["ein roter Fleck", "ein blauer Fleck"]
    assert rows(lab)[0]["category_name"] == "blau" and rows(lab)[0]["category_id"] == "1"


def test_by_examples(lab):
    examples = Examples(Listed(lab / "train.csv", lab))
    report = call(lab, examples=examples, by="examples", save_probs=lab / "out.parquet")
    # The prototypes are at 60° and, without what cannot be read, at 10°.
    assert [row["category_id"] for row in rows(lab)] == ["1", "0", "0", "1"]
    assert "classes learnt from 4 examples" in str(report)
    assert read_predictions(lab / "out.parquet").seen.tolist() == [False, False, False, True]


def test_by_both(lab):
    call(lab, examples=Examples(Listed(lab / "train.csv", lab)), by="both", columns=Columns(with_score=True))
    # Red lies at 0° and 60°, blue at 90° and 10°; to 10°: (0.9848 + 0.6428) / 2 and (0.1736 + 1) / 2.
    expected = 1 / (1 + np.exp(2 * (0.5868 - 0.8138)))
    assert float(rows(lab)[0]["score"]) == pytest.approx(expected, abs=1e-4)


def test_nested_examples():
    images, labels = pd.Series([f"{index}.png" for index in range(10)]), np.array([0] * 8 + [1] * 2)
    few, more = (first_of_each_class(images, labels, count, seed=1) for count in (2, 4))
    assert set(few) < set(more) and np.bincount(labels[more]).tolist() == [4, 2]
    assert set(few) != set(first_of_each_class(images, labels, 2, seed=2))
    assert first_of_each_class(images, labels, None, 0).tolist() == list(range(10))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "examples"}, "--by examples: give --examples, a labelled list"),
        ({"examples": True}, "--examples has no effect with --by names; choose examples or both"),
        ({"save_csv": None}, "nothing to write; give --save_csv, --save-probs, or both"),
        ({"columns": Columns(topk=3)}, "--topk 3: the model has 2 classes; give 1 to 2"),
    ],
)
def test_refused(options, message, lab):
    if "examples" in options:
        options["examples"] = Examples(Listed(lab / "train.csv", lab))
    with pytest.raises(UserError, match=f"^{message}$"):
        zero_shot(FakePair(), lab / "classes.txt", ["10.png"], **{"save_csv": lab / "out.csv", **options})


def test_examples_need_labels(lab):
    (lab / "bare.csv").write_text("image\n10.png\n")
    with pytest.raises(UserError, match="bare.csv: has no labels; examples are labelled pictures$"):
        call(lab, examples=Examples(Listed(lab / "bare.csv", lab)), by="examples")
