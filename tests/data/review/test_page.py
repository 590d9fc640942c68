import base64
import csv
import io
import json
import re
from html import unescape

import cv2
import numpy as np
import pandas as pd
import pytest
from browser import run_in_browser

from kdxf.data.cleaning.decisions import apply_decisions
from kdxf.data.lists import ImageList
from kdxf.data.review import page
from kdxf.data.review.page import write_page
from kdxf.data.review.queue import make_queue

CLASSES = ("milk", "oat, plain", 'soy "extra" <b>')
SCORES = [[0.9, 0.1, 0.0], [0.5, 0.3, 0.2], [0.1, 0.75, 0.15], [0.2, 0.38, 0.42]]
LABELS = [1, 1, 1, 2]  # in order of their scores: 0.1, 0.3, 0.42, 0.75


@pytest.fixture
def made(write, tmp_path):
    """A page of four pictures, one of which is not there; the order is 0.jpg, 1.jpg, 3.jpg, 2.jpg."""
    for number, (height, width) in enumerate([(8, 8), (400, 640), (8, 8)]):
        cv2.imwrite(str(tmp_path / f"{number}.jpg"), np.full((height, width, 3), 80 * number, np.uint8))
    queue = make_queue(write("p", SCORES, labels=LABELS, seen=[False] * 4, classes=CLASSES))
    write_page(queue, "Review of p", tmp_path, tmp_path / "review.html")
    return tmp_path / "review.html"


