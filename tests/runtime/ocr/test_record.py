import dataclasses
import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from kdxf.text.ocr import OCRLine, OCRRecord, read_text
from kdxf_runtime.ocr.base import Reading
from kdxf_runtime.ocr.record import SURE_ANGLE


def test_a_line_is_changed_by_making_another():
    line = OCRLine("milk", 0.5, np.zeros((4, 2), np.float32))
    with pytest.raises(dataclasses.FrozenInstanceError):
        line.text = "silk"
    assert dataclasses.replace(line, text="silk").text == "silk" and line.text == "milk"


@pytest.fixture
def engine():
    spec = importlib.util.spec_from_file_location(
        "fake_ocr_engine", Path(__file__).parents[2] / "fixtures" / "fake_ocr_engine.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.FakeEngine()


def test_empty():
    record = OCRRecord.empty("a.jpg", "lost", engine="e", width=3)
    assert (record.image, record.texts, record.error, record.engine) == ("a.jpg", [], "lost", "e")
    assert record.scores.shape == (0,) and record.boxes.shape == (0, 4, 2)
    assert (record.width, record.height) == (3, 0)


def test_reads_one_image(engine, draw, tmp_path):
    draw(tmp_path / "a b.png", width=6, height=4)
    record = read_text(engine, tmp_path / "a b.png", "a b.png")
    assert record.image == "a b.png" and record.texts[0] == "宽6 高4"
    assert record.scores.tolist() == [0.5, 0.25] and record.scores.dtype == np.float32
    assert record.boxes.shape == (2, 4, 2) and record.boxes.dtype == np.float32
    assert record.boxes[0].tolist() == [[0, 0], [6, 0], [6, 4], [0, 4]]
    assert (record.width, record.height, record.engine, record.error) == (6, 4, "fake 1", None)
    status = (tmp_path / "a b.png").stat()
    assert record.digest == hashlib.sha256((tmp_path / "a b.png").read_bytes()).hexdigest()
    assert (record.file_size, record.file_time) == (status.st_size, status.st_mtime_ns)


def test_key_is_the_path_by_default(engine, draw, tmp_path):
    draw(tmp_path / "a.png")
    assert read_text(engine, tmp_path / "a.png").image == (tmp_path / "a.png").as_posix()


def test_image_without_text(engine, draw, tmp_path):
    draw(tmp_path / "a.png", "black")
    record = read_text(engine, tmp_path / "a.png")
    assert record.texts == [] and record.error is None and record.boxes.shape == (0, 4, 2) and record.width == 6


def test_unreadable_image_and_failing_engine_become_errors(engine, draw, tmp_path):
    (tmp_path / "bad.png").write_text("hello")
    record = read_text(engine, tmp_path / "bad.png", "bad.png")
    assert record.error and "\n" not in record.error and record.texts == [] and record.engine == "fake 1"
    assert record.digest == hashlib.sha256(b"hello").hexdigest()  # so that it is known when it is mended
    missing = read_text(engine, tmp_path / "none.png")
    assert "cannot open the file" in missing.error and (missing.digest, missing.file_time) == (None, 0)
    draw(tmp_path / "green.png", "green")
    record = read_text(engine, tmp_path / "green.png")
    assert record.error == "the OCR engine failed: RuntimeError: green is too much"
    assert (record.width, record.height) == (6, 4)


def test_lines_of_a_text():
    record = OCRRecord.from_text("a.jpg", " milk 3% \n\n  \r\n满减\n")
    assert record.texts == ["milk 3%", "满减"] and record.scores.tolist() == [1.0, 1.0]
    assert record.boxes.shape == (2, 4, 2) and not record.boxes.any()
    assert (record.engine, record.width, record.height, record.error) == ("annotation", 0, 0, None)
    assert OCRRecord.from_text("a.jpg", " \n").scores.shape == (0,)


def test_the_angle_of_an_engine_that_reads_in_several_directions(engine, draw, tmp_path):
    draw(tmp_path / "a.png", width=6, height=4)
    record = read_text(engine, tmp_path / "a.png")
    assert record.angle is None and record.angle_score == 0
    engine.reading = Reading(rotations=(0, 90))
    record = read_text(engine, tmp_path / "a.png")  # flat lines as it lies, tall ones by 90, of equal length
    flat = len(record.texts[0]) * 0.5 + len(record.texts[1]) * 0.25  # the tall lines of the other do not count
    assert record.angle == 0 and record.angle_score == pytest.approx(flat / (flat + 20))


def test_a_record_turns_with_its_picture_if_it_is_sure_of_the_angle():
    boxes = np.array([[[1, 2], [5, 2], [5, 3], [1, 3]], np.zeros((4, 2))], np.float32)
    record = OCRRecord("a", ["milk", "typed"], np.ones(2, np.float32), boxes, 10, 6, "e", None)
    sure = dataclasses.replace(record, angle=270, angle_score=SURE_ANGLE)
    unsure = dataclasses.replace(record, angle=270, angle_score=SURE_ANGLE - 0.01)
    upright = dataclasses.replace(record, angle=0, angle_score=1.0)
    for same in (record, unsure, upright):
        assert same.turn == 0 and same.upright() is same
    turned = sure.upright()
    assert sure.turn == 270 and (turned.width, turned.height, turned.angle, turned.turn) == (6, 10, 0, 0)
    assert turned.boxes.tolist() == [[[2, 9], [2, 5], [3, 5], [3, 9]], [[0, 0]] * 4]  # (x, y) becomes (y, 10 - x)
    assert turned.texts == ["milk", "typed"] and sure.boxes.tolist() == boxes.tolist()
