import json
import logging
import pickle
from contextlib import nullcontext
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner.amp import autocast as host_autocast

from kdxf.apis.calibrate import calibrate
from kdxf.apis.test import test as run_test
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.evaluation.calibration.stored import calibration_file, write_calibration
from kdxf.evaluation.drift.stored import read_fingerprint, write_fingerprint
from kdxf.evaluation.routing.stored import write_routing
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.io.predictions import read_predictions
from kdxf.text.registry import OCR_ENGINES
from kdxf_runtime.drift.fingerprint import Fingerprint
from kdxf_runtime.drift.statistics import distance_name
from kdxf_runtime.inputs import collect_images
from kdxf_runtime.io.digests import file_digest
from kdxf_runtime.trust.calibration import Calibration
from kdxf_runtime.trust.conformal import ConformalSets
from kdxf_runtime.trust.routing import Routing
from kdxf_runtime.trust.rule import Rule
from kdxf_runtime.trust.temperature import apply_temperature

ENGINE = {"type": "BrightnessOCR"}
CLASSES = ("奶粉", "手机", "lipstick")


@pytest.fixture
def moe(lab):
    return KDXFInferencer(lab.moe, lab.moe_checkpoint, engine=ENGINE, device="cpu")


@pytest.fixture
def engine():
    kind = OCR_ENGINES.get("BrightnessOCR")
    kind.started = kind.asked = 0
    return kind


def test_folder_and_files(moe, lab):
    first = lab.images / lab.names[1]
    predictions = moe([first, lab.images], batch_size=2)
    assert [p.image_id for p in predictions] == [str(first), *lab.names]
    for p in predictions:
        assert p.error is None
        assert p.scores.shape == (3,) and p.scores.dtype == np.float32
        assert p.scores.sum() == pytest.approx(1, abs=1e-5)
        assert p.score == p.scores.max() and p.category_id == p.scores.argmax()
        assert p.category_name == ("奶粉", "手机", "lipstick")[p.category_id]
    np.testing.assert_array_equal(predictions[0].scores, predictions[2].scores)
    assert len({p.scores.tobytes() for p in predictions}) == 5


def test_batches_and_workers_change_nothing(moe, lab):
    one = moe([lab.images], batch_size=1)
    two = moe([lab.images], batch_size=2, workers=2)
    for a, b in zip(one, two, strict=True):
        assert a.image_id == b.image_id
        np.testing.assert_allclose(a.scores, b.scores, atol=1e-6)


def test_a_call_says_what_differs(lab, tmp_path, monkeypatch):
    """Forty copies of five pictures, against a fingerprint of large ones."""
    said = []
    monkeypatch.setattr("kdxf.inference.inferencer.print_log", lambda line, **options: said.append((line, options)))
    checkpoint = tmp_path / "moe.pth"
    checkpoint.write_bytes(lab.moe_checkpoint.read_bytes())
    large = {"longer side in pixels": np.arange(2000.0, 2040)}
    write_fingerprint(Fingerprint(40, {"brightness 1": 40}, large), checkpoint)
    inferencer = KDXFInferencer(lab.moe, checkpoint, engine=ENGINE, device="cpu")
    assert inferencer.drift is None
    copies = [lab.images / name for name in lab.names] * 8
    assert len(inferencer(copies)) == 40
    assert inferencer.drift == (
        "this data differs from that of the model's validation: longer side in pixels 80.0 instead of 2020; "
        "predictions may be worse"
    )
    assert said == [(inferencer.drift, {"logger": "current", "level": logging.WARNING})]
    inferencer(copies[:29])  # too few
    assert inferencer.drift is None and len(said) == 1


