import base64
import datetime
import json
import re
from html import unescape

import cv2
import numpy as np
import pytest
from browser import run_in_browser

from kdxf.io.charts import scatter_chart
from kdxf.io.pages import Bar, HTMLReport, Percent, Picture, report
from kdxf.version import __version__


def _pictures(page):
    data = [base64.b64decode(item) for item in re.findall(r"base64,([^\"]+)", page)]
    return [cv2.imdecode(np.frombuffer(item, np.uint8), cv2.IMREAD_COLOR) for item in data]


def _saved(page, folder):
    page.save(folder / "report.html")
    return (folder / "report.html").read_text(encoding="utf-8")


def _grey(value):
    return np.full((12, 16, 3), value, np.uint8)


def test_what_is_written_stands_in_the_page_and_is_escaped(tmp_path):
    report = HTMLReport("Words & pictures")
    report.heading("牛奶 <b>")
    report.subheading("part >")
    report.text("a < b")
    report.warning("c < d")
    report.table(["name", "count"], [("<i>", 3)])
    report.save(tmp_path / "new" / "report.html")
    page = (tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    assert "<h1>Words &amp; pictures</h1>" in page
    assert "<h2>牛奶 &lt;b&gt;</h2>" in page and "<h3>part &gt;</h3>" in page
    assert "<p>a &lt; b</p>" in page and '<p class="warning"><strong>Warning:</strong> c &lt; d</p>' in page
    assert "<td>&lt;i&gt;</td>" in page and '<td class="number">3</td>' in page
    assert '<th scope="col">name</th><th scope="col" class="number">count</th>' in page
    assert [item.name for item in (tmp_path / "new").iterdir()] == ["report.html"]
    today = datetime.date.today().isoformat()
    assert f"<footer>Words &amp; pictures · {today} · kdxf {__version__}</footer>" in page


def test_the_summary_stands_before_everything_else(tmp_path):
    report = HTMLReport("page")
    report.heading("first")
    report.summary("Do < this.")
    page = _saved(report, tmp_path)
    assert page.index("<p>Do &lt; this.</p>") < page.index("<h2>first</h2>")
    assert '<div class="summary">' not in _saved(HTMLReport("page"), tmp_path)


def test_more_than_three_sections_are_listed_with_links(tmp_path):
    report = HTMLReport("page")
    for name in "abc":
        report.heading(name)
    assert "<nav" not in _saved(report, tmp_path)
    report.heading("d & e")
    page = _saved(report, tmp_path)
    assert re.findall(r'<li><a href="#(section-\d)">(.*?)</a></li>', page) == [
        ("section-1", "a"),
        ("section-2", "b"),
        ("section-3", "c"),
        ("section-4", "d &amp; e"),
    ]
    assert re.findall(r'<section id="(section-\d)">\n<h2>', page) == [f"section-{number}" for number in range(1, 5)]
    assert page.count("<section") == page.count("</section>")


def test_details_fold_what_is_added_inside(tmp_path):
    report = HTMLReport("page")
    with report.details("more <"):
        report.text("inside")
        with pytest.raises(ValueError, match="^heading 'x': a section cannot begin inside details; use subheading$"):
            report.heading("x")
    report.text("outside")
    page = _saved(report, tmp_path)
    assert re.search(r"<summary>more &lt;</summary><div>\s*<p>inside</p>\s*</div></details>\s*<p>outside</p>", page)


def test_a_long_table_and_long_text_are_folded(tmp_path):
    report = HTMLReport("page")
    report.table(["a"], [["short"], ["word " * 100], ["third"]], fold_after=2)
    report.table(["a"], [["short"]], fold_after=1)
    page = _saved(report, tmp_path)
    assert page.count("<summary>all 3 rows</summary>") == page.count("<summary>all") == 1
    assert re.search(r'<tbody class="rest">\s*<tr><td>third</td></tr>\s*</tbody>', page)
    start, rest = re.search(r'<td><details class="long"><summary>(.*?)</summary>(.*?)</details></td>', page).groups()
    assert start.split() + rest.split() == ["word"] * 100 and len(start) <= 160


def test_pictures_lie_in_the_page_scaled_down_and_never_up(tmp_path):
    image = np.zeros((100, 400, 3), np.uint8)
    image[:, :, 2] = 255
    cv2.imwrite(str(tmp_path / "red.png"), image)
    report = HTMLReport("pictures", picture_width=200)
    report.pictures([(tmp_path / "red.png", "red\nsecond line"), (image[:10, :10], "small")])
    page = _saved(report, tmp_path)
    first, second = _pictures(page)
    assert first.shape == (50, 200, 3) and second.shape == (10, 10, 3)
    assert np.abs(first[25, 100].astype(int) - (0, 0, 255)).max() < 6  # BGR
    assert "<figcaption>red\nsecond line</figcaption>" in page


def test_a_picture_shown_twice_lies_in_the_page_once(tmp_path):
    report = HTMLReport("pictures")
    report.pictures([(_grey(50), "one"), (_grey(90), "other")])
    report.pictures([(_grey(50), "again")])
    name = report.keep(_grey(130))
    page = _saved(report, tmp_path)
    assert [picture.mean() for picture in _pictures(page)] == pytest.approx([50, 130, 90], abs=1)
    shared = re.findall(r'<image id="(\w+)"', page)
    assert len(shared) == 2 and shared[1] == name
    assert page.count(f'<use href="#{shared[0]}"/>') == 2 and page.count("<img ") == 1


def test_a_long_caption_is_folded(tmp_path):
    report = HTMLReport("pictures")
    report.pictures([(_grey(1), "word " * 100)])
    start, rest = re.search(
        r'<figcaption>(.*?)<details class="long"><summary>more</summary>(.*?)</details></figcaption>',
        _saved(report, tmp_path),
    ).groups()
    assert start.split() + rest.split() == ["word"] * 100 and len(start) <= 160


def test_for_a_picture_that_cannot_be_read_the_reason_is_shown(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"")
    report = HTMLReport("pictures")
    report.pictures([(tmp_path / "broken.jpg", "caption")])
    page = _saved(report, tmp_path)
    assert '<div class="missing">the file is empty</div>' in page and "base64" not in page
    assert report.keep(tmp_path / "broken.jpg") == ""


def test_a_drawing_stands_in_the_page_as_it_is(tmp_path):
    report = HTMLReport("charts")
    report.drawing("<svg width='4'><text>牛奶</text></svg>")
    assert "<svg width='4'><text>牛奶</text></svg>" in _saved(report, tmp_path)


def test_a_page_too_large_for_a_mail_is_reported(tmp_path, monkeypatch, caplog):
    page = HTMLReport("page")
    page.text("word " * 400_000)
    told = []
    monkeypatch.setattr(report, "print_log", lambda message, *_: told.append(message))
    page.save(tmp_path / "small.html")
    assert told == []
    monkeypatch.setattr(report, "_MAIL_LIMIT", 1_900_000)
    page.save(tmp_path / "large.html")
    assert told == [f"{tmp_path / 'large.html'}: 2.0 MB, too large for most mails; show fewer pictures"]


def _with_all_parts():
    page = HTMLReport("All parts", picture_width=60)
    page.summary("Read http://example.org/a first.")
    page.heading("Table")
    rows = [
        ("class 10", 1234, Percent(5.0, 4, 6), Bar(0.2)),
        ("class 9", 7, Percent(82.1), Bar(0.1)),
        ("牛奶", 300, Percent(None), Bar(0.3)),
        ("class 11", 5, Percent(10.0), Bar(0.9)),
    ]
    page.table(["name", "images", "recall", "share"], rows, sortable=True, fold_after=2)
    page.heading("Pictures")
    page.pictures([Picture(_grey(50), "plain", {"heat": _grey(90), "boxes": _grey(200)}), (_grey(50), "word " * 100)])
    kept = page.keep(_grey(150))
    page.drawing(scatter_chart([0, 1], [0, 1], ["first <b>", "second"], ["x", "y"], [kept, ""]))
    with page.details("Folded"):
        page.text("inside")
    return page


def test_no_request_leaves_the_page(tmp_path):
    page = _saved(_with_all_parts(), tmp_path)
    addresses = re.findall(r"(?:src|href|action|data|url|import)\s*[=(]\s*[\"']?([^\"')\s>]+)", page)
    assert len(addresses) > 5
    assert [item for item in addresses if not item.startswith(("#", "data:image/"))] == []
    assert "Content-Security-Policy\" content=\"default-src 'none'; img-src data:;" in page
    assert not re.search(
        r"@import|<link|<iframe|fetch\(|XMLHttpRequest|WebSocket|//[a-z]+\.[a-z]",
        page.replace("http://example.org", ""),
    )


def test_in_a_browser_tables_sort_charts_say_what_they_show_and_nothing_is_wider_than_a_phone(tmp_path):
    _with_all_parts().save(tmp_path / "page.html")
    result = run_in_browser(
        tmp_path / "page.html",
        """
        const names = () => [...document.querySelectorAll("table tr td:first-child")].map((cell) => cell.textContent);
        const heads = [...document.querySelectorAll("th")];
        const click = (place) => (heads[place].querySelector("button").click(), [heads[place].ariaSort, ...names()]);
        const seen = {number: click(1), back: click(1), text: click(0), percent: click(2), upward: click(2)};
        seen.bar = click(3);
        seen.sorted = heads.map((head) => head.ariaSort);
        seen.rest = getComputedStyle(document.querySelector("tbody.rest")).display;
        document.querySelector("details.more").open = true;
        seen.open = getComputedStyle(document.querySelector("tbody.rest")).display;
        seen.rows = [...document.querySelectorAll("tbody")].map((body) => body.rows.length);
        const layers = [...document.querySelectorAll(".stack > *")];
        const opacity = () => layers.map((layer) => getComputedStyle(layer).opacity);
        for (const layer of layers) layer.style.transition = "none";
        seen.layers = opacity();
        document.querySelectorAll(".layers input")[2].click();
        seen.boxes = opacity();
        const points = document.querySelectorAll("circle");
        points[0].dispatchEvent(new PointerEvent("pointerover", {bubbles: true, clientX: 5, clientY: 5}));
        const tip = document.getElementById("tip");
        seen.tip = [tip.hidden, tip.textContent, tip.querySelectorAll("use").length];
        document.body.dispatchEvent(new PointerEvent("pointerover", {bubbles: true}));
        seen.gone = tip.hidden;
        const find = document.querySelector(".find");
        find.value = "SECOND";
        find.dispatchEvent(new Event("input"));
        seen.dim = [...points].map((point) => point.classList.contains("dim"));
        dispatchEvent(new Event("beforeprint"));
        seen.folded = document.querySelectorAll("details:not([open])").length;
        dispatchEvent(new Event("afterprint"));
        seen.foldedAgain = document.querySelectorAll("details:not([open])").length;
        seen.wide = document.documentElement.scrollWidth > innerWidth;
        return JSON.stringify(seen);
        """,
    )
    seen = json.loads(unescape(result))
    assert seen == {
        "number": ["descending", "class 10", "牛奶", "class 9", "class 11"],
        "back": ["ascending", "class 11", "class 9", "牛奶", "class 10"],
        "text": ["ascending", "class 9", "class 10", "class 11", "牛奶"],
        "percent": ["descending", "class 9", "class 11", "class 10", "牛奶"],
        "upward": ["ascending", "class 10", "class 11", "class 9", "牛奶"],
        "bar": ["descending", "class 11", "牛奶", "class 10", "class 9"],
        "sorted": ["none", "none", "none", "descending"],
        "rest": "none",
        "open": "table-row-group",
        "rows": [2, 2],
        "layers": ["1", "0", "0"],
        "boxes": ["1", "0", "1"],
        "tip": [False, "first <b>", 1],
        "gone": True,
        "dim": [True, False],
        "folded": 0,
        "foldedAgain": 2,
        "wide": False,
    }
