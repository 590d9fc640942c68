import sys

import pytest

from kdxf.errors import UserError
from kdxf.text.tokenizers.chinese_script import converter


def test_both_directions():
    pytest.importorskip("opencc", reason="needs the extra 'chinese'")
    # One simplified character may stand for several traditional ones: the word decides.
    assert converter("s2t", "a test")("头发 发财 ¥99 OPPO") == "頭髮 發財 ¥99 OPPO"
    assert converter("t2s", "a test")("乾淨 乾隆 ¥99 OPPO") == "干净 乾隆 ¥99 OPPO"
    assert converter("t2s", "a test")("軟體") == "软体"


def test_it_is_opened_once():
    pytest.importorskip("opencc", reason="needs the extra 'chinese'")
    assert converter("t2s", "a test") is converter("t2s", "a test")


def test_missing_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "opencc", None)
    with pytest.raises(UserError, match=r"^somebody needs the package opencc: pip install 'kdxf\[chinese\]'"):
        converter("t2s", "somebody")
