"""Targets, mixed by hand."""

import logging

import numpy as np
import pytest
from mmengine.logging import MMLogger

from kdxf.errors import UserError
from kdxf.io.predictions import read_predictions, write_predictions
from kdxf.io.provenance import Provenance
from kdxf.recipes.soft_labels import soft_labels
from kdxf_runtime.io.digests import file_digest

ONE = [[0.5, 0.25, 0.25], [0.25, 0.75, 0.0]]
TWO = [[0.25, 0.5, 0.25], [0.5, 0.25, 0.25]]
UNSEEN = {"seen": [False, False]}


def test_seven_to_three(write):
    file = write("oof", ONE, labels=[2, 1], **UNSEEN, source={"checkpoint": "a.pth"})
    found = soft_labels([file])
    # 0.3 (0.5, 0.25, 0.25) + 0.7 (0, 0, 1); 0.3 (0.25, 0.75, 0) + 0.7 (0, 1, 0)
    np.testing.assert_allclose(found.scores, [[0.15, 0.075, 0.775], [0.075, 0.925, 0]], atol=1e-6)
    assert found.labels.tolist() == [2, 1] and found.seen.tolist() == [False, False]
    assert found.source.tool == "tools/recipes/soft_labels.py" and found.source.ground_truth_ratio == 0.7
    (part,) = found.source.inputs
    assert (part.digest, part.source) == (file_digest(file), Provenance(checkpoint="a.pth"))


def test_two_models_with_weights_in_any_order_of_images(write):
    files = [
        write("one", ONE, labels=[2, 1], **UNSEEN),
        write("two", TWO, labels=[2, 1], seen=[False, False], order=[1, 0]),
    ]
    # 3/4 one + 1/4 two: (0.4375, 0.3125, 0.25), (0.3125, 0.625, 0.0625); then half the truth
    expected = [[0.21875, 0.15625, 0.625], [0.15625, 0.8125, 0.03125]]
    found = soft_labels(files, weights=[3, 1], ground_truth_ratio=0.5)
    np.testing.assert_allclose(found.scores, expected, atol=1e-6)
    equal = soft_labels(files, ground_truth_ratio=0)
    np.testing.assert_allclose(equal.scores, (np.array(ONE) + TWO) / 2, atol=1e-6)


def test_an_image_without_label_has_the_mean_alone(write):
    found = soft_labels([write("oof", ONE, labels=[-1, 1], **UNSEEN)], ground_truth_ratio=0.5)
    np.testing.assert_allclose(found.scores, [ONE[0], [0.125, 0.875, 0]], atol=1e-6)
    assert found.labels.tolist() == [-1, 1]


def test_the_fold_is_kept_while_one_made_the_target(write):
    files = [write(name, ONE, labels=[2, 1], **UNSEEN, fold=np.array([1, 0], np.int16)) for name in ("one", "two")]
    other = write("other", TWO, labels=[2, 1], **UNSEEN, fold=np.array([0, 1], np.int16))
    assert soft_labels(files[:1]).fold.tolist() == soft_labels(files).fold.tolist() == [1, 0]
    assert soft_labels([*files, other]).fold is None


def test_several_labels(write):
    truth = [[1, 0, 1], [0, 0, 0]]
    file = write("oof", ONE, labels=truth, predicted=[[1, 0, 0], [0, 1, 0]], **UNSEEN)
    found = soft_labels([file], ground_truth_ratio=0.5)
    np.testing.assert_allclose(found.scores, [[0.75, 0.125, 0.625], [0.125, 0.375, 0]], atol=1e-6)
    assert found.predicted.tolist() == [[True, False, False], [False, True, False]]


def test_predictions_of_trained_images_are_refused(write):
    good = write("good", ONE, labels=[2, 1], **UNSEEN)
    bad = write("bad", TWO, labels=[2, 1], seen=[False, True], source={"checkpoint": "b.pth"})
    with pytest.raises(
        UserError, match=r"^.*bad.parquet: its model b.pth was trained on 1.jpg \(1 such images\), so what"
    ):
        soft_labels([good, bad])


def test_what_cannot_be_mixed(write, tmp_path):
    file = write("oof", ONE, labels=[2, 1], **UNSEEN)
    with pytest.raises(UserError, match=r"^--ground-truth-ratio 1.2: give a part from 0 to 1$"):
        soft_labels([file], ground_truth_ratio=1.2)
    with pytest.raises(UserError, match=r"^--weights: 2 weights for 1 files; give one for each$"):
        soft_labels([file], weights=[1, 1])
    for weights in ([-1.0], [0.0], [float("nan")]):
        with pytest.raises(UserError, match=r"^--weights .*: give numbers from 0, not all 0$"):
            soft_labels([file], weights=weights)
    unlabelled = write("unlabelled", ONE, **UNSEEN)
    with pytest.raises(
        UserError, match=r"unlabelled.parquet: knows no label to mix in; give --ground-truth-ratio 0, or"
    ):
        soft_labels([unlabelled])
    assert soft_labels([unlabelled], ground_truth_ratio=0).labels is None
    write_predictions(soft_labels([file]), tmp_path / "soft.parquet")
    assert read_predictions(tmp_path / "soft.parquet").source.ground_truth_ratio == 0.7
    with pytest.raises(UserError, match=r"soft.parquet: holds targets, with the ground truth in them; give predi"):
        soft_labels([tmp_path / "soft.parquet"])
    ranks = write("ranks", ONE, labels=[2, 1], **UNSEEN, source={"mean": "rank"})
    with pytest.raises(UserError, match=r"ranks.parquet: holds ranks, which are no probabilities; average with anothe"):
        soft_labels([file, ranks])


def test_predictions_that_do_not_know_what_their_model_has_seen_are_told(write):
    known = write("known", ONE, labels=[2, 1], **UNSEEN)
    silent = write("silent", TWO, labels=[2, 1])
    lines = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    try:
        soft_labels([known])
        assert lines == []
        soft_labels([known, silent])
    finally:
        logger.removeHandler(handler)
    (line,) = lines
    assert line.startswith(f"{silent} does not say which images its model was trained on")


def test_every_class_is_mixed(write):
    found = soft_labels([write("oof", ONE, labels=[0, 2], **UNSEEN)], ground_truth_ratio=0.5)
    np.testing.assert_allclose(found.scores, [[0.75, 0.125, 0.125], [0.125, 0.375, 0.5]], atol=1e-6)
