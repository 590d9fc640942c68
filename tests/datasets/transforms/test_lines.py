"""Augmentations of the lines that OCR read."""

import copy
import pickle
import re
import sys
from itertools import permutations

import numpy as np
import pytest

from kdxf.datasets import ConfuseCharacters, DropLines, MixTraditional, ShuffleLines, SplitLines
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf.text.ocr import OCRRecord
from kdxf.text.spelling.ocr_noise import corrupt
from kdxf_runtime.tokenizers.cleaning import converter


def record_of(texts, scores=None, boxes=None):
    """Lines whose scores and boxes tell which line they belong to; read-only, as the table gives them."""
    count = len(texts)
    scores = np.arange(count, dtype=np.float32) / 10 if scores is None else np.array(scores, np.float32)
    boxes = np.arange(count * 8, dtype=np.float32).reshape(-1, 4, 2) if boxes is None else np.array(boxes, np.float32)
    for array in (scores, boxes):
        array.setflags(write=False)
    return OCRRecord("x.jpg", list(texts), scores, boxes, 100, 100, "fake", None)


def rows_of(record):
    """Which lines of ``record_of`` a record holds, after checking that text, score and box agree."""
    rows = [int(text) for text in record.texts]
    np.testing.assert_allclose(record.scores, np.array(rows) / 10, rtol=1e-6)
    assert record.boxes.shape == (len(rows), 4, 2)
    assert [int(box[0, 0]) // 8 for box in record.boxes] == rows
    return rows


def apply(transform, record):
    return transform.transform({"ocr": record})["ocr"]


def test_every_order_of_lines_is_as_likely():
    np.random.seed(0)
    counts = dict.fromkeys(permutations(range(3)), 0)
    for _ in range(1200):
        counts[tuple(rows_of(apply(ShuffleLines(1.0), record_of("012"))))] += 1
    # 200 of each order are expected; the standard deviation is sqrt(1200 x 1/6 x 5/6) = 13.
    assert all(abs(count - 200) < 5 * 13 for count in counts.values())


def test_half_of_the_samples_are_shuffled():
    np.random.seed(0)
    texts = [str(i) for i in range(9)]
    shuffled = sum(rows_of(apply(ShuffleLines(0.5), record_of(texts))) != list(range(9)) for _ in range(400))
    assert abs(shuffled - 200) < 5 * 10  # sqrt(400 / 4) = 10
    assert rows_of(apply(ShuffleLines(0.0), record_of(texts))) == list(range(9))


def test_lines_are_dropped_with_their_scores_and_boxes():
    np.random.seed(0)
    texts = [str(i) for i in range(2000)]
    kept = rows_of(apply(DropLines(0.25), record_of(texts)))
    assert abs(len(kept) - 1500) < 5 * 20  # sqrt(2000 x .25 x .75) = 19.4
    assert kept == sorted(kept)


def test_lines_that_ocr_is_unsure_of_are_dropped_more_often():
    np.random.seed(0)
    record = record_of([str(i % 2) for i in range(4000)], scores=[0.9, 0.4] * 2000)
    kept = apply(DropLines(0.1, unsure_prob=0.6), record).texts
    # 0.1 x 0.9 + 0.6 x 0.1 = 0.15 and 0.1 x 0.4 + 0.6 x 0.6 = 0.4: 1700 and 1200 of 2000 stay.
    assert abs(kept.count("0") - 1700) < 5 * 16
    assert abs(kept.count("1") - 1200) < 5 * 22


@pytest.mark.parametrize(("prob", "kept"), [(0.0, [0, 1, 2]), (1.0, [])])
def test_no_line_and_every_line_is_dropped(prob, kept):
    assert rows_of(apply(DropLines(prob), record_of("012"))) == kept


def test_a_split_line_shares_its_box_and_repeats_its_score():
    quads = [[[0, 0], [9, 0], [9, 9], [0, 9]], [[20, 40], [80, 40], [80, 50], [20, 50]]]
    found = apply(SplitLines(1.0), record_of(["a", "Ko 3.0"], boxes=quads))
    assert found.texts == ["a", "Ko", "3.0"]
    np.testing.assert_allclose(found.scores, [0, 0.1, 0.1], rtol=1e-6)
    # six characters of 10 pixels: two for the first word, one for the space, three for the second
    expected = [quads[0], [[20, 40], [40, 40], [40, 50], [20, 50]], [[50, 40], [80, 40], [80, 50], [50, 50]]]
    np.testing.assert_allclose(found.boxes, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("line", "parts"),
    [  # the table of the docstring
        ("Arla Ko 3.0%", {("Arla", "Ko 3.0%"), ("Arla Ko", "3.0%")}),
        ("满100减", {("满", "100减"), ("满100", "减")}),
        ("STANDARDMJÖLK", {("STANDARDMJÖLK",)}),
        ("满", {("满",)}),
        ("", {("",)}),
        (" a", {(" a",)}),
        ("新 品", {("新", "品")}),
    ],
)
def test_where_a_line_may_be_split(line, parts):
    np.random.seed(0)
    assert {tuple(apply(SplitLines(1.0), record_of([line])).texts) for _ in range(30)} == parts


def test_some_lines_are_split():
    np.random.seed(0)
    record = record_of(["a b"] * 1000)
    assert abs(len(apply(SplitLines(0.3), record).texts) - 1300) < 5 * 15  # sqrt(1000 x .3 x .7) = 14.5
    assert apply(SplitLines(0.0), record).texts == record.texts


def test_lines_of_unknown_place_stay_so():
    found = apply(SplitLines(1.0), OCRRecord.from_text("x.jpg", "a b"))
    assert found.texts == ["a", "b"] and not found.boxes.any()


@pytest.mark.parametrize("transform", [ShuffleLines(1.0), DropLines(0.5), SplitLines(1.0)])
class TestAll:
    def test_no_text(self, transform):
        found = apply(transform, OCRRecord.empty("x.jpg"))
        assert found.texts == [] and found.scores.shape == (0,) and found.boxes.shape == (0, 4, 2)

    def test_the_record_of_the_table_is_left_alone(self, transform):
        record = record_of(["a b", "c d", "e f"])
        before = copy.deepcopy(record)
        for _ in range(5):
            apply(transform, record)
        assert repr(record) == repr(before)

    def test_a_seed_repeats(self, transform):
        found = []
        for _ in range(2):
            np.random.seed(5)
            found.append([apply(transform, record_of(["a b c d", "e f", "g h"])).texts for _ in range(5)])
        assert found[0] == found[1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ShuffleLines(2), "ShuffleLines: prob is 2; give a probability from 0 to 1"),
        (lambda: DropLines(-1), "DropLines: prob is -1; give a probability from 0 to 1"),
        (lambda: DropLines(0, 1.5), "DropLines: unsure_prob is 1.5; give a probability from 0 to 1"),
        (lambda: SplitLines(1.5), "SplitLines: prob is 1.5; give a probability from 0 to 1"),
    ],
)
def test_probabilities_are_checked(make, message):
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        make()