def test_the_joint_feature_is_compared_where_scores_are_calibrated(lab, tmp_path, monkeypatch):
    checkpoint, cfg = tmp_path / "moe.pth", load_config(lab.moe)
    checkpoint.write_bytes(lab.moe_checkpoint.read_bytes())
    cfg.val_dataloader, cfg.val_evaluator, cfg.val_cfg = cfg.test_dataloader, cfg.test_evaluator, {}
    cfg.work_dir = str(tmp_path)
    calibrate(cfg, checkpoint)
    found = read_fingerprint(checkpoint)
    # As if there had been 40 images, whose features were at their mean: those of the same images are not.
    many = {distance_name(""): np.zeros(40), "gate of expert 1": np.repeat(found.values["gate of expert 1"], 8)}
    write_fingerprint(Fingerprint(40, found.engines, many, found.features), checkpoint)
    copies = [lab.images / name for name in lab.names] * 8
    inferencer = KDXFInferencer(cfg, checkpoint, engine=ENGINE, device="cpu")
    inferencer(copies, ocr_table=lab.root / "ocr", ocr_root=lab.images)
    assert "standard deviations of the joint feature from its mean" in inferencer.drift
    assert "gate of" not in inferencer.drift
    calibration_file(checkpoint).unlink()
    inferencer = KDXFInferencer(cfg, checkpoint, engine=ENGINE, device="cpu")
    inferencer(copies, ocr_table=lab.root / "ocr", ocr_root=lab.images)
    assert inferencer.drift is None


def test_engine_starts_once_and_only_when_needed(moe, lab, engine):
    moe([lab.images], ocr_table=lab.root / "ocr")
    assert (engine.started, engine.asked) == (1, 1)  # the image that the table lacks
    moe([lab.images, lab.images])
    assert (engine.started, engine.asked) == (1, 6)


def test_the_config_names_the_engine(lab, engine):
    cfg = Config.fromfile(lab.moe)
    cfg.ocr_engine = ENGINE
    KDXFInferencer(cfg, lab.moe_checkpoint, device="cpu")([lab.images])
    assert (engine.started, engine.asked) == (1, 5)


def test_image_only_model_never_reads_text(lab, engine):
    inferencer = KDXFInferencer(lab.image, lab.image_checkpoint, engine=ENGINE, device="cpu")
    assert not inferencer.needs_text
    assert len(inferencer([lab.images], ocr_table="no such table")) == 5
    assert engine.started == 0


def test_text_changes_the_prediction(moe, lab):
    from_table = moe([lab.images], ocr_table=lab.root / "ocr")
    read_now = moe([lab.images])
    assert not all(np.allclose(a.scores, b.scores) for a, b in zip(from_table, read_now, strict=True))
    np.testing.assert_array_equal(from_table[-1].scores, read_now[-1].scores)


def test_ocr_root(moe, lab, engine):
    path = lab.images / lab.names[0]
    moe([path], ocr_table=lab.root / "ocr", ocr_root=lab.images)
    assert engine.asked == 0
    moe([path], ocr_table=lab.root / "ocr")
    assert engine.asked == 1


def test_tta_is_the_mean_of_the_views(lab):
    path = lab.images / lab.names[0]
    tta = KDXFInferencer(lab.moe, lab.moe_checkpoint, engine=ENGINE, device="cpu", tta=True)
    views = []
    for scale in (32, 48):  # with text, the flipped view equals the other
        cfg = load_config(lab.moe)
        cfg.test_dataloader.dataset.pipeline[1].scale = (scale, scale)
        views.append(KDXFInferencer(cfg, lab.moe_checkpoint, engine=ENGINE, device="cpu")([path])[0].scores)
    np.testing.assert_allclose(tta([path])[0].scores, np.mean(views, axis=0), atol=1e-6)


def test_tta_needs_its_config(lab):
    with pytest.raises(UserError, match=r"^--tta: config .*image\.py has no tta_model; add it, or leave --tta out$"):
        KDXFInferencer(lab.image, lab.image_checkpoint, tta=True)


@pytest.mark.parametrize(("kind", "dtype"), [("cuda", torch.float16), ("cpu", torch.bfloat16)])
def test_amp_is_that_of_a_test(moe, monkeypatch, kind, dtype):
    """The type follows from the device, in the inferencer as in mmengine's loop that ``tools/test.py`` runs."""
    seen = []

    def autocast(device_type, dtype=None, enabled=True, cache_enabled=None):
        seen.append((device_type, dtype or torch.get_autocast_dtype(device_type), enabled))
        return nullcontext()

    monkeypatch.setattr(torch, "autocast", autocast)
    monkeypatch.setattr("mmengine.runner.amp.get_device", lambda: kind)
    with host_autocast(enabled=True):
        pass
    moe.amp, moe.device = True, torch.device(kind)
    moe.model = Mock(test_step=lambda batch: [Mock(pred_score=torch.tensor([0.25, 0.75]))])
    assert moe.scores({}).tolist() == [[0.25, 0.75]]
    assert seen == [(kind, dtype, True)] * 2


