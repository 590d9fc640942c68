import numpy as np
import pandas as pd
import pytest

from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations, write_annotations
from kdxf.recipes.pseudo_labels import SCORE, Choice, best_two, choose, pseudo_label
from kdxf_runtime.io.digests import file_digest

CHOICE_SCORES = np.array(
    [[0.9, 0.1, 0.0], [0.5, 0.3, 0.2], [0.1, 0.7, 0.2], [0.2, 0.3, 0.5], [0.6, 0.4, 0.0], [0.9, 0.0, 0.1]], np.float32
)


def test_the_best_two():
    best, first, second = best_two(CHOICE_SCORES)
    assert best.tolist() == [0, 0, 1, 2, 0, 0]
    np.testing.assert_allclose(first, [0.9, 0.5, 0.7, 0.5, 0.6, 0.9])
    np.testing.assert_allclose(second, [0.1, 0.3, 0.2, 0.3, 0.4, 0.1])
    assert best_two(np.ones((2, 1), np.float32))[2].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("choice", "rows"),
    [
        (Choice(), [0, 1, 2, 3, 4, 5]),
        (Choice(threshold=0.7), [0, 2, 5]),  # at least 0.7
        (Choice(margin=0.3), [0, 2, 5]),
        (Choice(margin=0.15), [0, 1, 2, 3, 4, 5]),
        (Choice(margin=0.25), [0, 2, 5]),
        (Choice(per_class=1), [0, 2, 3]),  # the first of the two with 0.9
        (Choice(per_class=3), [0, 2, 3, 4, 5]),
        (Choice(threshold=0.6, per_class=3), [0, 2, 4, 5]),
        (Choice(threshold=0.6, margin=0.25, per_class=1), [0, 2]),
        (Choice(threshold=0.95), []),
    ],
)
def test_conditions(choice, rows):
    assert choose(choice, *best_two(CHOICE_SCORES), np.ones(6, bool)).tolist() == rows


def test_only_usable_rows_count():
    usable = np.array([False, True, True, True, True, True])
    assert choose(Choice(per_class=1), *best_two(CHOICE_SCORES), usable).tolist() == [2, 3, 5]


def test_against_sorting_one_class_at_a_time():
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.ones(5), 3000).astype(np.float32)
    best, first, second = best_two(scores)
    ordered = np.sort(scores, axis=1)
    np.testing.assert_array_equal(second, ordered[:, -2])
    expected = []
    for index in range(5):
        rows = [row for row in range(3000) if best[row] == index and first[row] >= np.float32(0.5)]
        expected += sorted(rows, key=lambda row: -first[row])[:20]
    assert choose(Choice(0.5, None, 20), best, first, second, np.ones(3000, bool)).tolist() == sorted(expected)


SCORES = [[0.9, 0.1, 0.0], [0.5, 0.3, 0.2], [0.1, 0.75, 0.15], [0.2, 0.3, 0.5]]
UNSEEN = {"seen": [False] * 4, "classes": ("milk", "phone", "red")}