def test_are_registered():
    for name in ("ShuffleLines", "DropLines", "SplitLines"):
        assert TRANSFORMS.build({"type": name, "prob": 0.2}).prob == 0.2


LINES = ["STANDARDMJÖLK 3.0%", "纯牛奶未来 5,999", "illustration Oil 100"]


def record():
    return OCRRecord.from_text("x.jpg", "\n".join(LINES))


def test_every_line_is_misread_as_corrupt_does():
    np.random.seed(3)
    found = ConfuseCharacters(1.0, rate=0.3).transform({"ocr": record()})["ocr"]
    np.random.seed(3)
    np.random.rand()
    random = np.random.default_rng(np.random.randint(1 << 31))
    assert found.texts == [corrupt(line, 0.3, random) for line in LINES]
    assert sum(read != line for read, line in zip(found.texts, LINES, strict=True)) == 3


def test_scores_and_boxes_stay_and_the_table_is_left_alone():
    before = record()
    found = ConfuseCharacters(1.0, rate=1.0).transform({"ocr": before})["ocr"]
    assert found.scores is before.scores and found.boxes is before.boxes
    assert before.texts == LINES and len(found.texts) == 3


def test_half_of_the_samples_are_misread():
    np.random.seed(0)
    noise = ConfuseCharacters(0.5, rate=1.0)
    count = sum(noise.transform({"ocr": record()})["ocr"].texts != LINES for _ in range(400))
    assert abs(count - 200) < 5 * 10  # sqrt(400 / 4) = 10


