import math
import sys
import types
from dataclasses import replace

import numpy as np
import pytest
from service_fixtures import coloured

from kdxf_runtime.categories import Categories
from kdxf_runtime.errors import UserError
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.predictions import NOT_READ, Prediction
from kdxf_runtime.runner import Answer
from kdxf_runtime.service import answering
from kdxf_runtime.service.answering import Answerer, Blame, Question, Settings, categories_of, describe

# The softmax of (0, 0, 10).
BEST = math.exp(10) / (math.exp(10) + 2)
REST = 1 / (math.exp(10) + 2)
CATEGORIES = Categories((7, 8, 9), ("blue", "green", "red"))
RECORD = OCRRecord(
    "picture", ["50% OFF"], np.float32([0.75]), np.float32([[[0, 0], [4, 0], [4, 2], [0, 2]]]), 16, 12, "fake", None
)


def prediction(**changes):
    scores = np.float32([0.25, 0.25, 0.5])
    return replace(Prediction("picture", 9, "red", 0.5, scores, None), **changes)


def test_a_picture_is_answered(colour_answerer):
    reply = colour_answerer(Question(coloured("red"), topk=2))
    content = reply.content
    assert (content["category_id"], content["category"], content["error"]) == (2, "red", None)
    assert content["score"] == pytest.approx(BEST, abs=1e-6)
    assert [(one["id"], one["name"]) for one in content["top"]] == [(2, "red"), (0, "blue")]
    assert [one["score"] for one in content["top"]] == pytest.approx([BEST, REST], abs=1e-6)
    assert reply.scores == pytest.approx([REST, REST, BEST], abs=1e-6)
    assert set(reply.seconds) == {"decode", "model"}
    for key in ("labels", "set", "decision", "text", "explanation"):
        assert content[key] is None
    assert content["reason"] == ""


def test_a_picture_that_cannot_be_read_has_its_error(colour_answerer):
    content = colour_answerer(Question(b"no picture", explain=True)).content
    assert content["error"].startswith("not a whole picture of a known format")
    assert content["explanation"] is None


def test_the_seconds_are_those_of_one_question(colour_answerer):
    first = colour_answerer(Question(coloured("red"))).seconds
    assert colour_answerer(Question(coloured("red"))).seconds["model"] < 20 * first["model"]


def test_decisions_need_a_calibration(colour_bundle):
    with pytest.raises(UserError, match=r"^--precision: .* has no calibration for this; make one with kdxf calibrate$"):
        Answerer(colour_bundle, Settings(precision=0.9))


def test_names_of_sets_labels_and_decisions():
    content = describe(prediction(labels=(2, 0), likely=(2,), unlike=False), RECORD, CATEGORIES, 9, 0.6)
    assert (content["labels"], content["set"]) == (["red", "blue"], ["red"])
    assert (content["decision"], content["reason"]) == ("review", "score below 0.600")
    assert [one["id"] for one in content["top"]] == [9, 7, 8]
    assert describe(prediction(), RECORD, CATEGORIES, 1, 0.5)["decision"] == "accept"


def test_lines_have_their_boxes():
    assert describe(prediction(), RECORD, CATEGORIES, 1, None)["text"] == {
        "width": 16,
        "height": 12,
        "lines": [{"text": "50% OFF", "score": 0.75, "box": [[0, 0], [4, 0], [4, 2], [0, 2]]}],
    }
    broken = OCRRecord.empty("picture", "the OCR engine failed")
    assert describe(prediction(), broken, CATEGORIES, 1, None)["text"] is None


def test_a_class_without_a_name_is_called_by_its_id():
    content = describe(prediction(category_name=None), None, Categories((7, 8, 9), None), 1, None)
    assert (content["category"], content["top"][0]["name"]) == ("9", "9")


