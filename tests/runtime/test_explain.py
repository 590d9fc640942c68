from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from kdxf_runtime import explain as module
from kdxf_runtime import runner as runner_module
from kdxf_runtime.bundle import Bundle, GraphInput, Manifest
from kdxf_runtime.explain import explain
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.runner import Picture, Runner

IMAGE = (GraphInput("img", "uint8", (None, 3, 12, 12)),)
TEXT = (GraphInput("ngram_ids", "int64", (None, None)), GraphInput("ngram_weight", "float32", (None, None)))
LOAD = ({"type": "LoadImage", "blank_size": 12},)
READ = (
    {"type": "TokenizeOCR", "tokenizer": {"type": "WordTokenizer"}},
    {"type": "HashNgrams", "shortest": 2, "longest": 2},
)
BLANK = (104 + 116 + 124) / 3  # the mean of a blank picture


class Session:
    """Scores that are known by hand: 0.2 + brightness / 1000 + n-grams / 100 for milk, 0.31 for salt, 0.1 for tea."""

    def __init__(self):
        self.batches = []

    def run(self, names, inputs):
        assert tuple(names) == ("scores", "feature")
        count = len(next(iter(inputs.values())))
        self.batches.append(count)
        milk = np.full(count, 0.2)
        if "img" in inputs:
            milk += inputs["img"].mean(axis=(1, 2, 3)) / 1000
        if "ngram_weight" in inputs:
            milk += (inputs["ngram_weight"] > 0).sum(axis=1) / 100
        scores = np.stack([milk, np.full(count, 0.31), np.full(count, 0.1)], axis=1)
        return scores.astype(np.float32), np.zeros((count, 2), np.float32)


@pytest.fixture
def make_runner(monkeypatch, tmp_path):
    monkeypatch.setattr(runner_module, "open_graph", lambda path, inputs, classes, threads: Session())
    monkeypatch.setattr(Runner, "_try", lambda self: None)  # its pictures are as large as they are

    def make(inputs=IMAGE + TEXT, steps=LOAD + READ, **manifest):
        content = Manifest("fake", ("milk", "salt", "tea"), inputs, steps, **manifest)
        return Runner(Bundle(tmp_path, content, "0" * 64))

    return make


def a_picture(pixels):
    return Picture("a.png", cv2.imencode(".png", pixels)[1].tobytes())


def one_bright_region():
    pixels = np.full((12, 12, 3), 100, np.uint8)
    pixels[2:4, 4:6] = 200  # row 1, column 2 of 6 x 6
    return a_picture(pixels)


def said(lines):
    """Each word of two letters is four n-grams: <a ab b> <ab>."""
    count = len(lines)
    boxes = np.arange(count * 8, dtype=np.float32).reshape(count, 4, 2)
    return OCRRecord("a.png", lines, np.ones(count, np.float32), boxes, 12, 12, "fake", None)


MEAN = (140 * 100 + 4 * 200) / 144


def test_image_text_and_both_are_asked_for_themselves(make_runner):
    found = explain(make_runner(), one_bright_region(), said(["ab", "cd ef"])).to_json()
    both = round(0.2 + MEAN / 1000 + 0.12, 6)
    assert found["both"]["name"] == "milk" and found["both"]["score"] == pytest.approx(both, abs=2e-6)
    assert [one["name"] for one in found["both"]["top"]] == ["milk", "salt", "tea"]
    assert [one["id"] for one in found["both"]["top"]] == [0, 1, 2]
    assert found["image"]["name"] == "salt" and found["image"]["score"] == pytest.approx(0.31)  # milk: 0.303
    assert found["image"]["top"][1] == {"id": 0, "name": "milk", "score": pytest.approx(0.2 + MEAN / 1000, abs=2e-6)}
    assert found["text"]["score"] == pytest.approx(0.2 + BLANK / 1000 + 0.12, abs=2e-6)


