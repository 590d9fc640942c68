"""A trained model becomes a bundle that answers as it does, or nothing is written."""

import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from mmpretrain.models.heads import MultiLabelLinearClsHead

from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.evaluation.calibration.stored import read_calibration
from kdxf.evaluation.drift.stored import write_fingerprint
from kdxf.export import bundle as module
from kdxf.export import quantize
from kdxf.export.bundle import ExportOptions, export
from kdxf.inference.inputs import InputTexts
from kdxf_runtime.bundle import Bundle
from kdxf_runtime.drift.fingerprint import Fingerprint
from kdxf_runtime.io.digests import file_digest
from kdxf_runtime.runner import Picture, Runner
from kdxf_runtime.steps.images import Resize


@pytest.fixture
def no_reading(monkeypatch):
    """Pictures without a text at hand are taken for pictures without text: OCR takes a second to start."""
    monkeypatch.setattr(InputTexts, "read_missing", lambda *_, **__: 0)
    monkeypatch.setattr(module, "check_reading", lambda *_: None)


@pytest.fixture
def quick(shop, ready_graph, no_reading):
    """Exports the model of the shop with the ready graph."""

    def run(out, changes=None, checkpoint=shop.checkpoint, overwrite=False, **options):
        return export(load_config(shop.config, changes), checkpoint, out, ExportOptions(**options), overwrite=overwrite)

    return run


WITHOUT_VIEWS = {"tta_pipeline": None, "tta_model": None}


def test_what_the_bundle_says(bundled, shop):
    """The bundle whose graph was made, and whose unread text was read."""
    bundle = Bundle.open(bundled.path)
    manifest = bundle.manifest
    assert (manifest.name, manifest.classes, manifest.names) == ("bundle", ("奶粉", "手机", "lipstick"), None)
    assert [(item.name, item.dtype, item.shape) for item in manifest.inputs] == [
        ("img", "uint8", (None, 3, 32, 32)),
        ("text", "float32", (None, None, 5)),
        ("text_weight", "float32", (None, None)),
    ]
    assert [step["type"] for step in manifest.steps] == ["LoadImage", "Resize", "TokenizeOCR", "LookUpWordVectors"]
    assert [[step["prob"] for step in view if step["type"] == "FlipUnlessText"] for view in manifest.views] == [
        [0],
        [1],
    ]
    assert manifest.engine["type"] == "RapidOCREngine" and manifest.engine["min_side"] == 64
    assert manifest.multi_label is None and manifest.fingerprint is None
    assert manifest.calibration["temperature"] == 2.0 and manifest.routing["threshold"] == 0.525
    noted = manifest.calibration, manifest.routing["system"], manifest.routing["alone"]
    assert [one["images"] for one in noted] == [[], [], []]  # nobody else can tell them
    assert len(read_calibration(shop.checkpoint).images) == 10
    about = manifest.about
    assert about["config"] == "bundle" and about["checkpoint"] == file_digest(shop.checkpoint) and about["opset"] == 18
    assert about["compared"]["images"] == 5 and about["compared"]["largest"] < 1e-5
    report = bundled.report
    assert (report.path, report.agreement.other_labels, report.views.images) == (bundled.path, 0, 5)
    size = sum(path.stat().st_size for path in bundled.path.rglob("*") if path.is_file())
    assert report.megabytes == pytest.approx(size / 1e6) and report.left_out == () and report.seconds > 0
    lines = str(report).splitlines()
    assert re.fullmatch(rf"{bundled.path}: \d+ MB in \d+ s", lines[0]) and lines[2].startswith("with its views on 5 pi")
    assert "# bundle" in (bundled.path / "card.md").read_text(encoding="utf-8")
    assert (bundled.path.parent / "bundle").is_dir() and len(list(bundled.path.parent.iterdir())) == 1


