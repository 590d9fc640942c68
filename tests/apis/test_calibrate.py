"""Calibration of a tiny trained model; its twelve validation images are its test images too."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mmengine.config import Config

from kdxf.analysis.report.gates import collect_gates
from kdxf.apis.calibrate import calibrate
from kdxf.apis.test import test as run_test
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.evaluation.calibration.report import figures
from kdxf.evaluation.calibration.stored import calibration_file, read_calibration, write_calibration
from kdxf.evaluation.calibration.temperature import cross_fitted, fit_temperature
from kdxf.evaluation.drift.stored import fingerprint_file, read_fingerprint
from kdxf.evaluation.routing.stored import fitting_routing, routing_file
from kdxf.inference.features import extract_features
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.io.predictions import read_predictions, write_predictions
from kdxf.text.ocr import OCRRecord, OCRTable
from kdxf_runtime.drift.joint_feature import distances_from_others
from kdxf_runtime.io.digests import file_digest
from kdxf_runtime.io.files import copy_whole
from kdxf_runtime.trust.temperature import apply_temperature


@pytest.fixture
def cfg(tiny_config) -> Config:
    return load_config(tiny_config)


@pytest.fixture
def checkpoint(tiny_trained, tmp_path):
    copy_whole(tiny_trained.checkpoint, tmp_path / "model.pth")
    return tmp_path / "model.pth"


@pytest.fixture
def tested(cfg, checkpoint, tmp_path):
    """The model's own predictions of the validation list."""
    run_test(cfg, checkpoint, out=tmp_path / "own.parquet")
    return tmp_path / "own.parquet"


def on_training_images(cfg):
    """The config, testing on images that it was not calibrated on."""
    other = load_config(cfg.filename)
    other.test_dataloader.dataset.data_prefix = "train"
    return other


def test_the_validation_list(cfg, checkpoint, tested):
    report = calibrate(cfg, checkpoint)
    own = read_predictions(tested)
    stored = read_calibration(checkpoint)
    assert stored.temperature == pytest.approx(fit_temperature(own.scores, own.labels), rel=1e-4)
    assert stored.classes == own.classes
    assert len(stored.right) == 12
    assert report.file == calibration_file(checkpoint)
    assert report.before == pytest.approx(figures(own.scores, own.labels))
    fitted = cross_fitted(own.scores, own.labels)
    assert report.after == pytest.approx(figures(fitted, own.labels), rel=1e-4)
    assert stored.about["cross_fitted"] == report.after
    assert stored.about["checkpoint"] == file_digest(checkpoint)
    assert report.warnings == ["12 images tell little; some hundred are better"]


def test_with_a_class_tree(cfg, checkpoint, tested, tmp_path):
    own = read_predictions(tested)
    tree = pd.DataFrame({"fine": own.classes, "coarse": ["first", *["rest"] * (len(own.classes) - 1)]})
    tree.to_csv(tmp_path / "tree.csv", index=False)
    report = calibrate(cfg, checkpoint, class_tree=tmp_path / "tree.csv")
    parents = read_calibration(checkpoint).parents
    assert parents.names == ("first", "rest") and parents.of.tolist() == [0, *[1] * (len(own.classes) - 1)]
    fitted = cross_fitted(own.scores, own.labels)
    first = fitted[:, 0].astype(float)
    sure = np.maximum(first, 1 - first) - report.calibration.is_unlike(own.scores)
    np.testing.assert_allclose(parents.sureness, sure, atol=1e-5)
    np.testing.assert_array_equal(parents.right, (first < 0.5) == (own.labels > 0))
    assert "With the class tree, by inference --precision P --back-off:" in str(report)
    with pytest.raises(UserError, match="none.csv: no such class tree"):
        calibrate(cfg, checkpoint, class_tree=tmp_path / "none.csv")


def test_a_fingerprint_of_the_validation_list(cfg, checkpoint, tested):
    report = calibrate(cfg, checkpoint)
    found, own = read_fingerprint(checkpoint), read_predictions(tested)
    assert found.images == 12
    assert len(found.values["sharpness"]) == 12
    assert "lines of text per image" not in found.values  # the model takes none
    best = np.sort(report.calibration.apply(own.scores).max(1))
    np.testing.assert_allclose(found.values["score of the best class"], best, atol=1e-4)
    assert found.engines == {}


