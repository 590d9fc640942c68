"""The page in a real browser, against a service that answers as each test wants."""

import codecs
import csv
import importlib.resources
import io
import re
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from fake_service import CLASSES, PAGE, SIZE, FakeService, answered, model, problem, top
from PIL import Image

api = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: Debian's chromium")


@pytest.fixture(scope="module")
def browser():
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def service():
    service = FakeService(answered)
    yield service
    service.stop()


@pytest.fixture
def visit(browser, service):
    """Open the page; at the end nothing may have left its origin, and no script may have failed."""
    contexts, addresses, complaints = [], [], []

    def visit(width=1280, height=900, locale="en-GB", scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale=locale, color_scheme=scheme, accept_downloads=True
        )
        context.set_default_timeout(8000)
        contexts.append(context)
        context.on("request", lambda request: addresses.append(request.url))
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda one: complaints.append(one.text) if "Content Security" in one.text else None)
        page.goto(service.address)
        api.expect(page.locator("#about")).not_to_be_empty()  # the model is known
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []
    assert len(addresses) >= 4 * len(contexts)  # the page, its style, its script, and the model
    strangers = [one for one in addresses if not one.startswith((service.address, f"blob:{service.address}", "data:"))]
    assert strangers == []


def picture(name="ad.png", size=SIZE):
    file = io.BytesIO()
    Image.fromarray(np.full((size[1], size[0], 3), (200, 180, 160), np.uint8)).save(file, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": file.getvalue()}


def send(page, *pictures):
    page.set_input_files("#files", list(pictures))


def settled(page, text):
    api.expect(page.locator("#status")).to_have_text(text)


# One picture and several


@needs_browser
def test_one_picture_shows_its_answer(visit, service):
    page = visit()
    assert page.title() == "Classify pictures: demo"
    assert "Scores are calibrated" in page.inner_text("#about")
    one = picture()
    send(page, one)
    settled(page, "1 of 1 answered.")
    assert page.inner_text("h2") == "ad.png"
    assert page.inner_text(".answer") == "化妆品 78.8% accept"
    assert page.locator(".bars li").all_inner_texts() == [
        f"{name}\n{score}" for name, score in zip(CLASSES, ["78.8%", "10.0%", "5.0%", "3.0%", "2.0%"], strict=False)
    ]
    widths = page.locator(".bars li").evaluate_all("all => all.map(one => one.style.getPropertyValue('--share'))")
    assert [float(width.rstrip("%")) for width in widths] == pytest.approx([78.8042, 10, 5, 3, 2])
    assert page.get_by_text("May be: 化妆品, 手机").is_visible()
    assert page.inner_text("body").count("calibrated") == 1
    (asked,) = service.asked
    assert asked.data == one["buffer"] and asked.text and not asked.explain and asked.token is None
    assert asked.topk == len(CLASSES)


@needs_browser
def test_boxes_and_lines_mark_each_other(visit):
    page = visit()
    send(page, picture())
    settled(page, "1 of 1 answered.")
    boxes, lines = page.locator(".box"), page.locator(".lines button")
    assert lines.all_inner_texts() == ["敏感肌可用", "限时 5 折"]
    marked = "all => all.map(one => one.classList.contains('marked'))"
    lines.nth(1).hover()
    assert boxes.evaluate_all(marked) == [False, True]
    boxes.nth(0).hover()
    assert lines.evaluate_all(marked) == [True, False]
    page.mouse.move(0, 0)
    assert boxes.evaluate_all(marked) == [False, False]
    boxes.nth(1).click()
    page.mouse.move(0, 0)
    assert lines.evaluate_all(marked) == [False, True] and lines.nth(1).get_attribute("aria-pressed") == "true"
    # The box lies over its place in the picture: x from 20 to 150 of 320, y from 120 to 150 of 200.
    image, box = page.locator(".stack img").bounding_box(), boxes.nth(1).bounding_box()
    assert (box["x"] + box["width"] / 2 - image["x"]) / image["width"] == pytest.approx(85 / 320, abs=0.005)
    assert (box["y"] + box["height"] / 2 - image["y"]) / image["height"] == pytest.approx(135 / 200, abs=0.005)


@needs_browser
def test_several_pictures_keep_their_order_and_can_be_removed(visit, service):
    service.reply = lambda asked: (time.sleep(0.2 if asked.name == "a.png" else 0), answered(asked))[1]
    page = visit()
    send(page, picture("a.png"), picture("b.png"), picture("c.png"))
    settled(page, "3 of 3 answered.")
    assert page.locator("h2").all_inner_texts() == ["a.png", "b.png", "c.png"]
    page.get_by_role("button", name="Remove b.png").click()
    settled(page, "2 of 2 answered.")
    page.get_by_role("button", name="Remove all").click()
    assert page.locator("h2").count() == 0 and page.locator("#work").is_hidden()


@needs_browser
def test_pictures_are_dropped_and_pasted(visit, service):
    page = visit()
    event = """([type, name, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
        const init = { bubbles: true, cancelable: true };
        const made = type === "paste" ? new ClipboardEvent(type, { ...init, clipboardData: data })
          : new DragEvent(type, { ...init, dataTransfer: data });
        return document.body.dispatchEvent(made);
    }"""
    data = list(picture()["buffer"])
    assert page.evaluate(event, ["dragover", "dropped.png", data]) is False  # or the browser would leave the page
    assert "over" in page.get_attribute("#drop", "class")
    assert page.evaluate(event, ["drop", "dropped.png", data]) is False
    settled(page, "1 of 1 answered.")
    page.evaluate(event, ["paste", "image.png", data])
    page.evaluate(event, ["paste", "image.png", data])
    settled(page, "3 of 3 answered.")
    assert [asked.name for asked in service.asked] == ["dropped.png", "pasted-2.png", "pasted-3.png"]


@needs_browser
def test_a_chinese_file_name_arrives_whole(visit, service):
    page = visit()
    send(page, picture("双十一 促销“满减”.png"))
    settled(page, "1 of 1 answered.")
    assert page.inner_text("h2") == service.asked[0].name == "双十一 促销“满减”.png"


@needs_browser
def test_thirty_pictures_go_a_few_at_a_time_and_can_be_stopped(visit, service):
    gate = threading.Semaphore(4)
    service.reply = lambda asked: (gate.acquire(), answered(asked))[1]
    page = visit()
    send(page, *(picture(f"{number}.png", (32, 20)) for number in range(30)))
    settled(page, "4 of 30 answered.")
    assert page.locator("#progress").evaluate("one => [one.value, one.max]") == [4, 30]
    page.get_by_role("button", name="Stop").click()
    settled(page, "4 of 30 answered. Stopped.")
    assert page.get_by_role("button", name="Go on").evaluate("one => one === document.activeElement")
    assert page.get_by_text("not sent").count() == 26
    gate.release(60)
    page.get_by_role("button", name="Go on").click()
    settled(page, "30 of 30 answered.")
    assert service.most <= 6  # three that were given up may still be answered
    assert {asked.name for asked in service.asked[:4]} <= {f"{number}.png" for number in range(7)}


# What goes wrong


@needs_browser
def test_a_broken_file_keeps_its_message_and_can_be_tried_again(visit, service):
    error = "not a whole picture"
    service.reply = lambda asked: answered(asked, error=error if len(service.asked) == 1 else None)
    page = visit()
    send(page, {"name": "broken.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xffnothing"})
    settled(page, "0 of 1 answered, 1 failed.")
    assert page.inner_text(".problem p") == "The picture cannot be read: not a whole picture"
    assert page.inner_text(".unshown") == "This browser cannot show this picture."
    assert page.locator(".answer").count() == 0
    page.get_by_role("button", name="Try again: broken.jpg").click()
    settled(page, "1 of 1 answered.")
    assert page.locator(".problem").count() == 0


@needs_browser
def test_refused_pictures_say_why_and_the_others_go_on(visit, service):
    said = {
        413: "The picture is too large for this service.",
        408: "Sending took too long.",
        422: "The service cannot use this file.",
        503: "The service takes no pictures at the moment.",
        504: "The answer took too long.",
        500: "The service failed (500).",
    }

    def reply(asked):
        status = int(asked.name.removesuffix(".png"))
        return answered(asked) if status == 200 else (status, problem("refused", "at most 10 MB"), {})

    service.reply = reply
    page = visit()
    send(page, *(picture(f"{status}.png", (32, 20)) for status in [*said, 200]))
    settled(page, "1 of 7 answered, 6 failed.")
    assert page.locator(".problem p").all_inner_texts() == [f"{text} at most 10 MB [r-7]" for text in said.values()]


@needs_browser
def test_a_busy_service_is_asked_again_when_it_said(visit, service):
    times = []

    def reply(asked):
        times.append(time.monotonic())
        return (429, problem("busy", "the queue is full"), {"Retry-After": "1"}) if len(times) == 1 else answered(asked)

    service.reply = reply
    page = visit()
    send(page, picture())
    api.expect(page.locator("#status")).to_have_text("0 of 1 answered. The service is busy; the rest is sent in 1 s.")
    settled(page, "1 of 1 answered.")
    assert len(times) == 2 and 1 <= times[1] - times[0] < 4
    assert page.locator(".problem").count() == 0


@needs_browser
def test_an_answer_that_is_no_json_is_a_problem_of_that_picture(visit, service):
    service.reply = lambda asked: (200, {}, {})
    page = visit()
    send(page, picture())
    settled(page, "0 of 1 answered, 1 failed.")
    assert page.inner_text(".problem p") == "The service gave an answer that this page does not understand."


@needs_browser
def test_a_connection_that_breaks_is_told_from_a_service_that_is_gone(visit, service):
    def reply(asked):
        if asked.name == "big.png":
            raise ConnectionResetError
        return answered(asked)

    service.reply = reply
    page = visit()
    send(page, picture("big.png"), picture("small.png"))
    settled(page, "1 of 2 answered, 1 failed.")
    assert page.inner_text(".problem p").startswith("The connection broke while the picture was sent")
    assert page.locator("#gone").is_hidden()


@needs_browser
def test_a_service_that_is_gone_is_said_and_the_pictures_stay(visit, service):
    page = visit()
    send(page, picture("a.png"))
    settled(page, "1 of 1 answered.")
    service.stop()
    send(page, picture("b.png"))
    told = (
        f"The service at 127.0.0.1:{service.port} does not answer. Your pictures stay here: when it is running again,"
    )
    api.expect(page.locator("#gone p").first).to_contain_text(told)
    assert page.locator("#gone").get_attribute("role") == "alert"
    settled(page, "1 of 2 answered.")
    page.locator("#gone button").click()
    assert page.locator("#gone").is_visible()
    service.start(service.port)
    page.locator("#gone button").click()
    settled(page, "2 of 2 answered.")
    assert page.locator("#gone").is_hidden()


@needs_browser
def test_a_token_is_asked_for_only_when_the_service_wants_one(visit, service):
    page = visit()
    assert page.locator("#token").is_hidden()
    service.token = "secret"
    send(page, picture())
    settled(page, "0 of 1 answered. Waiting for the token.")
    page.get_by_label("The service asks for a token").fill("wrong")
    page.keyboard.press("Enter")
    api.expect(page.locator("#refused")).to_have_text("The service did not accept this token.")
    page.get_by_label("The service asks for a token").fill("secret")
    page.keyboard.press("Enter")
    settled(page, "1 of 1 answered.")
    assert page.locator("#token").is_hidden() and service.asked[-1].token == "secret"
    assert page.evaluate("sessionStorage.length") == 1 and page.evaluate("localStorage.length") == 0
    page.reload()
    api.expect(page.locator("#title")).to_have_text("Classify pictures: demo")  # the tab still has it


# What the model answers


@needs_browser
def test_a_picture_without_text_says_so(visit, service):
    empty = {"width": 320, "height": 200, "lines": []}
    service.reply = lambda asked: answered(asked, text=empty)
    page = visit()
    send(page, picture())
    settled(page, "1 of 1 answered.")
    assert page.get_by_text("No text was found.").is_visible() and page.locator(".box").count() == 0


@needs_browser
def test_why_shows_picture_text_and_both_and_what_counted(visit, service):
    page = visit()
    send(page, picture())
    settled(page, "1 of 1 answered.")
    page.get_by_role("button", name="Why this answer?").click()
    sections = page.locator(".three section")
    api.expect(sections).to_have_count(3)
    assert [one.split("\n")[0] for one in sections.all_inner_texts()] == [
        "Picture alone",
        "Text alone",
        "Picture and text",
    ]
    assert sections.nth(1).locator("li").first.inner_text() == "化妆品\n60.0%"
    assert page.locator(".lines button").all_inner_texts() == ["敏感肌可用\n−23.1", "限时 5 折\n+4.5"]
    regions = page.locator(".region")
    shades = regions.evaluate_all("all => all.map(one => Number(one.getAttribute('fill-opacity')))")
    assert shades == [0] * 35 + [0.75]
    image, last = page.locator(".stack img").bounding_box(), regions.nth(35).bounding_box()
    assert last["x"] + last["width"] == pytest.approx(image["x"] + image["width"], abs=2)
    assert last["width"] == pytest.approx(image["width"] / 6, abs=2)
    assert page.get_by_text("Most: row 6, column 6 (−30.0).").is_visible()
    page.get_by_label("Show which regions counted").uncheck()
    assert regions.count() == 0
    assert [asked.explain for asked in service.asked] == [False, True]


@needs_browser
def test_without_text_asks_by_the_picture_alone(visit, service):
    page = visit()
    send(page, picture("a.png"))
    settled(page, "1 of 1 answered.")
    page.get_by_label("Without text").check()
    api.expect(page.get_by_text("Answered without text.")).to_be_visible()
    send(page, picture("b.png"))
    settled(page, "2 of 2 answered.")
    assert [(asked.name, asked.text) for asked in service.asked] == [
        ("a.png", True),
        ("a.png", False),
        ("b.png", False),
    ]
    page.get_by_role("button", name="Why this answer? a.png").click()
    api.expect(page.get_by_text("Nothing to go by.")).to_be_visible()


@needs_browser
def test_an_answer_that_comes_after_the_switch_was_turned_is_asked_again(visit, service):
    gate = threading.Event()
    service.reply = lambda asked: (asked.text and gate.wait(10), answered(asked))[1]
    page = visit()
    send(page, picture())
    api.expect(page.get_by_text("sending")).to_be_visible()
    page.get_by_label("Without text").check()
    gate.set()
    settled(page, "1 of 1 answered.")
    assert [asked.text for asked in service.asked] == [True, False]
    assert page.get_by_text("Answered without text.").is_visible()


@needs_browser
def test_a_model_that_takes_no_text_shows_no_switch(visit, service):
    service.model = model(takes_text=False, calibrated=False)
    service.reply = lambda asked: answered(asked, text=None, set=None, decision=None)
    page = visit()
    send(page, picture())
    settled(page, "1 of 1 answered.")
    assert page.get_by_label("Without text").is_hidden() and page.locator(".badge").count() == 0
    assert page.get_by_text("Text in the picture").count() == 0
    assert "Scores are not calibrated" in page.inner_text("#about")


@needs_browser
def test_several_labels_and_doubts_are_shown(visit, service):
    service.reply = lambda asked: answered(
        asked, labels=["化妆品", "手机"], set=[], decision="review", reason="score below 0.900"
    )
    page = visit()
    send(page, picture())
    settled(page, "1 of 1 answered.")
    for text in ("Labels: 化妆品, 手机", "It may be none of the classes.", "to a person", "score below 0.900"):
        assert page.get_by_text(text, exact=True).is_visible()


# The table


def table(page):
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download CSV").click()
    assert waiting.value.suggested_filename == "predictions.csv"
    return Path(waiting.value.path()).read_bytes()


@needs_browser
def test_the_csv_has_the_columns_of_kdxf_inference(visit, service):
    def reply(asked):
        if asked.name == "big.png":
            return 413, problem("too_large", 'at most "10" MB, says the service'), {}
        if asked.name == "a, b.png":
            return answered(asked, error="not a whole picture", decision="review", reason="cannot be read", set=[])
        return answered(asked, category_id=5, category="=1+1", score=0.5)

    service.reply = reply
    page = visit()
    send(page, picture("=cmd.png"), picture("a, b.png"), picture("big.png"))
    settled(page, "1 of 3 answered, 2 failed.")
    data = table(page)
    assert data.startswith(codecs.BOM_UTF8) and b"\r" not in data
    assert list(csv.reader(io.StringIO(data.decode("utf-8-sig")))) == [
        ["image_id", "category_id", "category_name", "score", "set", "set_names", "decision", "reason", "error"],
        ["'=cmd.png", "5", "'=1+1", "0.500000", "0|1", "化妆品|手机", "accept", "", ""],
        ["a, b.png", "0", "化妆品", "0.788042", "", "", "review", "cannot be read", "not a whole picture"],
        ["big.png", "", "", "", "", "", "", "", 'at most "10" MB, says the service'],
    ]


@needs_browser
def test_the_csv_of_a_model_of_several_labels(visit, service):
    labels = {"one.png": ["手机", "化妆品"], "none.png": [], "all.png": CLASSES}
    service.reply = lambda asked: answered(
        asked, labels=labels[asked.name], top=top(0.7, 0.8, 0.6, 0.6, 0.6, 0.6), set=None, decision=None
    )
    page = visit()
    send(page, picture("one.png"), picture("none.png"), picture("all.png"))
    settled(page, "3 of 3 answered.")
    assert page.locator("#picture-3 .bars li").count() == 5
    assert table(page).decode("utf-8-sig") == (
        "image_id,category_id,category_name,score,error\none.png,1|0,手机|化妆品,0.800000|0.700000,\nnone.png,,,,\n"
        f"all.png,0|1|2|3|4|5,{'|'.join(CLASSES)},0.700000|0.800000|0.600000|0.600000|0.600000|0.600000,\n"
    )


# For everybody


@needs_browser
def test_by_the_keyboard_alone(visit, service):
    page = visit()
    page.on("filechooser", lambda chooser: None)  # from now on the browser asks the test, not a person
    seen = set()

    def tab_to(selector):
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
            seen.add(page.evaluate("document.activeElement.outerHTML"))
        raise AssertionError(f"the Tab key does not reach {selector}: {seen}")

    tab_to("#files")
    outline = page.locator("#drop .button").evaluate("one => getComputedStyle(one).outlineStyle")
    assert outline == "solid"
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files([picture("a.png"), picture("b.png")])
    settled(page, "2 of 2 answered.")
    tab_to("#picture-1 .lines button")
    marked = "#picture-1 .box.marked"
    assert page.locator(marked).get_attribute("data-line") == "0"
    page.keyboard.press("ArrowDown")
    assert page.locator(marked).get_attribute("data-line") == "1"
    page.keyboard.press("Tab")  # the lines are one stop
    assert page.evaluate("document.activeElement.textContent") == "Why this answer?"
    page.keyboard.press("Enter")
    api.expect(page.locator("#picture-1 .three")).to_be_visible()
    assert page.evaluate("document.activeElement.closest('li').id") == "picture-1"  # where the button was
    tab_to("#picture-2 [data-key=remove]")
    page.keyboard.press("Enter")
    settled(page, "1 of 1 answered.")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Remove a.png"


@needs_browser
def test_the_language_is_the_browsers_and_can_be_switched(visit, service):
    service.reply = lambda asked: answered(asked, decision="review", reason="score below 0.900")
    page = visit(locale="zh-CN")
    assert page.title() == "图片分类：demo" and page.get_attribute("html", "lang") == "zh-CN"
    send(page, picture())
    settled(page, "已完成 1 / 1。")
    assert page.inner_text(".answer") == "化妆品 78.8% 转人工复核" and page.get_by_text("得分低于 0.900").is_visible()
    page.get_by_role("button", name="English").click()
    settled(page, "1 of 1 answered.")
    assert page.get_attribute("html", "lang") == "en"
    assert page.inner_text(".answer") == "化妆品 78.8% to a person"
    page.reload()
    api.expect(page.locator("#title")).to_have_text("Classify pictures: demo")
    assert len(service.asked) == 1


@needs_browser
def test_every_text_exists_in_both_languages(visit):
    page = visit()
    shape = """() => {
        const kind = (one) => typeof one === "object" ? of(one) : typeof one;
        const of = (words) => Object.entries(words).sort().map(([name, one]) => [name, kind(one)]);
        return [of(SAY.en), of(SAY.zh)];
    }"""
    english, chinese = page.evaluate(shape)
    assert english == chinese
    used = page.locator("[data-say]").evaluate_all("all => all.map(one => one.dataset.say)")
    assert set(used) <= {name for name, _ in english}
    assert page.locator("[data-say]").evaluate_all("all => all.every(one => one.textContent)")


@needs_browser
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_a_phone_has_no_sideways_scrolling(visit, service, locale):
    page = visit(width=390, height=800, locale=locale)
    send(page, picture("a-name-without-any-place-to-break-" * 4 + ".png", (900, 300)), picture("tall.png", (100, 900)))
    api.expect(page.locator(".answer")).to_have_count(2)
    for number in (1, 2):
        page.locator(f"#picture-{number} [data-key=why]").click()
    api.expect(page.locator(".three")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, service, scheme):
    package = pytest.importorskip("axe_playwright_python", reason="needs axe-playwright-python, which carries axe-core")
    axe = importlib.resources.files(package).joinpath("axe.min.js").read_text(encoding="utf-8")
    service.reply = lambda asked: (
        (413, problem("too_large", "at most 10 MB"), {})
        if asked.name == "big.png"
        else answered(asked, reason="why not")
    )
    page = visit(scheme=scheme)
    send(page, picture("a.png"), picture("b.png"), picture("big.png"))
    settled(page, "2 of 3 answered, 1 failed.")
    page.get_by_role("button", name="Why this answer? a.png").click()
    api.expect(page.locator(".three")).to_be_visible()
    page.locator("#card summary").click()
    service.token = "secret"
    page.get_by_role("button", name="Try again").click()
    api.expect(page.locator("#token")).to_be_visible()
    page.locator("#gone").evaluate("one => { one.hidden = false }")
    page.evaluate(axe)
    found = page.evaluate("axe.run().then(({ violations, passes }) => ({ violations, passes: passes.length }))")
    assert found["passes"] > 20
    bad = [
        (one["id"], one["impact"], [node["html"][:120] for node in one["nodes"]])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert bad == []


# Its files


def test_the_files_are_small_and_need_nothing_else():
    names = {"index.html", "page.css", "page.js"}
    assert {path.name for path in PAGE.iterdir()} == names
    assert sum((PAGE / name).stat().st_size for name in names) < 150_000
    for name in names:
        addresses = re.findall(r"https?://[^\s\"'`<>)]+", (PAGE / name).read_text(encoding="utf-8"))
        assert set(addresses) <= {"http://www.w3.org/2000/svg"}  # the name of SVG


def test_the_html_has_no_inline_script_or_style():
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]* src=)", html)


def test_the_colours_are_those_of_the_other_pages(repo):
    def colours(path):
        blocks = re.findall(r":root \{(.*?)\}", path.read_text(encoding="utf-8"), flags=re.DOTALL)[:2]
        return [dict(re.findall(r"(--\w+): (#\w+)", block)) for block in blocks]

    ours, theirs = colours(PAGE / "page.css"), colours(repo / "kdxf" / "io" / "pages" / "page.css")
    for own, other in zip(ours, theirs, strict=True):
        assert len(own) >= 10 and own.items() <= other.items()
