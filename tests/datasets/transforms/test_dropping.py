"""Augmentations that take something away."""

import re

import numpy as np
import pytest

from kdxf.datasets import DropModality, DropWords, EraseText
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf.text.ocr import OCRRecord


def test_words_are_dropped_with_their_scores_and_boxes():
    np.random.seed(0)
    count = 4000
    tokens, scores = [str(i) for i in range(count)], np.arange(count, dtype=np.float32)
    boxes = np.repeat(scores[:, None], 4, axis=1)
    found = DropWords(0.25).transform({"tokens": tokens, "token_scores": scores, "token_boxes": boxes})
    assert [int(token) for token in found["tokens"]] == found["token_scores"].tolist()
    assert (found["token_boxes"] == found["token_scores"][:, None]).all()
    # 3000 of 4000 are expected; the standard deviation is sqrt(4000 x .25 x .75) = 27.
    assert abs(len(found["tokens"]) - 3000) < 5 * 27
    assert len(tokens) == count


@pytest.mark.parametrize(("prob", "kept"), [(0.0, ["a", "b", "milk"]), (1.0, [])])
def test_no_word_and_every_word(sample, prob, kept):
    found = DropWords(prob).transform(sample)
    assert found["tokens"] == kept
    assert len(found["token_scores"]) == len(found["token_boxes"]) == len(kept)


def test_words_of_no_text():
    empty = {"tokens": [], "token_scores": np.zeros(0, np.float32), "token_boxes": np.zeros((0, 4), np.float32)}
    found = DropWords(0.5).transform(empty)
    assert found["tokens"] == [] and found["token_scores"].shape == (0,) and found["token_boxes"].shape == (0, 4)


def blanked(sample):
    return bool((sample["img"] == (104, 116, 124)).all())


def test_one_modality_at_most_is_dropped(sample):
    np.random.seed(0)
    counts = {"image": 0, "text": 0}
    for _ in range(2000):
        found = DropModality(0.2, 0.3).transform(dict(sample))
        no_image, no_text = blanked(found), not found["text_weight"].any()
        assert not (no_image and no_text)
        counts["image"] += no_image
        counts["text"] += no_text
    # 400 and 600 are expected; the standard deviations are sqrt(2000 x .2 x .8) = 18 and sqrt(2000 x .3 x .7) = 20.
    assert abs(counts["image"] - 400) < 5 * 18
    assert abs(counts["text"] - 600) < 5 * 20


def test_the_arrays_of_the_sample_are_left_alone(sample):
    image, weight = sample["img"].copy(), sample["text_weight"].copy()
    DropModality(1.0, 0.0).transform(dict(sample))
    DropModality(0.0, 1.0).transform(dict(sample))
    assert (sample["img"] == image).all() and (sample["text_weight"] == weight).all()


def test_the_image_of_a_sample_without_text_is_kept(sample):
    sample["text_weight"] = np.zeros(4, np.float32)
    assert not blanked(DropModality(image_prob=1.0).transform(sample))


def test_tokens_of_a_transformer_are_a_text(sample):
    sample["text_mask"] = sample.pop("text_weight")
    assert blanked(DropModality(image_prob=1.0).transform(dict(sample)))
    silent = DropModality(text_prob=1.0).transform(dict(sample))
    assert not silent["text_mask"].any() and not blanked(silent)
    assert not blanked(DropModality(image_prob=1.0).transform(silent))


def test_a_table_is_emptied_too(sample):
    sample["table"] = np.array([1, 0.5], np.float32)
    whole = sample["table"]
    found = DropModality(table_prob=1.0).transform(dict(sample))
    assert found["table"].tolist() == [0, 0] and not blanked(found) and found["text_weight"].any()
    assert whole.tolist() == [1, 0.5]
    sample["text_weight"] = np.zeros(4, np.float32)
    assert blanked(DropModality(image_prob=1.0).transform(dict(sample)))  # the table is left
    unreadable = {**sample, "error": "the file is empty"}
    assert DropModality(table_prob=1.0).transform(unreadable)["table"].any()
    with pytest.raises(UserError, match="image_prob . text_prob . table_prob is 1.2"):
        DropModality(0.4, 0.4, 0.4)


def test_ngrams_are_a_text(sample):
    del sample["text_weight"]
    sample["ngram_weight"] = np.array([0.5, 0.5, 0], np.float32)
    assert blanked(DropModality(image_prob=1.0).transform(dict(sample)))
    assert not DropModality(text_prob=1.0).transform(dict(sample))["ngram_weight"].any()


def test_the_text_of_an_unreadable_image_is_kept(sample):
    sample["error"] = "the file is empty"
    assert DropModality(text_prob=1.0).transform(sample)["text_weight"].any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DropWords(1.1), "DropWords: prob is 1.1; give a probability from 0 to 1"),
        (lambda: DropModality(image_prob=-0.1), "DropModality: image_prob is -0.1; give a probability from 0 to 1"),
        (lambda: DropModality(text_prob=2), "DropModality: text_prob is 2; give a probability from 0 to 1"),
        (
            lambda: DropModality(0.75, 0.5),
            "DropModality: image_prob + text_prob is 1.25; give a probability from 0 to 1",
        ),
    ],
)
def test_probabilities_are_checked(make, message):
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        make()


