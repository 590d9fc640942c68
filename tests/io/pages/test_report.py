import base64
import re

import cv2
import numpy as np

from kdxf.io.pages import HTMLReport, markdown_table


def _pictures(page):
    data = [base64.b64decode(item) for item in re.findall(r"base64,([^\"]+)", page)]
    return [cv2.imdecode(np.frombuffer(item, np.uint8), cv2.IMREAD_COLOR) for item in data]


def test_what_is_written_stands_in_the_page_and_is_escaped(tmp_path):
    report = HTMLReport("Words & pictures")
    report.heading("牛奶 <b>")
    report.text("a < b")
    report.table(["name", "count"], [("<i>", 3)])
    report.save(tmp_path / "new" / "report.html")
    page = (tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    assert "<h1>Words &amp; pictures</h1>" in page
    assert "<h2>牛奶 &lt;b&gt;</h2>" in page
    assert "<p>a &lt; b</p>" in page
    assert "<td>&lt;i&gt;</td>" in page and '<td class="number">3</td>' in page
    assert [item.name for item in (tmp_path / "new").iterdir()] == ["report.html"]


def test_pictures_lie_in_the_page_scaled_down_and_never_up(tmp_path):
    image = np.zeros((100, 400, 3), np.uint8)
    image[:, :, 2] = 255
    cv2.imwrite(str(tmp_path / "red.png"), image)
    report = HTMLReport("pictures", picture_width=200)
    report.pictures([(tmp_path / "red.png", "red\nsecond line"), (image[:10, :10], "small")])
    report.save(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    first, second = _pictures(page)
    assert first.shape == (50, 200, 3) and second.shape == (10, 10, 3)
    assert np.abs(first[25, 100].astype(int) - (0, 0, 255)).max() < 6  # BGR
    assert "<figcaption>red\nsecond line</figcaption>" in page


def test_for_a_picture_that_cannot_be_read_the_reason_is_shown(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"")
    report = HTMLReport("pictures")
    report.pictures([(tmp_path / "broken.jpg", "caption")])
    report.save(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<div class="missing">the file is empty</div>' in page and "base64" not in page


def test_a_drawing_stands_in_the_page_as_it_is(tmp_path):
    report = HTMLReport("charts")
    report.drawing("<svg width='4'><text>牛奶</text></svg>")
    report.save(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<svg width='4'><text>牛奶</text></svg>" in page


def test_lines():
    assert markdown_table(["a", "b"], [["1", ""], ["x y", "2"]]) == "| a | b |\n| --- | --- |\n| 1 |  |\n| x y | 2 |\n"
    assert markdown_table(["a"], []) == "| a |\n| --- |\n"