def embedded(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="queue">(.*?)</script>', text, re.DOTALL)[1])


# Presses keys where the focus is, as a person does.
PRESS = """
    const press = (...keys) => {
      for (const key of keys) {
        const target = document.activeElement || document.body;
        target.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
      }
    };
    const type = (text) => {
      const find = document.getElementById("find");
      find.value = text;
      find.dispatchEvent(new Event("input"));
    };
    const seen = (id) => document.getElementById(id).textContent;
"""


def in_browser(path, script):
    return json.loads(unescape(run_in_browser(path, PRESS + f"return JSON.stringify((() => {{ {script} }})());")))


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_page_holds_the_questions_and_the_pictures(made):
    found = embedded(made)
    assert found["classes"] == list(CLASSES) and len(found["digest"]) == 64
    asked = [(item["image"], item["label"], item["labelled"]) for item in found["questions"]]
    assert asked == [(f"{number}.jpg", CLASSES[LABELS[number]], True) for number in (0, 1, 3, 2)]
    assert found["questions"][0]["guesses"] == [["milk", 0.9], ["oat, plain", 0.1], [CLASSES[2], 0.0]]
    assert found["questions"][2]["picture"] == "" and "No such file" in found["questions"][2]["unreadable"]
    data = base64.b64decode(found["questions"][1]["picture"].partition("base64,")[2])
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape == (200, 320, 3)


def test_no_request_leaves_the_page(made):
    text = made.read_text(encoding="utf-8")
    assert "Content-Security-Policy\" content=\"default-src 'none'; img-src data:;" in text
    assert not re.search(r"@import|<link|<iframe|fetch\(|XMLHttpRequest|WebSocket|https?://", text)
    assert "<b>" not in text


def test_keys_decide_and_undo_and_the_csv_says_so(made):
    found = in_browser(
        made,
        """
        const out = {question: seen("question"), start: seen("count")};
        out.wide = document.documentElement.scrollWidth > innerWidth;
        press("1");              // 0.jpg: milk
        press("Enter");          // 1.jpg: right
        out.missing = [document.getElementById("picture").hidden, document.getElementById("unreadable").hidden];
        press("s");              // 3.jpg: skipped
        press("D");              // 2.jpg: dropped
        out.third = [seen("image"), seen("count")];
        press("u", "Backspace"); // the drop, the skip
        out.undone = [seen("image"), seen("count"), decisionsText().split("\\n").length];
        press("/");
        out.typing = document.activeElement.id;
        const composing = new KeyboardEvent("keydown", {key: "Enter", isComposing: true, bubbles: true});
        type("O");
        document.activeElement.dispatchEvent(composing);
        out.found = [...document.querySelectorAll("#found .name")].map((item) => item.textContent);
        press("ArrowDown", "Enter");  // 3.jpg: its own label, found by name
        out.left = document.activeElement.id;
        press("1");              // 2.jpg: its label, by number
        out.end = seen("count");
        out.bar = document.querySelector("#progress span").style.width;
        out.text = decisionsText();
        return out;
        """,
    )
    assert found["question"] == "Labelled oat, plain. Is this right?" and not found["wide"]
    assert found["start"] == "Picture 1; 0 of 4 decided" and found["missing"] == [True, False]
    assert found["third"] == ["3.jpg", "Picture 3; 3 of 4 decided"]
    assert found["undone"] == ["3.jpg", "Picture 3; 2 of 4 decided", 4]
    assert found["typing"] == "find" and found["left"] != "find"
    assert found["found"] == ["oat, plain", CLASSES[2]]  # what begins with it, then what has it
    assert found["end"] == "Picture 4; 4 of 4 decided. All done: save decisions.csv." and found["bar"] == "100%"
    assert [tuple(row.values()) for row in rows(found["text"])] == [
        ("0.jpg", "oat, plain", "milk", "0.9", "model says milk (0.90), label says oat, plain", "relabel"),
        ("1.jpg", "oat, plain", "milk", "0.5", "model says milk (0.50), label says oat, plain", "keep"),
        ("3.jpg", CLASSES[2], CLASSES[2], "0.42", f"model says {CLASSES[2]} (0.42), label says {CLASSES[2]}", "keep"),
        ("2.jpg", "oat, plain", "oat, plain", "0.75", "model says oat, plain (0.75), label says oat, plain", "keep"),
    ]


def test_buttons_decide_as_keys_do_and_save_downloads_the_file(made):
    found = in_browser(
        made,
        """
        const links = [];
        HTMLAnchorElement.prototype.click = function () { links.push([this.download, this.href.slice(0, 5)]); };
        const click = (id) => document.getElementById(id).click();
        click("drop"); click("accept"); click("skip"); click("undo");
        document.querySelectorAll("#guesses button")[1].click();
        click("save");
        document.dispatchEvent(new KeyboardEvent("keydown", {key: "s", ctrlKey: true, cancelable: true}));
        press("x", "9");
        return {links, text: decisionsText()};
        """,
    )
    assert found["links"] == [["decisions.csv", "blob:"]] * 2
    assert [(row["image"], row["decision"], row["suggested"]) for row in rows(found["text"])] == [
        ("0.jpg", "drop", "milk"),
        ("1.jpg", "keep", "milk"),
        ("3.jpg", "relabel", "oat, plain"),
    ]


def test_the_file_goes_into_clean_apply(made, tmp_path):
    text = in_browser(made, 'press("1", "Enter", "3", "d"); return decisionsText();')
    (tmp_path / "decisions.csv").write_text(text, encoding="utf-8", newline="")
    for labels in ([CLASSES[label] for label in LABELS], [str(label) for label in LABELS]):
        frame = pd.DataFrame({"image": [f"{number}.jpg" for number in range(4)], "label": labels})
        cleaned = apply_decisions(ImageList(frame, tmp_path, tmp_path / "x.csv"), tmp_path / "decisions.csv", CLASSES)
        written = cleaned.frame["label"].map(lambda label: CLASSES[int(label)] if label.isdigit() else label)
        # The third key answers 3.jpg; its third guess is milk.
        assert dict(zip(cleaned.frame["image"], written, strict=True)) == {
            "0.jpg": "milk",
            "1.jpg": "oat, plain",
            "3.jpg": "milk",
        }
        assert cleaned.counts == {"kept": 1, "dropped": 1, "relabelled": 2, "repeated": 0}


def test_decisions_survive_the_page(made):
    found = in_browser(
        made,
        """
        press("1", "d");
        state = {answers: questions.map(() => null), past: [], others: [], place: 0};
        show();
        const empty = seen("count");
        restore();
        const back = [seen("count"), seen("image")];
        press("u");
        return {empty, back, key: Object.keys(localStorage), undone: seen("image")};
        """,
    )
    assert found["empty"] == "Picture 1; 0 of 4 decided"
    assert found["back"] == ["Picture 3; 2 of 4 decided", "3.jpg"] and found["undone"] == "1.jpg"
    assert found["key"] == [f"kdxf review {embedded(made)['digest']}"]


def test_without_storage_the_page_works_and_says_that_nothing_is_kept(made):
    found = in_browser(
        made,
        """
        Storage.prototype.setItem = () => { throw new DOMException("full"); };
        press("1");
        return [seen("trouble"), document.getElementById("trouble").hidden, seen("count")];
        """,
    )
    assert found[0].startswith("This browser keeps nothing: save decisions.csv") and found[1:] == [
        False,
        "Picture 2; 1 of 4 decided",
    ]


def test_a_file_is_loaded_to_go_on_and_rows_of_other_parts_stay_in_it(made):
    loaded = (
        "\ufeffimage,label,suggested,score,reason,decision\r\n"
        '0.jpg,"oat, plain","soy ""extra"" <b>",,"two\nlines",relabel\r\n'
        'other/9.jpg,milk,milk,0.5,"why, then",drop\r\n'
    )
    found = in_browser(
        made,
        f"""
        loadText({json.dumps(loaded)}, "mine.csv");
        const out = {{trouble: seen("trouble"), image: seen("image"), count: seen("count")}};
        press("d");
        out.text = decisionsText();
        loadText(out.text, "again.csv");
        out.again = decisionsText() === out.text;
        return out;
        """,
    )
    assert (found["trouble"], found["image"], found["count"]) == ("", "1.jpg", "Picture 2; 1 of 4 decided")
    assert found["again"]
    assert [(row["image"], row["suggested"], row["reason"], row["decision"]) for row in rows(found["text"])] == [
        ("0.jpg", CLASSES[2], "model says milk (0.90), label says oat, plain", "relabel"),
        ("1.jpg", "milk", "model says milk (0.50), label says oat, plain", "drop"),
        ("other/9.jpg", "milk", "why, then", "drop"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,label\n", "a.csv: no columns suggested, decision; load a decisions.csv that this page saved."),
        ("", "a.csv: no columns image, label, suggested, decision; load a decisions.csv that this page saved."),
        (
            "image,label,suggested,decision\n1.jpg,milk,milk,keep\n",
            "a.csv: 1.jpg is labelled milk there and oat, plain here; load the file of this review.",
        ),
        (
            'image,label,suggested,decision\n1.jpg,"oat, plain",milk,no\n',
            "a.csv: 1.jpg has the decision 'no'; write keep, drop or relabel.",
        ),
        (
            'image,label,suggested,decision\n0.jpg,"oat, plain",milk,drop\n1.jpg,"oat, plain",rice,relabel\n',
            "a.csv: 1.jpg is relabelled as 'rice', which is no class.",
        ),
    ],
)
def test_a_file_that_does_not_fit_changes_nothing(made, text, message):
    found = in_browser(made, f'loadText({json.dumps(text)}, "a.csv"); return [seen("trouble"), seen("count")];')
    assert found == [message, "Picture 1; 0 of 4 decided"]


def test_a_page_too_large_is_reported(write, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(page, "print_log", lambda message, *_: told.append(message))
    queue = make_queue(write("p", SCORES))
    write_page(queue, "Review", tmp_path, tmp_path / "small.html")
    assert told == []
    monkeypatch.setattr(page, "_LARGE", 10_000)
    write_page(queue, "Review", tmp_path, tmp_path / "large.html")
    assert told == [f"{tmp_path / 'large.html'}: 0.0 MB is a lot for a browser; make parts with a smaller --limit"]