PAPER, INK = (40, 50, 60), (200, 210, 220)
BOXES = [(10, 10, 40, 20), (50, 10, 90, 20), (10, 30, 90, 40)]


def record(boxes=BOXES, width=100, height=50):
    quads = [[[x0, y0], [x1, y0], [x1, y1], [x0, y1]] for x0, y0, x1, y1 in boxes]
    scores = np.ones(len(boxes), np.float32)
    return OCRRecord("x.jpg", ["a"] * len(boxes), scores, np.array(quads, np.float32), width, height, "fake", None)


def picture(scale=1.0):
    """Paper with ink inside of the boxes."""
    image = np.full((int(50 * scale), int(100 * scale), 3), PAPER, np.uint8)
    for box in BOXES:
        x0, y0, x1, y1 = (int(edge * scale) for edge in box)
        image[y0 + 1 : y1, x0 + 1 : x1] = INK
    return image


def inked(image, scale=1.0):
    """Return which boxes still have ink."""
    return [
        bool((image[int(y0 * scale) : int(y1 * scale), int(x0 * scale) : int(x1 * scale)] == INK).any())
        for x0, y0, x1, y1 in BOXES
    ]


@pytest.mark.parametrize("scale", [1.0, 0.5, 2.0])
def test_text_takes_the_colour_of_the_paper(scale):
    results = {"img": picture(scale), "ocr": record()}
    found = EraseText(1.0, line_prob=1.0).transform(dict(results))
    assert (found["img"] == PAPER).all()
    assert found["ocr"] is results["ocr"]
    assert (results["img"] == picture(scale)).all()


def test_the_rest_of_the_picture_stays():
    np.random.seed(0)
    image = np.random.randint(0, 255, (50, 100, 3), np.uint8)
    found = EraseText(1.0, line_prob=1.0).transform({"img": image, "ocr": record([BOXES[0]])})["img"]
    changed = (found != image).any(axis=2)
    outside = np.ones_like(changed)
    outside[10:21, 10:41] = False
    assert not changed[outside].any()
    assert len(np.unique(found[10:20, 10:40].reshape(-1, 3), axis=0)) == 1


def test_the_colour_is_that_around_the_line():
    image = picture()
    image[:, 45:] = (90, 90, 90)
    found = EraseText(1.0, line_prob=1.0).transform({"img": image, "ocr": record(BOXES[:2])})["img"]
    assert (found[10:21, 10:41] == PAPER).all()
    assert (found[10:21, 50:91] == 90).all()


def test_a_slanted_line():
    image = np.full((50, 100, 3), PAPER, np.uint8)
    slanted = record([BOXES[0]])
    slanted.boxes[0] = [[20, 0], [40, 20], [30, 30], [10, 10]]
    image[15, 25] = image[2, 38] = INK  # the second in the corner of the hull, where no text is
    found = EraseText(1.0).transform({"img": image, "ocr": slanted})["img"]
    assert (found[15, 25] == PAPER).all() and (found[2, 38] == INK).all()


def test_one_line_goes_and_further_ones_with_their_probability():
    np.random.seed(0)
    lost = np.zeros(3)
    for _ in range(600):
        erased = ~np.array(inked(EraseText(1.0, line_prob=0.0).transform({"img": picture(), "ocr": record()})["img"]))
        assert erased.sum() == 1
        lost += erased
    assert (abs(lost - 200) < 5 * 12).all()  # sqrt(600 x 1/3 x 2/3) = 11.5
    count = 0
    for _ in range(300):
        count += 3 - sum(inked(EraseText(1.0, line_prob=0.5).transform({"img": picture(), "ocr": record()})["img"]))
    # One line and half of the other two: 2 of 3; the standard deviation of the sum is sqrt(300 / 2) = 12.
    assert abs(count - 600) < 5 * 12


def test_some_pictures_are_left_alone():
    np.random.seed(0)
    image = picture()
    results = {"img": image, "ocr": record()}
    same = sum(EraseText(0.3).transform(dict(results))["img"] is image for _ in range(500))
    assert abs(same - 350) < 5 * 10  # sqrt(500 x .3 x .7) = 10
    assert EraseText(0.0).transform(dict(results))["img"] is image


@pytest.mark.parametrize(
    "ocr", [OCRRecord.empty("x.jpg", width=100, height=50), OCRRecord.from_text("x.jpg", "text"), record(width=0)]
)
def test_no_text_or_text_of_unknown_place(ocr):
    image = picture()
    assert EraseText(1.0).transform({"img": image, "ocr": ocr})["img"] is image


def test_boxes_at_and_beyond_the_edge():
    image = np.full((50, 100, 3), INK, np.uint8)
    for box in [(0, 0, 100, 50), (-20, -20, 120, 70), (-30, -30, -10, -10), (200, 10, 220, 20), (95, 45, 110, 60)]:
        found = EraseText(1.0).transform({"img": image, "ocr": record([box])})["img"]
        assert (found == INK).all()


@pytest.mark.parametrize("options", [{"prob": 3}, {"line_prob": -1}])
def test_probabilities_are_checked_of_erasing(options):
    ((name, value),) = options.items()
    message = f"EraseText: {name} is {value}; give a probability from 0 to 1"
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        EraseText(**options)


def test_is_registered_and_asks_for_text():
    assert TRANSFORMS.build({"type": "EraseText"}).needs_ocr
