"""From OCR lines to the token ids of a transformer."""

import copy
import json
import pickle
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from torch.utils.data import DataLoader

from kdxf.datasets import TokenizeForTransformer
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf.text.hugging_face import open_tokenizer
from kdxf.text.ocr import OCRRecord

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "牛", "奶", "a", "b", "milk", "##s", "，")


def lines(*texts, scores=None):
    record = OCRRecord.from_text("x.png", "\n".join(texts) or " ")
    return {"ocr": record if scores is None else replace(record, scores=np.array(scores, np.float32))}


def words(found):
    return " ".join(WORDS[i] for i in found["text_ids"])


@pytest.mark.parametrize(
    ("texts", "tokens", "mask"),
    [  # the table of the docstring
        ([], "[PAD] [PAD] [PAD] [PAD] [PAD] [PAD]", [0, 0, 0, 0, 0, 0]),
        (["牛奶"], "[CLS] 牛 奶 [SEP] [PAD] [PAD]", [1, 1, 1, 1, 0, 0]),
        (["牛奶", "ａ"], "[CLS] 牛 奶 a [SEP] [PAD]", [1, 1, 1, 1, 1, 0]),
        (["牛奶 a b", "牛"], "[CLS] 牛 奶 a b [SEP]", [1, 1, 1, 1, 1, 1]),
    ],
)
def test_the_table(tiny_bert, texts, tokens, mask):
    found = TokenizeForTransformer(str(tiny_bert), max_length=6).transform(lines(*texts))
    assert found["text_ids"].dtype == np.int64 and found["text_mask"].dtype == np.float32
    assert words(found) == tokens
    assert found["text_mask"].tolist() == mask


@pytest.mark.parametrize(
    ("separator", "tokens"),
    [
        (" ", "[CLS] a b [SEP] [PAD] [PAD]"),
        ("，", "[CLS] a ， b [SEP] [PAD]"),
        ("[SEP]", "[CLS] a [SEP] b [SEP] [PAD]"),
    ],
)
def test_separator(tiny_bert, separator, tokens):
    transform = TokenizeForTransformer(str(tiny_bert), 6, separator=separator)
    assert words(transform.transform(lines("a", "b"))) == tokens


def test_lines_below_the_score_are_left_out(tiny_bert):
    transform = TokenizeForTransformer(str(tiny_bert), 5, min_score=0.5)
    assert words(transform.transform(lines("a", "b", scores=[0.4, 0.5]))) == "[CLS] b [SEP] [PAD] [PAD]"
    assert not transform.transform(lines("a", scores=[0.4]))["text_mask"].any()


def test_chinese_only(tiny_bert):
    transform = TokenizeForTransformer(str(tiny_bert), 6, separator="，", chinese_only=True)
    assert words(transform.transform(lines("牛milk奶3", "a", "奶"))) == "[CLS] 牛 奶 ， 奶 [SEP]"
    assert not transform.transform(lines("milk"))["text_mask"].any()


def test_normalization(tmp_path):
    (tmp_path / "vocab.txt").write_text(
        "\n".join((*WORDS, "500ml", "优", "价", "五", "百", "毫", "升")), encoding="utf-8"
    )
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    names = dict(enumerate((*WORDS, "500ml", "优", "价", "五", "百", "毫", "升")))

    def words(text, **options):
        found = TokenizeForTransformer(str(tmp_path), 8, **options).transform(lines(text))["text_ids"]
        return " ".join(names[index] for index in found if index)

    assert words("五百毫升") == "[CLS] 五 百 毫 升 [SEP]"
    assert words("五百毫升", normalize_numerals=True, normalize_units=True) == "[CLS] 500ml [SEP]"
    assert words("500 ML", normalize_units=True) == "[CLS] 500ml [SEP]"
    pytest.importorskip("opencc", reason="needs the extra 'chinese'")
    assert words("優价") == "[CLS] [UNK] 价 [SEP]"
    assert words("優价", simplify=True) == "[CLS] 优 价 [SEP]"


