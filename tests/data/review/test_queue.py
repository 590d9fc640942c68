import numpy as np
import pytest

from kdxf.data.review.queue import make_queue
from kdxf.errors import UserError
from kdxf.text.ocr.table import OCRTable
from kdxf.text.ocr.writer import OCRTableWriter
from kdxf_runtime.ocr.record import OCRRecord

SCORES = [[0.9, 0.1, 0.0], [0.5, 0.25, 0.25], [0.1, 0.75, 0.15], [0.2, 0.38, 0.42], [0.625, 0.375, 0.0]]
UNSEEN = [False] * 5


def images(queue):
    return [question.image for question in queue.questions]


def test_without_labels_the_smallest_margin_comes_first(write):
    # margins: 0.8, 0.25, 0.6, 0.04, 0.25; of 1 and 4, which are equal, the model is surer of 4
    queue = make_queue(write("p", SCORES))
    assert (queue.order, queue.start, queue.total, queue.classes) == ("margin", 0, 5, ("x", "y", "z"))
    assert images(queue) == ["3.jpg", "4.jpg", "1.jpg", "2.jpg", "0.jpg"]
    first = queue.questions[0]
    assert (first.label, first.labelled) == ("z", False)
    assert first.guesses == (("z", 0.42), ("y", 0.38), ("x", 0.2))
    assert first.reason == "model says z (0.42) or y (0.38)"


def test_with_labels_the_least_likely_label_comes_first(write):
    # scores of the labels: 0.1, 0.25, 0.75, 0.42, 0.0
    queue = make_queue(write("p", SCORES, labels=[1, 1, 1, 2, 2], seen=UNSEEN))
    assert queue.order == "loss" and images(queue) == ["4.jpg", "0.jpg", "1.jpg", "3.jpg", "2.jpg"]
    assert queue.questions[0].label == "z" and queue.questions[0].labelled
    assert queue.questions[0].reason == "model says x (0.62), label says z"
    assert images(make_queue(write("p", SCORES, labels=[1, 1, 1, 2, 2], seen=UNSEEN), "margin"))[0] == "3.jpg"


def test_where_some_have_labels_the_others_are_asked_about_the_prediction(write):
    queue = make_queue(write("p", SCORES, labels=[1, -1, 1, 2, 2]))
    asked = {question.image: (question.label, question.labelled) for question in queue.questions}
    assert queue.order == "margin" and asked["0.jpg"] == ("y", True) and asked["1.jpg"] == ("x", False)


def test_pictures_that_could_not_be_read_come_first_with_the_reason(write):
    queue = make_queue(write("p", SCORES, errors={0: "not a whole picture"}))
    assert images(queue)[:2] == ["0.jpg", "3.jpg"] and queue.questions[0].reason == "not a whole picture"


def test_against_sorting_and_at_most_five_guesses(write):
    scores = np.random.default_rng(0).dirichlet(np.ones(7), 200).astype(np.float32)
    queue = make_queue(write("p", scores, classes=tuple("abcdefg")), limit=1000)
    margins = {f"{row}.jpg": np.diff(np.sort(scores[row])[-2:])[0] for row in range(200)}
    found = [margins[image] for image in images(queue)]
    assert found == sorted(found) and len(found) == 200
    assert {len(question.guesses) for question in queue.questions} == {5}


def test_a_model_of_one_class(write):
    assert images(make_queue(write("p", [[0.9], [0.4]]))) == ["1.jpg", "0.jpg"]


def test_parts_follow_each_other_and_have_their_own_digests(write):
    file = write("p", SCORES)
    parts = [make_queue(file, limit=2, part=part) for part in (1, 2, 3)]
    assert [images(part) for part in parts] == [["3.jpg", "4.jpg"], ["1.jpg", "2.jpg"], ["0.jpg"]]
    assert [part.start for part in parts] == [0, 2, 4] and {part.total for part in parts} == {5}
    assert len({part.digest for part in parts}) == 3 and make_queue(file, limit=2).digest == parts[0].digest
    with pytest.raises(UserError, match=r"^--part 4: .*p.parquet has 5 images to review, 2 in each part; give a small"):
        make_queue(file, limit=2, part=4)


def test_only_what_inference_sends_to_a_person(write, tmp_path):
    file, csv = write("p", SCORES), tmp_path / "out.csv"
    rows = ["0.jpg,0,accept,,", "2.jpg,1,review,maybe none of the classes,", "3.jpg,2,review,score below 0.500,"]
    csv.write_text("\n".join(["image_id,category_id,decision,reason,error", *rows]) + "\n")
    queue = make_queue(file, inference=csv)
    assert [(question.image, question.reason) for question in queue.questions] == [
        ("3.jpg", "score below 0.500"),
        ("2.jpg", "maybe none of the classes"),
    ]
    csv.write_text("image_id,decision,reason\n9.jpg,review,why\n")
    with pytest.raises(
        UserError, match=r"out.csv: 9.jpg is not in .*p.parquet; give both files of one run of tools/inf"
    ):
        make_queue(file, inference=csv)
    csv.write_text("image_id,category_id\n9.jpg,1\n")
    with pytest.raises(UserError, match=r"no columns 'decision', 'reason' .*; run tools/inference.py with --review or"):
        make_queue(file, inference=csv)
    with pytest.raises(UserError, match=r"none.csv: no such file; tools/inference.py --review 0.05 --save_csv writes"):
        make_queue(file, inference=tmp_path / "none.csv")


def test_the_text_of_the_pictures(write, tmp_path):
    box = np.zeros((1, 4, 2), np.float32)
    with OCRTableWriter(tmp_path / "ocr", "rapidocr") as writer:
        writer.add(OCRRecord("4.jpg", ["牛奶 1 l"], np.ones(1, np.float32), box, 50, 40, "rapidocr", None))
    queue = make_queue(write("p", SCORES), ocr=OCRTable.open(tmp_path / "ocr"))
    assert [question.text for question in queue.questions[:2]] == ["", "牛奶 1 l"]


@pytest.mark.parametrize(
    ("facts", "order", "message"),
    [
        (
            {"labels": [1, -1, 1, 2, 2]},
            "loss",
            r"^--order loss: 1 of 5 images of .*p.parquet have no label; take margin$",
        ),
        ({}, "loss", r"^--order loss: 5 of 5 images of .*p.parquet have no label; take margin$"),
        ({"labels": [1] * 5, "seen": [True] * 5}, None, r"p.parquet: its model was trained on 0.jpg \(5 such images\)"),
        (
            {"predicted": np.zeros((5, 3)), "labels": np.zeros((5, 3))},
            None,
            r"p.parquet: predicts several labels per image; a review asks for one label per image$",
        ),
    ],
)
def test_predictions_that_cannot_be_reviewed_are_said(write, facts, order, message):
    with pytest.raises(UserError, match=message):
        make_queue(write("p", SCORES, **facts), order)
