"""A bundle answers as its model, or it is said where it does not."""

import math
import re

import numpy as np
import pytest

from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.export import check as module
from kdxf.export.check import Agreement, check, check_reading, compare
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.inference.inputs import InputTexts, TextReader
from kdxf.inference.pipeline import pipeline_config
from kdxf_runtime.bundle import Bundle
from kdxf_runtime.inputs import collect_images
from kdxf_runtime.ocr.base import BaseOCREngine
from kdxf_runtime.ocr.record import OCRLine, OCRRecord
from kdxf_runtime.runner import Runner
from kdxf_runtime.steps.images import Resize
from kdxf_runtime.steps.text import LookUpWordVectors


@pytest.fixture
def run(shop, bundled):
    """Compares both, with the text ``milk red`` for every picture, and returns how they agree."""

    def run(tta=False, change=None):
        inferencer = KDXFInferencer(load_config(shop.config), shop.checkpoint, device="cpu", tta=tta)
        images = collect_images([shop.pictures])
        record = OCRRecord("", ["milk red"], np.ones(1, np.float32), np.zeros((1, 4, 2), np.float32), 8, 6, "", None)
        runner = Runner(Bundle.open(bundled.path), tta=tta)
        if change is not None:
            change(runner)
        pipeline = pipeline_config(inferencer.cfg, tta)
        agreement, answers = compare(inferencer, pipeline, runner, images, InputTexts(images, lambda index: record))
        assert len(answers) == agreement.images == 9
        return agreement

    return run


@pytest.mark.parametrize("tta", [False, True])
def test_both_agree(run, tta, monkeypatch):
    monkeypatch.setattr(module, "_BATCH", 4)  # nine pictures in three batches
    agreement = run(tta)
    assert (agreement.other_labels, agreement.where) == (0, None) and 0 < agreement.largest < 1e-5
    check(agreement)


@pytest.mark.parametrize("tta", [False, True])
def test_a_step_that_differs_is_found(run, tta, monkeypatch):
    kept = Resize.transform

    def darker(self, results):
        results = kept(self, results)
        results["img"] = results["img"] // 2
        return results

    monkeypatch.setattr(Resize, "transform", darker)  # kdxf resizes with MMCV's, which stays as it is
    agreement = run(tta)
    assert re.search(r"\.png: decoding or resizing differs \(img, by \d+ at most\)$", agreement.where)
    with pytest.raises(UserError, match="^the bundle does not answer as the model, so it is not written: 9 pictures: "):
        check(agreement)


def test_a_shorter_text_is_found(run):
    def change(runner):
        (look_up,) = [step for step in steps_of(runner) if isinstance(step, LookUpWordVectors)]
        look_up.max_tokens = 1

    where = run(change=change).where
    assert where.endswith(".png: the text differs (text is (4, 5) in kdxf and (1, 5) in the bundle)")


def test_another_text_is_found(run):
    def change(runner):
        (look_up,) = [step for step in steps_of(runner) if isinstance(step, LookUpWordVectors)]
        kept = look_up.transform

        def without_the_first(results):
            results = kept(results)
            results["text"][0] = 0
            return results

        look_up.transform = without_the_first

    where = run(change=change).where
    assert where.endswith(".png: the text differs (text, by 1 at most)")


def steps_of(runner):
    return [step for steps in (runner.pipeline._first, *runner.pipeline._rest) for step in steps]


def answering(change):
    """Change what the graph gives."""

    def of(runner):
        kept = runner._session.run
        runner._session = type("Session", (), {"run": lambda _, *args: change(*kept(*args))})()

    return of


def test_another_graph_is_found(run):
    agreement = run(change=answering(lambda scores, feature: (np.roll(scores, 1, axis=1), feature)))
    assert agreement.other_labels == 9 and agreement.largest > 0.1
    assert agreement.where.endswith(": the inputs of the graph are equal, so the graph differs")


def test_scores_that_are_no_numbers_are_refused(run):
    agreement = run(change=answering(lambda scores, feature: (scores * np.float32("nan"), feature)))
    assert math.isnan(agreement.largest) and agreement.where is not None
    with pytest.raises(UserError, match="^the bundle does not answer as the model"):
        check(Agreement(9, 0, math.nan, "x"))


def test_other_errors_are_named(run):
    def change(runner):
        kept = runner.prepare

        def without_errors(pictures):
            inputs, errors = kept(pictures)
            return inputs, [None] * len(errors)

        runner.prepare = without_errors

    agreement = run(change=change)
    assert agreement.other_labels == 2
    assert re.search(r"kdxf says 'not a whole picture.*', and the bundle 'no error'$", agreement.where)


def test_limits():
    check(Agreement(5, 0, 1e-4))
    with pytest.raises(UserError):
        check(Agreement(5, 0, 1.1e-4))
    with pytest.raises(UserError):
        check(Agreement(5, 1, 0.0))
    check(Agreement(5, 0, 0.01), most=0.1)
    assert str(Agreement(5, 1, 0.25, "a.png: the text differs")) == (
        "5 pictures: 1 labels differ, scores by 2.5e-01 at most; a.png: the text differs"
    )


class Lines(BaseOCREngine):
    """Reads the same lines on every picture."""

    name = "lines 1"

    def __init__(self, *lines):
        super().__init__()
        self.lines = [OCRLine(text, score, np.full((4, 2), corner, np.float32)) for text, score, corner in lines]

    def find_lines(self, image):
        return self.lines


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([("mi1k", 0.9, 4)], "the model's OCR engine reads milk, and the bundle's copy mi1k"),
        ([], "the model's OCR engine reads milk, and the bundle's copy nothing"),
        ([("milk", 0.9, 6)], "the boxes of its lines, by 2 at most"),
        ([("milk", 0.7, 4)], "the scores of its lines, by 0.2 at most"),
        ([("milk", 0.9, float("nan"))], "the boxes of its lines, by nan at most"),
    ],
)
def test_other_text_is_found(lab, lines, found):
    """What the copies read is compared with what the engine of the config reads."""
    image = collect_images([lab.images / lab.names[0]])
    reader = TextReader({"type": "unused"})
    reader._engine = Lines(("milk", 0.9, 4))
    check_reading(reader, Lines(("milk", 0.9, 4)), image)
    message = f"the bundle does not answer as the model, so it is not written: {image[0].path}: the text differs"
    with pytest.raises(UserError, match=f"^{re.escape(message)} \\({found}\\)$"):
        check_reading(reader, Lines(*lines), image)


def test_pictures_that_cannot_be_read_have_no_text_in_either(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    reader = TextReader({"type": "unused"})
    reader._engine = Lines(("milk", 0.9, 4))
    check_reading(reader, Lines(("tea", 0.9, 4)), collect_images([tmp_path / "a.png"]))
