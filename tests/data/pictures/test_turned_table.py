import hashlib

import numpy as np
import pytest

from kdxf.data.pictures.turned_table import check_new_table, turns_of, write_upright_table
from kdxf.errors import UserError
from kdxf.text.ocr import OCRRecord, OCRTable, OCRTableWriter

BOX = np.array([[[10, 2], [30, 2], [30, 6], [10, 6]]], np.float32)


def record(image, angle, score):
    return OCRRecord(image, ["milk"], np.ones(1, np.float32), BOX, 40, 20, "e", None, "old", 1, 1, angle, score)


def write(path, *records):
    with OCRTableWriter(path, "e") as writer:
        for one in records:
            writer.add(one)
    return OCRTable.open(path)


@pytest.fixture
def table(tmp_path):
    sure, unsure = ("sure.png", 90, 0.5), ("unsure.png", 90, 0.05)
    rows = [
        sure,
        unsure,
        ("upright.png", 0, 0.9),
        ("none.png", None, 0.0),
        ("anew.png", 180, 0.9),
        ("anew.png", 0, 0.9),
    ]
    return write(tmp_path / "ocr", *(record(*row) for row in rows))


def test_turned_are_those_whose_last_row_is_sure_of_it(table):
    assert turns_of(table) == {"sure.png": 90}


def test_a_table_without_angles(tmp_path):
    table = write(tmp_path / "ocr", record("a", None, 0.0))
    with pytest.raises(
        UserError, match=r"ocr: has no angles, as its text was read in one direction only; make it anew"
    ):
        turns_of(table)


def test_the_new_table_fits_the_new_files(table, tmp_path):
    file = tmp_path / "sure.jpg"
    file.write_bytes(b"pixels")
    files = {"sure.png": ("sure.jpg", file), "unsure.png": ("unsure.png", file), "lost.png": ("lost.png", file)}
    write_upright_table(table, files, tmp_path / "new", overwrite=False)
    turned, same = OCRTable.open(tmp_path / "new")
    assert (turned.image, turned.width, turned.height, turned.turn) == ("sure.jpg", 20, 40, 0)
    assert turned.boxes.tolist() == [[[18, 10], [18, 30], [14, 30], [14, 10]]]  # (x, y) becomes (20 - y, x)
    assert turned.digest == hashlib.sha256(b"pixels").hexdigest() and turned.file_size == 6
    assert (same.image, same.width, same.angle) == ("unsure.png", 40, 90) and same.boxes.tolist() == BOX.tolist()


def test_no_table_is_replaced_unasked(table, tmp_path):
    with pytest.raises(UserError, match=r"ocr: is an input, which is never changed; choose another folder"):
        check_new_table(table, tmp_path / "ocr", overwrite=True)
    write(tmp_path / "new", record("a", 0, 1.0))
    with pytest.raises(
        UserError, match=r"new: is there already; choose another folder, or replace it with --overwrite"
    ):
        check_new_table(table, tmp_path / "new", overwrite=False)
    check_new_table(table, tmp_path / "new", overwrite=True)
    write_upright_table(table, {}, tmp_path / "new", overwrite=True)
    assert not list((tmp_path / "new").glob("*.parquet"))
