import numpy as np

from kdxf.analysis.ocr_comparison import EngineRun
from kdxf.analysis.ocr_comparison_page import advice, totals_rows, write_report
from kdxf.text.ocr import OCRRecord


def record(image, *texts, error=None):
    scores, boxes = np.full(len(texts), 0.5, np.float32), np.ones((len(texts), 4, 2), np.float32)
    return OCRRecord(image, list(texts), scores, boxes, 6, 4, "e", error)


def runs():
    one = EngineRun("one", "one 1.0 <x>", 2.0, 4.0, [record("a.png", "牛 milk", "milk"), record("b.png")])
    two = EngineRun("two", "two 2.0", 0.5, 1.0, [record("a.png", "milk"), record("b.png", error="it failed")])
    return [one, EngineRun("three", error="no models"), two]


def test_figures_of_the_engines_that_started():
    rows = totals_rows(runs())
    assert rows == [("one", 0.5, 2.0, 1, 0, 2, 9, 3, 1, 0.5), ("two", 1.0, 0.5, 1, 1, 1, 4, 1, 0, 0.5)]


def test_page_shows_engines_side_by_side(draw, tmp_path):
    draw(tmp_path / "a.png")
    write_report(runs(), tmp_path, tmp_path / "out" / "report.html")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "2 images" in page and "<td>three</td><td>no models</td>" in page and "one 1.0 &lt;x&gt;" in page
    assert page.count("data:image/jpeg;base64,") == 2  # a.png for each engine that started
    assert "one\n1. 牛 milk (0.50)\n2. milk (0.50)</figcaption>" in page and "two\n1. milk (0.50)" in page
    assert "<td>several engines</td><td>milk ×2</td>" in page
    assert "<td>only one</td><td>牛</td>" in page and "<td>only two</td><td>none</td>" in page
    # a.png: one word of three in common; b.png has none and does not count
    assert '<td>one</td><td>two</td><td class="number">0.333</td>' in page
    assert "unreadable: cannot open the file" in page  # b.png is not there


def test_captions_of_images_without_text(draw, tmp_path):
    draw(tmp_path / "a.png")
    draw(tmp_path / "b.png")
    write_report(runs(), tmp_path, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "one\nno text</figcaption>" in page and "two\nit failed</figcaption>" in page


def test_one_engine_alone(draw, tmp_path):
    draw(tmp_path / "a.png")
    write_report([EngineRun("one", "one 1", 1.0, 1.0, [record("a.png", "milk")])], tmp_path, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "several engines" not in page and "agree" not in page and "<td>only one</td><td>milk</td>" in page


def test_the_summary_names_the_engine_that_found_most_and_the_fastest():
    one, _, two = runs()
    assert advice([one, two]).startswith(
        "one found the most words (3), two is the fastest (1 images/s). Words that one engine alone found are listed"
    )
    assert advice([one]) == "one found 3 words at 0.5 images/s. Look below whether they are right."
