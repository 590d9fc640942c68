import pytest

from kdxf.errors import UserError
from kdxf.recipes.submission_average import average_submissions


@pytest.fixture
def submit(tmp_path):
    def submit(name, text):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return submit


ONE = "image_id,healthy,rust\nTest_0,0.5,0.25\n007,1,0\n"


def test_mean_in_the_order_of_the_first(submit):
    other = submit("b.csv", "rust,image_id,healthy\n1,007,0\n0.75,Test_0,0\n")
    found = average_submissions([submit("a.csv", ONE), other])
    assert list(found.columns) == ["image_id", "healthy", "rust"]
    assert found.values.tolist() == [["Test_0", 0.25, 0.5], ["007", 0.5, 0.5]]


def test_ids_in_any_column(submit):
    """Scores that stand in the first column may be equal."""
    other = submit("b.csv", "rust,image_id,healthy\n0.1,007,0\n0.1,Test_0,0\n")
    found = average_submissions([submit("a.csv", ONE), other])
    assert found.values.tolist() == [["Test_0", 0.25, 0.175], ["007", 0.5, 0.05]]


def test_mean_in_the_order_of_a_sample(submit):
    files = [submit("a.csv", ONE), submit("b.csv", ONE)]
    found = average_submissions(files, submit("sample.csv", "image_id,rust,healthy\n007,9,9\nTest_0,9,9\n"))
    assert list(found.columns) == ["image_id", "rust", "healthy"]
    assert found.values.tolist() == [["007", 0, 1], ["Test_0", 0.25, 0.5]]


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ("id,healthy,rust\nTest_0,0,0\n007,0,0\n", "a.csv and .*sample.csv have different columns: image_id, healthy,"),
        ("image_id,healthy,rust\nTest_0,0,0\n", "sample.csv: lacks 1 ids of .*a.csv, such as 007"),
        (ONE + "8,0,0\n", "a.csv: lacks 1 ids of .*sample.csv, such as 8"),
    ],
)
def test_another_sample(submit, sample, message):
    with pytest.raises(UserError, match=message):
        average_submissions([submit("a.csv", ONE), submit("b.csv", ONE)], submit("sample.csv", sample))


def test_three(submit):
    texts = [f"id,x\na,{score}\n" for score in (0, 0.5, 1)]
    assert average_submissions([submit(f"{i}.csv", text) for i, text in enumerate(texts)]).x.tolist() == [0.5]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ("image_id,healthy\nTest_0,1\n007,1\n", "b.csv and .*a.csv have different columns: image_id, healthy and imag"),
        ("image_id,healthy,rust\nTest_0,1,0\n", "b.csv: lacks 1 ids of .*a.csv, such as 007"),
        (ONE + "007,0,0\n", r"b.csv: the id 007 stands there twice \(1 such rows\); remove them"),
        (
            "rust,image_id,healthy\n0,007,0\n1,Test_0,0\n1,007,0\n",
            r"b.csv: the id 007 stands there twice \(1 such rows\); remove them",
        ),
        (ONE + "8,0,0\n9,0,0\n", "a.csv: lacks 2 ids of .*b.csv, such as 8"),
        (
            ONE.replace("0.25", "milk"),
            "b.csv: the column rust holds 'milk', which is no number; average files of scores",
        ),
        (ONE.replace("0.25", ""), "b.csv: the column rust holds '', which is no number; average files of scores"),
        (
            ONE.replace("0.25", "12"),
            "b.csv: the column rust holds whole numbers such as 12, which are classes and no sc",
        ),
    ],
)
def test_files_that_cannot_be_averaged(submit, other, message):
    with pytest.raises(UserError, match=message):
        average_submissions([submit("a.csv", ONE), submit("b.csv", other)])


def test_the_first_has_an_id_twice(submit):
    with pytest.raises(UserError, match=r"a.csv: the id 007 stands there twice \(1 such rows\); remove them"):
        average_submissions([submit("a.csv", ONE + "007,0,0\n"), submit("b.csv", ONE)])


def test_json(submit):
    first = submit("a.json", '[{"id": 7, "x": 1}, {"id": 8, "x": 0.5}]')
    assert average_submissions([first, submit("b.csv", "id,x\n8,0\n7,0\n")]).values.tolist() == [
        ["7", 0.5],
        ["8", 0.25],
    ]


def test_one_file(submit):
    with pytest.raises(UserError, match="--average: give at least two submissions"):
        average_submissions([submit("a.csv", ONE)])
