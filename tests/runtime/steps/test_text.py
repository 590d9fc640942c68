"""Where the tokens of a line stand."""

import copy
import pickle

import numpy as np
import pytest

from kdxf.datasets import LookUpWordVectors, TokenizeOCR
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf.text.ocr import OCRRecord
from kdxf_runtime.steps.text import token_boxes, token_spans


def record(text, quad, width=200, height=100):
    return OCRRecord("x", [text], np.ones(1, np.float32), np.array([quad], np.float32), width, height, "fake", None)


@pytest.mark.parametrize(
    ("text", "tokens", "characters"),
    [
        ("NY 3.0%", ["ny", "3.0%"], [(0, 2), (3, 7)]),
        ("  Ko®  Ko ", ["ko", "ko"], [(0, 2), (3, 5)]),  # as "Ko Ko", the second one behind the first
        ("牛奶好", ["牛奶", "好"], [(0, 2), (2, 3)]),
        ("running ox", ["run", "oxen"], [(0, 3), (3, 7)]),  # a tokenizer that spells words anew
        ("abc", ["xyz", "uvw"], [(0, 3), (3, 3)]),
        ("abc", [], []),
    ],
)
def test_spans(text, tokens, characters):
    length = len(" ".join(text.replace("®", "").split()))
    expected = np.array(characters, np.float32).reshape(-1, 2) / length
    np.testing.assert_allclose(token_spans(text, tokens), expected, rtol=1e-6)


def test_the_table_of_the_docstring():
    found = token_boxes(record("NY 3.0%", [(20, 40), (160, 40), (160, 60), (20, 60)]), [0], [["ny", "3.0%"]])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[0.2, 0.5, 0.2, 0.2], [0.6, 0.5, 0.4, 0.2]], rtol=1e-5)


def test_a_slanting_line():
    # The text rises by 30 px over 60; "ab" is the first half of the quad, with the corners
    # (20, 70), (50, 55), (60, 75), (30, 90): from x 20 to 60 and from y 55 to 90.
    found = token_boxes(record("abcd", [(20, 70), (80, 40), (90, 60), (30, 90)]), [0], [["ab", "cd"]])
    np.testing.assert_allclose(found[0], [40 / 200, 72.5 / 100, 40 / 200, 35 / 100], rtol=1e-5)
    np.testing.assert_allclose(found[1], [70 / 200, 57.5 / 100, 40 / 200, 35 / 100], rtol=1e-5)


def test_a_tall_quad_is_read_downwards():
    found = token_boxes(record("牛奶", [(10, 20), (30, 20), (30, 60), (10, 60)]), [0], [["牛", "奶"]])
    np.testing.assert_allclose(found, [[0.1, 0.3, 0.1, 0.2], [0.1, 0.5, 0.1, 0.2]], rtol=1e-5)


def test_boxes_end_at_the_edge_of_the_picture():
    found = token_boxes(record("ab", [(-20, 90), (60, 90), (60, 120), (-20, 120)]), [0], [["ab"]])
    np.testing.assert_allclose(found, [[0.15, 0.95, 0.3, 0.1]], rtol=1e-5)


@pytest.mark.parametrize(
    ("quad", "size"), [([(0, 0)] * 4, (200, 100)), ([(1, 1), (2, 1), (2, 2), (1, 2)], (0, 100)), ([(1, 1)] * 4, (9, 0))]
)
def test_unknown_boxes_are_zero(quad, size):
    assert token_boxes(record("a b", quad, *size), [0], [["a", "b"]]).tolist() == [[0] * 4] * 2


def test_lines_of_all_kinds_at_once_are_what_they_are_alone():
    """Random quads, level, tilted, tall and unknown ones, against a formula for one token."""
    random = np.random.default_rng(0)
    level = np.array([[0, 0], [90, 0], [90, 12], [0, 12]])
    quads = np.float32([level + random.integers(0, 80, 2) + random.normal(0, 4, (4, 2)) for _ in range(6)])
    quads[1], quads[4] = 0, quads[4][:, ::-1][[0, 3, 2, 1]]
    texts = ["a b", "c", "--", "d e f", "gh i", "j"]
    found = token_boxes(
        OCRRecord("x", texts, np.ones(6, np.float32), quads, 200, 100, "fake", None),
        [0, 1, 2, 4, 5],
        [["a", "b"], ["c"], [], ["gh", "i"], ["j"]],
    )
    places = [(0, 0, 1 / 3), (0, 2 / 3, 1), None, (4, 0, 0.5), (4, 0.75, 1), (5, 0, 1)]
    for box, place in zip(found, places, strict=True):
        if place is None:
            assert box.tolist() == [0] * 4
            continue
        line, start, end = place
        first, last = (quads[4][[0, 1]], quads[4][[3, 2]]) if line == 4 else (quads[line][[0, 3]], quads[line][[1, 2]])
        corners = np.concatenate([first + (last - first) * part for part in (start, end)]) / (200, 100)
        low, high = corners.clip(0, 1).min(axis=0), corners.clip(0, 1).max(axis=0)
        np.testing.assert_allclose(box, [*(low + high) / 2, *(high - low)], rtol=1e-4, atol=1e-6)


def test_no_tokens():
    assert token_boxes(record("--", [(1, 1), (2, 1), (2, 2), (1, 2)]), [0], [[]]).shape == (0, 4)


