import hashlib
import logging

import numpy as np
import pytest
from mmengine.logging import MMLogger

from kdxf.errors import UserError
from kdxf.io.predictions import Predictions
from kdxf.io.provenance import TRAINING_DATA, Input, Provenance, check_unseen, soft_label_warning

read = Provenance.from_dict


def predictions(seen, source):
    seen = None if seen is None else np.array(seen, bool)
    return Predictions(
        ["x.jpg", "y.jpg", "z.jpg"], np.eye(3, dtype=np.float32), ("a", "b", "c"), seen=seen, source=read(source)
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
    assert read({"ground_truth_ratio": 0.0}).target_ratio() == 0 and read({"tool": "x"}).target_ratio() is None
    parts = [{"source": {"ground_truth_ratio": ratio}} for ratio in (0.0, 0.6)]
    assert read({"inputs": [{"source": {"inputs": [*parts, {"source": {}}]}}]}).target_ratio() == 0.6
    assert read({"inputs": [{"source": {"checkpoint": "a.pth"}}]}).target_ratio() is None


def test_labels_that_soft_labels_pass_on_are_warned_of():
    assert soft_label_warning("It", read({"checkpoint": "a.pth", "inputs": [{"source": {}}]})) is None
    data = {"ann_file": {"train.csv": "ef"}, "soft_label_file": {"soft.parquet": "ab"}}
    folds = [{"source": {TRAINING_DATA: [data]}} for _ in range(2)]
    source = {"inputs": [{"source": {"inputs": folds}}], TRAINING_DATA: [{"soft_label_file": {"pseudo.parquet": "cd"}}]}
    assert soft_label_warning("It", read({TRAINING_DATA: [{"ann_file": {"train.csv": "ef"}}]})) is None
    assert soft_label_warning("It", read(source)) == (
        "It learnt soft labels (pseudo.parquet, soft.parquet), and the models that made those were as a rule trained "
        "on labels of the images scored here: labels seen at second hand, by which scores may be somewhat too high"
    )


def test_ranks():
    assert read({"mean": "rank"}).holds_ranks()
    assert not read({"mean": "arithmetic", "inputs": [{"source": {}}]}).holds_ranks()
    assert read({"mean": "arithmetic", "inputs": [{"source": {}}, {"source": {"mean": "rank"}}]}).holds_ranks()


def test_files_and_addresses(tmp_path):
    (tmp_path / "a.pth").write_bytes(b"weights")
    expected = {"config": "c.py", "config_digest": "ab", "tta": True}
    digest = hashlib.sha256(b"weights").hexdigest()
    local = {**expected, "checkpoint": str(tmp_path / "a.pth"), "checkpoint_digest": digest}
    assert Provenance.of_model("c.py", "ab", tmp_path / "a.pth", tta=True).to_dict() == local
    address = Provenance.of_model("c.py", "ab", "https://x/a.pth", tta=True)
    assert address.to_dict() == {**expected, "checkpoint": "https://x/a.pth"}


def test_the_form_in_files_is_kept():
    """Also of what no attribute is for, of an input without its file, and of values that are null."""
    inner = {"checkpoint": "a.pth", TRAINING_DATA: [{"ann_file": {"train.csv": "ef"}}], "without": None, "fold": 2}
    part = {"file": "x.parquet", "digest": "cd", "unit": "image", "weight": 0.5, "source": inner}
    values = {"tool": "x", "mean": "rank", "weights": "given", "inputs": [part, {"source": {}}], "seed": None}
    source = read(values)
    assert source.to_dict() == values and source.details == {"weights": "given", "seed": None}
    assert source.inputs[0].source.details == {"without": None, "fold": 2} and source.inputs[1] == Input()
    assert [part.checkpoint for part in source.walk()] == [None, "a.pth", None]
    assert source.with_values(tta=False, seed=3).to_dict() == {**values, "tta": False, "seed": 3}
    assert read({"inputs": [{}]}).inputs == (Input(),) and Provenance().to_dict() == {}


def test_an_input_has_its_digest(tmp_path):
    (tmp_path / "p").write_bytes(b"x")
    source = Provenance(checkpoint="a.pth")
    digest = hashlib.sha256(b"x").hexdigest()
    assert Input.of_file(tmp_path / "p", source) == Input(str(tmp_path / "p"), digest, source=source)


def test_digests_of_all_checkpoints():
    parts = [{"source": {"checkpoint_digest": digest}} for digest in "ab"]
    assert read({"inputs": parts, "n": [1], "checkpoint_digest": "c"}).checkpoint_digests() == {"a", "b", "c"}
    assert Provenance(checkpoint="a.pth").checkpoint_digests() == set()
