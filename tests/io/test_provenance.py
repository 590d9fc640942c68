import logging

import numpy as np
import pytest
from mmengine.logging import MMLogger

from kdxf.errors import UserError
from kdxf.io.predictions import Predictions
from kdxf.io.provenance import TRAINING_DATA, check_unseen, holds_ranks, mixed_ratio, second_hand


def predictions(seen, source):
    seen = None if seen is None else np.array(seen, bool)
    return Predictions(
        ["x.jpg", "y.jpg", "z.jpg"], np.eye(3, dtype=np.float32), ("a", "b", "c"), seen=seen, source=source
    )


def test_image_and_model_are_named():
    check_unseen(predictions([0, 0, 0], {}), "p.parquet")
    message = (
        r"^p.parquet: its model a.pth was trained on y.jpg \(2 such images\), so what it says of them cannot be learnt "
        r"from; take predictions of models that have not seen them \(tools/recipes/kfold.py makes them\)$"
    )
    with pytest.raises(UserError, match=message):
        check_unseen(predictions([0, 1, 1], {"checkpoint": "a.pth"}), "p.parquet")
    inputs = {"inputs": [{"source": {"inputs": [{"source": {"checkpoint": name}}]}} for name in ("a.pth", "b.pth")]}
    with pytest.raises(UserError, match=r"^p.parquet: its model a.pth or b.pth was trained on y.jpg"):
        check_unseen(predictions([0, 1, 1], inputs), "p.parquet")


def test_many_models_or_none_that_is_known():
    inputs = {"inputs": [{"source": {"checkpoint": f"{index}.pth"}} for index in range(5)]}
    with pytest.raises(
        UserError, match=r"^p.parquet: its model 0.pth or 1.pth or 2.pth or 2 others was trained on y.jpg"
    ):
        check_unseen(predictions([0, 1, 1], inputs), "p.parquet")
    with pytest.raises(UserError, match=r"^p.parquet: its model was trained on y.jpg"):
        check_unseen(predictions([0, 1, 1], {}), "p.parquet")


def test_only_some_rows_matter():
    found = predictions([0, 1, 1], {"checkpoint": "a.pth"})
    check_unseen(found, "p.parquet", np.array([True, False, False]))
    with pytest.raises(UserError, match=r"trained on z.jpg \(1 such images\)"):
        check_unseen(found, "p.parquet", np.array([True, False, True]))


def test_who_does_not_know_is_told():
    records = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: records.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    check_unseen(predictions(None, {}), "p.parquet")
    logger.removeHandler(handler)
    assert records == [
        "p.parquet does not say which images its model was trained on: nobody checks whether it saw them"
    ]


def test_ratio():
    assert mixed_ratio({"ground_truth_ratio": 0.0}) == 0 and mixed_ratio({"tool": "x"}) is None
    parts = [{"source": {"ground_truth_ratio": ratio}} for ratio in (0.0, 0.6)]
    assert mixed_ratio({"inputs": [{"source": {"inputs": [*parts, {"source": {}}]}}]}) == 0.6
    assert mixed_ratio({"inputs": [{"source": {"checkpoint": "a.pth"}}]}) is None


def test_second_hand():
    assert second_hand("It", {"checkpoint": "a.pth", "inputs": [{"source": {}}]}) is None
    data = {"ann_file": {"train.csv": "ef"}, "soft_label_file": {"soft.parquet": "ab"}}
    folds = [{"source": {TRAINING_DATA: [data]}} for _ in range(2)]
    source = {"inputs": [{"source": {"inputs": folds}}], TRAINING_DATA: [{"soft_label_file": {"pseudo.parquet": "cd"}}]}
    assert second_hand("It", {TRAINING_DATA: [{"ann_file": {"train.csv": "ef"}}]}) is None
    assert second_hand("It", source) == (
        "It learnt soft labels (pseudo.parquet, soft.parquet), and the models that made those were as a rule trained "
        "on labels of the images scored here: labels seen at second hand, by which scores may be somewhat too high"
    )


def test_ranks():
    assert holds_ranks({"mean": "rank"}) and not holds_ranks({"mean": "arithmetic", "inputs": [{"source": {}}]})
    assert holds_ranks({"mean": "arithmetic", "inputs": [{"source": {}}, {"source": {"mean": "rank"}}]})
