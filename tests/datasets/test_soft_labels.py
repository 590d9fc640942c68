"""Soft labels: mixed by hand, and what does not fit is named."""

import logging

import numpy as np
import pytest
from mmengine.logging import MMLogger

from kdxf.datasets.soft_labels import SoftLabels, read_soft_labels
from kdxf.errors import UserError
from kdxf.io.predictions import Predictions, write_predictions
from kdxf.io.provenance import Provenance

CLASSES = ("a", "b", "c")
UNSEEN = np.zeros(2, bool)
SCORES = np.array([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]], np.float32)


@pytest.fixture
def file(tmp_path):
    write_predictions(Predictions(["x.jpg", "y.jpg"], SCORES, CLASSES, seen=UNSEEN), tmp_path / "soft.parquet")
    return str(tmp_path / "soft.parquet")


@pytest.fixture
def warnings():
    records = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: records.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


def read(path, images, ratio=0.75, classes=CLASSES, **options):
    options = {"multi_label": False, "labelled": True, "source": "train.csv", **options}
    return read_soft_labels(path, images, classes, ratio, **options)


def test_truth_and_soft_label_are_mixed(file, warnings):
    found = read(file, ["y.jpg", "x.jpg"])
    assert found.scores.dtype == np.float16 and found.rows.tolist() == [1, 0]
    # 3/4 (0, 1, 0) + 1/4 (1/8, 1/8, 3/4)
    assert found.target(0, 1).tolist() == [0.03125, 0.78125, 0.1875]
    # 3/4 (0, 0, 1) + 1/4 (1/2, 1/4, 1/4)
    assert found.target(1, 2).tolist() == [0.125, 0.0625, 0.8125]
    assert found.target(1, 2).dtype == np.float32
    assert warnings == []


def test_several_labels_or_none():
    found = SoftLabels(SCORES.astype(np.float16), np.array([0, 1]), 0.5)
    assert found.target(0, [0, 2]).tolist() == [0.75, 0.125, 0.625]
    assert found.target(1, []).tolist() == [0.0625, 0.0625, 0.375]


def test_the_ratios_at_the_ends(file):
    assert read(file, ["x.jpg"], 0).target(0, 2).tolist() == [0.5, 0.25, 0.25]
    assert read(file, ["x.jpg"], 1).target(0, 2).tolist() == [0, 0, 1]


def test_a_row_without_soft_label_is_its_truth_and_counted(file, warnings):
    found = read(file, ["y.jpg", "w.jpg", "z.jpg"])
    assert found.target(1, 0).tolist() == [1, 0, 0]
    assert warnings == [
        f"2 of 3 images of train.csv have no soft label in {file} (first: w.jpg); they are trained on the ground truth "
        "alone"
    ]


def test_rows_are_taken_and_scores_shared(file):
    found = read(file, ["x.jpg", "y.jpg"])
    taken = found.take(np.array([1]))
    assert taken.scores is found.scores
    assert taken.target(0, 1).tolist() == found.target(1, 1).tolist()


def test_pseudo_labels(file):
    found = read(file, ["y.jpg", "x.jpg"], 0, labelled=False)
    assert found.favoured(multi_label=False).tolist() == [2, 0]
    assert found.favoured(multi_label=True).tolist() == [[False, False, True], [True, False, False]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ratio": 1.5}, "^OCRTextDataset: ground_truth_ratio is 1.5; give a part from 0 to 1$"),
        ({"classes": CLASSES[:2]}, "soft.parquet: has 3 classes, the dataset 2; they must agree$"),
        ({"classes": ("a", "c", "b")}, "soft.parquet: its class 1 is 'b', the dataset's is 'c'; they must agree$"),
        (
            {"multi_label": True},
            r"soft.parquet: predicts one class per image, the dataset has any number of classes per image \(multi_lab",
        ),
        (
            {"images": ["photos/x.jpg"]},
            r"soft.parquet: has none of the 1 images of train.csv \(first: 'photos/x.jpg' there, 'x.jpg' here\); predi",
        ),
        (
            {"labelled": False},
            r"^train.csv: has no labels to mix with .*soft.parquet; set ground_truth_ratio=0 to train on the soft lab",
        ),
        (
            {"labelled": False, "ratio": 0, "images": ["x.jpg", "z.jpg"]},
            r"^train.csv: 1 of 2 images have neither a label nor a soft label in .*soft.parquet \(first: z.jpg\); pre",
        ),
    ],
)
def test_faults_are_named(file, options, message):
    with pytest.raises(UserError, match=message):
        read(file, **{"images": ["x.jpg"], **options})


def test_finished_targets_are_taken_as_they_are(tmp_path, warnings):
    path = str(tmp_path / "soft.parquet")
    done = Predictions(["x.jpg", "y.jpg"], SCORES, CLASSES, seen=UNSEEN, source=Provenance(ground_truth_ratio=0.75))
    write_predictions(done, path)
    for ratio in (None, 0):
        assert read(path, ["x.jpg"], ratio).target(0, 2).tolist() == [0.5, 0.25, 0.25]
    assert read(path, ["x.jpg"], None, labelled=False).ground_truth_ratio == 0
    message = (
        r"^.*soft.parquet: holds finished targets, made with a ground truth ratio of 0.75; ground_truth_ratio=0.5 "
        "would mix the truth in again, so leave it out$"
    )
    with pytest.raises(UserError, match=message):
        read(path, ["x.jpg"], 0.5)
    assert warnings == []


