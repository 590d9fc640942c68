import pandas as pd
import pytest

from kdxf.data.merge import Batch, merge
from kdxf.errors import UserError


def _batch(name, rows, classes, **columns):
    return Batch(name, pd.DataFrame(rows, columns=["image", "label"], dtype="str").assign(**columns), classes)


FIRST = _batch("v1", [("a", "milk"), ("b", "tea")], ["tea", "milk"])


def test_rows_say_where_they_come_from_and_new_classes_come_last():
    second = _batch("v2", [("c", "coat"), ("b", "tea"), ("d", "milk")], ["coat", "milk", "tea", "bag"], score=0.5)
    result = merge([FIRST, second])
    assert result.frame[["image", "label", "source"]].values.tolist() == [
        ["a", "milk", "v1"], ["b", "tea", "v1"], ["c", "coat", "v2"], ["d", "milk", "v2"],
    ]  # fmt: skip
    assert result.classes == ["tea", "milk", "bag", "coat"]
    assert result.summary.values.tolist() == [["v1", 2, 0, 0, 0], ["v2", 3, 1, 0, 2]]
    assert merge([result_as_batch(result), _batch("aug", [("e", "milk")], ["milk"])]).frame["source"].tolist() == [
        "v1", "v1", "v2", "v2", "aug",
    ]  # fmt: skip


def result_as_batch(result):
    return Batch("all", result.frame, result.classes)


def test_repeated_rows_of_one_list_stay():
    assert len(merge([_batch("v1", [("a", "x"), ("a", "x")], ["x"])]).frame) == 2


def test_disagreement_is_an_error_or_decided():
    second = _batch("v2", [("a", "tea"), ("b", "tea")], ["tea", "milk"])
    with pytest.raises(
        UserError, match=r"^v2: a is 'tea' there and 'milk' in an earlier list \(1 such images\); choose"
    ):
        merge([FIRST, second])
    first = merge([FIRST, second], prefer="first")
    assert dict(zip(first.frame["image"], first.frame["label"], strict=True)) == {"a": "milk", "b": "tea"}
    last = merge([FIRST, second], prefer="last")
    assert last.frame.sort_values("image")[["image", "label", "source"]].values.tolist() == [
        ["a", "tea", "v2"], ["b", "tea", "v1"],
    ]  # fmt: skip
    assert last.summary.values.tolist()[1] == ["v2", 2, 1, 1, 0]
    with pytest.raises(UserError, match=r"^two lists are called 'v1'; give them different names with --names$"):
        merge([FIRST, FIRST])