def test_a_line_counts_by_how_much_the_score_falls_without_it(make_runner):
    found = explain(make_runner(), one_bright_region(), said(["ab", "", "cd ef"])).to_json()
    assert found["lines"] == pytest.approx([0.04, 0, 0.08], abs=2e-6)


def test_a_line_leaves_with_its_score_and_box(make_runner, monkeypatch):
    seen = []
    real = Runner.scores
    monkeypatch.setattr(
        Runner,
        "scores",
        lambda self, some, calibration: real(self, [seen.append(one) or one for one in some], calibration),
    )
    explain(make_runner(), one_bright_region(), said(["ab", "cd"]))
    first, second = seen[3].record, seen[4].record  # after both, image and text
    assert first.texts == ["cd"] and second.texts == ["ab"]
    assert first.scores.tolist() == second.scores.tolist() == [1]
    assert first.boxes.tolist() == [[[8, 9], [10, 11], [12, 13], [14, 15]]]
    assert second.boxes.tolist() == [[[0, 1], [2, 3], [4, 5], [6, 7]]]


def test_a_region_is_covered_with_the_mean_of_the_rest(make_runner):
    regions = explain(make_runner(), one_bright_region(), said(["ab"])).to_json()["regions"]
    assert (regions["columns"], regions["rows"], len(regions["effect"])) == (6, 6, 36)
    # Without the bright one all are 100. Others get 102.86, rounded, in place of their 100.
    expected = np.full(36, -(103 - 100) * 4 / 144 / 1000)
    expected[1 * 6 + 2] = (MEAN - 100) / 1000
    assert regions["effect"] == pytest.approx(expected.tolist(), abs=2e-6)


def test_regions_go_from_left_to_right_and_from_top_to_bottom(make_runner):
    pixels = np.full((12, 12, 3), 100, np.uint8)
    pixels[10:, 0:2] = 255
    effect = explain(make_runner(), a_picture(pixels), said(["ab"])).regions
    assert np.unravel_index(effect.argmax(), effect.shape) == (5, 0)


def test_a_tiny_picture_has_as_many_regions_as_pixels(make_runner):
    pixels = np.full((2, 3, 3), 90, np.uint8)
    found = explain(
        make_runner(steps=({"type": "LoadImage"}, {"type": "Resize", "scale": 12}, *READ)), a_picture(pixels), None
    ).to_json()
    assert (found["regions"]["rows"], found["regions"]["columns"]) == (2, 3)
    assert found["regions"]["effect"] == pytest.approx([0] * 6, abs=2e-6)


def test_a_large_picture_is_made_smaller_and_compared_with_that(make_runner, monkeypatch):
    monkeypatch.setattr(module, "MOST_PIXELS", 24 * 24)
    pixels = np.full((40, 120, 3), 100, np.uint8)
    pixels[::2] = 140  # its rows are averaged, where Resize would take single ones
    sizes = []
    real = Runner.scores
    monkeypatch.setattr(
        Runner,
        "scores",
        lambda self, some, given: real(self, [sizes.append(one.pixels) or one for one in some], given),
    )
    resize = {"type": "Resize", "scale": 12, "interpolation": "nearest"}
    runner = make_runner(steps=({"type": "LoadImage"}, resize, *READ))
    found = explain(runner, a_picture(pixels), None)
    assert [one.shape for one in (sizes[0], sizes[3], sizes[4])] == [(40, 120, 3), (13, 41, 3), (13, 41, 3)]
    assert len(sizes) == 3 + 1 + 36
    assert np.abs(found.regions).max() < 1e-3 and sizes[3].mean() == pytest.approx(120, abs=1)


def test_the_picture_itself_stays_as_it_is(make_runner):
    runner = make_runner()
    seen = runner.pipeline.loader.load({"img_bytes": one_bright_region().data})
    before = seen.copy()
    assert [one.pixels is seen for one in module._covered(Picture("a", b""), seen, 6, 6)] == [False] * 36
    np.testing.assert_array_equal(seen, before)


def test_variants_are_asked_in_batches_and_none_is_lost(make_runner):
    runner = make_runner()
    explain(runner, one_bright_region(), said(["ab"] * 9))
    assert runner._session.batches == [2, 1, 8, 1, 8, 8, 8, 8, 5]


