"""Lists in which an image has several labels, in both forms."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from kdxf.datasets.labels import lists_of, read_multi_labels, read_weights
from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations
from kdxf.io.predictions import multi_hot

CLASSES = ["healthy", "rust", "scab"]


def read(folder, text, classes=CLASSES):
    (folder / "list.csv").write_text(text, encoding="utf-8")
    found = read_multi_labels(read_annotations(folder / "list.csv", empty_labels=True), classes, "list.csv")
    return None if found is None else found.to_pylist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("image,label\na.jpg,scab|rust\nb.jpg,\nc.jpg,healthy\nd.jpg,scab|rust\n", [[1, 2], [], [0], [1, 2]]),
        ("image,label\na.jpg, 2 | 0 \nb.jpg,1\n", [[0, 2], [1]]),
        ("image,label\na.jpg,rust|rust|1\n", [[1]]),
        ("image,scab,healthy,rust,note\na.jpg,1,0,1,x\nb.jpg,0,0,0,y\nc.jpg,0,1,0,\n", [[1, 2], [], [0]]),
        ("image,label,healthy,rust,scab\na.jpg,rust,0,0,1\n", [[1]]),  # the column label counts
        ("image\na.jpg\n", None),
        ("image,label\na.jpg,\nb.jpg,\n", None),  # no label at all
    ],
)
def test_forms(tmp_path, text, expected):
    assert read(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("text", "classes", "message"),
    [
        (
            "image,label\na.jpg,rust|mould\n",
            CLASSES,
            r"list.csv: the label 'mould' is neither one of the 3 class names",
        ),
        ("image,label\na.jpg,rust||scab\n", CLASSES, r"list.csv: the label '' is neither one of the 3 class names"),
        ("image,label\na.jpg,rust\n", ["a|b", "rust"], r"list.csv: the class name 'a\|b' holds '\|', which joins lab"),
        (
            "image,rust,healthy\na.jpg,0,1\n",
            CLASSES,
            r"list.csv: no column 'scab', while 'healthy' has one; give every class its column of 0 and 1, or write a "
            "column 'label'",
        ),
        (
            "image,healthy,rust,scab\na.jpg,0,1,0\nb.jpg,0,0.5,0\n",
            CLASSES,
            "list.csv: data row 2 has something else than 0 and 1 in the column 'rust', which is named like a class",
        ),
        ("image,healthy,rust,scab\na.jpg,0,,0\n", CLASSES, "list.csv: data row 1 has something else than 0 and 1"),
    ],
)
def test_faults_are_named(tmp_path, text, classes, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, text, classes)


def test_lists_and_arrays_say_the_same():
    chosen = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]], bool)
    lists = lists_of(chosen)
    assert lists.to_pylist() == [[0, 2], [], [1]]
    assert multi_hot(lists, 3).tolist() == chosen.astype(int).tolist()
    assert multi_hot(lists.take(pa.array([2, 0])), 3).tolist() == [[0, 1, 0], [1, 0, 1]]
    assert multi_hot(lists[1:], 3).tolist() == [[0, 0, 0], [0, 1, 0]]


def test_numbers():
    found = read_weights(pd.Series([1, 0, 2]), "list.csv")
    assert found.dtype == np.float32 and found.tolist() == [1, 0, 2]
    assert read_weights(pd.Series(["0.5", " 3"]), "list.csv").tolist() == [0.5, 3]


@pytest.mark.parametrize(
    ("entry", "found"), [(-0.5, "'-0.5'"), ("heavy", "'heavy'"), (np.inf, "'inf'"), (None, "nothing"), ("", "''")]
)
def test_faults_are_named_of_sample_weights(entry, found):
    with pytest.raises(UserError, match=f"^list.csv: data row 8 has {found} as its weight; give a number >= 0$"):
        read_weights(pd.Series([1.0, entry], index=[3, 7]), "list.csv")
