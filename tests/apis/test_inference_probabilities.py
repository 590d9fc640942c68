"""The file of --save-probs: whole runs stand in test_inference.py."""

import numpy as np
import pytest

from kdxf.apis.inference_probabilities import Probabilities
from kdxf.apis.input_images import InputImage
from kdxf.apis.prediction_csv import Prediction
from kdxf.datasets.image_keys import image_keys
from kdxf.errors import UserError
from kdxf.predictions import read_predictions

IMAGES = [InputImage(name, f"data/mine/{name}", name) for name in ("x.jpg", "y.jpg")]


def prediction(name, scores, error=None, labels=None):
    return Prediction(name, 0, None, max(scores), np.array(scores, np.float32), error, labels)


def test_what_the_file_holds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    probabilities = Probabilities(tmp_path / "new" / "out.parquet", IMAGES, ["a", "b"])
    probabilities.add(prediction("x.jpg", [0.25, 0.75]))
    probabilities.add(prediction("y.jpg", [0.5, 0.5], "the file is empty"))
    # Trained on y.jpg of the same folder, which the dataset spells in another way.
    probabilities.write(image_keys([f"{tmp_path}/data/mine/y.jpg"]), {"k": 1})
    found = read_predictions(tmp_path / "new" / "out.parquet")
    assert found.images == ["x.jpg", "y.jpg"] and found.classes == ("a", "b")
    assert found.scores.tolist() == [[0.25, 0.75], [0.5, 0.5]]
    assert found.labels is None and found.predicted is None
    assert found.seen.tolist() == [False, True]
    assert dict(found.errors) == {1: "the file is empty"} and found.source == {"k": 1}


def test_several_labels_and_an_unknowing_checkpoint(tmp_path):
    probabilities = Probabilities(tmp_path / "out.parquet", IMAGES, ["a", "b"])
    probabilities.add(prediction("x.jpg", [0.75, 0.75], labels=(0, 1)))
    probabilities.add(prediction("y.jpg", [0.25, 0.25], labels=()))
    probabilities.write(None, {})
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
    probabilities.write(None, {})
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
