import csv
import os
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from kdxf.apis.test import test as run_test
from kdxf.datasets.image_keys import image_keys
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.evaluation.calibration.stored import calibration_file, write_calibration
from kdxf.evaluation.drift.stored import write_fingerprint
from kdxf.evaluation.routing.stored import routing_file, write_routing
from kdxf.inference.run import InferenceReport, infer
from kdxf.io.predictions import read_predictions, read_source
from kdxf.text.registry import OCR_ENGINES
from kdxf_runtime.drift.fingerprint import Fingerprint
from kdxf_runtime.io.digests import file_digest
from kdxf_runtime.predictions import Columns, Prediction
from kdxf_runtime.trust.calibration import Calibration
from kdxf_runtime.trust.conformal import ConformalSets
from kdxf_runtime.trust.routing import Routing
from kdxf_runtime.trust.rule import Rule

OPTIONS = {"engine": {"type": "BrightnessOCR"}, "device": "cpu", "progress": False}


@pytest.fixture
def engine():
    kind = OCR_ENGINES.get("BrightnessOCR")
    kind.started = kind.asked = 0
    return kind


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def moe(lab, out, inputs=(), **options):
    return infer(load_config(lab.moe), lab.moe_checkpoint, out, inputs, **{**OPTIONS, **options})


@pytest.mark.parametrize("tta", [False, True])
def test_scores_equal_those_of_testing(lab, tmp_path, tta, engine):
    cfg = load_config(lab.moe)
    cfg.work_dir = str(tmp_path / "work")
    run_test(cfg, lab.moe_checkpoint, out=tmp_path / "tested.parquet", tta=tta)
    tested = pd.read_parquet(tmp_path / "tested.parquet")
    moe(lab, tmp_path / "out.csv", tta=tta, batch_size=2, columns=Columns(with_score=True, per_class=True))
    predicted = pd.read_csv(tmp_path / "out.csv")
    assert predicted["image_id"].tolist() == lab.names
    scores = predicted.iloc[:, 1:-1].to_numpy()
    # The last image has no row in the OCR table: testing takes it for one without text, inference reads it.
    np.testing.assert_allclose(scores[:4], np.stack(tested["scores"])[:4], atol=1e-6)
    assert engine.asked == 1


def test_csv_of_the_test_set(lab, tmp_path):
    report = moe(lab, tmp_path / "new" / "out.csv", columns=Columns(topk=2, with_name=True, with_score=True), workers=1)
    rows = rows_of(tmp_path / "new" / "out.csv")
    header = "image_id,category_id,category_name,score,top2_id,top2_name,top2_score,error"
    assert list(rows[0]) == header.split(",")
    assert [row["image_id"] for row in rows] == lab.names
    for row in rows:
        assert row["error"] == ""
        assert row["category_name"] == ("奶粉", "手机", "lipstick")[int(row["category_id"])]
        assert float(row["score"]) >= float(row["top2_score"])
    assert (report.images, report.ocr_images, report.errors) == (5, 1, [])
    assert report.ocr_seconds > 0 and report.predict_seconds > 0 and report.start_seconds > 0


def test_ocr_table_in_place_of_the_dataset_s(lab, tmp_path, engine):
    cfg = load_config(lab.moe, {"test_dataloader.dataset.ocr_file": None})
    infer(cfg, lab.moe_checkpoint, tmp_path / "out.csv", ocr_table=lab.root / "ocr", **OPTIONS)
    assert engine.asked == 1
    infer(cfg, lab.moe_checkpoint, tmp_path / "out.csv", **OPTIONS)
    assert engine.asked == 6


def test_a_table_with_another_root_is_told(lab, tmp_path, monkeypatch, engine):
    said = []
    monkeypatch.setattr("kdxf.inference.run.print_log", lambda message, **_: said.append(message))
    moe(lab, tmp_path / "out.csv", [lab.images], ocr_table=lab.root / "ocr")
    assert said == []
    moe(lab, tmp_path / "out.csv", [lab.images], ocr_table=lab.root / "ocr", ocr_root=lab.root)
    assert said == [
        f"{lab.root / 'ocr'} has none of the images (looked for 'images/shop 0/图 0.png', it starts with "
        "'shop 0/图 0.png'), so all are read now; say with --ocr-root which folder its paths start from"
    ]
    assert engine.asked == 6


def png_header(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IEND", b"")
    )