def test_samples(bundled, lab):
    samples = bundled.path / "samples"
    expected = json.loads((samples / "expected.json").read_text(encoding="utf-8"))
    assert [one["file"] for one in expected] == [f"{index}.png" for index in range(5)]
    for one, name in zip(expected, lab.names, strict=True):
        assert (samples / one["file"]).read_bytes() == (lab.images / name).read_bytes()
    assert [one["texts"] for one in expected][:4] == [["milk"], ["phone"], ["red"], ["milk"]]
    assert all(sum(one["scores"]) == pytest.approx(1, abs=1e-5) for one in expected)


def test_one_file_with_names_and_halves(quick, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "names.txt").write_text("milk\nphone\nred\n")
    report = quick(
        tmp_path / "new" / "shop.kdxf",
        WITHOUT_VIEWS,
        name="shop",
        class_names=tmp_path / "names.txt",
        half_vectors=True,
    )
    assert report.views is None and [path.name for path in (tmp_path / "new").iterdir()] == ["shop.kdxf"]
    bundle = Bundle.open(tmp_path / "new" / "shop.kdxf")
    assert (bundle.manifest.name, bundle.manifest.names) == ("shop", ("milk", "phone", "red"))
    assert bundle.manifest.classes == ("奶粉", "手机", "lipstick") and bundle.manifest.views is None
    assert np.load(bundle.folder / "text" / "vectors" / "vectors.npy").dtype == np.float16


