"""A test pipeline as data, with its files in the bundle."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.export.steps import StepWriter, split_views
from kdxf_runtime.bundle import Bundle
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.pipeline import make_steps
from kdxf_runtime.table_columns import NumberColumn, TableColumns
from kdxf_runtime.vectors.word_vectors import WordVectors


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "bundle").mkdir()
    return tmp_path / "bundle"


def record_of(text):
    return OCRRecord("x.png", [text], np.ones(1, np.float32), np.zeros((1, 4, 2), np.float32), 8, 6, "", None)


def run(steps, folder, text):
    results = {"ocr": record_of(text)}
    for step in make_steps(steps, Bundle(folder, None, "")):
        results = step(results)
    return results


WORDS = {"type": "TokenizeOCR", "tokenizer": {"type": "WordTokenizer"}}


def test_options_that_say_what_is_done_anyway(folder):
    steps = StepWriter(folder).steps(
        [
            {"type": "LoadImageFromFile", "color_type": "color"},
            {"type": "kdxf.Resize", "scale": (4, 2), "backend": "cv2", "keep_ratio": False},
            {"type": "Letterbox", "size": 4, "reflect_prob": 1.0},
            {"type": "PackInputs"},
        ]
    )
    assert steps[0] == {"type": "LoadImage"}
    assert StepWriter(folder).steps([{"type": "LoadImage", "min_edge": 9, "cache": "a", "cache_gb": 1.0}]) == [
        {"type": "LoadImage", "min_edge": 9}
    ]
    assert {**steps[1], "type": "Resize"} == {"type": "Resize", "scale": (4, 2), "keep_ratio": False}
    assert steps[2] == {"type": "Letterbox", "size": 4, "reflect": True} and len(steps) == 3
    assert list(folder.iterdir()) == []


def test_what_a_bundle_cannot_hold(folder):
    writer = StepWriter(folder)
    with pytest.raises(UserError, match="^the test pipeline has RandomCrop, which a bundle cannot hold; known are "):
        writer.steps([{"type": "RandomCrop", "crop_size": 4}])
    with pytest.raises(UserError, match="^a bundle cannot hold the tokenizer MyOwn; take JiebaTokenizer or WordToken"):
        writer.steps([{"type": "TokenizeOCR", "tokenizer": {"type": "MyOwn"}}])
    with pytest.raises(UserError, match=r"^Letterbox: reflect_prob is 0\.5 in the test pipeline; give 0 or 1$"):
        writer.steps([{"type": "Letterbox", "size": 4, "reflect_prob": 0.5}])


@pytest.mark.parametrize("half", [False, True])
def test_word_vectors(folder, vectors, half):
    """Without what a look-up does not read; as float16 where that is asked for."""
    steps = StepWriter(folder, half).steps([WORDS, {"type": "LookUpWordVectors", "vectors": vectors, "max_tokens": 3}])
    assert steps[1] == {"type": "LookUpWordVectors", "vectors": "text/vectors", "max_tokens": 3}
    copied = folder / "text" / "vectors"
    assert {path.name for path in copied.iterdir()} <= {path.name for path in Path(vectors).iterdir()}
    assert not {"words.ann", "counts.npy", "axes.npy"} & {path.name for path in copied.iterdir()}
    stored = np.load(copied / "vectors.npy")
    assert stored.dtype == (np.float16 if half else np.float32)
    np.testing.assert_array_equal(stored, np.load(Path(vectors) / "vectors.npy"))  # small whole numbers
    assert WordVectors.open(copied).dim == 2
    assert run(steps, folder, "milk c")["text"].tolist() == [[4, 0], [3, 0], [0, 0]]


def test_a_file_that_two_steps_name_is_copied_once(folder, vectors, tmp_path):
    from kdxf.text.vectors.convert import convert_vectors

    (tmp_path / "words.txt").write_text("1 2\nmilk 7 0\n")
    convert_vectors(tmp_path / "words.txt", tmp_path / "other", trees=0)
    writer = StepWriter(folder)
    names = [
        writer.steps([{"type": "LookUpWordVectors", "vectors": source}])[0]["vectors"]
        for source in (vectors, str(tmp_path / "other"), vectors)
    ]
    assert names == ["text/vectors", "text/vectors-2", "text/vectors"]
    assert run([WORDS, {"type": "LookUpWordVectors", "vectors": names[1]}], folder, "milk")["text"][0].tolist() == [
        7,
        0,
    ]


def test_jieba_s_dictionary(folder, tmp_path):
    pytest.importorskip("jieba")
    (tmp_path / "own words.txt").write_text("牛奶粉红 100000\n", encoding="utf-8")
    tokenizer = {"type": "JiebaTokenizer", "user_dict": str(tmp_path / "own words.txt")}
    (step,) = StepWriter(folder).steps([{"type": "TokenizeOCR", "tokenizer": tokenizer}])
    assert step["tokenizer"] == {"type": "JiebaTokenizer", "user_dict": "text/dictionary.txt"}
    assert run([step], folder, "牛奶粉红")["tokens"] == ["牛奶粉红"]


def test_tables_of_tfidf(folder, tmp_path):
    (tmp_path / "tfidf").mkdir()
    (tmp_path / "tfidf" / "words.txt").write_text("milk\n")
    (tmp_path / "tfidf" / ".lock").touch()
    (step,) = StepWriter(folder).steps([{"type": "EncodeTfidf", "folder": tmp_path / "tfidf"}])
    assert step == {"type": "EncodeTfidf", "folder": "text/tfidf"}
    assert [path.name for path in (folder / "text" / "tfidf").iterdir()] == ["words.txt"]


def test_a_transformer_s_tokenizer(folder, tiny_bert):
    pytest.importorskip("tokenizers")
    from transformers import BertTokenizerFast

    config = {"type": "TokenizeForTransformer", "tokenizer": str(tiny_bert), "max_length": 8}
    (step,) = StepWriter(folder).steps([config])
    assert step == {
        "type": "TokenizeForTransformer",
        "tokenizer": "text/tokenizer/tokenizer.json",
        "max_length": 8,
        "pad_id": 0,
        "special_tokens": 2,
    }
    json.loads((folder / step["tokenizer"]).read_text(encoding="utf-8"))
    found = run([step], folder, "milks 牛奶 a")
    expected = BertTokenizerFast.from_pretrained(tiny_bert)("milks 牛奶 a")["input_ids"]
    length = len(expected)
    assert found["text_ids"][:length].tolist() == expected and not found["text_ids"][length:].any()
    assert found["text_mask"].tolist() == [1] * length + [0] * (8 - length)


def test_a_tokenizer_that_is_not_fast(folder, tmp_path, monkeypatch):
    class Slow:
        pad_token_id = None

        def num_special_tokens_to_add(self):
            return 0

    monkeypatch.setattr("kdxf.export.steps.open_tokenizer", lambda *_: Slow())
    message = f"{tmp_path}: has no fast tokenizer, and a bundle can hold no other; give a model whose folder has a "
    with pytest.raises(UserError, match=f"^{re.escape(message)}tokenizer.json$"):
        StepWriter(folder).steps([{"type": "TokenizeForTransformer", "tokenizer": str(tmp_path)}])


def test_views_are_in_the_order_of_the_augmentation():
    """Against mmengine's own ``TestTimeAug``."""
    from mmcv.transforms import TestTimeAug

    flips = [{"type": "RandomFlip", "prob": 0.0}, {"type": "RandomFlip", "prob": 1.0}]
    sizes = [{"type": "Resize", "scale": (8, 8)}, {"type": "Resize", "scale": (4, 4)}]
    pack = [{"type": "PackInputs"}]
    augmentation = {"type": "TestTimeAug", "transforms": [sizes, flips, pack]}
    views = split_views([{"type": "LoadImage"}, augmentation])
    assert [view[0] for view in views] == [{"type": "LoadImage"}] * 4 and [view[-1] for view in views] == pack * 4
    expected = [
        [getattr(part, "scale", None) or part.prob for part in view.transforms[:2]]
        for view in TestTimeAug(transforms=[sizes, flips]).subroutines
    ]
    assert [[view[1]["scale"], view[2]["prob"]] for view in views] == expected


@pytest.mark.parametrize("pipeline", [[], [{"type": "LoadImage"}]])
def test_pipelines_without_views(pipeline):
    with pytest.raises(UserError, match="^tta_pipeline: does not end with TestTimeAug, which names the views$"):
        split_views(pipeline)


def test_a_table_goes_along(folder, tmp_path):
    TableColumns((NumberColumn("price", (), 2.0, 1.0),), {"list": "t.csv"}).save(tmp_path / "prices.json")
    steps = StepWriter(folder).steps([{"type": "EncodeTable", "file": str(tmp_path / "prices.json")}])
    assert steps == [{"type": "EncodeTable", "file": "table.json"}]
    (step,) = make_steps(steps, Bundle(folder, None, ""))
    assert step({"columns": {"price": "3"}})["table"].tolist() == [1, 1]
