"""What a report is made of."""

from dataclasses import replace

import numpy as np
import pytest

from kdxf.analysis.report.evidence import IMAGE_ALONE, gather
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.io.predictions import Predictions

CLASSES = ("奶粉", "手机", "lipstick")


@pytest.fixture
def predictions(lab):
    """Of the images in reverse order."""
    scores = np.eye(3, dtype=np.float32)[[0, 0, 2, 1, 0]]
    return Predictions(lab.names[::-1], scores, CLASSES, labels=np.array([1, 0, 2, 1, 0]))


def test_lists_are_joined_by_image(lab, predictions, tmp_path):
    cfg = load_config(lab.moe)
    cfg.train_dataloader = cfg.test_dataloader
    alone = {IMAGE_ALONE: predictions.take(np.array([3, 0, 1, 2, 4]))}
    evidence = gather(cfg, predictions, alone, baselines=tmp_path)
    assert evidence.files == [str(lab.images / name) for name in lab.names[::-1]]
    assert evidence.right.tolist() == [False, True, True, True, True]
    assert evidence.alone[IMAGE_ALONE].images == predictions.images
    assert [evidence.text(index) for index in range(5)] == ["", "milk", "red", "phone", "milk"]
    assert evidence.train.images == [str(lab.images / name) for name in lab.names]
    assert [baseline.predictions.images for baseline in evidence.baselines] == [predictions.images] * 4
    # Fitted on the very images, the features tell them apart.
    assert (evidence.baselines[-1].predictions.scores.argmax(axis=1) == evidence.labels).all()


def test_without_a_training_list(lab, predictions, tmp_path, capsys):
    cfg = load_config(lab.moe)
    evidence = gather(cfg, predictions, {}, baselines=tmp_path)
    assert evidence.train is None and list(evidence.baselines) == []
    cfg.train_dataloader = {**cfg.test_dataloader, "dataset": {**cfg.test_dataloader.dataset, "ann_file": "none.csv"}}
    assert gather(cfg, predictions, {}).train is None
    assert "the report goes without the training list: " in capsys.readouterr().out


def test_several_labels_are_named(several, evidence):
    assert [several.label(index) for index in range(4)] == ["a|b", "a|b", "a|c", "none of the classes"]
    assert [several.answer(index) for index in range(4)] == ["a|b", "a|c", "c", "b"]
    assert several.answer(2, several.alone[IMAGE_ALONE]) == "a|c"
    assert several.right.tolist() == [True, False, False, False]
    assert several.is_right(several.alone[IMAGE_ALONE]).all()
    assert several.has(0).tolist() == [True, True, True, False] and several.gives(2).tolist() == [
        False,
        True,
        True,
        False,
    ]
    assert (evidence.label(1), evidence.answer(1)) == ("a", "b")
    assert evidence.has(1).tolist() == [False, False, True, True, False, False]
    assert evidence.gives(2).tolist() == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(labels=None), "a report needs a label for every image; predict a labelled list"),
        (dict(labels=np.array([0, 0, 0, 0, -1])), "a report needs a label for every image; predict a labelled list"),
        (dict(predicted=np.ones((5, 3), bool)), "the test list of .* and its model do not fit: one has several "
         "labels per image, the other one; set multi_label of the list as the head has it"),
        (dict(images=["a.png", "b", "c", "d", "e"]), "a.png: is predicted, but not in the test list of .*moe.py"),
        (dict(classes=("a", "b", "c")), "the predictions have other classes than the test list of .*moe.py"),
    ],
)  # fmt: skip
def test_predictions_that_do_not_fit(lab, predictions, change, message):
    with pytest.raises(UserError, match=message):
        gather(load_config(lab.moe), replace(predictions, **change), {})