@pytest.mark.parametrize("options", [{"prob": 0.0, "rate": 1.0}, {"prob": 1.0, "rate": 0.0}])
def test_nothing_is_misread(options):
    assert ConfuseCharacters(**options).transform({"ocr": record()})["ocr"].texts == LINES


def test_a_seed_repeats():
    found = []
    for _ in range(2):
        np.random.seed(5)
        found.append(ConfuseCharacters(1.0, rate=0.5).transform({"ocr": record()})["ocr"].texts)
    assert found[0] == found[1]


def test_no_text():
    assert ConfuseCharacters(1.0).transform({"ocr": OCRRecord.empty("x.jpg")})["ocr"].texts == []


@pytest.mark.parametrize("options", [{"prob": 3}, {"rate": -1}])
def test_probabilities_are_checked_of_ocr_noise(options):
    ((name, value),) = options.items()
    message = f"ConfuseCharacters: {name} is {value}; give a probability from 0 to 1"
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        ConfuseCharacters(**options)


def test_is_registered():
    assert isinstance(TRANSFORMS.build({"type": "ConfuseCharacters"}), ConfuseCharacters)


@pytest.fixture(autouse=True)
def opencc():
    return pytest.importorskip("opencc", reason="needs the extra 'chinese'")


def mix_scripts(transform, *lines):
    return transform.transform({"ocr": OCRRecord.from_text("x.jpg", "\n".join(lines))})["ocr"].texts


def test_each_line_is_written_in_the_other_script():
    assert mix_scripts(MixTraditional(1.0), "优惠价 iPhone13", "乾淨頭髮", "¥99 OPPO", "人口") == [
        "優惠價 iPhone13",
        "干净头发",
        "¥99 OPPO",
        "人口",
    ]


def test_some_lines_are_written_in_the_other_script():
    np.random.seed(0)
    found = mix_scripts(MixTraditional(0.25), *["优惠价"] * 1000)
    assert set(found) == {"优惠价", "優惠價"}
    assert abs(found.count("優惠價") - 250) < 5 * 14  # sqrt(1000 x .25 x .75) = 13.7
    assert mix_scripts(MixTraditional(0.0), "优惠价") == ["优惠价"]


def test_the_record_of_the_table_is_left_alone():
    record = OCRRecord.from_text("x.jpg", "优惠价")
    found = MixTraditional(1.0).transform({"ocr": record})["ocr"]
    assert record.texts == ["优惠价"]
    assert found.scores is record.scores and found.boxes is record.boxes


def test_no_text_of_traditional():
    assert MixTraditional(1.0).transform({"ocr": OCRRecord.empty("x.jpg")})["ocr"].texts == []


def test_loader_workers_get_a_copy():
    assert mix_scripts(pickle.loads(pickle.dumps(MixTraditional(1.0))), "优惠价") == ["優惠價"]


def test_the_probability_is_checked():
    with pytest.raises(UserError, match=r"^MixTraditional: prob is 7; give a probability from 0 to 1$"):
        MixTraditional(7)


def test_a_missing_package_is_reported_at_once(monkeypatch):
    converter.cache_clear()
    monkeypatch.setitem(sys.modules, "opencc", None)
    with pytest.raises(UserError, match=r"^MixTraditional needs the package opencc: pip install 'kdxf\[chinese\]'"):
        MixTraditional()


def test_is_registered_of_traditional():
    assert isinstance(TRANSFORMS.build({"type": "MixTraditional"}), MixTraditional)


def test_the_halves_of_a_line_begin_and_end_with_it():
    quad = [[20, 40], [60, 40], [60, 50], [20, 50]]
    found = apply(SplitLines(1.0), record_of(["Ko 3"], boxes=[quad]))
    assert found.texts == ["Ko", "3"]
    # four characters of 10 pixels: two for the first word, one for the space, one for the second
    expected = [[[20, 40], [40, 40], [40, 50], [20, 50]], [[50, 40], [60, 40], [60, 50], [50, 50]]]
    np.testing.assert_allclose(found.boxes, expected, atol=1e-4)