def test_without_text_no_line_counts_and_text_says_nothing(make_runner):
    for record in (None, said([])):
        found = explain(make_runner(), one_bright_region(), record).to_json()
        assert found["text"] is None and found["lines"] == []
        assert found["image"] == found["both"]


def test_a_picture_that_cannot_be_read_has_no_regions(make_runner):
    for picture in (Picture("a.png", b"no picture"), Picture("a.png", b"", error="gone")):
        found = explain(make_runner(), picture, said(["ab"])).to_json()
        assert found["image"] is None and found["regions"] is None
        assert found["text"] == found["both"] and found["lines"] == pytest.approx([0.04], abs=2e-6)


def test_a_model_of_text_alone(make_runner):
    found = explain(make_runner(TEXT, READ), one_bright_region(), said(["ab", "cd ef gh"])).to_json()
    assert found["image"] is None and found["regions"] is None
    assert found["text"] == found["both"] and found["both"]["score"] == pytest.approx(0.36)
    assert found["lines"] == pytest.approx([0.04, 0.12], abs=2e-6)


def test_a_model_of_pictures_alone(make_runner):
    found = explain(make_runner(IMAGE, LOAD), one_bright_region(), None).to_json()
    assert found["text"] is None and found["image"] == found["both"] and len(found["regions"]["effect"]) == 36
    assert explain(make_runner(IMAGE, LOAD), one_bright_region(), said(["ab"])).lines == (None,)


def test_of_many_lines_the_longest_are_left_out(make_runner, monkeypatch):
    monkeypatch.setattr(module, "MOST_LINES", 2)
    found = explain(make_runner(), one_bright_region(), said(["ab", "cd ef", "gh ij kl", "mn"])).to_json()
    assert found["lines"] == [None, pytest.approx(0.08, abs=2e-6), pytest.approx(0.12, abs=2e-6), None]


def test_scores_are_calibrated_as_those_of_the_answer(make_runner):
    runner = make_runner()
    runner.calibration = SimpleNamespace(apply=lambda scores: scores / 2)
    found = explain(runner, one_bright_region(), said(["ab", "cd ef"])).to_json()
    assert found["both"]["score"] == pytest.approx((0.32 + MEAN / 1000) / 2, abs=2e-6)
    assert found["lines"] == pytest.approx([0.02, 0.04], abs=2e-6)
    runner.routing = SimpleNamespace(calibration=SimpleNamespace(apply=lambda scores: scores / 4))
    read, given = one_bright_region(), replace(one_bright_region(), record=said(["ab"]))
    assert explain(runner, read, said(["ab"])).to_json()["lines"] == pytest.approx([0.01], abs=2e-6)
    assert explain(runner, given, said(["ab"])).to_json()["lines"] == pytest.approx([0.02], abs=2e-6)


def test_the_picture_alone_has_a_calibration_of_its_own(make_runner):
    runner = make_runner()
    runner.calibration = SimpleNamespace(apply=lambda scores: scores / 2)
    assert explain(runner, one_bright_region(), said(["ab"])).image.score == pytest.approx(0.31, abs=2e-6)
    runner.without_text = SimpleNamespace(apply=lambda scores: scores / 8)
    found = explain(runner, one_bright_region(), said(["ab"]))
    assert (found.image.score, found.both.score) == pytest.approx((0.31 / 8, (0.24 + MEAN / 1000) / 2), abs=2e-6)
    found = explain(runner, one_bright_region(), None, with_text=False)
    assert found.both == found.image and found.both.score == pytest.approx(0.31 / 8, abs=2e-6)


def test_a_model_of_several_labels_is_asked_about_the_likeliest(make_runner):
    found = explain(make_runner(multi_label={"threshold": 0.3}), one_bright_region(), said(["ab"])).to_json()
    assert found["both"]["name"] == "milk" and found["lines"] == pytest.approx([0.04], abs=2e-6)
