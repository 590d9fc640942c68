"""The page: its sections, and every figure in it computed again."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kdxf.analysis.config_baselines import LabelledList
from kdxf.analysis.explain.shortcuts import Reliance
from kdxf.analysis.report.gates import Gates
from kdxf.analysis.report.page import Findings, build_page
from kdxf_runtime.trust.wilson import wilson

NO_LOG = pd.DataFrame({"step": [], "name": pd.Series([], dtype="str"), "value": []})
NOTHING = Findings({}, (), (), NO_LOG, ())


@pytest.fixture
def show(tmp_path):
    """Build a page and return its HTML without the script and the style."""

    def build(evidence, findings=NOTHING, **options):
        build_page("the model", evidence, findings, **options).save(tmp_path / "page.html")
        page = (tmp_path / "page.html").read_text(encoding="utf-8")
        return re.sub("<(script|style).*?</\\1>", "", page, flags=re.S)

    return build


def section(page, title):
    """Return the cells of the tables of a section, row by row."""
    (part,) = re.findall(f"<h2>{re.escape(title)}</h2>(.*?)</section>", page, flags=re.S)
    return [
        [re.sub("<.*?>", "", cell).strip() for cell in re.findall("<td.*?>(.*?)</td>", row, flags=re.S)]
        for row in re.findall("<tr>(.*?)</tr>", part, flags=re.S)
    ][1:]


def test_headline(evidence, show):
    """Four of six are right; image alone three, text alone three."""
    page = show(evidence)
    low, high = (100 * float(bound) for bound in wilson(np.array(4), np.array(6)))
    assert f"Right for 66.7 % of 6 images (95 % interval {low:.1f} to {high:.1f})." in page
    rows = section(page, "How good is it?")
    assert [row[0] for row in rows] == ["this model", "this model, image alone", "this model, text alone"]
    assert [row[1].split(" (")[0] for row in rows] == ["66.7", "50.0", "50.0"]
    assert "trained on" not in page


def test_seen_images_are_told(evidence, show):
    seen = replace(evidence.predictions, seen=np.array([1, 1, 0, 0, 0, 0], bool))
    assert "The model was trained on 2 of these images, so every figure here is too good." in show(
        replace(evidence, predictions=seen)
    )


def test_errors(evidence, show):
    page = show(evidence, errors=1)
    (part,) = re.findall("<h2>Where it errs</h2>(.*?)<h3>", page, flags=re.S)
    assert "4.png\nlabel: c\nanswer: b (90 %)" in part and "1.png" not in part
    assert [row[:2] for row in section(page, "Where it errs")][:3] == [["b", "90.0 %"], ["a", "5.0 %"], ["c", "5.0 %"]]


def test_classes_and_confusions(evidence, show):
    page = show(evidence)
    rows = {row[0]: row for row in section(page, "Class by class")}
    assert [rows[name][1:3] for name in "abc"] == [["2", "1"], ["2", "4"], ["2", "1"]]
    assert [rows[name][3].split(" (")[0] for name in "abc"] == ["100.0", "50.0", "100.0"]
    assert [rows[name][4].split(" (")[0] for name in "abc"] == ["50.0", "100.0", "50.0"]
    assert [rows[name][5] for name in "abc"] == ["66.7", "66.7", "66.7"]
    assert "Most often a is taken for b: 1 images, 50 % of them." in page
    assert "c, taken for b: 1 of 2" in page and "a\ntaken for b: 1 of its images (50 %)" in page


def test_modalities(evidence, show):
    alarm = Reliance(0, "a", 2, "sale", 1.0, 0, None, float("nan"), float("nan"), ("class a: its hits need 'sale'",))
    page = show(evidence, replace(NOTHING, reliances=[alarm]))
    assert "The text adds +16.7 points in all: 2 classes gain, 1 lose." in page
    assert "Image alone or text alone is right for 83.3 %" in page
    assert section(page, "What image and text are worth")[0] == ["b", "2", "100.0", "50.0", "0.0", "+50"]
    assert "class a: its hits need &#39;sale&#39;" in page


def test_gates(evidence, show):
    values = np.array([[0.9, 0.1], [0.7, 0.3], [0.5, 0.5], [0.5, 0.5], [0.2, 0.8], [0.2, 0.8]], np.float32)
    page = show(evidence, replace(NOTHING, gates=[Gates("fusion", ("image", "text"), values)]))
    expected = {"all images": ["0.50", "0.50"], "a": ["0.80", "0.20"], "b": ["0.50", "0.50"], "c": ["0.20", "0.80"]}
    assert {row[0]: row[1:] for row in section(page, "Whom the gates listen to")} == expected


def test_words_curves_and_data(evidence, show):
    log = pd.DataFrame({"step": [1, 2, 1], "name": ["loss", "loss", "accuracy/top1"], "value": [2.0, 1.0, 50.0]})
    train = LabelledList(["a", "b", "c"], [0, 1, 2], ["milk", "milk", "tea"], ["a", "b", "c"])
    page = show(replace(evidence, train=train), replace(NOTHING, log=log, left_out=["No heatmaps: why."]))
    assert section(page, "Classes with the same words") == [["b", "a", "1.00"]]
    (curves,) = re.findall("<h2>How it was trained</h2>(.*?)</section>", page, flags=re.S)
    assert curves.count("<svg") == 2 and "accuracy/top1" in curves
    assert ["images trained on", "3"] in section(page, "The data") and "No heatmaps: why." in page


def test_a_model_without_errors(evidence, show):
    perfect = replace(evidence.predictions, scores=np.eye(3, dtype=np.float32)[evidence.labels])
    page = show(replace(evidence, predictions=perfect, alone={}))
    assert "It makes no error on this list." in page and "What is taken for what" not in page


def test_several_labels(several, show):
    """One image of four is all right; four answers of six are right, and two of six labels are missed."""
    values = np.array([[0.9, 0.1], [0.7, 0.3], [0.5, 0.5], [0.1, 0.9]], np.float32)
    page = show(several, replace(NOTHING, gates=[Gates("fusion", ("image", "text"), values)]), errors=1)
    low, high = (100 * float(bound) for bound in wilson(np.array(1), np.array(4)))
    assert f"Exactly the right classes for 25.0 % of 4 images (95 % interval {low:.1f} to {high:.1f})." in page
    first, second = section(page, "How good is it?")
    mean = (100 + 100 * (1 / 4 + 1 / 3) + 100) / 3
    assert first[:3] == ["this model", f"{mean:.1f}", f"{100 * 2 * 4 / (6 + 6):.1f}"]
    assert second[2:] == ["100.0", "100.0 (51.0–100.0)"]
    assert "3.png\nlabel: none of the classes\nanswer: b\nimage alone: none of the classes" in page
    rows = {row[0]: row for row in section(page, "Class by class")}
    assert [rows[name][1:3] for name in "abc"] == [["3", "2"], ["2", "2"], ["1", "2"]]
    assert [rows[name][3].split(" (")[0] for name in "abc"] == ["100.0", "50.0", "50.0"]
    assert [rows[name][4].split(" (")[0] for name in "abc"] == ["66.7", "50.0", "100.0"]
    assert [rows[name][5:] for name in "abc"] == [["80.0", "100.0"], ["50.0", "58.3"], ["66.7", "100.0"]]
    assert (
        "Most often b is taken for c: 1 images, 50 % of them." in page and "<h3>The 1 most confused pairs</h3>" in page
    )
    assert {row[0]: row[1:] for row in section(page, "Whom the gates listen to")} == {
        "all images": ["0.55", "0.45"], "a": ["0.70", "0.30"], "b": ["0.80", "0.20"], "c": ["0.50", "0.50"]
    }  # fmt: skip
    assert "An image of this list may have several classes, so what needs one label per image is not here: " in page
    assert "Do the scores mean what they say?" not in page and 'class="matrix"' not in page
