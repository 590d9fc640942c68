"""The tokens of a tokenizer.json, against those of transformers."""

import numpy as np
import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.steps.transformer_tokens import TokenizeForTransformer, TransformerTokens

transformers = pytest.importorskip("transformers", reason="needs the extra 'transformers'")
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "牛", "奶", "a", "b", "milk", "##s", "，")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("bert")
    (path / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    transformers.BertTokenizerFast(str(path / "vocab.txt")).save_pretrained(path)
    return path


@pytest.mark.parametrize("text", ["牛奶", "milks a b, milk", "牛\n奶 a\nmilk", "", "★", "a " * 30])
@pytest.mark.parametrize("options", [{"max_length": 12}, {"max_length": 6, "separator": "，"},
                                     {"max_length": 8, "chinese_only": True},
                                     {"max_length": 9, "score_weights": True, "boxes": True,
                                      "normalize_units": True, "normalize_numerals": True}])  # fmt: skip
def test_the_same_ids_as_transformers(folder, text, options):
    from kdxf.datasets import TokenizeForTransformer as Registered

    record = OCRRecord.from_text("x.png", text or " ")
    expected = Registered(str(folder), **options)({"ocr": record})
    got = TokenizeForTransformer(str(folder / "tokenizer.json"), **options)({"ocr": record})
    assert got.keys() == expected.keys()
    for key in expected.keys() - {"ocr"}:
        assert got[key].dtype == expected[key].dtype and np.array_equal(got[key], expected[key])


def test_what_is_no_tokenizer_is_said(tmp_path):
    (tmp_path / "t.json").write_text("{}")
    with pytest.raises(UserError, match=r"t.json: is no tokenizer.json \(.*\); export the bundle anew"):
        TokenizeForTransformer(str(tmp_path / "t.json"))


def test_special_tokens_alone_are_no_text():
    class Nothing(TransformerTokens):
        def encode(self, text):
            return [2, 3], [(0, 0), (0, 0)]

    assert Nothing(4)({"ocr": OCRRecord.from_text("x", "★")})["text_mask"].sum() == 0
