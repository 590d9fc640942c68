"""The file of --save-probs: whole runs stand in test_inference.py."""

import numpy as np
import pytest

from kdxf.datasets import OCRTextDataset
from kdxf.datasets.image_keys import image_keys
from kdxf.errors import UserError
from kdxf.inference.score_file import Probabilities, dataset_labels
from kdxf.io.predictions import read_predictions
from kdxf.io.provenance import Provenance
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.predictions import Prediction


class Labelled:
    """A dataset of samples with these labels; None is a sample without one."""

    def __init__(self, labels, **meta):
        self._samples = [{} if label is None else {"gt_label": label} for label in labels]
        self.metainfo = meta

    def __len__(self):
        return len(self._samples)

    def get_data_info(self, index):
        return self._samples[index]


@pytest.fixture
def said(monkeypatch):
    said = []
    monkeypatch.setattr("kdxf.inference.score_file.print_log", lambda message, **_: said.append(message))
    return said


@pytest.mark.parametrize(
    ("labels", "meta", "expected"),
    [
        ([0, None, 2], {"classes": ["x", "y", "z"]}, [0, -1, 2]),
        ([0, None, 2], {"classes": ("z", "y", "x")}, [2, -1, 0]),  # the model's order
        ([0, 1, 0], {"classes": ["z", "x", "other"]}, [2, 0, 2]),  # a class that no image has does not matter
        ([0, 1], {}, [0, 1]),  # nobody named the dataset's
        ([np.array([1]), 0], {"classes": ["z", "y", "x"]}, [1, 2]),
        ([[0, 2], [], None], {"classes": ["z", "y", "x"]}, [[1, 0, 1], [0, 0, 0], [0, 0, 0]]),
        ([[0]], {"classes": ["z", "y", "x"], "multi_label": True}, [[0, 0, 1]]),
        ([None, None], {"classes": ["z", "y", "x"]}, None),
    ],
)
def test_as_classes_of_the_model(said, labels, meta, expected):
    found = dataset_labels(Labelled(labels, **meta), ("x", "y", "z"))
    assert said == [] and (found is None) == (expected is None)
    assert found is None or (found.tolist() == expected and found.dtype == (bool if found.ndim == 2 else np.int64))


@pytest.mark.parametrize(
    ("names", "expected"), [(["milk", "phone", "red"], [0, 1]), (["0", "1", "2"], [0, 1]), (["2", "0", "1"], [2, 0])]
)
def test_a_model_whose_classes_nobody_named(said, names, expected):
    assert dataset_labels(Labelled([0, 1], classes=names), ("0", "1", "2")).tolist() == expected
    assert said == []


@pytest.mark.parametrize(
    ("labels", "names", "classes", "first"),
    [
        ([0, 1, 2], ["x", "milk", "phone"], ("x", "y"), "'milk'"),
        ([0, 2], ["a", "b", "milk"], ("0", "1"), "2"),
        ([0, 2], None, ("x", "y"), "2"),
    ],
)
def test_a_class_that_the_model_lacks(said, labels, names, classes, first):
    assert dataset_labels(Labelled(labels, classes=names), classes) is None
    assert said == [
        f"the test dataset has images of the class {first}, which the model does not have, so the predictions are "
        "written without labels"
    ]


@pytest.mark.parametrize(
    ("rows", "multi_label", "expected"),
    [("image,label\na,y\nb,x\n", False, [0, 1]), ("image,label\na,y|x\nb,\n", True, [[1, 1], [0, 0]])],
)
def test_lists(tmp_path, rows, multi_label, expected):
    (tmp_path / "list.csv").write_text(rows)
    dataset = OCRTextDataset("list.csv", data_root=str(tmp_path), classes=["x", "y"], multi_label=multi_label)
    assert dataset_labels(dataset, ("y", "x")).tolist() == expected


IMAGES = [InputImage(name, f"data/mine/{name}", name) for name in ("x.jpg", "y.jpg")]


def prediction(name, scores, error=None, labels=None):
    return Prediction(name, 0, None, max(scores), np.array(scores, np.float32), error, labels)


def test_what_the_file_holds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    probabilities = Probabilities(tmp_path / "new" / "out.parquet", IMAGES, ["a", "b"])
    probabilities.add(prediction("x.jpg", [0.25, 0.75]))
    probabilities.add(prediction("y.jpg", [0.5, 0.5], "the file is empty"))
    # Trained on y.jpg of the same folder, which the dataset spells in another way.
    probabilities.write(image_keys([f"{tmp_path}/data/mine/y.jpg"]), Provenance(details={"k": 1}))
    found = read_predictions(tmp_path / "new" / "out.parquet")
    assert found.images == ["x.jpg", "y.jpg"] and found.classes == ("a", "b")
    assert found.scores.tolist() == [[0.25, 0.75], [0.5, 0.5]]
    assert found.labels is None and found.predicted is None
    assert found.seen.tolist() == [False, True]
    assert dict(found.errors) == {1: "the file is empty"} and found.source.to_dict() == {"k": 1}


def test_several_labels_and_an_unknowing_checkpoint(tmp_path):
    probabilities = Probabilities(tmp_path / "out.parquet", IMAGES, ["a", "b"])
    probabilities.add(prediction("x.jpg", [0.75, 0.75], labels=(0, 1)))
    probabilities.add(prediction("y.jpg", [0.25, 0.25], labels=()))
    probabilities.write(None, Provenance())
    found = read_predictions(tmp_path / "out.parquet")
    assert found.predicted.tolist() == [[True, True], [False, False]] and found.seen is None


@pytest.mark.parametrize(
    ("labels", "given", "true", "predicted"),
    [
        ([1, -1], None, [1, -1], None),
        # What either of model and list says of several classes holds for both.
        ([1, -1], (0, 1), [[0, 1], [0, 0]], [[1, 1], [1, 1]]),
        ([[1, 1], [0, 0]], (), [[1, 1], [0, 0]], [[0, 0], [0, 0]]),
        ([[1, 1], [0, 0]], None, [[1, 1], [0, 0]], [[0, 1], [0, 1]]),
    ],
)
def test_labels_of_the_test_set(tmp_path, labels, given, true, predicted):
    labels = np.array(labels, bool if np.ndim(labels) == 2 else np.int64)
    probabilities = Probabilities(tmp_path / "out.parquet", IMAGES, ["a", "b"], labels)
    for image in IMAGES:
        probabilities.add(prediction(image.image_id, [0.25, 0.75], labels=given))
    probabilities.write(None, Provenance())
    found = read_predictions(tmp_path / "out.parquet")
    assert found.labels.tolist() == true
    assert (None if found.predicted is None else found.predicted.tolist()) == predicted


def test_faults_are_named(tmp_path):
    with pytest.raises(UserError, match=r"^--save-probs out\.csv: name a file that ends with \.parquet$"):
        Probabilities("out.csv", IMAGES, ["a"])
    (tmp_path / "folder.parquet").mkdir()
    with pytest.raises(UserError, match=r"folder\.parquet: name a file that ends with \.parquet$"):
        Probabilities(tmp_path / "folder.parquet", IMAGES, ["a"])
    with pytest.raises(UserError, match=r"out\.parquet: x\.jpg is given 2 times; give each image once$"):
        Probabilities(tmp_path / "out.parquet", [*IMAGES, IMAGES[0]], ["a"])