def test_tokens_weigh_as_much_as_ocr_was_sure(tiny_bert):
    transform = TokenizeForTransformer(str(tiny_bert), 8, separator="，", score_weights=True)
    found = transform.transform(lines("牛奶", "--", "a", scores=[0.75, 0.9, 0.5]))  # the second line has no known word
    assert words(found) == "[CLS] 牛 奶 ， [UNK] [UNK] ， [SEP]"
    weights = np.array([1, 0.75, 0.75, 0.75, 0.9, 0.9, 0.9, 1], np.float32)
    np.testing.assert_array_equal(found["text_mask"], weights)
    found = transform.transform(lines("牛", "a", scores=[0.75, 0.5]))
    np.testing.assert_array_equal(found["text_mask"], np.array([1, 0.75, 0.75, 0.5, 1, 0, 0, 0], np.float32))


def test_boxes_are_those_of_the_lines(tiny_bert):
    record = lines("★", "牛奶", "a", scores=[0.1, 1, 1])["ocr"]
    quads = [[(0, 0)] * 4, [(-5, 10), (50, 20), (50, 30), (-5, 20)], [(0, 0)] * 4]
    record = replace(record, boxes=np.array(quads, np.float32), width=100, height=40)
    transform = TokenizeForTransformer(str(tiny_bert), 7, min_score=0.5, boxes=True)
    found = transform.transform({"ocr": record})
    assert words(found) == "[CLS] 牛 奶 a [SEP] [PAD] [PAD]" and found["text_boxes"].dtype == np.int64
    # Cut at the edge of the picture; the place of the last line is unknown.
    assert found["text_boxes"].tolist() == [[0] * 4, *[[0, 250, 500, 750]] * 2, *[[0] * 4] * 4]
    assert not transform.transform({"ocr": replace(record, width=0)})["text_boxes"].any()
    assert found["text_mask"].tolist() == [1, 1, 1, 1, 1, 0, 0]


def test_the_same_ids_as_the_library(tiny_bert):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    for text in ("milks 牛奶 a", "a " * 30, "牛★"):
        expected = tokenizer(text.strip(), truncation=True, max_length=8)["input_ids"]
        found = TokenizeForTransformer(str(tiny_bert), 8).transform(lines(text))
        assert found["text_ids"][: len(expected)].tolist() == expected


def test_xlnet_reads_a_file_of_sentencepiece(tmp_path):
    sentencepiece = pytest.importorskip("sentencepiece", reason="needs the extra 'transformers'")
    with open(tmp_path / "spiece.model", "wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["牛奶 milk", "milk 牛 奶 a b"] * 20),
            model_writer=file,
            vocab_size=30,
            hard_vocab_limit=False,
            control_symbols=["<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"],
            minloglevel=2,
        )
    (tmp_path / "config.json").write_text('{"model_type": "xlnet"}')
    transform = TokenizeForTransformer(str(tmp_path), 12, score_weights=True)
    found = transform.transform(lines("牛奶", "a", scores=[0.5, 0.25]))
    tokens = open_tokenizer(tmp_path, "x").convert_ids_to_tokens(found["text_ids"])
    assert "".join(tokens).startswith("▁牛奶▁a<sep><cls><pad>")
    a, cls = tokens.index("a"), tokens.index("<cls>")
    assert found["text_mask"][[0, a, cls]].tolist() == [0.5, 0.25, 1] and not found["text_mask"][cls + 1 :].any()


