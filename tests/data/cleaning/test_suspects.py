import cv2
import numpy as np
import pandas as pd
import pytest

from kdxf.data.cleaning.decisions import Cleaned
from kdxf.data.cleaning.options import Options
from kdxf.data.cleaning.suspects import (
    Suspects,
    find_suspects,
    format_cleaned,
    format_suspects,
    read_model,
    suspects_page,
)
from kdxf.data.lists import ImageList
from kdxf.errors import UserError
from kdxf.text.ocr import OCRTableWriter
from kdxf.text.ocr.table import OCRTable
from kdxf_runtime.ocr.record import OCRRecord

CLASSES = ["milk", "oat", "soy"]


def images_of(labels, tmp_path, names="{}.jpg"):
    frame = pd.DataFrame({"image": [names.format(number) for number in range(len(labels))], "label": labels})
    return ImageList(frame, tmp_path, tmp_path / "train.csv")


def predict(path, codes, score=0.8, first=0, names="{}.jpg"):
    rows = [(f"root/{names.format(first + number)}", code, score) for number, code in enumerate(codes)]
    pd.DataFrame(rows, columns=["image", "pred_label", "score"]).to_csv(path, index=False)
    return path


RELIABLE = Options("reliable")


def judge(images, files, options=RELIABLE):
    return find_suspects(images, CLASSES, read_model(images, CLASSES, files, options), options)


def test_suspects_have_a_reason_and_a_decision(tmp_path):
    """milk: all right but the second of 2; oat: 1 of 2 right; soy: both wrong, and one must stay."""
    images = images_of(["milk", "milk", "oat", "oat", "soy", "soy"], tmp_path)
    folds = [predict(tmp_path / "0.csv", [0, 1, 1], 0.75), predict(tmp_path / "1.csv", [0, 1, 0], 0.9, first=3)]
    found = judge(images, folds)
    assert found.judged == 6 and found.unpredicted == 0
    table = found.table.set_index("image")
    assert set(table.index) == {"1.jpg", "3.jpg", "4.jpg", "5.jpg"}
    assert table.loc["1.jpg"].tolist() == ["milk", "oat", 0.75, "model says oat (0.75), label says milk", "drop"]
    assert sorted(table.loc[["4.jpg", "5.jpg"], "decision"]) == ["drop", "keep"]
    last = table[table["decision"] == "keep"].iloc[0]
    assert last["reason"].endswith("label says soy; kept as the last of its class")
    assert found.table["decision"].tolist() == ["drop", "drop", "drop", "keep"]
    assert found.table["score"].tolist()[:3] == [0.9, 0.9, 0.75]  # the surest first
    assert found.classes.to_dict("list") == {
        "class": CLASSES,
        "images": [2, 2, 2],
        "judged": [2, 2, 2],
        "accuracy": [0.5, 0.5, 0.0],
        "mean_score": [0.75, 0.825, 0.9],
        "suspects": [1, 1, 2],
        "wrong": [1, 1, 1],
    }


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_model_that_was_trained_on_the_images_is_refused(tmp_path, suffix, monkeypatch):
    """It agrees with the labels that it learnt; which model it is, judge or witness, does not matter."""
    warnings = []
    monkeypatch.setattr("kdxf.io.provenance.print_log", lambda message, **options: warnings.append(message))
    images = images_of(["milk", "oat", "soy", "milk"], tmp_path)
    table = pd.read_csv(predict(tmp_path / "p.csv", [0, 1, 1, 0]))

    def write(name, seen):
        path = tmp_path / f"{name}{suffix}"
        frame = table.assign(seen=seen)
        frame.to_csv(path, index=False) if suffix == ".csv" else frame.to_parquet(path, index=False)
        return path

    good, bad, unknown = write("good", False), write("bad", [False, True, True, False]), write("unknown", None)
    message = rf"bad{suffix}: its model was trained on 1.jpg \(2 such images\), so what it says of them .*kfold.py"
    with pytest.raises(UserError, match=message):
        judge(images, [bad])
    with pytest.raises(UserError, match="the column seen is not true or false per image"):
        judge(images, [write("odd", "yes")])
    # Images that are not judged may have been trained on.
    assert judge(images, [bad], options=Options("reliable", only="[03].jpg")).judged == 2
    assert judge(images, [good]).table["image"].tolist() == ["2.jpg"]
    assert warnings == []
    assert judge(images, [unknown]).judged == 4
    assert len(warnings) == 1 and f"unknown{suffix} does not say which images its model was trained" in warnings[0]


def test_a_class_kept_whole_is_shown_after_the_wrong_ones(tmp_path):
    images = images_of(["0"] * 4 + ["1"], tmp_path)
    table = predict(tmp_path / "p.csv", [0, 0, 0, 2, 1])
    found = judge(images, [table], options=Options("reliable", accuracy=0.75)).table
    assert found.to_numpy().tolist() == [
        ["3.jpg", "0", "soy", 0.8, "model says soy (0.80), label says milk; its class is kept whole", "keep"]
    ]


def test_improbable_labels_by_all_scores(tmp_path):
    """The label of the fifth gets 0.02 and that of the sixth, which is not predicted either, 0.3."""
    images = images_of(["milk"] * 6, tmp_path)
    scores = [[0.8, 0.1, 0.1]] * 4 + [[0.02, 0.9, 0.08], [0.3, 0.1, 0.6]]
    codes, best = np.argmax(scores, axis=1), np.max(scores, axis=1)
    columns = {"image": images.frame["image"], "pred_label": codes, "score": best, "scores": scores}
    pd.DataFrame(columns).to_parquet(tmp_path / "p.parquet")
    found = judge(images, [tmp_path / "p.parquet"], Options(prefill="relabel")).table
    assert found[["image", "suggested", "decision"]].to_numpy().tolist() == [
        ["4.jpg", "oat", "relabel"],
        ["5.jpg", "soy", "keep"],
    ]
    assert found["reason"][0] == "model says oat (0.90), label says milk"