@pytest.fixture
def train(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("image,label,coarse_label\na.jpg,milk,food\nb.jpg,red,colour\n")
    return path


def test_labelled_and_pseudo_rows(write, train, tmp_path):
    file = write("test", SCORES, labels=[2, 2, 2, 2], **UNSEEN, source={"checkpoint": "a.pth"})
    found = pseudo_label(file, train, Choice(threshold=0.7), weight=0.5)
    write_annotations(found.frame, tmp_path / "mixed.csv")
    assert (tmp_path / "mixed.csv").read_text() == (
        "image,label,coarse_label,weight,origin,pseudo_score\n"
        "a.jpg,milk,food,1,labelled,\n"
        "b.jpg,red,colour,1,labelled,\n"
        "0.jpg,milk,,0.5,pseudo,0.9\n"
        "2.jpg,phone,,0.5,pseudo,0.75\n"
    )
    assert found.table.to_dict("list")["predicted"] == [2, 1, 1]
    assert found.table["kept"].tolist() == [1, 1, 0] and found.table["share"].tolist() == [0.5, 0.5, 0]
    np.testing.assert_allclose(found.table["mean_score"], [0.9, 0.75, np.nan], atol=1e-6)
    assert found.empty_classes() == ["red"] and found.unreadable == 0
    assert found.source.to_dict()["inputs"] == [
        {"file": str(file), "digest": file_digest(file), "source": {"checkpoint": "a.pth"}}
    ]
    assert (found.source.details["threshold"], found.source.details["weight"]) == (0.7, 0.5)


def test_soft_ones_are_finished_targets(write, train):
    found = pseudo_label(write("test", SCORES, **UNSEEN), train, Choice(per_class=1))
    assert found.soft.images == ["0.jpg", "2.jpg", "3.jpg"]
    np.testing.assert_allclose(found.soft.scores, np.array(SCORES, np.float32)[[0, 2, 3]])
    assert found.soft.source.ground_truth_ratio == 0 and found.soft.seen.tolist() == [False] * 3
    assert found.soft.fold is None
    folds = np.array([0, 1, 1, 2], np.int16)
    found = pseudo_label(write("test", SCORES, **UNSEEN, fold=folds), train, Choice(per_class=1))
    assert found.soft.fold.tolist() == [0, 1, 2]


def test_without_ground_truth_and_weighted_by_score(write, train):
    found = pseudo_label(write("test", SCORES, **UNSEEN), train, Choice(), weight=SCORE, only_pseudo=True)
    assert found.frame["image"].tolist() == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert found.frame["weight"].tolist() == [0.9, 0.5, 0.75, 0.5]
    assert set(found.frame["origin"]) == {"pseudo"}


def decided(tmp_path, *rows):
    path = tmp_path / "decisions.csv"
    path.write_text("\n".join(["image,label,suggested,decision", *rows]) + "\n")
    return path


def test_what_a_person_decided_is_certain_and_what_was_dropped_is_left_out(write, train, tmp_path):
    decisions = decided(tmp_path, "0.jpg,milk,milk,drop", "1.jpg,milk,phone,keep", "3.jpg,red,phone,relabel")
    found = pseudo_label(write("test", SCORES, **UNSEEN), train, Choice(0.7, 0.5), weight=SCORE, decisions=decisions)
    rows = found.frame[found.frame["origin"] == "pseudo"]
    assert rows[["image", "label", "weight", "pseudo_score"]].to_numpy().tolist() == [
        ["1.jpg", "milk", 1.0, 1.0],
        ["2.jpg", "phone", 0.75, 0.75],
        ["3.jpg", "phone", 1.0, 1.0],
    ]
    np.testing.assert_allclose(found.soft.scores, [[1, 0, 0], [0.1, 0.75, 0.15], [0, 1, 0]])
    assert found.source.details["decisions_digest"] == file_digest(decisions)


def test_the_label_in_question_may_be_one_that_the_predictions_know(write, train, tmp_path):
    file, decisions = write("test", SCORES, labels=[2, 2, 2, 2], **UNSEEN), decided(tmp_path, "0.jpg,red,milk,keep")
    found = pseudo_label(file, train, Choice(0.95), decisions=decisions, only_pseudo=True)
    assert found.frame[["image", "label"]].to_numpy().tolist() == [["0.jpg", "red"]]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("9.jpg,milk,milk,keep", r"decisions.csv: 9.jpg is not in .*test.parquet; give the predictions that were revi"),
        ("0.jpg,red,milk,keep", r"decisions.csv: 0.jpg is red there and milk in .*test.parquet; give the predictions"),
        ("0.jpg,milk,rice,relabel", r"decisions.csv: the label 'rice' is neither one of the 3 class names nor"),
    ],
)
def test_decisions_about_other_predictions_are_said(write, train, tmp_path, row, message):
    with pytest.raises(UserError, match=message):
        pseudo_label(write("test", SCORES, **UNSEEN), train, Choice(), decisions=decided(tmp_path, row))


