"""The steps of a bundle: made from data, and nothing but the known ones."""

import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest

from kdxf_runtime import pipeline
from kdxf_runtime.bundle import Bundle
from kdxf_runtime.errors import UserError
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.pipeline import FILES, KNOWN_STEPS, Pipeline, make_steps
from kdxf_runtime.steps.step import Step

WORDS = {"type": "TokenizeOCR", "tokenizer": {"type": "WordTokenizer"}}


@pytest.fixture
def bundle(tmp_path):
    return Bundle(tmp_path, None, "")  # of which only the folder is used


def record_of(*texts):
    boxes = np.zeros((len(texts), 4, 2), np.float32)
    return OCRRecord("x.png", list(texts), np.ones(len(texts), np.float32), boxes, 8, 6, "", None)


def picture(height=6, width=8):
    pixels = np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3)
    return cv2.imencode(".png", pixels)[1].tobytes(), pixels


def test_every_step_has_its_name_and_the_files_are_of_known_steps():
    assert {kind.__name__ for kind in pipeline._STEPS.values()} == KNOWN_STEPS == set(pipeline._STEPS)
    assert FILES.keys() < KNOWN_STEPS


def test_steps_run_in_order(bundle):
    data, pixels = picture()
    configs = [{"type": "LoadImage"}, {"type": "Resize", "scale": [4, 2]}, {"type": "CenterCrop", "crop_size": 2}]
    (results,) = Pipeline([configs], bundle)({"img_path": "x.png", "img_bytes": data, "ocr": record_of()})
    np.testing.assert_array_equal(results["img"], cv2.resize(pixels, (4, 2))[:, 1:3])


def test_a_turned_picture_becomes_what_the_upright_one_becomes(bundle):
    _, pixels = picture()
    upright = {"img_path": "x.png", "img_pixels": pixels, "ocr": record_of("milk")}
    record = replace(upright["ocr"], width=6, height=8, angle=90, angle_score=1.0)
    turned = {**upright, "img_pixels": np.rot90(pixels).copy(), "ocr": record}
    resize = {"type": "Resize", "scale": [4, 2]}
    (expected,) = Pipeline([[{"type": "LoadImage"}, resize]], bundle)(upright)
    turning = Pipeline([[{"type": "LoadImage", "upright": True}, resize]], bundle)
    (results,) = turning(turned)
    np.testing.assert_array_equal(results["img"], expected["img"])
    assert (results["ocr"].width, results["ocr"].height) == (8, 6) and turning.needs_text


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"type": "Eval"}, "has the step 'Eval', which is not known; update kdxf-runtime"),
        (
            {"type": "LoadImage", "colour": 1},
            "the step LoadImage cannot be built (LoadImage.__init__() got an unexpected keyword argument 'colour'); "
            "export the bundle anew",
        ),
        (
            {"type": "TokenizeOCR", "tokenizer": {"type": "os.system"}},
            "has the tokenizer 'os.system', which is not known; update kdxf-runtime",
        ),
        (
            {"type": "TokenizeOCR", "tokenizer": {"type": "WordTokenizer", "colour": 1}},
            "WordTokenizer cannot be built (BaseTokenizer.__init__() got an unexpected keyword argument 'colour'); "
            "export the bundle anew",
        ),
        (
            {"type": "LookUpWordVectors"},
            "the step LookUpWordVectors cannot be built (it names no vectors); export the bundle anew",
        ),
        (
            {"type": "TokenizeOCR"},
            "the step TokenizeOCR cannot be built (it names no tokenizer); export the bundle anew",
        ),
    ],
)
def test_what_is_not_known(bundle, config, message):
    with pytest.raises(UserError) as caught:
        make_steps([config], bundle)
    assert str(caught.value) == f"{bundle.folder}: {message}"


@pytest.mark.parametrize(
    "config",
    [
        *({"type": name, option: "../vectors"} for name, option in FILES.items()),
        {"type": "TokenizeOCR", "tokenizer": {"type": "JiebaTokenizer", "user_dict": "../vectors"}},
    ],
)
def test_files_are_those_of_the_bundle(bundle, config):
    with pytest.raises(UserError, match=r"bundle\.json: '\.\./vectors' is not a path inside the bundle; it comes from"):
        make_steps([config], bundle)


def test_files_that_are_missing(bundle):
    with pytest.raises(UserError, match="text/vectors"):
        make_steps([{"type": "LookUpWordVectors", "vectors": "text/vectors"}], bundle)


def test_words_of_the_bundle_s_own_dictionary(bundle):
    pytest.importorskip("jieba")
    (bundle.folder / "text").mkdir()
    (bundle.folder / "text" / "dictionary.txt").write_text("牛奶粉红 100000\n", encoding="utf-8")
    tokens = {}
    for file in (None, "text/dictionary.txt"):
        tokenizer = {"type": "JiebaTokenizer"} | ({} if file is None else {"user_dict": file})
        (step,) = make_steps([{"type": "TokenizeOCR", "tokenizer": tokenizer}], bundle)
        tokens[file] = step({"ocr": record_of("牛奶粉红")})["tokens"]
    assert "牛奶粉红" not in tokens[None] and tokens["text/dictionary.txt"] == ["牛奶粉红"]


def test_chinese_words_need_jieba(bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, "jieba", None)
    monkeypatch.delitem(sys.modules, "kdxf_runtime.tokenizers.jieba_tokenizer", raising=False)
    with pytest.raises(UserError, match="cuts Chinese words with jieba: pip install jieba$"):
        make_steps([{"type": "TokenizeOCR", "tokenizer": {"type": "JiebaTokenizer"}}], bundle)


class Count(Step):
    """Counts how often steps of its kind ran, and writes down its name."""

    ran = 0

    def __init__(self, name):
        self.name = name

    def transform(self, results):
        type(self).ran += 1
        results["names"] = [*results["names"], self.name]
        return results


def test_common_steps_of_views_run_once(bundle, monkeypatch):
    monkeypatch.setitem(pipeline._STEPS, "Count", Count)
    monkeypatch.setattr(Count, "ran", 0)

    def view(names):
        return [{"type": "Count", "name": name} for name in names]

    found = Pipeline([view("abc"), view("abd"), view("ab")], bundle)({"names": []})
    assert ["".join(results["names"]) for results in found] == ["abc", "abd", "ab"]
    assert Count.ran == 4  # a, b, c, d


def test_who_needs_text(bundle):
    load = {"type": "LoadImage"}
    assert not Pipeline([[load]], bundle).needs_text
    assert Pipeline([[load, WORDS]], bundle).needs_text
    assert Pipeline([[load], [load, WORDS]], bundle).needs_text