UNREADABLE = ("1 空.jpg", "2 truncated.jpg", "3 no image.jpg", "9 enormous.png", "forbidden 图.jpg")


def make_bad_images(folder):
    """Ten kinds of image that programs stumble over, by name: whether the image is lost."""
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8)
    image = Image.fromarray(pixels)
    image.save(folder / "whole.jpg")
    whole = (folder / "whole.jpg").read_bytes()
    (folder / "whole.jpg").unlink()
    (folder / "1 空.jpg").touch()
    (folder / "2 truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "3 no image.jpg").write_text("<html>404</html>")
    image.convert("CMYK").save(folder / "4 cmyk.jpg")
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(folder / "5 sixteen.png")
    image.convert("P").save(folder / "6 palette.png", transparency=3)
    image.save(folder / "7 animated.gif", save_all=True, append_images=[image.rotate(90)])
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(folder / "8 rotated.jpg", exif=exif)
    (folder / "9 enormous.png").write_bytes(png_header(2**20, 2**20))
    (folder / "forbidden 图.jpg").write_bytes(whole)
    return {path.name: path.name in UNREADABLE for path in folder.iterdir()}


@pytest.mark.parametrize("workers", [0, 2])
def test_no_image_stops_it(lab, tmp_path, monkeypatch, workers):
    folder = tmp_path / "bad images 坏"
    expected = make_bad_images(folder)
    read = type(folder).read_bytes

    def read_bytes(path):
        if path.name.startswith("forbidden"):  # root may read whatever the mode says
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(type(folder), "read_bytes", read_bytes)
    missing = str(folder / "gone.jpg")
    report = moe(lab, tmp_path / "out.csv", [folder, missing], workers=workers, batch_size=3)
    rows = rows_of(tmp_path / "out.csv")
    assert [row["image_id"] for row in rows] == [*sorted(expected), missing]
    for row in rows:
        assert bool(row["error"]) is expected.get(row["image_id"], True), row
        assert row["category_id"] in ("0", "1", "2")
    assert "Permission denied" in rows[-2]["error"] and "No such file" in rows[-1]["error"]
    assert [name for name, _ in report.errors] == [row["image_id"] for row in rows if row["error"]]
    assert len(report.errors) == 6


def test_an_unreadable_image_is_predicted_by_its_text(lab, tmp_path):
    folder = tmp_path / "images"
    for name in lab.names[:3]:
        (folder / name).parent.mkdir(parents=True)
        (folder / name).touch()
    options = {"ocr_table": lab.root / "ocr", "columns": Columns(per_class=True)}
    moe(lab, tmp_path / "out.csv", [folder], **options)
    rows = rows_of(tmp_path / "out.csv")
    assert len({tuple(row.values())[1:] for row in rows}) == 3  # three texts
    assert all(row["error"] for row in rows)


def test_a_folder_named_like_an_image(lab, tmp_path):
    (lab.images / "folder.jpg").mkdir(exist_ok=True)
    (tmp_path / "list.csv").write_text("image\nfolder.jpg\n")
    cfg = load_config(
        lab.image,
        {
            "test_dataloader.dataset.ann_file": str(tmp_path / "list.csv"),
            "test_dataloader.dataset.classes": "classes.txt",
        },
    )
    infer(cfg, lab.image_checkpoint, tmp_path / "out.csv", **OPTIONS)
    (row,) = rows_of(tmp_path / "out.csv")
    assert row["image_id"] == "folder.jpg" and "Is a directory" in row["error"]


def test_unlabelled_lists_in_their_order(lab, tmp_path):
    (tmp_path / "list.txt").write_text("\n".join(reversed(lab.names)))
    cfg = load_config(
        lab.moe,
        {
            "test_dataloader.dataset.ann_file": str(tmp_path / "list.txt"),
            "test_dataloader.dataset.classes": "classes.txt",
        },
    )
    infer(cfg, lab.moe_checkpoint, tmp_path / "out.csv", **OPTIONS)
    assert [row["image_id"] for row in rows_of(tmp_path / "out.csv")] == lab.names[::-1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 0}, "--batch-size 0: give at least 1"),
        ({"workers": -1}, "--workers -1: give at least 0"),
        ({"inputs": ["no such folder"]}, "no such folder: no such file or folder"),
        ({"columns": Columns(topk=4)}, "--topk 4: the model has 3 classes; give 1 to 3"),
        ({"ocr_table": "no such table"}, "no such table: no OCR table"),
        ({"save_csv": "/proc/no/out.csv"}, "--save_csv /proc/no/out.csv: cannot be written there"),
        ({"checkpoint": "gone.pth"}, "checkpoint gone.pth does not exist"),
    ],
)
def test_mistakes_are_found_before_the_work(lab, tmp_path, change, message, engine):
    arguments = {"save_csv": tmp_path / "out.csv", "checkpoint": lab.moe_checkpoint, "inputs": [lab.images], **change}
    with pytest.raises(UserError) as error:
        infer(load_config(lab.moe), **arguments, **OPTIONS)
    assert str(error.value).startswith(message)
    assert engine.started == 0
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_stays_when_inference_fails(lab, tmp_path, monkeypatch):
    out = tmp_path / "out.csv"
    out.write_text("old")
    monkeypatch.setattr("kdxf.inference.inferencer.KDXFInferencer.scores", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        moe(lab, out)
    assert out.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


STOCK = """
default_scope = "mmpretrain"
model = dict(
    type="ImageClassifier",
    backbone=dict(type="ResNet", depth=18, stem_channels=4, base_channels=4),
    neck=dict(type="GlobalAveragePooling"),
    head=dict(type="LinearClsHead", num_classes=10, in_channels=32, loss=dict(type="CrossEntropyLoss")),
)
data_preprocessor = dict(num_classes=10, mean=[120, 110, 100], std=[60, 60, 60], to_rgb=True)
test_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(
        type="CustomDataset",
        data_root="{root}",
        data_prefix="by class",
        with_label=False,
        pipeline=[dict(type="LoadImageFromFile"), dict(type="Resize", scale=(32, 32)), dict(type="PackInputs")],
    ),
)
"""


def test_unmodified_mmpretrain_config(tmp_path):
    from mmengine.registry import DefaultScope

    from kdxf.registry import MODELS

    (tmp_path / "by class" / "sub").mkdir(parents=True)
    Image.new("RGB", (50, 40), (200, 10, 10)).save(tmp_path / "by class" / "sub" / "a b.png")
    (tmp_path / "by class" / "空.jpg").touch()
    (tmp_path / "stock.py").write_text(STOCK.replace("{root}", str(tmp_path)))
    cfg = load_config(tmp_path / "stock.py")
    with DefaultScope.overwrite_default_scope("mmpretrain"):
        model = MODELS.build({**cfg.model, "data_preprocessor": cfg.data_preprocessor}).eval()
    torch.save({"state_dict": model.state_dict()}, tmp_path / "stock.pth")
    report = infer(
        cfg, tmp_path / "stock.pth", tmp_path / "out.csv", columns=Columns(topk=10, with_score=True), **OPTIONS
    )
    rows = {row["image_id"]: row for row in rows_of(tmp_path / "out.csv")}
    assert set(rows) == {"sub/a b.png", "空.jpg"}
    assert rows["空.jpg"]["error"].startswith("cannot be read: ") and rows["sub/a b.png"]["error"] == ""
    assert [name for name, _ in report.errors] == ["空.jpg"]
    with torch.inference_mode():
        image = torch.tensor([10, 10, 200], dtype=torch.uint8)[:, None, None].expand(3, 32, 32)
        scores = model.test_step({"inputs": image[None], "data_samples": None})[0].pred_score
    assert int(rows["sub/a b.png"]["category_id"]) == scores.argmax()
    assert float(rows["sub/a b.png"]["score"]) == pytest.approx(float(scores.max()), abs=2e-6)


@pytest.mark.parametrize("tta", [False, True])
def test_probabilities_equal_those_of_testing(lab, tmp_path, tta):
    cfg = load_config(lab.moe)
    cfg.work_dir = str(tmp_path / "work")
    run_test(cfg, lab.moe_checkpoint, out=tmp_path / "tested.parquet", tta=tta)
    (tmp_path / "names.txt").write_text("x\ny\nz\n")
    report = moe(lab, None, save_probs=tmp_path / "p.parquet", tta=tta, class_names=tmp_path / "names.txt")
    tested, found = read_predictions(tmp_path / "tested.parquet"), read_predictions(tmp_path / "p.parquet")
    assert report.csv == tmp_path / "p.parquet" and not list(tmp_path.glob("*.csv"))
    assert found.images == tested.images and found.classes == tested.classes == ("奶粉", "手机", "lipstick")
    np.testing.assert_allclose(found.scores[:4], tested.scores[:4], atol=1e-6)
    assert found.labels.tolist() == tested.labels.tolist() == [0, 1, 2, 0, 1] and found.seen is None
    assert tested.source.details == {"without": None, "shuffle": None} and tested.source.checkpoint_digest
    details = {"milliseconds": found.source.details["milliseconds"]}
    assert found.source == replace(tested.source, tool="tools/inference.py", details=details)


def test_a_checkpoint_says_what_it_was_trained_on(lab, tmp_path):
    content = torch.load(lab.image_checkpoint)
    keys = image_keys([f"{lab.images}/{name}" for name in lab.names[1:3]])
    content["meta"]["trained_on"] = torch.from_numpy(np.unique(keys))
    content["meta"]["training_data"] = data = [{"soft_label_file": {"soft.parquet": "ab"}}]
    torch.save(content, tmp_path / "model.pth")
    options = {"device": "cpu", "progress": False, "save_probs": tmp_path / "p.parquet"}
    for inputs in ([], [lab.images]):
        infer(load_config(lab.image), tmp_path / "model.pth", tmp_path / "out.csv", inputs, **options)
        assert read_predictions(tmp_path / "p.parquet").seen.tolist() == [False, True, True, False, False]
        assert read_source(tmp_path / "p.parquet").training_data == tuple(data)
        assert len(rows_of(tmp_path / "out.csv")) == 5


def test_names_that_are_not_utf8(lab, tmp_path):
    """As a zip of another system leaves them; the checkpoint knows its images."""
    content = torch.load(lab.image_checkpoint)
    name = os.fsdecode(b"\xb9\xe3.jpg")
    folder = tmp_path / "images"
    folder.mkdir()
    for file in (name, "图.jpg"):
        Image.new("RGB", (8, 8)).save(folder / "x.png")
        (folder / "x.png").rename(folder / file)
    content["meta"]["trained_on"] = torch.from_numpy(np.unique(image_keys([f"{folder}/{name}"])))
    torch.save(content, tmp_path / "model.pth")
    out, probabilities = tmp_path / "out.csv", tmp_path / "p.parquet"
    infer(
        load_config(lab.image), tmp_path / "model.pth", out, [folder], save_probs=probabilities, device="cpu",
        progress=False,
    )  # fmt: skip
    found = read_predictions(probabilities)
    assert found.images == [row["image_id"] for row in rows_of(out)] == ["图.jpg", "\\udcb9\\udce3.jpg"]
    assert found.labels is None and found.seen.tolist() == [False, True]


def test_nothing_to_write(lab):
    with pytest.raises(UserError, match=r"^nothing to write; give --save_csv, --save-probs, or both$"):
        infer(load_config(lab.image), lab.image_checkpoint, None)


def report(**values):
    values = {"ocr_seconds": 2.0, "ocr_images": 10, "predict_seconds": 2.0, **values}
    return InferenceReport(Path("out.csv"), 20, torch.device("cpu"), start_seconds=3.0, **values)


def test_text():
    text = str(report(errors=[("a.jpg", "the file is empty")])).splitlines()
    assert text[0] == "out.csv: 20 images, 1 with an error"
    assert text[1] == "4.0 s after a start of 3.0 s: 5.0 images/s"
    assert text[2] == "per image: 200.0 ms, of which OCR 100.0 ms (10 images read now), loading and model 100.0 ms"
    assert text[3].startswith("peak memory: ")
    assert text[4:] == ["error: a.jpg: the file is empty"]


def test_names_that_are_not_utf8_of_inference_report():
    text = str(report(errors=[(os.fsdecode(b"\xb9.jpg"), "the file is empty")]))
    assert text.endswith("\nerror: \\udcb9.jpg: the file is empty")


def test_many_errors_are_cut():
    text = str(report(errors=[(f"{i}.jpg", "x") for i in range(13)])).splitlines()
    assert text[-1] == "... and 3 more: the rows whose column 'error' is not empty"
    assert len(text) == 4 + 10 + 1


def test_errors_are_counted():
    outcome = report()
    for error in (None, "the file is empty"):
        outcome.count(Prediction("a.jpg", 0, None, 1.0, np.ones(1, np.float32), error))
    assert outcome.errors == [("a.jpg", "the file is empty")]


def test_timing_adds_up(monkeypatch):
    ticks = iter([1.0, 1.5, 7.0, 9.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(ticks))
    outcome = report(ocr_seconds=0.0, predict_seconds=0.0)
    with outcome.timing("ocr"):
        pass
    with outcome.timing("predict"):
        pass
    assert (outcome.ocr_seconds, outcome.predict_seconds) == (0.5, 2.0)
    assert outcome.milliseconds == pytest.approx(125)


def test_budget(monkeypatch):
    monkeypatch.setattr(InferenceReport, "memory", 3 * 2**30)
    assert report().over_budget(None, None) == report().over_budget(200, 3) == []
    assert report().over_budget(150, 2) == [
        "over budget: 200.0 ms per image, 150 ms allowed",
        "over budget: 3.00 GiB of memory, 2 GiB allowed",
    ]


def test_memory_is_that_of_this_process():
    before = report().memory
    block = np.ones(2**24)  # 128 MiB
    assert report().memory >= max(before, block.nbytes)


@pytest.fixture
def calibrated(lab, tmp_path):
    """The image model with a calibration that halves the logarithms of odds, fitted on the first of the images."""
    checkpoint = tmp_path / "image.pth"
    checkpoint.write_bytes(lab.image_checkpoint.read_bytes())
    stored = Calibration(
        classes=("奶粉", "手机", "lipstick"),
        temperature=2.0,
        sets=ConformalSets(0.9, "lac", np.array([0.7, 0.7, 0.7])),
        spread_limit=0.9,
        tta=False,
        sureness=np.linspace(0.05, 0.95, 10),
        right=np.arange(10) >= 5,
        images=image_keys([str(lab.images / lab.names[0])]),
    )
    write_calibration(stored, checkpoint)
    return load_config(lab.image), checkpoint


def test_calibrated_scores_sets_and_decisions(lab, calibrated, tmp_path, monkeypatch):
    cfg, checkpoint = calibrated
    said = []
    monkeypatch.setattr("kdxf.inference.run.print_log", lambda message, **_: said.append(message))
    files = {"save_probs": tmp_path / "own.parquet"}
    infer(cfg, lab.image_checkpoint, None, **files, **OPTIONS)
    columns = Columns(with_score=True, with_set=True)
    files = {"save_probs": tmp_path / "calibrated.parquet"}
    report = infer(cfg, checkpoint, tmp_path / "out.csv", columns=columns, precision=1.0, **files, **OPTIONS)
    own, found = (read_predictions(tmp_path / f"{name}.parquet") for name in ("own", "calibrated"))
    expected = np.sqrt(own.scores) / np.sqrt(own.scores).sum(1, keepdims=True)
    np.testing.assert_allclose(found.scores, expected, rtol=1e-4)
    assert found.source.details["calibration"] == file_digest(calibration_file(checkpoint))
    assert "calibration" not in own.source.details
    rows = rows_of(tmp_path / "out.csv")
    assert list(rows[0]) == ["image_id", "category_id", "score", "set", "decision", "reason", "error"]
    spreads = -(own.scores * np.log(own.scores)).sum(1)
    for row, scores, spread in zip(rows, expected, spreads, strict=True):
        assert float(row["score"]) == pytest.approx(scores.max(), abs=1e-5)
        assert set(filter(None, row["set"].split("|"))) == {str(index) for index in np.flatnonzero(1 - scores <= 0.7)}
        accepted = scores.max() - (spread > 0.9) >= 0.55
        assert row["decision"] == ("accept" if accepted else "review")
        assert (row["reason"] == "") == accepted
    assert "1 of 5 images were used to calibrate the checkpoint: judge it by others" in said
    assert (
        "expected: 50.0% of the images go to a person, and 100.0% of the rest are right (56.6% to 100.0%, by 5 "
        "calibration images)"
    ) in str(report)


def test_a_review_budget(calibrated, tmp_path):
    cfg, checkpoint = calibrated
    report = infer(cfg, checkpoint, tmp_path / "out.csv", review=0.2, **OPTIONS)
    assert "expected: 20.0% of the images go to a person, and 62.5% of the rest are right" in str(report)
    assert {row["decision"] for row in rows_of(tmp_path / "out.csv")} <= {"accept", "review"}


def test_trust_that_nothing_supports(lab, calibrated, tmp_path):
    cfg, checkpoint = calibrated
    for options, name in (
        ({"precision": 0.9}, "--precision"),
        ({"review": 0.1}, "--review"),
        ({"columns": Columns(with_set=True)}, "--with-set"),
    ):
        with pytest.raises(UserError, match=f"{name}: .*image.pth has no calibration for this; make one with kdxf"):
            infer(cfg, lab.image_checkpoint, tmp_path / "out.csv", **options, **OPTIONS)
    with pytest.raises(UserError, match="--precision 98: give a share from 0 to 1"):
        infer(cfg, checkpoint, tmp_path / "out.csv", precision=98, **OPTIONS)
    with pytest.raises(UserError, match="each decides which predictions are accepted; give one of them"):
        infer(cfg, checkpoint, tmp_path / "out.csv", precision=0.9, review=0.1, **OPTIONS)


def fingerprint_of(images, checkpoint, engine, **values):
    before = {name.replace("_", " "): np.array(numbers, float) for name, numbers in values.items()}
    write_fingerprint(Fingerprint(images, {engine: images}, before), checkpoint)


@pytest.fixture
def fused(lab, tmp_path):
    checkpoint = tmp_path / "moe.pth"
    checkpoint.write_bytes(lab.moe_checkpoint.read_bytes())
    return load_config(lab.moe), checkpoint


def test_another_engine_is_named(fused, lab, tmp_path):
    cfg, checkpoint = fused
    fingerprint_of(40, checkpoint, "brightness 1")
    assert infer(cfg, checkpoint, tmp_path / "out.csv", [lab.images], **OPTIONS).drift is None
    fingerprint_of(40, checkpoint, "brightness 0.9 strict")
    report = infer(cfg, checkpoint, tmp_path / "out.csv", [lab.images], **OPTIONS)
    assert report.drift == (
        "this data differs from that of the model's validation: OCR engine with 1 instead of 0.9 strict; predictions "
        "may be worse"
    )
    assert report.drift in str(report).splitlines()


def test_other_pictures_are_named(calibrated, lab, tmp_path):
    """Forty copies of five small pictures, against a fingerprint of large ones; few are not compared."""
    cfg, checkpoint = calibrated
    copies = [str(lab.images / name) for name in lab.names] * 8
    fingerprint_of(40, checkpoint, "none", longer_side_in_pixels=np.arange(2000, 2040), sharpness=np.arange(40) - 50)
    report = infer(cfg, checkpoint, tmp_path / "out.csv", copies, **OPTIONS)
    assert "longer side in pixels 80.0 instead of 2020" in report.drift
    assert "sharpness" in report.drift
    assert infer(cfg, checkpoint, tmp_path / "out.csv", copies[:29], **OPTIONS).drift is None


@pytest.mark.parametrize("with_calibration", [True, False])
def test_scores_are_compared_where_they_are_calibrated(calibrated, lab, tmp_path, with_calibration):
    cfg, checkpoint = calibrated
    copies = [str(lab.images / name) for name in lab.names] * 8
    fingerprint_of(40, checkpoint, "none", score_of_the_best_class=np.full(40, 0.05))
    if not with_calibration:
        calibration_file(checkpoint).unlink()
    drift = infer(cfg, checkpoint, tmp_path / "out.csv", copies, **OPTIONS).drift
    assert (drift is not None and "score of the best class" in drift) == with_calibration


@pytest.fixture
def routed(fused):
    """The model of image and text, whose picture alone always answers."""
    cfg, checkpoint = fused
    kinds = {0.5: np.arange(10) >= 2, 0.8: np.arange(10) >= 5}
    always, system = (
        Calibration(
            ("奶粉", "手机", "lipstick"), 2.0, ConformalSets(limit, "lac", np.full(3, limit)), 9.0, False,
            np.linspace(0.05, 0.95, 10), right, np.empty(0, int),
        )
        for limit, right in kinds.items()
    )  # fmt: skip
    write_calibration(always, checkpoint)
    write_routing(Routing(Rule(0.0, 2.0, 2.0), 0.005, system), checkpoint)
    return cfg, checkpoint


def test_text_that_is_not_needed_is_not_read(lab, routed, tmp_path, engine):
    cfg, checkpoint = routed
    files = {"save_probs": tmp_path / "out.parquet"}
    report = infer(cfg, checkpoint, tmp_path / "out.csv", [lab.images], ocr="auto", review=0.2, **files, **OPTIONS)
    assert engine.asked == 0 and report.ocr_images == 0
    lines = str(report).splitlines()
    told = "text not read: 5 of 5 images without a text at hand (100.0% of OCR saved), whose pictures alone were sure "
    assert f"{told}enough" in lines
    assert "expected: 20.0% of the images go to a person, and 62.5% of the rest are right" in str(report)
    rows = rows_of(tmp_path / "out.csv")
    assert list(rows[0]) == ["image_id", "category_id", "decision", "reason", "text", "error"]
    assert {row["text"] for row in rows} == {"not read"}
    source = read_source(tmp_path / "out.parquet")
    assert source.details["routing"] == file_digest(routing_file(checkpoint))
    assert "milliseconds" not in source.details  # reading some texts is no time of reading


def test_given_texts_and_routed_images_are_two_systems(lab, routed, tmp_path, engine):
    cfg, checkpoint = routed
    columns = Columns(with_score=True, with_set=True)
    report = infer(
        cfg, checkpoint, tmp_path / "out.csv", [lab.images], ocr_table=lab.root / "ocr", ocr="auto", review=0.2,
        columns=columns, **OPTIONS,
    )  # fmt: skip
    rows = rows_of(tmp_path / "out.csv")
    assert [row["text"] for row in rows] == ["given"] * 4 + ["not read"]
    assert report.spared == 1 and engine.asked == 0
    assert report.trust.startswith("where the text was given, expected: 20.0% of the images go to a person, and 100.0%")
    assert "; elsewhere, expected: 20.0% of the images go to a person, and 62.5% of the rest are right" in report.trust
    every = Columns(per_class=True)
    infer(cfg, checkpoint, tmp_path / "all.csv", [lab.images], ocr_table=lab.root / "ocr", columns=every, **OPTIONS)
    for row, found in zip(rows[:4], rows_of(tmp_path / "all.csv"), strict=False):
        scores = [float(found[name]) for name in ("奶粉", "手机", "lipstick")]
        assert float(row["score"]) == pytest.approx(max(scores), abs=1e-5)
        assert set(filter(None, row["set"].split("|"))) == {
            str(i) for i, score in enumerate(scores) if 1 - score <= 0.5
        }


def test_all_texts_given_are_as_always(lab, routed, tmp_path):
    cfg, checkpoint = routed
    found = [
        infer(cfg, checkpoint, tmp_path / f"{ocr}.csv", [lab.images / lab.names[0]], ocr_table=lab.root / "ocr",
              ocr_root=lab.images, ocr=ocr, review=0.2, **OPTIONS)
        for ocr in ("always", "auto")
    ]  # fmt: skip
    assert found[0].trust == found[1].trust
    assert (found[0].spared, found[1].spared) == (None, 0)
    rows = [rows_of(tmp_path / f"{ocr}.csv") for ocr in ("always", "auto")]
    assert rows[1] == [{**rows[0][0], "text": "given"}]


def test_routed_images_are_not_compared_by_text_and_scores(lab, routed, tmp_path):
    cfg, checkpoint = routed
    copies = [str(lab.images / name) for name in lab.names] * 8
    values = {"score_of_the_best_class": np.full(40, 0.05), "words_per_image": np.full(40, 90)}
    fingerprint_of(40, checkpoint, "brightness 1", **values)
    assert "score of the best class" in infer(cfg, checkpoint, tmp_path / "a.csv", copies, **OPTIONS).drift
    assert infer(cfg, checkpoint, tmp_path / "b.csv", copies, ocr="auto", **OPTIONS).drift is None


def test_predictions_note_what_they_cost(lab, tmp_path, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr("kdxf.inference.run.time.perf_counter", lambda: float(next(clock)))
    infer(load_config(lab.moe), lab.moe_checkpoint, None, save_probs=tmp_path / "moe.parquet", **OPTIONS)
    # Each part takes one tick: 1000 ms for the text of the one image that the table lacks, and for all five images.
    expected = {"predict": 400.0, "ocr": 1000.0, "takes_text": True}
    assert read_source(tmp_path / "moe.parquet").details["milliseconds"] == expected
    infer(load_config(lab.image), lab.image_checkpoint, None, save_probs=tmp_path / "image.parquet", **OPTIONS)
    expected = {"predict": 200.0, "ocr": None, "takes_text": False}
    assert read_source(tmp_path / "image.parquet").details["milliseconds"] == expected