@pytest.mark.parametrize("option", ["boxes", "score_weights"])
def test_what_needs_a_fast_tokenizer(tiny_bert, monkeypatch, option):
    class Slow:
        is_fast, pad_token_id, model_max_length = False, 0, 16

        def num_special_tokens_to_add(self):
            return 2

        def __call__(self, text, **options):
            assert options["max_length"] == 6 and options["truncation"]
            return {"input_ids": [2, 5, 3]}

    monkeypatch.setattr("kdxf.datasets.transforms.transformer_tokens.open_tokenizer", lambda *_: Slow())
    assert words(TokenizeForTransformer(str(tiny_bert), 6).transform(lines("牛"))).startswith("[CLS] 牛 [SEP] [PAD]")
    message = f"TokenizeForTransformer: {option} needs a fast tokenizer, and {tiny_bert} has none; give a model whose "
    with pytest.raises(UserError, match=f"^{re.escape(message)}folder has a tokenizer.json, or leave it out$"):
        TokenizeForTransformer(str(tiny_bert), 6, **{option: True})


def test_text_without_a_token_is_no_text(tiny_bert):
    found = TokenizeForTransformer(str(tiny_bert), 4).transform(lines("\u0600"))  # a control mark, which BERT drops
    assert not found["text_mask"].any() and not found["text_ids"].any()


def test_copies_are_small_and_equal(tiny_bert):
    transform = TRANSFORMS.build({"type": "TokenizeForTransformer", "tokenizer": str(tiny_bert), "max_length": 4})
    packed = pickle.dumps(transform)
    assert len(packed) < 1000
    for other in (copy.deepcopy(transform), pickle.loads(packed)):
        assert words(other.transform(lines("a b"))) == "[CLS] a b [SEP]"


class Documents(list):
    def __init__(self, transform):
        super().__init__([lines("a b")] * 4)
        self.transform = transform

    def __getitem__(self, index):
        return self.transform.transform(dict(super().__getitem__(index)))["text_ids"]


def test_loader_workers(tiny_bert, capfd):
    transform = TokenizeForTransformer(str(tiny_bert), 4)
    transform.transform(lines("a"))
    loader = DataLoader(Documents(transform), batch_size=2, num_workers=2, multiprocessing_context="fork")
    assert [batch.tolist() for batch in loader] == [[[2, 7, 8, 3]] * 2] * 2
    assert "parallelism" not in capfd.readouterr().err  # the tokenizers' warning of forks


def test_it_needs_ocr_and_the_docstring_declares_its_keys(tiny_bert, record):
    transform = TokenizeForTransformer(str(tiny_bert), 4)
    assert transform.needs_ocr
    assert set(transform.transform({"ocr": record})) == {"ocr", "text_ids", "text_mask"}
    with_boxes = TokenizeForTransformer(str(tiny_bert), 4, boxes=True)
    assert set(with_boxes.transform({"ocr": record})) == {"ocr", "text_ids", "text_mask", "text_boxes"}
    assert all(f"``{key}``" in transform.__doc__ for key in ("ocr", "text_ids", "text_mask", "text_boxes"))


def test_faults_are_named(tiny_bert, tmp_path):
    with pytest.raises(UserError, match=r"^TokenizeForTransformer: tokenizer hfl/x is a name on the Hugging Face hub"):
        TokenizeForTransformer("hfl/x")
    with pytest.raises(UserError, match=r"^TokenizeForTransformer: tokenizer \S+ has no tokenizer"):
        TokenizeForTransformer(str(tmp_path))
    with pytest.raises(
        UserError,
        match=r"^TokenizeForTransformer: max_length is 2, but the tokenizer adds 2 special tokens; give more$",
    ):
        TokenizeForTransformer(str(tiny_bert), 2)
    message = r"^TokenizeForTransformer: max_length is 17, but the model of \S+ takes 16 tokens; give at most that$"
    TokenizeForTransformer(str(tiny_bert), 16)
    with pytest.raises(UserError, match=message):
        TokenizeForTransformer(str(tiny_bert), 17)
    shutil.copy(tiny_bert / "vocab.txt", tmp_path)
    settings = {"tokenizer_class": "BertTokenizer", "model_max_length": 16}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(UserError, match=message):
        TokenizeForTransformer(str(tmp_path), 17)
