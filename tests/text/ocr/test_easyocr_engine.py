import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.text.ocr import EasyOCREngine


def test_missing_models_are_named_with_folder_and_source(tmp_path):
    with pytest.raises(UserError) as caught:
        EasyOCREngine(model_dir=tmp_path)
    message = str(caught.value)
    assert message.startswith("EasyOCR: model files are missing: put craft_mlt_25k.pth from https://")
    assert "put zh_sim_g2.pth from https://" in message and message.count(f"into {tmp_path}") == 2
    assert message.endswith("or let EasyOCR fetch them with the engine option download=True") and "\n" not in message


def test_models_that_cannot_be_fetched(tmp_path, monkeypatch):
    def offline(*_):
        raise OSError("no network")

    monkeypatch.setattr("easyocr.easyocr.download_and_unzip", offline)
    with pytest.raises(UserError, match=r"model files cannot be fetched: put craft_mlt_25k.pth from .*zh_sim_g2.pth"):
        EasyOCREngine(model_dir=tmp_path, download=True)


@pytest.mark.parametrize(
    ("languages", "reason"),
    [(["klingon"], "{'klingon'} is not supported"), (["ch_sim", "ja"], "Chinese_sim is only compatible with English")],
)
def test_bad_languages(languages, reason, tmp_path):
    with pytest.raises(UserError, match=f"EasyOCR: {reason}.*; check the engine option languages="):
        EasyOCREngine(languages=languages, model_dir=tmp_path)


def test_threads_must_be_positive():
    with pytest.raises(ValueError, match="num_threads must be at least 1, not 0"):
        EasyOCREngine(num_threads=0)


class FakeReader:
    def __init__(self, languages, **options):
        self.arguments = (languages, options)

    def detect(self, rgb):
        assert rgb[0, 0].tolist() == [30, 20, 10]  # red first
        return [[[1, 9, 2, 8]]], [[]]

    def recognize(self, grey, horizontal, free):
        assert grey.shape == (10, 12) and horizontal == [[1, 9, 2, 8]] and free == []
        box = [[1, 2], [9, 2], [9, 8], [1, 8]]
        return [(box, "你好", np.float64(0.75)), (box, " ", 0.1)]


def test_lines_from_what_the_reader_finds(monkeypatch, tmp_path):
    monkeypatch.setattr("easyocr.Reader", FakeReader)
    engine = EasyOCREngine(model_dir=tmp_path, gpu=True)
    assert engine._reader.arguments == (
        ["ch_sim", "en"],
        {"gpu": True, "model_storage_directory": str(tmp_path), "download_enabled": False, "verbose": False},
    )
    (line,) = engine.read(np.full((10, 12, 3), (10, 20, 30), np.uint8))
    assert (line.text, line.score) == ("你好", 0.75) and line.box.dtype == np.float32
    assert line.box.tolist() == [[1, 2], [9, 2], [9, 8], [1, 8]]
    assert engine.name.startswith("easyocr ") and engine.name.endswith(" ch_sim+en")