def test_the_fingerprint_of_a_model_with_text(lab, tmp_path):
    cfg, checkpoint = load_config(lab.moe), tmp_path / "moe.pth"
    cfg.val_dataloader, cfg.val_evaluator, cfg.val_cfg = cfg.test_dataloader, cfg.test_evaluator, {}
    cfg.work_dir = str(tmp_path)
    copy_whole(lab.moe_checkpoint, checkpoint)
    calibrate(cfg, checkpoint)
    found = read_fingerprint(checkpoint)
    assert found.engines == {"brightness 1": 4}  # one of the five images has no row in the OCR table
    assert found.values["lines of text per image"].tolist() == [0, 1, 1, 1, 1]
    gates = np.array([found.values[f"gate of {name}"].mean() for name in ("expert 1", "expert 2", "no expert")])
    assert gates.sum() == pytest.approx(1, abs=1e-3)
    inferencer = KDXFInferencer(cfg, checkpoint, device="cpu")
    table = OCRTable.open(lab.root / "ocr")
    records = [table.record(row) if row >= 0 else OCRRecord.empty("") for row in table.rows_of(lab.names)]
    (own,) = collect_gates(inferencer, [str(lab.images / name) for name in lab.names], records)
    np.testing.assert_allclose(gates, own.values.mean(0), atol=1e-3)


def test_the_fingerprint_has_the_joint_feature_of_one_pass(cfg, checkpoint, tested):
    """Each image's feature is measured by the mean and variance of the eleven others."""
    calibrate(cfg, checkpoint)
    found = read_fingerprint(checkpoint)
    images = [str(Path(cfg.val_dataloader.dataset.data_root, "val", name)) for name in read_predictions(tested).images]
    features = extract_features(KDXFInferencer(cfg, checkpoint, device="cpu"), images)
    assert features.shape == (12, 64)
    np.testing.assert_allclose(found.features[""].mean, features.mean(0), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found.features[""].variance, features.var(0), rtol=1e-2, atol=1e-6)
    np.testing.assert_allclose(
        found.values["standard deviations of the joint feature from its mean"],
        np.sort(distances_from_others(features)),
        rtol=1e-2,
    )
    calibrate(cfg, checkpoint, [tested])  # the model is not run
    found = read_fingerprint(checkpoint)
    assert found.features == {}
    assert "score of the best class" in found.values


def test_images_that_nobody_finds_leave_no_fingerprint(cfg, checkpoint, tested, tmp_path):
    calibrate(cfg, checkpoint)
    assert fingerprint_file(checkpoint).is_file()
    found = read_predictions(tested)
    moved = replace(found, images=[f"elsewhere/{image}" for image in found.images])
    write_predictions(moved, tmp_path / "moved.parquet")
    calibrate(cfg, checkpoint, [tmp_path / "moved.parquet"])
    assert not fingerprint_file(checkpoint).exists()


def test_files_give_what_the_list_gives(cfg, checkpoint, tested):
    listed = calibrate(cfg, checkpoint).calibration
    found = calibrate(cfg, checkpoint, [tested]).calibration
    assert found.temperature == listed.temperature
    assert sorted(found.images.ravel()) == sorted(listed.images.ravel())
    assert found.about["data"] == {str(tested): file_digest(tested)}


def test_a_test_on_other_images_is_calibrated(cfg, checkpoint, tmp_path):
    other = on_training_images(cfg)
    run_test(other, checkpoint, out=tmp_path / "before.parquet")
    calibrate(cfg, checkpoint)
    metrics = run_test(other, checkpoint, out=tmp_path / "after.parquet")
    before, after = (read_predictions(tmp_path / f"{name}.parquet") for name in ("before", "after"))
    stored = read_calibration(checkpoint)
    np.testing.assert_allclose(after.scores, apply_temperature(before.scores, stored.temperature), atol=1e-6)
    assert after.source.details["calibration"] == file_digest(calibration_file(checkpoint))
    assert metrics["accuracy/top1"] == pytest.approx(100 * (before.scores.argmax(1) == before.labels).mean())