class FakeRunner:
    """Remembers the pictures, and answers that none of their texts was read, by a routing."""

    def __init__(self, bundle, *, tta, read_text):
        self.made = tta, read_text
        self.calibration, self.routing = None, types.SimpleNamespace(calibration="routed")
        self.without_text = None
        self.categories = CATEGORIES
        self.pipeline = types.SimpleNamespace(needs_text=True)
        self.watch = types.SimpleNamespace(take=dict)
        self.pictures, self.with_text, self.started = [], [], 0

    @property
    def engine(self):
        self.started += 1

    def measure(self, picture, answer, *, with_text):
        return "measured", with_text

    def answer(self, pictures, *, with_text):
        self.pictures += pictures
        self.with_text.append(with_text)
        return [Answer(prediction(text=NOT_READ), RECORD, np.zeros(1))]


@pytest.fixture
def faked(monkeypatch, colour_bundle):
    """An answerer with a fake runner, which accepts from 0.4 on where a routing decides, else from 0.9 on."""
    monkeypatch.setattr(answering, "Runner", FakeRunner)
    thresholds = {None: 0.9, "routed": 0.4}
    monkeypatch.setattr(
        answering, "decide", lambda calibration, *_: types.SimpleNamespace(threshold=thresholds[calibration])
    )
    answerer = Answerer(colour_bundle, Settings(True, "auto", precision=0.9))
    return answerer, answerer._runner


def test_ocr_starts_with_the_worker(faked):
    _, runner = faked
    assert (runner.made, runner.started) == ((True, "auto"), 1)


def test_without_its_text_a_picture_has_none_and_is_not_decided_without_a_calibration_for_that(faked):
    answerer, runner = faked
    assert answerer(Question(b"data")).content["text"]["lines"][0]["text"] == "50% OFF"
    content = answerer(Question(b"data", with_text=False)).content
    assert (content["text"], content["decision"]) == (None, None)
    assert runner.with_text == [True, False]


def test_a_picture_is_measured_as_it_was_answered(faked, colour_answerer):
    assert faked[0](Question(b"data")).measured == ("measured", True)
    assert faked[0](Question(b"data", with_text=False)).measured == ("measured", False)
    assert colour_answerer(Question(coloured("red"))).measured is None  # its bundle has no fingerprint


@pytest.mark.parametrize(
    ("shares", "expected"), [({}, None), ({"precision": 0.9}, 0.3), ({"review": 0.5}, 0.4), ({"precision": 1.0}, 0.5)]
)
def test_the_threshold_without_text(calibration, shares, expected):
    """Four images, sure to 0.2, 0.3, 0.4 and 0.5, of which all but the third are right."""
    alone = replace(calibration, sureness=np.array([0.2, 0.3, 0.4, 0.5]), right=np.array([False, True, True, True]))
    if shares == {"precision": 1.0}:
        alone = replace(alone, right=np.array([True, True, True, False]))
        expected = np.inf
    assert answering._threshold(alone, Settings(**shares)) == expected
    assert answering._threshold(None, Settings(**shares)) is None


def test_routed_pictures_are_decided_by_their_own_threshold(faked):
    assert faked[0](Question(b"data")).content["decision"] == "accept"


def test_an_explanation_is_made_where_it_is_asked_for(faked, monkeypatch):
    answerer, runner = faked
    calls = []

    def explain(*arguments, **options):
        calls.append((*arguments, options))
        return types.SimpleNamespace(to_json=lambda: {"why": "so"})

    monkeypatch.setitem(sys.modules, "kdxf_runtime.explain", types.SimpleNamespace(explain=explain))
    assert answerer(Question(b"data")).content["explanation"] is None
    assert answerer(Question(b"data", explain=True)).content["explanation"] == {"why": "so"}
    answerer(Question(b"data", with_text=False, explain=True))
    assert calls == [(runner, runner.pictures[index], RECORD, {"with_text": index == 1}) for index in (1, 2)]


def test_a_picture_on_which_a_worker_died():
    reply = Blame(CATEGORIES)(Question(b"data", topk=2), "it died")
    assert (reply.content["error"], reply.content["score"]) == ("it died", pytest.approx(1 / 3))
    assert len(reply.content["top"]) == 2
    assert reply.seconds == {}


def test_categories_have_the_names_for_people(colour_bundle):
    assert categories_of(colour_bundle).names == ("blue", "green", "red")
    named = replace(colour_bundle, manifest=replace(colour_bundle.manifest, names=("a", "b", "c")))
    assert categories_of(named).names == ("a", "b", "c")