def test_ranks_are_refused(tmp_path):
    path = tmp_path / "ranks.parquet"
    half = np.full((1, len(CLASSES)), 0.5, np.float32)
    write_predictions(Predictions(["a.jpg"], half, CLASSES, source=Provenance(mean="rank")), path)
    with pytest.raises(UserError, match="ranks.parquet: holds ranks, which are no probabilities; average with another"):
        read(str(path), ["a.jpg"])


def test_predictions_are_mixed_seven_to_three_unless_told(file):
    # 0.7 (0, 0, 1) + 0.3 (1/2, 1/4, 1/4)
    np.testing.assert_allclose(read(file, ["x.jpg"], None).target(0, 2), [0.15, 0.075, 0.775], atol=1e-6)
    with pytest.raises(UserError, match="^train.csv: has no labels to mix with .*; set ground_truth_ratio=0"):
        read(file, ["x.jpg"], None, labelled=False)


@pytest.mark.parametrize("labelled", [True, False])
def test_a_model_that_saw_the_image_is_refused(tmp_path, labelled, warnings):
    path, options = str(tmp_path / "soft.parquet"), {"ratio": 0, "labelled": labelled}
    seen = np.array([False, True])
    source = Provenance(checkpoint="a.pth")
    write_predictions(Predictions(["x.jpg", "y.jpg"], SCORES, CLASSES, seen=seen, source=source), path)
    read(path, ["x.jpg"], **options)  # the other is not learnt from
    with pytest.raises(
        UserError, match=r"soft.parquet: its model a.pth was trained on y.jpg \(1 such images\), so what"
    ):
        read(path, ["x.jpg", "y.jpg"], **options)
    assert warnings == []
    write_predictions(Predictions(["x.jpg", "y.jpg"], SCORES, CLASSES), path)
    read(path, ["x.jpg"], **options)
    assert [line.partition(" does not say ")[2] for line in warnings] == [
        "which images its model was trained on: nobody checks whether it saw them"
    ]


@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("wrong", [[2.0, -1.0, 0.0], [0.5, 0.5, 0.5]])
def test_scores_are_probabilities(tmp_path, wrong, multi_label):
    predicted = np.zeros((2, 3), bool) if multi_label else None
    scores = np.array([SCORES[0], wrong], np.float32)
    write_predictions(Predictions(["x.jpg", "y.jpg"], scores, CLASSES, predicted=predicted), tmp_path / "p.parquet")
    if multi_label and wrong == [0.5, 0.5, 0.5]:
        assert read(f"{tmp_path}/p.parquet", ["y.jpg"], 0, multi_label=True).target(0, []).tolist() == wrong
        return
    expected = "between 0 and 1" if multi_label else "between 0 and 1 and sum to 1"
    message = rf"p.parquet: the scores of y.jpg are no probabilities \(they must lie {expected}\); write it with tools/"
    with pytest.raises(UserError, match=message):
        read(f"{tmp_path}/p.parquet", ["x.jpg"], multi_label=multi_label)


@pytest.mark.parametrize(("total", "taken"), [(0.5, False), (0.98, False), (0.995, True), (1.005, True), (1.02, False)])
def test_the_scores_of_an_image_sum_to_one(tmp_path, total, taken):
    scores = np.array([SCORES[0], SCORES[1] * total], np.float32)
    write_predictions(Predictions(["x.jpg", "y.jpg"], scores, CLASSES, seen=UNSEEN), tmp_path / "p.parquet")
    if taken:
        assert read(f"{tmp_path}/p.parquet", ["y.jpg"]).rows.tolist() == [1]
        return
    with pytest.raises(UserError, match=r"p.parquet: the scores of y.jpg are no probabilities"):
        read(f"{tmp_path}/p.parquet", ["y.jpg"])


def test_the_best_scores_suffice(tmp_path):
    scores, top = np.array([[0.5, 0.25], [0.75, 0.25]], np.float32), np.array([[2, 0], [1, 2]], np.int32)
    found = Predictions(["x.jpg", "y.jpg"], scores, ("a", "b", "c", "d"), seen=UNSEEN, top=top)
    write_predictions(found, tmp_path / "soft.parquet")
    labels = read(str(tmp_path / "soft.parquet"), ["y.jpg", "x.jpg"], 0.5, found.classes)
    # x.jpg: 1/4 is left for b and d together. y.jpg: nothing is left.
    assert labels.target(1, 3).tolist() == [0.125, 0.0625, 0.25, 0.5625]
    assert labels.target(0, 3).tolist() == [0, 0.375, 0.125, 0.5]
    assert labels.take(np.array([1])).target(0, 3).tolist() == labels.target(1, 3).tolist()
    assert labels.favoured(False).tolist() == [1, 2]
    assert labels.scores.dtype == np.float16 and labels.scores.shape == (2, 2)
    with pytest.raises(UserError, match=r"soft.parquet: holds only the best scores of each image"):
        read(str(tmp_path / "soft.parquet"), ["x.jpg"], classes=found.classes, multi_label=True)


def test_best_scores_that_are_no_probabilities(tmp_path):
    scores, top = np.array([[0.75, 0.5], [0.75, 0.25]], np.float32), np.array([[2, 0], [1, 2]], np.int32)
    write_predictions(Predictions(["x.jpg", "y.jpg"], scores, CLASSES, top=top), tmp_path / "soft.parquet")
    with pytest.raises(UserError, match=r"the scores of x.jpg are no probabilities"):
        read(str(tmp_path / "soft.parquet"), ["x.jpg"])