def test_a_test_on_its_own_images_is_not(cfg, checkpoint, tested, tmp_path, monkeypatch):
    calibrate(cfg, checkpoint)
    said = []
    monkeypatch.setattr("kdxf.evaluation.calibration.use.print_log", lambda message, **_: said.append(message))
    run_test(cfg, checkpoint, out=tmp_path / "again.parquet")
    assert "12 of 12 images were used to calibrate the checkpoint" in said[0]
    again = read_predictions(tmp_path / "again.parquet")
    assert "calibration" not in again.source.details
    np.testing.assert_array_equal(again.scores, read_predictions(tested).scores)


def test_per_class(cfg, checkpoint):
    report = calibrate(cfg, checkpoint, per_class=True, level=0.8, kind="aps")
    assert report.calibration.sets.too_few is not None
    assert len(report.calibration.sets.too_few) == 0  # four images of each class are just enough
    report = calibrate(cfg, checkpoint, per_class=True)
    assert (
        "3 of 3 classes have fewer than 9 images, so that their sets are those of all classes, without a promise of "
        "their own: blue, green 绿, red"
    ) in report.warnings


def test_images_that_nobody_knows(cfg, checkpoint, tested, tmp_path):
    found = read_predictions(tested)
    found.images[0] = "elsewhere.jpg"
    write_predictions(found, tmp_path / "moved.parquet")
    report = calibrate(cfg, checkpoint, [tmp_path / "moved.parquet"])
    assert report.warnings[0] == "1 images are in none of the config's lists: no test will notice that it is on them"
    assert len(np.unique(report.calibration.images[:, 0])) == 11


def changed(tested, path, **source):
    found = read_predictions(tested)
    keys = ("labels", "seen", "predicted", "scores")
    values = {name: source.pop(name) for name in keys if name in source}
    write_predictions(replace(found, **values, source=found.source.with_values(**source)), path)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"checkpoint_digest": "0"}, "as it was then, not those of .*model.pth; predict with this checkpoint"),
        ({"without": "image"}, "was predicted without image; predict without --without"),
        ({"calibration": "0"}, "its scores are calibrated already; move the calibration beside"),
        ({"ground_truth_ratio": 0.5}, "holds targets"),
        ({"mean": "rank"}, "holds ranks"),
        ({"labels": None}, "has no labels to calibrate by; give a labelled list"),
        ({"seen": np.ones(12, bool)}, "was trained on .* give predictions of images that it was not trained on"),
        ({"scores": np.full((12, 3), 0.1, np.float32)}, "the scores of an image do not sum to 1"),
        ({"predicted": np.ones((12, 3), bool), "labels": np.ones((12, 3), bool)}, "an image may have several labels"),
    ],
)
def test_files_that_are_refused(cfg, checkpoint, tested, tmp_path, change, message):
    with pytest.raises(UserError, match=f"changed.parquet: .*{message}"):
        calibrate(cfg, checkpoint, [changed(tested, tmp_path / "changed.parquet", **change)])
    assert not calibration_file(checkpoint).exists()


def test_mistakes(cfg, checkpoint, tested, tmp_path):
    with pytest.raises(UserError, match=r"checkpoint .*none.pth does not exist here"):
        calibrate(cfg, tmp_path / "none.pth")
    with pytest.raises(UserError, match="--level 90: give a share between 0 and 1"):
        calibrate(cfg, checkpoint, level=90)
    with pytest.raises(UserError, match="--sets raps: give lac or aps"):
        calibrate(cfg, checkpoint, kind="raps")
    with pytest.raises(UserError, match="stands there twice"):
        calibrate(cfg, checkpoint, [tested, tested])
    views = changed(tested, tmp_path / "views.parquet", tta=True)
    with pytest.raises(UserError, match="some files are with test-time augmentation and some without"):
        calibrate(cfg, checkpoint, [tested, views])
    cfg.val_dataloader = None
    with pytest.raises(UserError, match="has no val_dataloader to calibrate on; give --predictions"):
        calibrate(cfg, checkpoint)