@pytest.fixture
def predicted(tmp_path):
    """The list that was predicted, in another order; some with a label, as a test set may have it."""
    path = tmp_path / "predicted.csv"
    path.write_text(
        "image,price,text,label,weight,origin,shop\n"
        '3.jpg,3,tea,red,9,elsewhere,x\n2.jpg,2,,red,9,elsewhere,x\n0.jpg,7,"milk, 1 l",red,9,elsewhere,x\n'
        "1.jpg,1,cup,red,9,elsewhere,x\n9.jpg,5,more,,9,elsewhere,x\n"
    )
    return path


def test_columns_of_the_list_that_was_predicted(write, train, predicted, tmp_path):
    train.write_text("image,label,text,price,coarse_label\na.jpg,milk,奶 粉,4,food\n")
    file = write("test", SCORES, **UNSEEN)
    found = pseudo_label(file, train, Choice(threshold=0.7), unlabelled=predicted)
    write_annotations(found.frame, tmp_path / "mixed.csv")
    assert (tmp_path / "mixed.csv").read_text() == (
        "image,label,text,price,coarse_label,weight,origin,pseudo_score\n"
        "a.jpg,milk,奶 粉,4,food,1,labelled,\n"
        '0.jpg,milk,"milk, 1 l",7,,1.0,pseudo,0.9\n'
        "2.jpg,phone,,2,,1.0,pseudo,0.75\n"
    )
    assert found.source.details["unlabelled"] == str(predicted)
    assert found.source.details["unlabelled_digest"] == file_digest(predicted)
    alone = pseudo_label(file, train, Choice(threshold=0.7), unlabelled=predicted, only_pseudo=True).frame
    assert alone[["image", "text", "price"]].fillna("").values.tolist() == [["0.jpg", "milk, 1 l", 7], ["2.jpg", "", 2]]


def test_texts_that_are_not_known(write, train, predicted):
    file = write("test", SCORES, **UNSEEN)

    def expect(message, unlabelled=predicted):
        with pytest.raises(UserError, match=message):
            pseudo_label(file, train, Choice(), unlabelled=unlabelled)

    without_text = train.read_text()
    train.write_text("image,label,text\na.jpg,milk,milk\n")
    need = "train.csv: has a column 'text', which the new rows need too; "
    way_out = r", or remove it if an OCR table \(ocr_file\) has the texts$"
    expect(f"{need}name the list that was predicted with --unlabelled{way_out}", None)
    predicted.write_text("image\n" + "".join(f"{index}.jpg\n" for index in range(4)))
    expect(f"{need}add it to .*predicted.csv{way_out}")
    predicted.write_text("image,text\n0.jpg,x\n2.jpg,x\n")
    expect("predicted.csv: lacks 2 of the images of .*test.parquet, such as 1.jpg; give the list that was predicted$")
    train.write_text(without_text)
    expect("predicted.csv: lacks 2 of the images of .*test.parquet, such as 1.jpg; give the list that was predicted$")
    predicted.write_text("image,text\n0.jpg,x\n0.jpg,y\n")
    expect("predicted.csv: 0.jpg stands there twice; each image has one prediction, so remove the other rows$")
    expect("no.csv: no such annotation file$", predicted.with_name("no.csv"))


def test_what_a_list_says_is_kept(write, train):
    train.write_text("image,label,weight,origin,pseudo_score\na.jpg,0,3,,\nb.jpg,2,,pseudo,0.8\n")
    frame = pseudo_label(write("test", SCORES, **UNSEEN), train, Choice(threshold=0.9)).frame
    assert frame["label"].tolist() == ["0", "2", "0"]  # indices, as the list has them
    assert frame["weight"].tolist() == [3, 1, 1]
    assert frame["origin"].tolist() == ["labelled", "pseudo", "pseudo"]
    assert frame["pseudo_score"].tolist()[1:] == [0.8, 0.9] and pd.isna(frame["pseudo_score"][0])


