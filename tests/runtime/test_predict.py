"""The table of predictions is that of ``tools/inference.py``."""

import csv
import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from kdxf_runtime import predict as module
from kdxf_runtime.bundle import Bundle
from kdxf_runtime.drift.fingerprint import Fingerprint
from kdxf_runtime.drift.joint_feature import Moments
from kdxf_runtime.drift.statistics import distance_name
from kdxf_runtime.errors import UserError
from kdxf_runtime.inputs import collect_images
from kdxf_runtime.predict import Report, Settings, answer_all, predict_csv
from kdxf_runtime.predictions import Columns
from kdxf_runtime.runner import Runner


def predict(runner, images, workers=1):
    return [prediction for prediction, _ in answer_all(runner, images, workers)]


def rows_of(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def both(shop, bundled, tmp_path):
    """Predicts the pictures by both, and returns both tables and the report of the bundle."""
    from kdxf.engine.config import load_config
    from kdxf.inference.run import infer

    def run(workers=1, read_text="always", **options):
        kdxf, ours = tmp_path / "kdxf.csv", tmp_path / "ours.csv"
        infer(
            load_config(shop.config), shop.checkpoint, kdxf, [shop.pictures], ocr=read_text, device="cpu",
            progress=False, **options,
        )  # fmt: skip
        report = predict_csv(
            bundled.path,
            [shop.pictures],
            ours,
            Settings(options.pop("tta", False), read_text),
            workers=workers,
            **options,
        )
        return kdxf, ours, report

    return run


@pytest.mark.parametrize("workers", [1, 2])
def test_the_plain_table_is_the_same_to_the_byte(both, workers):
    kdxf, ours, report = both(workers)
    assert ours.read_bytes() == kdxf.read_bytes()
    assert (report.images, len(report.errors), report.spared, report.trust) == (9, 2, None, None)
    errors = {row["image_id"]: row["error"] for row in rows_of(ours) if row["error"]}
    assert dict(report.errors) == errors and set(errors) == {"cut off.png", "no picture.jpg"}


SCORES = {"score", "top2_score", "奶粉", "手机", "lipstick"}


@pytest.mark.parametrize(
    "options",
    [
        {"columns": Columns(topk=2, with_name=True, with_score=True, with_set=True), "review": 0.2, "excel": True},
        {"columns": Columns(with_set=True, with_name=True), "precision": 0.9, "read_text": "auto"},
        {"columns": Columns(per_class=True), "tta": True},
        {"columns": Columns(back_off=True), "precision": 0.9},
    ],
)
def test_all_columns_are_the_same(both, options):
    """But for scores in the sixth digit, since their sums are in another order."""
    kdxf, ours, report = both(**options)
    expected, found = rows_of(kdxf), rows_of(ours)
    assert list(found[0]) == list(expected[0]) and len(found) == len(expected) == 9
    for one, other in zip(expected, found, strict=True):
        for name in one:
            if name in SCORES:
                assert float(other[name]) == pytest.approx(float(one[name]), abs=2e-6)
            else:
                assert other[name] == one[name]
    if "columns" in options and options["columns"].back_off:
        assert {bool(row["parent"]) == (row["decision"] == "parent") for row in found} == {True}
        assert "a coarser one" in report.trust and any(row["parent"] for row in found)
    if "read_text" in options:
        read = [row["text"] for row in found]
        assert {"read", "not read"} == set(read) and report.spared == read.count("not read")
        assert f"text not read of {report.spared} images" in str(report)
    if "review" in options:
        assert {row["decision"] for row in found} == {"accept", "review"}
        assert report.trust.startswith("expected: 20.0% of the images go to a person, and 62.5% of the rest are right")


def test_order_is_kept_whoever_is_first(monkeypatch, bundled, shop):
    class Backwards:
        """Processes that answer in the other order."""

        def __init__(self, make, blame, count):
            assert count == 2

        def map(self, keys):
            yield from reversed([module.Answered(index, image.image_id, None) for index, image in keys])

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(module, "Workers", Backwards)
    images = collect_images([shop.pictures])
    found = list(predict(Runner(Bundle.open(bundled.path)), images, workers=8))
    assert found == [image.image_id for image in images]


def test_a_picture_on_which_a_process_dies(shop, with_manifest, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "fixtures"))
    from fake_predictor import make_dying

    monkeypatch.setattr(module, "Answering", make_dying)
    runner = Runner(Bundle.open(with_manifest(names=["milk", "phone", "red"])), read_text="never")
    images = collect_images([shop.pictures])
    found = list(predict(runner, images, workers=2))
    assert [prediction.image_id for prediction in found] == [image.image_id for image in images]
    (dead,) = [one for one in found if one.error and "died" in one.error]
    assert (dead.image_id, dead.error) == ("no picture.jpg", "the worker died on this image (exit code -9)")
    assert (dead.category_id, dead.category_name, dead.scores.tolist()) == (0, "milk", pytest.approx([1 / 3] * 3))
    alone = {one.image_id: one for one in predict(runner, images)}
    for one in found:
        if one is not dead:
            assert (one.category_id, one.error) == (alone[one.image_id].category_id, alone[one.image_id].error)


