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

    def detect(self, rgb, text_threshold=0.7, low_text=0.4, link_threshold=0.4, canvas_size=2560, mag_ratio=1.0):
        assert rgb[0, 0].tolist() == [30, 20, 10]  # red first
        self.detected = (text_threshold, low_text, link_threshold, canvas_size, mag_ratio)
        return [[[1, 9, 2, 8]]], [[]]

    def recognize(self, grey, horizontal, free, decoder="greedy"):
        assert grey.shape == (10, 12) and horizontal == [[1, 9, 2, 8]] and free == []
        self.recognized = decoder
        box = [[1, 2], [9, 2], [9, 8], [1, 8]]
        return [(box, "你好", np.float64(0.75)), (box, " ", 0.1)]


IMAGE = np.full((10, 12, 3), (10, 20, 30), np.uint8)


def test_lines_from_what_the_reader_finds(monkeypatch, tmp_path):
    monkeypatch.setattr("easyocr.Reader", FakeReader)
    engine = EasyOCREngine(model_dir=tmp_path, gpu=True)
    assert engine._reader.arguments == (
        ["ch_sim", "en"],
        {"gpu": True, "model_storage_directory": str(tmp_path), "download_enabled": False, "verbose": False},
    )
    (line,) = engine.read(IMAGE)
    assert (line.text, line.score) == ("你好", 0.75) and line.box.dtype == np.float32
    assert line.box.tolist() == [[1, 2], [9, 2], [9, 8], [1, 8]]
    assert engine._reader.detected == (0.7, 0.4, 0.4, 2560, 1.0) and engine._reader.recognized == "greedy"
    assert engine.name.startswith("easyocr ") and engine.name.endswith(" ch_sim+en max_aspect=2.5 tile_overlap=0.1")


def test_options_reach_easyocr_and_stand_in_the_name(monkeypatch, tmp_path):
    monkeypatch.setattr("easyocr.Reader", FakeReader)
    engine = EasyOCREngine(
        model_dir=tmp_path,
        text_threshold=0.6,
        low_text=0.3,
        link_threshold=0.5,
        max_side=1000,
        detect_options={"mag_ratio": 2.0},
        recognize_options={"decoder": "beamsearch"},
        min_score=0.8,
    )
    assert engine.read(IMAGE) == []  # the score of the only line is 0.75
    assert engine._reader.detected == (0.6, 0.3, 0.5, 1000, 2.0) and engine._reader.recognized == "beamsearch"
    options = "canvas_size=1000 link_threshold=0.5 low_text=0.3 mag_ratio=2.0 text_threshold=0.6 decoder=beamsearch"
    assert f" ch_sim+en {options} max_aspect=" in engine.name and engine.name.endswith(" min_score=0.8")


@pytest.mark.parametrize("half", ["detect", "recognize"])
def test_options_that_easyocr_lacks(half, monkeypatch, tmp_path):
    monkeypatch.setattr("easyocr.Reader", FakeReader)
    with pytest.raises(ValueError, match=rf"EasyOCR's {half}\(\) has no option nope"):
        EasyOCREngine(model_dir=tmp_path, **{f"{half}_options": {"nope": 1}})


def test_the_real_easyocr_has_these_options():
    from easyocr import Reader

    from kdxf.text.ocr.easyocr_engine import _settings

    usual = {"text_threshold": 0.7, "low_text": 0.4, "link_threshold": 0.4, "canvas_size": 2560}
    assert _settings(Reader.detect, usual) == [] and _settings(Reader.detect, {"mag_ratio": 2}) == ["mag_ratio=2"]
    assert _settings(Reader.recognize, {"decoder": "beamsearch"}) == ["decoder=beamsearch"]


@pytest.fixture
def untrained(monkeypatch, tmp_path):
    """EasyOCR with a detector that finds bright regions and a recognizer with random weights."""
    import torch
    from easyocr.config import detection_models, recognition_models
    from easyocr.utils import CTCLabelConverter

    class Detector(torch.nn.Module):
        def forward(self, image):
            text = torch.nn.functional.avg_pool2d((image.mean(1) > 0).float(), 2)
            return torch.stack([text, torch.zeros_like(text)], -1), None

    class Recognizer(torch.nn.Module):
        def __init__(self, classes):
            super().__init__()
            self.project = torch.nn.Linear(64, classes)

        def forward(self, image, _):
            columns = torch.nn.functional.avg_pool2d(image, (1, 8))[:, 0].transpose(1, 2)
            return 20 * self.project(columns)

    def recognizer(_, __, character, separators, dictionaries, *___, **____):
        torch.manual_seed(0)
        converter = CTCLabelConverter(character, separators, dictionaries)
        return Recognizer(len(converter.character)), converter

    models = [detection_models["craft"], recognition_models["gen2"]["zh_sim_g2"]]
    for model in models:
        (tmp_path / model["filename"]).touch()
    sums = {str(tmp_path / model["filename"]): model["md5sum"] for model in models}
    monkeypatch.setattr("easyocr.easyocr.calculate_md5", lambda path: sums[path])
    monkeypatch.setattr("easyocr.easyocr.get_recognizer", recognizer)
    monkeypatch.setattr("easyocr.easyocr.Reader.initDetector", lambda *_: Detector())
    return tmp_path


def test_real_easyocr_finds_a_line_where_it_stands(untrained):
    image = np.zeros((200, 300, 3), np.uint8)
    image[80:120, 60:260] = 255
    engine = EasyOCREngine(model_dir=untrained)
    (line,) = engine.read(image)
    assert line.text and 0 <= line.score <= 1
    np.testing.assert_allclose(line.box, [[60, 80], [260, 80], [260, 120], [60, 120]], atol=15)
    turned = EasyOCREngine(model_dir=untrained, rotations=180).read(image)[0]
    np.testing.assert_allclose(turned.box, [[260, 120], [60, 120], [60, 80], [260, 80]], atol=15)
    assert EasyOCREngine(model_dir=untrained, detect_options={"min_size": 500}).read(image) == []
