import re
import shutil
from dataclasses import replace

import pytest

from kdxf.analysis.runs.comparison import compare_runs, config_difference, write_comparison
from kdxf.errors import UserError
from kdxf_runtime.io.digests import file_digest

CONFIG = (
    "default_scope = 'kdxf'\nval_evaluator = dict(type='Accuracy', topk=(1,))\n"
    "optimizer = dict(lr={lr}, betas=(0.9, 0.99))\nwork_dir = '{lr}'\n"
)
# Ten images of three classes, and what each model takes them for.
LABELS = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
ONE = [0, 0, 1, 1, 1, 1, 1, 2, 2, 0]
OTHER = [0, 0, 0, 0, 1, 1, 0, 2, 2, 1]
ADVICE = "predict with both, as in tools/test.py CONFIG CHECKPOINT --out RUN/val.parquet"


def scores(predicted):
    return [[0.8 if index == label else 0.1 for index in range(3)] for label in predicted]


@pytest.fixture
def runs(write_session, tmp_path):
    folders = []
    for name, lr in (("one", 0.1), ("other", 0.2)):
        folder = write_session(name, "20260101_100000", config=CONFIG.format(lr=lr))
        (folder / "best.pth").write_bytes(name.encode())
        folders.append(folder)
    return folders


@pytest.fixture
def predict(runs, write, tmp_path):
    """Writes predictions of the n-th run, beside both runs or in its folder."""

    def predict(number, predicted, place=None, labels=LABELS, name=None):
        checkpoint = runs[number] / "best.pth"
        source = {"checkpoint": str(checkpoint), "checkpoint_digest": file_digest(checkpoint)}
        seen = [False] * len(predicted)
        path = write(name or f"run{number}", scores(predicted), labels, source=source, seen=seen)
        return path if place is None else shutil.move(path, place / "val.parquet")

    return predict


def test_two_runs(runs, predict):
    predict(0, ONE)
    predict(1, OTHER, runs[1])
    found = compare_runs(runs)
    assert found.names == ("one", "other")
    # One is right in 7 of 10 images, the other in 8.
    assert found.board.table["accuracy/top1"].tolist() == pytest.approx([70, 80])
    assert found.board.table["gain"][1] == pytest.approx(10)
    low, high = found.board.table[["gain from", "gain to"]].iloc[1]
    assert low < 10 < high
    assert found.classes.to_dict("list") == {
        **{"class": ["x", "y"], "images": [4, 3], "one": [2, 3], "other": [4, 2], "won": [2, -1]}
    }
    assert found.settings == {"optimizer.lr": (0.1, 0.2)}
    text = found.markdown()
    assert "| x | 4 | 2 | 4 | +2 |\n| y | 3 | 3 | 2 | -1 |\n" in text
    assert "other is right more often in 1 classes, less often in 1; images right:" in text
    assert (
        "1 settings of the configs differ:\n\n| setting | one | other |\n| --- | --- | --- |\n"
        "| optimizer.lr | 0.1 | 0.2 |\n"
    ) in text


def cells(page):
    """Return the rows of all tables of a page."""
    rows = [re.findall("<td.*?>(.*?)</td>", row, flags=re.S) for row in re.findall("<tr>(.*?)</tr>", page, flags=re.S)]
    return [[re.sub("<.*?>", "", cell).strip() for cell in row] for row in rows if row]


def test_page(runs, predict, tmp_path):
    predict(0, ONE)
    predict(1, OTHER, runs[1])
    found = compare_runs(runs)
    write_comparison(found, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    low, high = found.board.table[["gain from", "gain to"]].iloc[1]
    assert (
        f"other is right for 80.0 % of 10 images, one for 70.0 %: +10.0 points (95 % interval {low:+.1f} to "
        f"{high:+.1f}); the interval contains 0, so the difference may be chance."
    ) in page
    assert "other is right more often in 1 classes, less often in 1." in page
    first, second, *rest = cells(page)
    assert first[:1] + first[2:] == ["one", "10", "70.0"] and first[1].startswith("70.0 (") and second[3] == "80.0"
    assert rest == [["x", "2", "4", "2", "4"], ["y", "-1", "3", "3", "2"], ["optimizer.lr", "0.1", "0.2"]]


def test_page_of_a_run_that_is_better(runs, predict, tmp_path):
    """Right for all, where the other is for none: in every draw."""
    files = [predict(0, LABELS), predict(1, [(label + 1) % 3 for label in LABELS])]
    write_comparison(compare_runs(runs, files), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "-100.0 points (95 % interval -100.0 to -100.0); one is better." in page


def test_page_without_predictions(runs, tmp_path):
    write_comparison(replace(compare_runs(runs), settings={}), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "No predictions of the same labelled images by both runs were found" in page and not cells(page)
    assert "Nothing: they have the same settings." in page


def test_files_that_are_given(runs, predict):
    files = [predict(0, ONE, labels=LABELS), predict(0, ONE, name="again")]
    found = compare_runs(runs, files)
    assert found.board.table["gain"][1] == 0
    assert len(found.classes) == 0
    assert "more often in 0 classes, less often in 0" in found.markdown()


@pytest.mark.parametrize("why", ["none", "one", "other images", "unlabelled", "another checkpoint"])
def test_no_predictions(runs, predict, why):
    if why != "none":
        predict(0, ONE, labels=None if why == "unlabelled" else LABELS)
    if why == "other images":
        predict(1, OTHER[:9], labels=LABELS[:9])
    elif why in ("unlabelled", "another checkpoint"):
        predict(1, OTHER)
    if why == "another checkpoint":
        (runs[1] / "best.pth").write_bytes(b"trained again")
    found = compare_runs(runs)
    assert found.board is None
    assert found.classes is None
    assert found.markdown().startswith(
        f"No predictions of the same labelled images by both runs were found: {ADVICE}, or name them "
    )


def test_several_pairs(runs, predict):
    predict(0, ONE)
    predict(1, OTHER)
    predict(1, OTHER, name="again")
    with pytest.raises(UserError, match=r"2 pairs of predictions fit; choose one with --predictions \(.*run0.parquet "):
        compare_runs(runs)


def test_other_tables_are_passed_over(runs, tmp_path):
    (tmp_path / "table.parquet").write_bytes(b"PAR1")
    assert compare_runs(runs).board is None


def test_config_difference():
    one = {"a": {"b": 1, "c": [{"d": 1}]}, "work_dir": "x", "same": "s", "gone": None}
    other = {"a": {"b": 1.0, "c": [{"d": 2}]}, "work_dir": "y", "same": "s", "new": []}
    assert config_difference(one, other) == {
        "a.b": (1, 1.0),
        "a.c.0.d": (1, 2),
        "gone": (None, "(not set)"),
        "new": ("(not set)", []),
    }


def test_equal_configs(write_session):
    folders = [write_session(f"run{number}/fold_0", "20260101_100000") for number in (0, 1)]
    found = compare_runs(folders)
    assert found.names == ("run0/fold_0", "run1/fold_0")
    assert found.markdown().endswith("The configs have the same settings.\n")


def test_no_two_runs(runs, tmp_path):
    with pytest.raises(UserError, match=r"--compare: .*one is given twice; name two work folders"):
        compare_runs([runs[0], runs[0]])
    with pytest.raises(UserError, match=r"--compare .*nowhere: not the work folder of a training; name one that"):
        compare_runs([runs[0], tmp_path / "nowhere"])
