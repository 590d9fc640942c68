import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from kdxf.data.folds.groups import group_rows, images_joined, join, join_keys, text_keys
from kdxf.errors import UserError
from kdxf.text.ocr.table import OCRTable, to_arrow
from kdxf_runtime.ocr.record import OCRRecord


def ocr_table(path, texts):
    pq.write_table(to_arrow([OCRRecord.from_text(image, text) for image, text in texts.items()]), path)
    return path


def test_pairs_join_through_others():
    assert join(6, np.array([4, 1]), np.array([2, 4])).tolist() == [0, 1, 1, 2, 1, 3]
    assert join(2, np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == [0, 1]


def test_keys_add_up():
    # Rows 0 and 2 share the first key, 2 and 3 the second; row 1 has none, row 4 its own.
    assert join_keys(5, [np.array([7, -1, 7, 1, 2]), np.array([-1, -1, 3, 3, 4])]).tolist() == [0, 1, 0, 0, 2]
    assert join_keys(3, []).tolist() == [0, 1, 2]


def test_the_same_text_at_another_price(tmp_path):
    texts = {
        "a": "Sommarmjölk lactose free\n1 liter, now 19:90",
        "b": "Sommarmjölk  lactose free\n2 LITER now 24,90 !",  # other digits, signs and capitals
        "c": "Sommarmj0lk lactose fre\n1 liter, now 19:90",  # misread
        "i": "Sommarmjölk from the cows of Skåne, 1 liter",  # the same brand
        "d": "now 19",
        "e": "now 24",  # too short
        "f": "",
        "g": "超值 牛奶 99 元",
        "h": "超值牛奶 1 元",
    }
    table = OCRTable.open(ocr_table(tmp_path / "ocr.parquet", texts))
    keys = text_keys([*"abcdefgh", "not in the table"], table)
    assert keys[0] == keys[1] == keys[2] >= 0 and images_joined(keys) == 3
    assert keys[3:].tolist() == [-1] * 6
    assert text_keys([*"ia"], table).tolist() == [0, 1]
    keys = text_keys([*"gh"], table, min_characters=5)
    assert keys[0] == keys[1] >= 0
    assert text_keys(["unknown"], table).tolist() == [-1]


def test_all_ways_add_up(tmp_path, capsys):
    frame = pd.DataFrame({"image": list("abcdefg"), "shop": ["1", None, None, "1", "2", "3", "4"]})
    # b stands in both groups, so they are one; z is in another list.
    (tmp_path / "groups.csv").write_text("image,group\nb,0\nz,0\nb,1\nc,1\n")
    text = "the same twenty letters and more"
    ocr_table(tmp_path / "ocr.parquet", {"c": text, "e": text, "f": "another"})
    found = group_rows(frame, tmp_path / "all.csv", tmp_path / "groups.csv", "shop", tmp_path / "ocr.parquet")
    assert found.tolist() == [0, 1, 1, 0, 1, 2, 3]
    assert (
        "ocr.parquet: 2 images have nearly the same long text as another; these stay together"
        in capsys.readouterr().out
    )
    assert group_rows(pd.DataFrame({"image": ["a", "b", "a"]}), tmp_path / "x.csv").tolist() == [0, 1, 0]


def test_mistakes(tmp_path):
    frame = pd.DataFrame({"image": ["a"], "label": ["x"]})
    with pytest.raises(
        UserError, match=r"all.csv: no column 'shop' to group by \(found: image, label\); change --group"
    ):
        group_rows(frame, tmp_path / "all.csv", column="shop")
    (tmp_path / "list.csv").write_text("image,label\na,x\n")
    with pytest.raises(UserError, match=r"list.csv: no column 'group' \(found: image, label\); give what .*dedupe.py"):
        group_rows(frame, tmp_path / "all.csv", groups=tmp_path / "list.csv")
    (tmp_path / "others.csv").write_text("image,group\nimages/a,0\n")
    with pytest.raises(
        UserError, match="others.csv: names none of the images of the list; make both with the same --root"
    ):
        group_rows(frame, tmp_path / "all.csv", groups=tmp_path / "others.csv")