def test_amp_is_close(lab, moe):
    exact = moe([lab.images])
    rough = KDXFInferencer(lab.moe, lab.moe_checkpoint, engine=ENGINE, device="cpu", amp=True)([lab.images])
    for a, b in zip(exact, rough, strict=True):
        assert b.scores.dtype == np.float32
        np.testing.assert_allclose(a.scores, b.scores, atol=0.05)
    assert any((a.scores != b.scores).any() for a, b in zip(exact, rough, strict=True))


def test_nothing_in_nothing_out(moe):
    assert moe([]) == []


def test_prediction_leaves_no_mode_behind(lab):
    inferencer = KDXFInferencer(lab.image, lab.image_checkpoint, device="cpu")
    predictions = inferencer.predict(collect_images([lab.images]), None, batch_size=1)
    next(predictions)  # and stops in the middle
    assert not torch.is_inference_mode_enabled() and torch.is_grad_enabled()


def test_names_come_from_the_checkpoint_then_from_the_config(lab, tmp_path):
    content = torch.load(lab.image_checkpoint)
    content["meta"]["dataset_meta"]["classes"] = ["7", "30", "5"]
    torch.save(content, tmp_path / "ids.pth")
    inferencer = KDXFInferencer(lab.image, tmp_path / "ids.pth")
    assert inferencer.categories.ids == (7, 30, 5)
    torch.save({"state_dict": content["state_dict"]}, tmp_path / "bare.pth")
    assert KDXFInferencer(lab.image, tmp_path / "bare.pth").categories.names == ("奶粉", "手机", "lipstick")
    elsewhere = Config.fromfile(lab.image)
    elsewhere.test_dataloader.dataset.data_root = "nowhere"
    assert KDXFInferencer(elsewhere, tmp_path / "bare.pth").categories.names is None
    elsewhere.test_dataloader.dataset.classes = ["a", "b"]
    with pytest.raises(UserError, match="the model has 3 classes, but there are 2 class names; set num_classes"):
        KDXFInferencer(elsewhere, tmp_path / "bare.pth")