def test_a_bundle_that_answers_differently_is_not_written(quick, tmp_path, monkeypatch):
    kept = Resize.transform

    def inverted(self, results):
        results = kept(self, results)
        results["img"] = 255 - results["img"]
        return results

    monkeypatch.setattr(Resize, "transform", inverted)
    message = (
        r"^the bundle does not answer as the model, so it is not written: 5 pictures: \d labels differ, scores by "
        r".* at most; .*\.png: decoding or resizing differs \(img, by \d+ at most\)$"
    )
    with pytest.raises(UserError, match=message):
        quick(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_views_that_answer_differently_are_refused_too(quick, tmp_path, monkeypatch):
    monkeypatch.setattr("kdxf_runtime.steps.images.FlipUnlessText.transform", lambda self, results: results)
    monkeypatch.setattr("kdxf.export.check.MOST", 0.0)
    check = module.check
    monkeypatch.setattr(module, "check", lambda agreement: check(agreement, 1e-6))
    with pytest.raises(UserError, match=r"not written: 5 pictures: .*: decoding or resizing differs \(img, by"):
        quick(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_nothing_stays_after_a_failure(quick, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_write_samples", full)
    with pytest.raises(OSError, match="No space"):
        quick(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_exists_is_replaced_only_if_that_is_asked_for_and_it_is_a_bundle(quick, tmp_path):
    out = tmp_path / "out"
    quick(out, WITHOUT_VIEWS)
    digest = Bundle.open(out).digest
    with pytest.raises(UserError, match=f"^--out {out}: exists; choose another name, or add --overwrite$"):
        quick(out)
    quick(out, WITHOUT_VIEWS, overwrite=True, name="other")
    assert Bundle.open(out).digest != digest and [path.name for path in tmp_path.iterdir()] == ["out"]
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    (tmp_path / "x.kdxf").mkdir()
    (tmp_path / "y").touch()
    for name in ("photos", "x.kdxf", "y"):
        message = f"^--out {tmp_path / name}: is no bundle, so it is not replaced; choose another name$"
        with pytest.raises(UserError, match=message):
            quick(tmp_path / name, overwrite=True)
    assert (tmp_path / "photos" / "a.jpg").exists()


def test_views_of_another_size_are_left_out(lab, quick, tmp_path, monkeypatch):
    """The lab's own views have pictures of 32 and 48 pixels."""
    views = load_config(lab.moe).tta_pipeline
    report = quick(tmp_path / "out", {"tta_pipeline": views})
    line = "test-time augmentation: a view has pictures of the size (3, 48, 48), and the graph takes (3, 32, 32)"
    assert report.left_out == (line,) and report.views is None
    assert str(report).splitlines()[-1] == f"left out: {line}"
    assert f"- Left out: {line}" in (tmp_path / "out" / "card.md").read_text(encoding="utf-8")


def test_views_that_nothing_averages(quick, tmp_path):
    """The config has views but no ``tta_model``: ``--tta`` is refused there as well."""
    assert quick(tmp_path / "out", {"tta_model": None}).views is None
    assert Bundle.open(tmp_path / "out").manifest.views is None


def test_pictures_and_their_texts(quick, shop, lab, tmp_path, monkeypatch):
    seen = []
    kept = module.compare

    def compare(inferencer, pipeline, runner, images, texts):
        seen.extend((image.image_id, texts[index].texts) for index, image in enumerate(images))
        return kept(inferencer, pipeline, runner, images, texts)

    monkeypatch.setattr(module, "compare", compare)
    report = quick(tmp_path / "out", WITHOUT_VIEWS, pictures=[shop.pictures], ocr_table=lab.root / "ocr")
    assert report.agreement.images == 9
    assert dict(seen)[lab.names[1]] == ["phone"] and dict(seen)["milk.png"] == []
    # Two of the first eight cannot be read, and are no samples.
    assert len(json.loads((tmp_path / "out" / "samples" / "expected.json").read_text())) == 6


def test_many_pictures_are_spread():
    assert module._spread(list(range(5))) == [0, 1, 2, 3, 4]
    assert module._spread(list(range(400))) == list(range(0, 400, 2))
    assert module._spread(list(range(301)))[-1] == 299


def test_texts_that_nobody_has_read_are_read(shop, monkeypatch):
    """Of the test dataset, whose last picture has no row in the OCR table."""
    inferencer = module.KDXFInferencer(load_config(shop.config), shop.checkpoint, device="cpu")
    images, texts = module._pictures(inferencer, ExportOptions())
    assert texts.missing() == [images[4].path] and texts[1].texts == ["phone"]


def test_lists_that_cannot_be_opened(quick, tmp_path):
    gone = {"test_dataloader.dataset.ann_file": "gone.csv"}
    with pytest.raises(UserError, match=r"^give pictures to compare .* --pictures FOLDER \(the test dataset cannot be"):
        quick(tmp_path / "out", gone)


def test_what_the_bundle_reads_is_checked_on_the_samples(quick, tmp_path, monkeypatch, bundled):
    def broken(reader, engine, images):
        assert len(images) == 5
        assert all(path.parts[-3] == "ocr" and ".partial" in str(path) for path in engine.model_files().values())
        raise UserError("the text differs")

    monkeypatch.setattr(module, "check_reading", broken)
    with pytest.raises(UserError, match="^the text differs$"):
        quick(tmp_path / "out", WITHOUT_VIEWS)
    assert list(tmp_path.iterdir()) == []


def test_other_engines(quick, tmp_path, fake_engine):
    import fake_ocr_engine  # noqa: F401  (registers)

    with pytest.raises(UserError, match="^ocr_engine: a bundle reads text with RapidOCR, and the config with FakeEngi"):
        quick(tmp_path / "out", {"ocr_engine": {"_delete_": True, "type": "FakeEngine"}})
    assert list(tmp_path.iterdir()) == []


def test_models_of_one_name_do_not_replace_each_other(shop, tmp_path, bundled):
    """Detector and recognizer in files that are both called ``model.onnx``."""
    params = {}
    for part, path in (("Det", "ocr/det"), ("Rec", "ocr/rec")):
        (file,) = (bundled.path / path).iterdir()
        (tmp_path / part).mkdir()
        shutil.copyfile(file, tmp_path / part / "model.onnx")
        params[f"{part}.model_path"] = str(tmp_path / part / "model.onnx")
    inferencer = module.KDXFInferencer(load_config(shop.config), shop.checkpoint, device="cpu")
    inferencer.cfg.ocr_engine = {"type": "RapidOCREngine", "params": params}
    (tmp_path / "out").mkdir()
    engine = module._write_engine(inferencer, tmp_path / "out")
    assert engine["params"]["Det.model_path"] == "ocr/det/model.onnx"
    assert engine["params"]["Rec.model_path"] == "ocr/rec/model.onnx"
    for part in ("Det", "Rec"):
        copied = tmp_path / "out" / engine["params"][f"{part}.model_path"]
        assert copied.read_bytes() == (tmp_path / part / "model.onnx").read_bytes()


def test_the_fingerprint_goes_along(quick, shop, tmp_path):
    checkpoint = tmp_path / "moe.pth"
    shutil.copyfile(shop.checkpoint, checkpoint)
    write_fingerprint(Fingerprint(40, {"none": 40}, {"sharpness": np.arange(40.0)}), checkpoint)
    quick(tmp_path / "out", WITHOUT_VIEWS, checkpoint)
    manifest = Bundle.open(tmp_path / "out").manifest
    assert manifest.fingerprint["images"] == 40 and manifest.calibration is None and manifest.routing is None


def test_several_labels(lab, tmp_path, no_reading):
    """Of a model whose graph is made here: text alone, which takes little time."""
    from lab_fixtures import save_checkpoint

    config = tmp_path / "several.py"
    config.write_text(
        f"""
_base_ = "{lab.moe}"
test_dataloader = dict(dataset=dict(pipeline=[*_base_.words, *_base_.pack]))
tta_model = None
tta_pipeline = None
model = dict(
    image_backbone=None, image_neck=None,
    head=dict(_delete_=True, type="MultiLabelLinearClsHead", num_classes=3, in_channels=8, thr=0.4),
)
""",
        encoding="utf-8",
    )
    checkpoint = save_checkpoint(config, tmp_path / "several.pth")
    report = export(load_config(config), checkpoint, tmp_path / "out")
    assert report.agreement.other_labels == 0
    bundle = Bundle.open(tmp_path / "out")
    assert bundle.manifest.multi_label == {"threshold": 0.4} and [item.name for item in bundle.manifest.inputs] == [
        "text", "text_weight",
    ]  # fmt: skip
    (answer,) = Runner(bundle, read_text="never").answer([Picture("x", b"")])
    scores = answer.prediction.scores
    assert sorted(answer.prediction.labels) == np.flatnonzero(scores >= 0.4).tolist()
    with pytest.raises(UserError, match="^--quantize int8: is judged by the one best class, and this model gives sev"):
        export(load_config(config), checkpoint, tmp_path / "int8", ExportOptions(quantize=True))
    assert not (tmp_path / "int8").exists()


def test_the_best_labels():
    head = MultiLabelLinearClsHead(num_classes=3, in_channels=8, topk=2, thr=None)
    assert module._multi_label(SimpleNamespace(model=SimpleNamespace(head=head))) == {"topk": 2}


def test_eight_bits(quick, bundled, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="^--quantize int8 does not pay here: .*; leave it out$"):
        quick(tmp_path / "out", WITHOUT_VIEWS, quantize=True)
    assert list(tmp_path.iterdir()) == []
    for name, value in (("LEAST_SHRINK", 0.0), ("LEAST_SPEEDUP", 0.0), ("MOST_LOST", 100.0)):
        monkeypatch.setattr(quantize, name, value)
    quick(tmp_path / "out", WITHOUT_VIEWS, quantize=True)
    bundle = Bundle.open(tmp_path / "out")  # the digest is that of the new graph
    assert file_digest(tmp_path / "out" / "model.onnx") != file_digest(bundled.path / "model.onnx")
    found = bundle.manifest.about["quantized"]
    assert found["training_pictures"] == found["test_pictures"] == 5
    assert "| eight bits | the image encoder, by 5 training pictures: " in (tmp_path / "out" / "card.md").read_text()
    # What is expected of the samples is what the new graph answers.
    expected = json.loads((tmp_path / "out" / "samples" / "expected.json").read_text(encoding="utf-8"))
    before = json.loads((bundled.path / "samples" / "expected.json").read_text(encoding="utf-8"))
    assert [one["scores"] for one in expected] != [one["scores"] for one in before]
    file = tmp_path / "out" / "samples" / expected[4]["file"]
    (answer,) = Runner(bundle, read_text="never").answer([Picture.read(str(file), "x")])
    assert answer.prediction.scores.tolist() == pytest.approx(expected[4]["scores"], abs=2e-6)
    assert answer.prediction.category_id == expected[4]["category_id"]