def test_few_pictures_start_no_processes(monkeypatch, bundled, shop):
    monkeypatch.setattr(module, "Workers", None)
    images = collect_images([shop.pictures])[:7]
    assert len(list(predict(Runner(Bundle.open(bundled.path), read_text="never"), images, workers=2))) == 7


def test_what_cannot_be_used(bundled, shop, tmp_path, with_manifest):
    run = partial(predict_csv, bundled.path, [shop.pictures], tmp_path / "out.csv")
    with pytest.raises(UserError, match="^--workers 0: give at least 1$"):
        run(workers=0)
    with pytest.raises(UserError, match="^--review 5: give a share from 0 to 1$"):
        run(review=5)
    with pytest.raises(UserError, match="^--topk 4: the model has 3 classes; give 1 to 3$"):
        run(columns=Columns(topk=4))
    with pytest.raises(UserError, match="no such file or folder"):
        predict_csv(bundled.path, [tmp_path / "gone"], tmp_path / "out.csv")
    with pytest.raises(UserError, match=r"^--save_csv .*: is a folder; name a file in it$"):
        predict_csv(bundled.path, [shop.pictures], tmp_path)
    folder = with_manifest(calibration=None)
    with pytest.raises(UserError, match=f"^--with-set: {folder} has no calibration for this; make one with kdxf calib"):
        predict_csv(folder, [shop.pictures], tmp_path / "out.csv", columns=Columns(with_set=True))
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_report():
    errors = [(f"{index}.jpg", "cannot be read") for index in range(12)]
    report = Report(Path("out.csv"), 24, 0.5, 3.0, 6, errors, "expected: this")
    lines = str(report).splitlines()
    assert lines[:2] == ["out.csv: 24 images, 12 with an error", "3.0 s after a start of 0.5 s: 8.0 images/s"]
    assert lines[3:5] == ["text not read of 6 images (25.0%)", "expected: this"]
    assert lines[5] == "error: 0.jpg: cannot be read" and len(lines) == 16
    assert lines[-1] == "... and 2 more: the rows whose column 'error' is not empty"


def test_the_bundle_s_own_samples(bundled, tmp_path):
    """What lies in ``samples`` is answered as ``expected.json`` says, with the text that is read now."""
    samples = bundled.path / "samples"
    expected = json.loads((samples / "expected.json").read_text(encoding="utf-8"))
    assert len(expected) == 5
    images = collect_images([samples / one["file"] for one in expected])
    found = list(predict(Runner(Bundle.open(bundled.path), read_text="never"), images))
    for one, prediction in zip(expected, found, strict=True):
        if not one["texts"]:
            assert prediction.category_id == one["category_id"]
            assert prediction.scores.tolist() == pytest.approx(one["scores"], abs=2e-6)
    assert sum(not one["texts"] for one in expected) >= 1


def test_drift_is_that_of_kdxf(shop, bundled, lab, with_manifest, tmp_path, monkeypatch):
    """Against a fingerprint of larger pictures with text, other scores and another joint feature: all of it counts."""
    from kdxf.engine.config import load_config
    from kdxf.evaluation.drift.stored import fingerprint_file, write_fingerprint
    from kdxf.inference.run import infer

    monkeypatch.setattr("kdxf_runtime.ocr.rapidocr_engine.RapidOCREngine.find_lines", lambda self, image: [])
    checkpoint = tmp_path / "model.pth"
    for ending in ("", ".calibration.json"):
        shutil.copyfile(f"{shop.checkpoint}{ending}", f"{checkpoint}{ending}")
    values = {
        "longer side in pixels": np.arange(2000.0, 2040),
        "lines of text per image": np.full(40, 3.0),
        "score of the best class": np.full(40, 0.05),
        distance_name(""): np.full(40, 0.5),
    }
    moments = {"": Moments(np.zeros(40), np.ones(40))}
    write_fingerprint(Fingerprint(40, {"reader 1": 40}, values, moments), checkpoint)
    copies = [str(lab.images / name) for name in lab.names] * 8
    options = {"device": "cpu", "progress": False}
    expected = infer(load_config(shop.config), checkpoint, tmp_path / "kdxf.csv", copies, **options).drift
    for name in ("OCR engine rapidocr", "longer side", "lines of text", "score of the best", "joint feature"):
        assert name in expected
    folder = with_manifest(fingerprint=json.loads(fingerprint_file(checkpoint).read_text()))
    report = predict_csv(folder, copies, tmp_path / "out.csv", workers=1)
    assert report.drift == expected and expected in str(report).splitlines()
    alone = predict_csv(folder, copies, tmp_path / "out.csv", Settings(read_text="never"), workers=1).drift
    assert "longer side" in alone and "OCR" not in alone and "score" not in alone and "text" not in alone