def test_only_made_pictures_are_judged_and_the_others_need_no_predictions(tmp_path):
    images = images_of(["milk"] * 3, tmp_path)
    images.frame["image"] = ["old/x.jpg", "new/aug_1.jpg", "new/aug_2.jpg"]
    table = predict(tmp_path / "p.csv", [0, 1], first=1, names="new/aug_{}.jpg")
    for pattern in ("aug_*", "new/*"):
        found = judge(images, [table], options=Options("reliable", only=pattern))
        assert found.judged == 2 and found.table["image"].tolist() == ["new/aug_2.jpg"]
    with pytest.raises(UserError, match=r"^--only nothing\*: no image of the list has such a path or file name$"):
        judge(images, [table], options=Options("reliable", only="nothing*"))


def test_rows_without_predictions_are_an_error_unless_said(tmp_path):
    images = images_of(["milk"] * 3, tmp_path)
    table = predict(tmp_path / "p.csv", [1, 0])
    message = (
        r"train.csv: 1 of 3 rows have no prediction \(first: 2.jpg\); give the tables of all folds, or --partial t"
    )
    with pytest.raises(UserError, match=message):
        judge(images, [table])
    found = judge(images, [table], options=Options("reliable", partial=True))
    assert (found.judged, found.unpredicted, len(found.table)) == (2, 1, 1)
    other = images_of(["milk"], tmp_path)
    nothing = predict(tmp_path / "q.csv", [1])
    model = read_model(other, CLASSES, [nothing], RELIABLE)
    with pytest.raises(
        UserError, match=r"train.csv: no row to judge has a prediction; give tables of the same images$"
    ):
        find_suspects(images_of(["milk"], tmp_path, "other{}.jpg"), CLASSES, model, Options("reliable", partial=True))


def test_labels_that_cannot_be_judged(tmp_path):
    table = predict(tmp_path / "p.csv", [1])
    with pytest.raises(
        UserError, match=r"train.csv: the label 'rice' is neither one of the 3 class names nor an index"
    ):
        judge(images_of(["rice"], tmp_path), [table])
    twice = images_of(["milk", "oat"], tmp_path, "same.jpg")
    with pytest.raises(
        UserError, match=r"train.csv: same.jpg has two labels; tools/data/dedupe.py settles that first$"
    ):
        judge(twice, [predict(tmp_path / "q.csv", [1], names="same.jpg")])


def test_an_image_that_is_listed_twice_is_one_suspect(tmp_path):
    images = images_of(["milk", "milk"], tmp_path, "same.jpg")
    table = predict(tmp_path / "p.csv", [1], names="same.jpg")
    found = judge(images, [table])
    assert len(found.table) == 1 and found.judged == 2 and np.isnan(found.classes["accuracy"][1])


COLUMNS = ["image", "label", "suggested", "score", "reason", "decision"]
REPORT_CLASSES = ["class", "images", "judged", "accuracy", "mean_score", "suspects", "wrong"]


def suspects():
    rows = [[f"{number}.jpg", "milk", "oat", 0.93, f"reason {number}", "drop"] for number in range(3)]
    classes = [["milk", 9, 9, 0.5, 0.75, 3, 3], ["oat", 0, 0, float("nan"), float("nan"), 0, 0]]
    return Suspects(pd.DataFrame(rows, columns=COLUMNS), pd.DataFrame(classes, columns=REPORT_CLASSES), 9, 2)


def test_says_how_many():
    assert format_suspects(suspects()).split("\n") == [
        "rows judged                                     9",
        "suspects                                        3",
        "  decision: drop                                3",
        "without predictions, left as they are           2",
    ]
    cleaned = Cleaned(pd.DataFrame({"image": ["x"]}), {"kept": 1, "dropped": 3}, ["milk", "soy"])
    assert format_cleaned(cleaned).split("\n") == [
        "kept                    1",
        "dropped                 3",
        "in all                  1",
        "warning: no rows left of 2 classes: milk, soy",
    ]


def test_the_page_shows_picture_text_labels_and_reason(tmp_path):
    cv2.imwrite(str(tmp_path / "0.jpg"), np.zeros((8, 8, 3), np.uint8))
    with OCRTableWriter(tmp_path / "ocr", "annotation") as writer:
        writer.add(OCRRecord.from_text("0.jpg", "Havre\n<dryck>" + 200 * "x"))
    suspects_page(suspects(), "Labels", tmp_path, OCRTable.open(tmp_path / "ocr"), top=2).save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    text = ("Havre &lt;dryck&gt;" + 200 * "x")[: 160 + 6]  # the two escaped signs are three longer each
    caption = page.replace('<details class="long"><summary>more</summary>', "").replace("</details>", "")
    assert f"drop: milk → oat (0.93)\nreason 0\ntext: {text}…\n0.jpg" in caption
    assert "drop: milk → oat (0.93)\nreason 1\n1.jpg" in page and "reason 2" not in page
    assert page.count("data:image/jpeg") == 1 and "cannot open the file" in page
    assert "The 2 most suspicious" in page and "3 suspects among 9 rows" in page
    assert '<td>milk</td><td class="number" data-order="9">9</td>' in page and "nan" not in page


def test_a_page_of_all_needs_no_text(tmp_path):
    suspects_page(suspects(), "Labels", tmp_path, None, top=9).save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "All suspects" in page and "text:" not in page
