import cv2
import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.text.ocr import RapidOCREngine
from kdxf_runtime.io.images import read_image
from kdxf_runtime.ocr import rapidocr_engine
from kdxf_runtime.ocr.rapidocr_engine import recognizer
from kdxf_runtime.ocr.rapidocr_sessions import KeptMemory


def test_the_model_of_the_package_where_it_reads_them_all():
    expected = {"Rec.lang_type": "ch", "Rec.ocr_version": "PP-OCRv6", "Rec.model_type": "small"}
    assert recognizer(["ch", "sv", "en"]) == recognizer("ch") == expected


def test_a_model_for_one_language():
    expected = {"Rec.lang_type": "korean", "Rec.ocr_version": "PP-OCRv5", "Rec.model_type": "mobile"}
    assert recognizer(["korean"]) == expected
    assert recognizer("ka")["Rec.ocr_version"] == "PP-OCRv4"


@pytest.mark.parametrize("languages", [["korean", "en"], ["klingon"], []])
def test_no_model(languages):
    with pytest.raises(UserError, match="RapidOCR: no model reads languages=.*any of .*sv.*; alone one of .*korean"):
        recognizer(languages)


@pytest.fixture(scope="module")
def engine():
    return RapidOCREngine()


def drawn(text, width=300, height=200):
    image = np.full((height, width, 3), 255, np.uint8)
    cv2.putText(image, text, (20, 110), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (0, 0, 0), 3)
    return image


def test_reads_a_drawn_word_where_it_stands(engine, capfd):
    image = drawn("MILK 365")
    (line,) = engine.read(image)
    assert line.text.replace(" ", "") == "MILK365" and 0.8 < line.score <= 1
    assert line.box.shape == (4, 2) and line.box.dtype == np.float32
    ink = np.argwhere(image[:, :, 0] < 128)
    (top, left), (bottom, right) = ink.min(0), ink.max(0)
    expected = [[left, top], [right, top], [right, bottom], [left, bottom]]
    np.testing.assert_allclose(line.box, expected, atol=15)  # the detector leaves a margin
    engine.read(np.zeros((50, 50, 3), np.uint8))
    assert "".join(capfd.readouterr()) == ""


def test_the_lines_are_those_of_rapidocr_as_it_comes(engine, shared, monkeypatch):
    monkeypatch.setattr(rapidocr_engine, "_quicken", lambda *args, **options: None)
    plain = RapidOCREngine(params={"EngineConfig.onnxruntime.enable_cpu_mem_arena": False})
    large = cv2.resize(drawn("MILK 365"), (1800, 1200))  # its memory is given back
    for image in (read_image(shared / "ocr_samples" / "ch_en_num.jpg"), large, drawn("MILK 365")):
        lines, expected = engine.read(image), plain.read(image)
        assert [(line.text, line.score) for line in lines] == [(line.text, line.score) for line in expected] != []
        np.testing.assert_array_equal([line.box for line in lines], [line.box for line in expected])


def test_without_kept_memory():
    kept = RapidOCREngine(params={"Global.use_cls": False})
    given_back = RapidOCREngine(params={"EngineConfig.onnxruntime.enable_cpu_mem_arena": False})
    assert isinstance(kept._reader.text_det.session, KeptMemory)
    assert not isinstance(given_back._reader.text_det.session, KeptMemory)
    assert set(kept.model_files()) == {"Det.model_path", "Rec.model_path"}
    assert set(given_back.model_files()) == {"Det.model_path", "Cls.model_path", "Rec.model_path"}
    assert given_back.read(drawn("MILK"))[0].text == "MILK"


def test_boxes_come_back_in_pixels_of_a_large_image(engine):
    image = np.full((600, 3000, 3), 255, np.uint8)
    image[200:400, 1500:1800] = drawn("SALE")
    (line,) = engine.read(image)
    assert line.text == "SALE"
    assert 1500 < line.box[:, 0].min() < line.box[:, 0].max() < 1800
    assert 200 < line.box[:, 1].min() < line.box[:, 1].max() < 400


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (900, 3), (40, 40)])
def test_image_without_text_of_any_shape(engine, shape):
    assert engine.read(np.zeros((*shape, 3), np.uint8)) == []


def test_real_samples(engine, shared):
    texts = [line.text for line in engine.read(read_image(shared / "ocr_samples" / "ch_en_num.jpg"))]
    assert any("\u4e00" <= character <= "\u9fff" for character in "".join(texts))
    assert engine.read(read_image(shared / "ocr_samples" / "empty_black.jpg")) == []


def test_name_tells_package_version_model_and_settings(engine):
    assert (
        engine.name.startswith("rapidocr ")
        and "PP-OCR" in engine.name
        and engine.name.endswith(" side=736-2000 max_aspect=2.5 tile_overlap=0.1")
    )
    options = {"box_thresh": 0.4, "unclip_ratio": 2.0, "params": {"Det.thresh": 0.2}, "min_score": 0.5}
    other = RapidOCREngine(languages=["sv"], min_side=320, **options)
    for words in (
        "side=320-2000 Det.box_thresh=0.4 Det.thresh=0.2 Det.unclip_ratio=2.0 Rec.lang_type=sv",
        "min_score=0.5",
    ):
        assert words in other.name
    config = other._reader.cfg
    assert (config.Det.box_thresh, config.Det.unclip_ratio, config.Rec.lang_type) == (0.4, 2.0, "sv")


def test_min_score_drops_lines():
    assert RapidOCREngine(min_score=1.0).read(drawn("MILK")) == []


def test_a_tall_screenshot_is_read_line_by_line(engine):
    image = np.full((3000, 360, 3), 255, np.uint8)
    tops = [*range(200, 2800, 500), 1385, 1590]  # the seams lie at 1400 and 1600 px
    for top in tops:
        cv2.putText(image, f"LINE {top}", (30, top + 30), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 2)
    lines = engine.read(image)
    assert [line.text.replace(" ", "") for line in lines] == [f"LINE{top}" for top in sorted(tops)]
    np.testing.assert_allclose([line.box[:, 1].max() for line in lines], np.sort(tops) + 30, atol=12)


def test_a_photograph_that_stands_on_its_head(engine):
    image = drawn("MILK 365")
    box = engine.read(image)[0].box
    turned = RapidOCREngine(rotations=(0, 180))
    for picture, corners in ((image, box), (image[::-1, ::-1], [300, 200] - box)):
        (line,) = turned.read(np.ascontiguousarray(picture))
        assert line.text.replace(" ", "") == "MILK365"
        np.testing.assert_allclose(line.box, corners, atol=3)
    assert turned.name.endswith(" rotations=0,180")


def test_settings_that_cannot_be(tmp_path):
    with pytest.raises(ValueError, match=r"min_side \(900\) must be positive and at most max_side \(800\)"):
        RapidOCREngine(min_side=900, max_side=800)
    with pytest.raises(ValueError, match="num_threads must be at least 1, not 0"):
        RapidOCREngine(num_threads=0)
    with pytest.raises(UserError, match=r"RapidOCR does not start: FileNotFoundError: .*none.onnx"):
        RapidOCREngine(params={"Rec.model_path": str(tmp_path / "none.onnx")})
    with pytest.raises(UserError, match=r"RapidOCR does not start: ValueError: .*Nope.x.*; check `params`"):
        RapidOCREngine(params={"Nope.x": 1})
    with pytest.raises(UserError, match=r"'huge' is not a valid ModelType"):
        RapidOCREngine(params={"Rec.model_type": "huge"})