def test_a_temperature_at_the_end_of_its_range(cfg, checkpoint, tested, tmp_path):
    found = read_predictions(tested)
    sure = np.full((12, 3), 1e-30, np.float32)  # and always wrong
    sure[np.arange(12), (found.labels + 1) % 3] = 1
    report = calibrate(cfg, checkpoint, [changed(tested, tmp_path / "sure.parquet", scores=sure)])
    assert (
        "the temperature is at the end of its range: all images are right, or the scores say nothing" in report.warnings
    )


def test_a_calibration_of_another_checkpoint_is_no_calibration(cfg, checkpoint, tiny_trained):
    stored = calibrate(cfg, checkpoint).calibration
    write_calibration(stored, checkpoint)
    checkpoint.write_bytes(checkpoint.read_bytes() + b" ")
    with pytest.raises(UserError, match="belongs to another checkpoint than"):
        run_test(cfg, checkpoint)


@pytest.fixture
def fused(lab, tmp_path):
    """A model of image and text that is validated on the test list, whose five images are answered in turn."""
    cfg, checkpoint = load_config(lab.moe), tmp_path / "moe.pth"
    cfg.val_dataloader, cfg.val_evaluator, cfg.val_cfg = cfg.test_dataloader, cfg.test_evaluator, {}
    cfg.work_dir = str(tmp_path)
    copy_whole(lab.moe_checkpoint, checkpoint)
    return cfg, checkpoint


@pytest.fixture
def both(fused, tmp_path):
    """Files of its predictions, with and without text."""
    cfg, checkpoint = fused
    for name, without in (("both", None), ("image", "text")):
        run_test(cfg, checkpoint, out=tmp_path / f"{name}.parquet", without=without)
    return tmp_path / "both.parquet", tmp_path / "image.parquet"


def test_the_routing_of_a_model_with_text(fused, both):
    cfg, checkpoint = fused
    report = calibrate(cfg, checkpoint, budget=0.4)
    full, image = map(read_predictions, both)
    right = [found.scores.argmax(1) == found.labels for found in (full, image)]
    rule = fitting_routing(checkpoint, tta=False).rule
    assert rule.full == report.calibration.temperature
    assert rule.image == pytest.approx(fit_temperature(image.scores, image.labels), rel=1e-4)
    confidence = apply_temperature(image.scores, rule.image).max(1)
    losses = {t: right[0].mean() - np.where(confidence >= t, *right[::-1]).mean() for t in confidence}
    too_much = max((t for t, loss in losses.items() if loss > 0.4 + 1e-9), default=0)
    assert rule.threshold == pytest.approx(min(t for t in losses if t > too_much), abs=1e-5)
    assert report.routing.in_sample.spared == (confidence >= rule.threshold - 1e-5).mean()
    assert str(report.routing) in str(report)


def test_files_give_the_routing_that_the_list_gives(fused, both, tmp_path):
    cfg, checkpoint = fused
    listed = calibrate(cfg, checkpoint, budget=0.4).routing
    image = read_predictions(both[1])
    write_predictions(image.take(np.arange(5)[::-1]), tmp_path / "turned.parquet")
    found = calibrate(cfg, checkpoint, [both[0], tmp_path / "turned.parquet"], budget=0.4).routing
    assert found.routing.rule.threshold == pytest.approx(listed.routing.rule.threshold, abs=1e-5)
    assert found.in_sample == listed.in_sample
    assert calibrate(cfg, checkpoint, [both[0]]).routing is None
    assert not routing_file(checkpoint).exists()  # it was that of another calibration


def test_files_without_text_that_do_not_fit(fused, both, tmp_path):
    cfg, checkpoint = fused
    with pytest.raises(UserError, match="--predictions: all are without text; give predictions by image and text as"):
        calibrate(cfg, checkpoint, [both[1]])
    write_predictions(read_predictions(both[1]).take(np.arange(4)), tmp_path / "four.parquet")
    with pytest.raises(UserError, match="those without text lacks 1 images .*; predict the same list with both"):
        calibrate(cfg, checkpoint, [both[0], tmp_path / "four.parquet"])
    with pytest.raises(UserError, match="--budget 100: give points of accuracy from 0 to below 100, such as 0.5"):
        calibrate(cfg, checkpoint, budget=1.0)


def test_a_model_of_images_has_no_routing(cfg, checkpoint):
    assert calibrate(cfg, checkpoint).routing is None
    assert not routing_file(checkpoint).exists()
