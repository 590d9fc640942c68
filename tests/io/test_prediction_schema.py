"""Each crafted file of predictions ends in one line, for everything that reads one."""

import faulty_predictions
import pyarrow.parquet as pq
import pytest

from kdxf.errors import UserError
from kdxf.io.prediction_schema import check_file, check_file_schema
from kdxf.io.predictions import read_predictions, read_source
from kdxf.io.provenance import Provenance

# What is said of each, after the name of the file.
SAID = {
    "ragged scores": r"has rows of 2 scores, but there are 3 classes",
    "ragged scores of the right number": r"has rows of 2 scores, but there are 3 classes",
    "null row of scores": r"1 of 4 rows have no scores",
    "null in the scores": r"the column scores has a list with a gap",
    "NaN in the scores": r"the scores of d.jpg are NaN or infinite",
    "scores are texts": r"the column scores is not a list of numbers per image, but list",
    "scores are single numbers": r"the column scores is not a list of numbers per image, but double",
    "too few scores": r"has rows of 2 scores, but there are 3 classes",
    "too few class names": r"(the column label has the class 2|has rows of 3 scores), but there are 2 classes",
    "classes are numbers": r"its note .+ is damaged \(its classes are not a list of names\)",
    "classes are one text": r"its note .+ is damaged \(its classes are not a list of names\)",
    "no classes": r"its note .+ is damaged \(it has no classes and source\)",
    "source is a list": r"its note .+ is damaged \(the source is not an object\)",
    "inputs of the source are numbers": r"its note .+ is damaged \(inputs of the source are not a list of objects\)",
    "no source": r"its note .+ is damaged \(it has no classes and source\)",
    "note is a list": r"its note .+ is damaged \(it has no classes and source\)",
    "note is no JSON": r"its note .+ is damaged \(Expecting property name",
    "no label": r"not a file of predictions, it lacks label",
    "no seen": r"not a file of predictions, it lacks seen",
    "no error": r"not a file of predictions, it lacks error",
    "no pred_label": r"not a file of predictions, it lacks pred_label",
    "no scores": r"not a file of predictions, it lacks scores",
    "label beyond the classes": r"the column label has the class 3, but there are 3 classes",
    "label below 0": r"the column label has the class -5, but classes count from 0",
    "labels beyond the classes": r"the column label has the class 7, but there are 3 classes",
    "prediction beyond the classes": r"the column pred_label has the class 99, but there are 3 classes",
    "predictions beyond the classes": r"the column pred_label has the class 99, but there are 3 classes",
    "label is a text": r"the column label is not a class index, or a list of them per image, but string",
    "label is a float": r"the column label is not a class index, or a list of them per image, but double",
    "labels are lists, predictions are not": r"one of label and pred_label holds lists and the other does not",
    "seen is a text": r"the column seen is not true or false per image, but string",
    "error is a number": r"the column error is not a text per image, but int64",
    "fold is a text": r"the column fold is not a whole number per image, but string",
    "image is a number": r"the column image is not a path per image, but int64",
    "image is null": r"1 of 4 rows have no image",
    "image twice": r"a.jpg stands there twice",
    "score is a text": None,  # it follows from the scores, and is not read
    "cut off": r"not readable as Parquet \(",
    "damaged page": r"not readable as Parquet \(",
    "empty file": r"not readable as Parquet \(",
    "not Parquet": r"not readable as Parquet \(",
}
READ_AS_TABLE = {  # what a table of the best classes is not asked for
    *("ragged scores", "ragged scores of the right number", "null in the scores", "NaN in the scores"),
    *(name for name in SAID if name.startswith(("class", "no ", "note", "inputs", "source", "label", "too few"))),
    *("error is a number", "fold is a text", "image is a number", "image twice", "prediction beyond the classes"),
} - {"no pred_label", "labels beyond the classes"}


def test_all_faults_are_here():
    assert SAID.keys() == faulty_predictions.FAULTY.keys() and len(SAID) == 41


def test_the_sound_file_is_read(tmp_path):
    path = tmp_path / "p.parquet"
    pq.write_table(faulty_predictions.table(), path)
    found = read_predictions(path)
    assert found.scores.tolist() == faulty_predictions.SCORES and found.labels.tolist() == [0, 1, 2, 0]
    assert found.images == faulty_predictions.IMAGES and found.seen.tolist() == [False] * 4 and not found.errors
    note = check_file(faulty_predictions.table(), path, best=False)
    assert note == check_file_schema(pq.read_schema(path), path)
    assert note.classes == ("milk", "tea", "奶粉") and note.source == Provenance(tool="tools/test.py")


@pytest.mark.parametrize("name", SAID)
def test_each_fault_is_one_line(tmp_path, name):
    path = tmp_path / "p.parquet"
    faulty_predictions.FAULTY[name](path)
    if SAID[name] is None:
        assert read_predictions(path).images == faulty_predictions.IMAGES
    else:
        with pytest.raises(UserError, match=rf"p.parquet: {SAID[name]}.*; ") as caught:
            read_predictions(path)
        assert "\n" not in str(caught.value)
    try:
        assert isinstance(read_source(path), Provenance)
    except UserError as error:
        assert "p.parquet: " in str(error)


@pytest.mark.parametrize("name", SAID)
def test_each_fault_of_a_table_is_one_line(tmp_path, name):
    path = tmp_path / "p.parquet"
    faulty_predictions.FAULTY[name](path)
    if name in READ_AS_TABLE:
        assert len(read_predictions(path, scores=False)) == 4
    else:
        with pytest.raises(UserError, match=r"p.parquet: .*; ") as caught:
            read_predictions(path, scores=False)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,pred_label,score\na,-1,0.5\n", "the column pred_label has the class -1, but classes count from 0"),
        ("image,pred_label,score\na,1,high\n", "the column score is not a number per image"),
        ("image,pred_label,score\na,1,\n", "1 of 1 rows have no score"),
        ("image,pred_label,score\n,1,0.5\n", "(1 of 1 rows have no image|the column image is not a path per image)"),
        ("image,pred_label,score\na,1.0,0.5\n", "the column pred_label is not one class index per image"),
        ("image,pred_label,score,seen\na,1,0.5,perhaps\n", "the column seen is not true or false per image"),
        ("image,pred_label,score,score\na,1,0.5,0.5\n", "two columns are called 'score'"),
    ],
)
def test_faults_of_a_csv(tmp_path, text, message):
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(UserError, match=f"p.csv: {message}"):
        read_predictions(tmp_path / "p.csv", scores=False)


def test_a_csv_with_a_mark_and_other_columns(tmp_path):
    text = "image,pred_label,score,seen,pred_class,scores\n'=a.jpg,1,0.5,True,'@x,none\n"
    (tmp_path / "p.csv").write_text(text, encoding="utf-8-sig")
    found = read_predictions(tmp_path / "p.csv", classes=("y", "@x"), scores=False)
    assert found.images == ["=a.jpg"] and found.seen.tolist() == [True] and found.best()[0].tolist() == [1]
