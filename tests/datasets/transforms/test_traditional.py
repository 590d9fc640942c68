"""Simplified and traditional Chinese, mixed."""

import pickle
import sys

import numpy as np
import pytest

from kdxf.datasets import MixTraditional
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf.text.ocr import OCRRecord
from kdxf.text.tokenizers.chinese_script import converter


@pytest.fixture(autouse=True)
def opencc():
    return pytest.importorskip("opencc", reason="needs the extra 'chinese'")


def apply(transform, *lines):
    return transform.transform({"ocr": OCRRecord.from_text("x.jpg", "\n".join(lines))})["ocr"].texts


def test_each_line_is_written_in_the_other_script():
    assert apply(MixTraditional(1.0), "优惠价 iPhone13", "乾淨頭髮", "¥99 OPPO", "人口") == [
        "優惠價 iPhone13",
        "干净头发",
        "¥99 OPPO",
        "人口",
    ]


def test_some_lines_are_written_in_the_other_script():
    np.random.seed(0)
    found = apply(MixTraditional(0.25), *["优惠价"] * 1000)
    assert set(found) == {"优惠价", "優惠價"}
    assert abs(found.count("優惠價") - 250) < 5 * 14  # sqrt(1000 x .25 x .75) = 13.7
    assert apply(MixTraditional(0.0), "优惠价") == ["优惠价"]


def test_the_record_of_the_table_is_left_alone():
    record = OCRRecord.from_text("x.jpg", "优惠价")
    found = MixTraditional(1.0).transform({"ocr": record})["ocr"]
    assert record.texts == ["优惠价"]
    assert found.scores is record.scores and found.boxes is record.boxes


def test_no_text():
    assert MixTraditional(1.0).transform({"ocr": OCRRecord.empty("x.jpg")})["ocr"].texts == []


def test_loader_workers_get_a_copy():
    assert apply(pickle.loads(pickle.dumps(MixTraditional(1.0))), "优惠价") == ["優惠價"]


def test_the_probability_is_checked():
    with pytest.raises(UserError, match=r"^MixTraditional: prob is 7; give a probability from 0 to 1$"):
        MixTraditional(7)


def test_a_missing_package_is_reported_at_once(monkeypatch):
    converter.cache_clear()
    monkeypatch.setitem(sys.modules, "opencc", None)
    with pytest.raises(UserError, match=r"^MixTraditional needs the package opencc: pip install 'kdxf\[chinese\]'"):
        MixTraditional()


def test_is_registered():
    assert isinstance(TRANSFORMS.build({"type": "MixTraditional"}), MixTraditional)