def test_unreadable_images_are_left_out(write, train):
    found = pseudo_label(write("test", SCORES, errors={0: "empty"}, **UNSEEN), train, Choice(threshold=0.7))
    assert found.frame["image"].tolist() == ["a.jpg", "b.jpg", "2.jpg"] and found.unreadable == 1


def test_what_cannot_be_used(write, train):
    file = write("test", SCORES, **UNSEEN)
    for choice, weight, message in (
        (Choice(threshold=90), 1, "^--threshold 90: give a number from 0 to 1$"),
        (Choice(margin=-0.1), 1, "^--margin -0.1: give a number from 0 to 1$"),
        (Choice(), -1, "^--weight -1: give a number from 0, or 'score'$"),
        (Choice(), float("nan"), "^--weight nan: give a number from 0, or 'score'$"),
        (
            Choice(threshold=0.95),
            1,
            r"test.parquet: none of 4 predictions is sure enough; lower --threshold or --margin$",
        ),
    ):
        with pytest.raises(UserError, match=message):
            pseudo_label(file, train, choice, weight=weight)
    facts = {"classes": UNSEEN["classes"]}
    for bad, message in (
        (
            {"seen": [0, 0, 1, 0], "source": {"checkpoint": "a.pth"}},
            "bad.parquet: its model a.pth was trained on 2.jpg",
        ),
        ({"predicted": np.eye(4, 3)}, "bad.parquet: predicts several labels per image; pseudo-labels are made of one"),
        (
            {"source": {"ground_truth_ratio": 0.3}},
            "bad.parquet: holds targets, with the ground truth in them; give pred",
        ),
        ({"source": {"mean": "rank"}}, "bad.parquet: holds ranks, which are no probabilities; average with another"),
        (
            {"classes": ("milk", "phone", "blue")},
            "train.csv: the label 'red' is neither one of the 3 class names nor an",
        ),
    ):
        with pytest.raises(UserError, match=message):
            pseudo_label(write("bad", SCORES, **{**facts, **bad}), train, Choice())
    train.write_text("image,label\n3.jpg,red\na.jpg,milk\n1.jpg,red\n")
    message = (
        "test.parquet: 2 of its images have a label in .*train.csv already, such as 3.jpg; predict images without lab"
    )
    with pytest.raises(UserError, match=message):
        pseudo_label(file, train, Choice())
    train.write_text("image\na.jpg\n")
    with pytest.raises(UserError, match="train.csv: has no labels; give the labelled list, with the column 'label'$"):
        pseudo_label(file, train, Choice())


def test_the_list_is_read_again(write, train, tmp_path):
    found = pseudo_label(write("test", SCORES, **UNSEEN), train, Choice())
    write_annotations(found.frame, tmp_path / "mixed.csv")
    frame = read_annotations(tmp_path / "mixed.csv")
    assert len(frame) == 6 and frame["weight"].tolist() == [1.0] * 6


def test_limits_at_equality():
    """Of scores that are exact in binary: at the limit counts as fulfilled."""
    exact = best_two(np.array([[0.75, 0.25], [0.625, 0.375], [0.25, 0.75]], np.float32))
    every = np.ones(3, bool)
    assert choose(Choice(threshold=0.75), *exact, every).tolist() == [0, 2]
    assert choose(Choice(margin=0.5), *exact, every).tolist() == [0, 2]
    assert choose(Choice(margin=0.25), *exact, every).tolist() == [0, 1, 2]


@pytest.mark.parametrize("limit", [0, 1])
def test_limits_at_the_ends_of_their_range(write, train, limit):
    sure = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    file = write("sure", sure, classes=UNSEEN["classes"], seen=[False] * 2)
    found = pseudo_label(file, train, Choice(threshold=limit, margin=limit), weight=0)
    assert found.frame["weight"].tolist() == [1, 1, 0, 0]