def test_tokens_have_the_score_of_their_line(record):
    found = TokenizeOCR({"type": "WordTokenizer"}).transform({"ocr": record})
    assert found["tokens"] == ["a", "b", "milk"]
    assert found["token_scores"].dtype == np.float32
    np.testing.assert_allclose(found["token_scores"], [0.9, 0.9, 0.4], rtol=1e-6)


def test_lines_below_the_score_are_left_out(record):
    found = TokenizeOCR({"type": "WordTokenizer"}, min_score=0.5).transform({"ocr": record})
    assert found["tokens"] == ["a", "b"]
    assert len(found["token_scores"]) == 2
    at_the_limit = TokenizeOCR({"type": "WordTokenizer"}, min_score=float(record.scores[1])).transform({"ocr": record})
    assert at_the_limit["tokens"] == ["a", "b", "milk"]


def test_no_text_gives_no_tokens():
    found = TokenizeOCR({"type": "JiebaTokenizer"}).transform({"ocr": OCRRecord.empty("x.jpg")})
    assert found["tokens"] == []
    assert found["token_scores"].shape == (0,)
    assert found["token_boxes"].shape == (0, 4) and found["token_boxes"].dtype == np.float32


def test_tokens_have_their_share_of_the_box():
    boxes = np.array([[[0, 0], [6, 0], [6, 3], [0, 3]], [[4, 4], [8, 4], [8, 6], [4, 6]]], np.float32)
    record = OCRRecord("x.png", ["a b", "milk"], np.array([0.9, 0.4], np.float32), boxes, 8, 6, "fake", None)
    found = TokenizeOCR({"type": "WordTokenizer"}).transform({"ocr": record})
    # "a b" has three characters of 2 px; the picture is 8 x 6 px
    expected = [[1 / 8, 1.5 / 6, 2 / 8, 3 / 6], [5 / 8, 1.5 / 6, 2 / 8, 3 / 6], [6 / 8, 5 / 6, 4 / 8, 2 / 6]]
    np.testing.assert_allclose(found["token_boxes"], expected, rtol=1e-6)
    only_sure = TokenizeOCR({"type": "WordTokenizer"}, min_score=0.5).transform({"ocr": record})
    np.testing.assert_allclose(only_sure["token_boxes"], expected[:2], rtol=1e-6)


def test_text_of_the_annotations_has_no_boxes():
    found = TokenizeOCR({"type": "WordTokenizer"}).transform({"ocr": OCRRecord.from_text("x.jpg", "a b\nmilk")})
    assert found["token_boxes"].tolist() == [[0] * 4] * 3


@pytest.mark.parametrize(
    ("tokens", "scores", "rows", "weight"),
    [  # the table of the docstring
        ([], [], [0, 0, 0], [0, 0, 0]),
        (["milk"], [0.9], [4, 0, 0], [0.9, 0, 0]),
        (["a", "b", "c", "milk"], [1, 1, 0.5, 0.5], [1, 2, 3], [1, 1, 0.5]),
        (["牛奶", "xy", "a"], [0.8, 1, 1], [11, 0, 1], [0.8, 0, 1]),
    ],
)
def test_look_up(vectors, tokens, scores, rows, weight):
    boxes = np.arange(4 * len(tokens), dtype=np.float32).reshape(-1, 4)
    results = {"tokens": tokens, "token_scores": np.array(scores, np.float32), "token_boxes": boxes}
    found = LookUpWordVectors(vectors, max_tokens=3).transform(results)
    assert found["text"].dtype == found["text_weight"].dtype == np.float32
    assert found["text"].tolist() == [[row, 0] for row in rows]
    np.testing.assert_allclose(found["text_weight"], weight, rtol=1e-6)
    assert found["text_box"].dtype == np.float32 and found["text_box"].shape == (3, 4)
    assert found["text_box"].tolist() == [*boxes[:3].tolist(), *[[0] * 4] * (3 - len(tokens))]


def test_look_up_does_not_touch_the_store(vectors):
    transform = LookUpWordVectors(vectors, max_tokens=2)
    results = {"tokens": ["a"], "token_scores": np.ones(1, np.float32), "token_boxes": np.ones((1, 4))}
    transform.transform(results)["text"][:] = 7
    assert transform.transform(results)["text"].tolist() == [[1, 0], [0, 0]]


def test_copies_look_up_the_same(vectors):
    transform = TRANSFORMS.build({"type": "LookUpWordVectors", "vectors": vectors, "max_tokens": 1})
    for other in (copy.deepcopy(transform), pickle.loads(pickle.dumps(transform))):
        results = {"tokens": ["milk"], "token_scores": np.ones(1, np.float32), "token_boxes": np.ones((1, 4))}
        assert other.transform(results)["text"].tolist() == [[4, 0]]


def test_faults_are_named(vectors, tmp_path):
    with pytest.raises(UserError, match=r"^LookUpWordVectors: max_tokens is 0; give a number above 0$"):
        LookUpWordVectors(vectors, max_tokens=0)
    with pytest.raises(UserError, match=r"nowhere is not a word vector folder"):
        LookUpWordVectors(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(("respell", "row"), [(True, 4), (False, 0)])
def test_misread_words(vectors, respell, row):
    results = {"tokens": ["mllk"], "token_scores": np.ones(1, np.float32), "token_boxes": np.ones((1, 4))}
    found = LookUpWordVectors(vectors, max_tokens=1, respell=respell).transform(results)
    assert found["text"].tolist() == [[row, 0]]
    assert found["text_weight"].tolist() == [float(respell)]