def test_class_names(lab, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("x\ny\nz\n")
    assert KDXFInferencer(lab.image, lab.image_checkpoint, class_names=names).categories.names == ("x", "y", "z")


def test_unknown_component_is_one_line(lab):
    cfg = load_config(lab.image)
    cfg.model.head.type = "NoSuchHead"
    with pytest.raises(UserError, match="names 'NoSuchHead', which is not in the kdxf::model registry"):
        KDXFInferencer(cfg, lab.image_checkpoint)


def test_malicious_checkpoint_is_refused(lab, tmp_path):
    witness = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return open, (str(witness), "w")

    torch.save({"state_dict": {}, "meta": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(UserError, match=r"evil\.pth is refused: its pickle wants .*; .*pass --trust-checkpoint$"):
        KDXFInferencer(lab.image, tmp_path / "evil.pth")
    assert not witness.exists()
    content = torch.load(lab.image_checkpoint)
    torch.save({**content, "evil": Evil()}, tmp_path / "trusted.pth", pickle_module=pickle)
    KDXFInferencer(lab.image, tmp_path / "trusted.pth", trust_checkpoint=True)
    assert witness.exists()


@pytest.fixture
def routed(lab, tmp_path):
    """A function that makes a checkpoint whose pictures alone answer from the median of their scores on."""

    def make(tta=False, threshold=None):
        checkpoint = tmp_path / "routed.pth"
        checkpoint.write_bytes(lab.moe_checkpoint.read_bytes())
        cfg = load_config(lab.moe)
        cfg.work_dir = str(tmp_path)
        run_test(cfg, checkpoint, tta=tta, without="text", out=tmp_path / "image.parquet")
        image = read_predictions(tmp_path / "image.parquet").scores
        if threshold is None:
            threshold = float(np.median(apply_temperature(image, 2.0).max(axis=1))) - 1e-5
        sets = [ConformalSets(0.9, "lac", np.full(3, limit)) for limit in (0.6, 0.7)]
        always, system = (
            Calibration(CLASSES, 0.5, part, 0.9, tta, np.linspace(0.1, 1, 10), np.ones(10, bool), np.empty(0, int))
            for part in sets
        )
        write_calibration(always, checkpoint)
        write_routing(Routing(Rule(threshold, 0.5, 2.0), 0.005, system), checkpoint)
        return checkpoint, image, threshold

    return make


def auto(lab, checkpoint, **options):
    return KDXFInferencer(lab.moe, checkpoint, engine=ENGINE, device="cpu", ocr="auto", **options)


@pytest.mark.parametrize("tta", [False, True])
def test_only_texts_that_are_needed_are_read(lab, routed, engine, tta):
    """The scores without text are those of a test without text, the others those of reading every text."""
    checkpoint, image, threshold = routed(tta)
    own = KDXFInferencer(lab.moe, lab.moe_checkpoint, engine=ENGINE, device="cpu", tta=tta)([lab.images], batch_size=1)
    engine.asked = 0
    found = auto(lab, checkpoint, tta=tta)([lab.images], batch_size=2)
    assert engine.asked == 2
    by_image = apply_temperature(image, 2.0)
    for row, prediction in enumerate(found):
        assert prediction.image_id == lab.names[row]
        sure = by_image[row].max() >= threshold
        assert prediction.text == ("not read" if sure else "read")
        expected = by_image[row] if sure else apply_temperature(own[row].scores[None], 0.5)[0]
        np.testing.assert_allclose(prediction.scores, expected, atol=1e-5)
        assert set(prediction.likely) == set(np.flatnonzero(1 - prediction.scores <= 0.7))
    assert [prediction.text for prediction in found].count("read") == 2


def test_a_text_that_is_given_is_used(lab, routed, engine):
    checkpoint, _, _ = routed(threshold=0.0)
    always = KDXFInferencer(lab.moe, checkpoint, engine=ENGINE, device="cpu")
    expected = always([lab.images], ocr_table=lab.root / "ocr")
    engine.asked = 0
    found = auto(lab, checkpoint)([lab.images], ocr_table=lab.root / "ocr")
    assert engine.asked == 0
    assert [prediction.text for prediction in found] == ["given"] * 4 + ["not read"]
    for one, other in zip(found[:4], expected, strict=False):
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-6)
        assert one.likely == other.likely  # by the sets of reading every text


def test_a_picture_that_cannot_be_read_is_not_answered_by_itself(lab, routed, engine, tmp_path):
    checkpoint, _, _ = routed(threshold=0.0)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no image")
    (found,) = auto(lab, checkpoint)([broken])
    assert found.text == "read"
    assert found.error.startswith("not a whole picture of a known format")


def test_a_routing_that_spares_nothing_reads_every_text(lab, routed, engine, monkeypatch):
    said = []
    monkeypatch.setattr("kdxf.inference.inferencer.print_log", lambda message, **_: said.append(message))
    checkpoint, _, _ = routed(threshold=float("inf"))
    engine.asked = 0
    found = auto(lab, checkpoint)([lab.images])
    assert engine.asked == 5
    assert {prediction.text for prediction in found} == {"read"}
    assert said == [
        "--read-text auto: every text is read, as no text could be spared on the calibration images at a loss of at "
        "most 0.5 points of accuracy"
    ]


def test_auto_that_nothing_supports(lab, routed):
    checkpoint, _, _ = routed()
    with pytest.raises(UserError, match="moe.pth has no routing, .*; make one with kdxf calibrate"):
        auto(lab, lab.moe_checkpoint)
    with pytest.raises(UserError, match="was made without test-time augmentation, and this is with it; run kdxf cal"):
        auto(lab, checkpoint, tta=True)
    with pytest.raises(UserError, match="--read-text never: give always or auto"):
        KDXFInferencer(lab.moe, checkpoint, ocr="never")
    image = checkpoint.with_name("image.pth")
    image.write_bytes(lab.image_checkpoint.read_bytes())
    for kind in ("calibration", "routing"):
        note = json.loads(checkpoint.with_name(f"routed.pth.{kind}.json").read_text())
        note["checkpoint"] = file_digest(image)
        image.with_name(f"image.pth.{kind}.json").write_text(json.dumps(note))
    note["calibration"] = file_digest(image.with_name("image.pth.calibration.json"))
    image.with_name("image.pth.routing.json").write_text(json.dumps(note))
    with pytest.raises(UserError, match="--read-text auto: the pipeline of the config takes no text; leave the option"):
        KDXFInferencer(lab.image, image, ocr="auto", device="cpu")
