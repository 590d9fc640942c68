import errno
import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kdxf.errors import UserError
from kdxf.text.ocr import OCRTable, mapped_table
from kdxf.text.ocr import table as module
from kdxf.text.ocr.table import SCHEMA, table_digest

NOTHING = dict.fromkeys(SCHEMA.names)
PARTS = [
    [
        {
            **NOTHING,
            **{"image": "a/1.jpg", "texts": ["满减", "MJÖLK 3%"], "scores": [0.5, 0.25], "width": 40, "height": 30},
            **{"boxes": [[0, 1, 10, 1, 10, 5, 0, 5], [2, 6, 8, 6, 8, 9, 2, 9]], "engine": "fake 1", "angle": 90},
        },
        {**NOTHING, "image": "no text.jpg"},
    ],
    [{**NOTHING, "image": "bad.jpg", "texts": [], "error": "not an image", "engine": "fake 2", "digest": "0" * 64}],
]


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A table of two parts that counts as large; its cache is in a folder of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(mapped_table, "LARGE", 1)
    folder = tmp_path / "ocr"
    folder.mkdir()
    for number, rows in enumerate(PARTS):
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), folder / f"part-{number}.parquet")
    return folder


def unpacked(tmp_path):
    return sorted((tmp_path / "cache" / "kdxf" / "ocr_tables").iterdir())


def facts(record):
    return {name: getattr(record, name) for name in SCHEMA.names if name not in ("scores", "boxes")}


@pytest.mark.parametrize("part", [1, 1 << 20], ids=["a file for each part", "one file"])
def test_it_has_what_the_parts_have(large, tmp_path, monkeypatch, part):
    monkeypatch.setattr(mapped_table, "_PART", part)
    mapped, read = OCRTable.map(large), OCRTable.open(large)
    assert len(list(unpacked(tmp_path)[0].glob("*.arrow"))) == (2 if part == 1 else 1)
    assert len(mapped) == 3 and mapped.engines == ["fake 1", "fake 2"]
    for one, other in zip(mapped, read, strict=True):
        assert facts(one) == facts(other)
        np.testing.assert_array_equal(one.scores, other.scores)
        np.testing.assert_array_equal(one.boxes, other.boxes)
    assert mapped.rows_of(["bad.jpg", "none.jpg", "a/1.jpg"]).tolist() == [2, -1, 0]


def test_unpacked_once(large, tmp_path, monkeypatch, caplog):
    OCRTable.map(large)
    assert f"{large}: a large OCR table, which is unpacked into {unpacked(tmp_path)[0]}, once" in caplog.text
    monkeypatch.setattr(module, "_read_parts", None)  # which would be called
    assert pickle.loads(pickle.dumps(OCRTable.map(large))).record(0).texts == ["满减", "MJÖLK 3%"]
    assert len(unpacked(tmp_path)) == 1


def test_another_part_is_another_table(large, tmp_path):
    assert len(OCRTable.map(large)) == 3
    pq.write_table(pa.Table.from_pylist([{**NOTHING, "image": "new.jpg"}], schema=SCHEMA), large / "part-2.parquet")
    assert OCRTable.map(large).rows_of(["new.jpg"]).tolist() == [3] and len(unpacked(tmp_path)) == 2


def test_last_row_of_an_image_counts(large):
    again = {**NOTHING, "image": "bad.jpg", "texts": ["x"]}
    pq.write_table(pa.Table.from_pylist([again], schema=SCHEMA), large / "part-2.parquet")
    table = OCRTable.map(large)
    assert table.rows_of(["bad.jpg", "a/1.jpg"]).tolist() == [3, 0] and table.record(3).texts == ["x"]


def test_the_rows_are_in_no_memory_of_the_process(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(mapped_table, "LARGE", 1)
    rows = [{**PARTS[0][0], "image": f"{number}.jpg", "angle_score": 0.5} for number in range(2000)]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), tmp_path / "t.parquet")
    OCRTable.map(tmp_path / "t.parquet")
    before = pa.total_allocated_bytes()
    table = OCRTable.map(tmp_path / "t.parquet")
    assert table.column("texts").nbytes > 50_000 and pa.total_allocated_bytes() - before < 100_000


def test_a_small_table_is_read(large, tmp_path, monkeypatch):
    monkeypatch.setattr(mapped_table, "LARGE", 1 << 20)
    assert len(OCRTable.map(large)) == 3 and not (tmp_path / "cache").exists()


def test_what_was_found_out_about_a_long_list_is_kept(large, monkeypatch):
    images = ["bad.jpg", "none.jpg", "a/1.jpg", "a/1.jpg"]
    read = table_digest(large, images)  # too short to be kept
    monkeypatch.setattr(module, "_LONG", 3)
    rows, digest = OCRTable.map(large).rows_of(images), table_digest(large, images)
    assert rows.tolist() == [2, -1, 0, 0] and digest == read
    other = OCRTable.map(large).rows_of(images[::-1])
    assert other.tolist() == [0, 0, -1, 2]
    monkeypatch.setattr(module, "_positions", None)  # which would be called
    monkeypatch.setattr(module, "_digest", None)
    assert OCRTable.map(large).rows_of(images).tolist() == rows.tolist() and table_digest(large, images) == digest
    chunks = pa.chunked_array([pa.array(images[:1]), pa.array(images[1:])])  # the same names
    assert OCRTable.map(large).rows_of(chunks).tolist() == rows.tolist()
    with pytest.raises(TypeError):  # other names
        OCRTable.map(large).rows_of(["bad.jp", "gnone.jpg", "a/1.jpg", "a/1.jpg"])


def test_no_room(large, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pa.ipc, "new_file", full)
    with pytest.raises(UserError, match=r"the OCR table cannot be unpacked .* \(No space left on device\); make"):
        OCRTable.map(large)
    assert unpacked(tmp_path) == []
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError, match=r"/file/kdxf/ocr_tables/\w+: the OCR .* \(Not a directory\); make room"):
        OCRTable.map(large)


def test_a_faulty_part_leaves_nothing(large, tmp_path):
    (large / "part-2.parquet").write_bytes(b"no table")
    with pytest.raises(UserError, match=r"part-2.parquet: not readable as Parquet"):
        OCRTable.map(large)
    assert unpacked(tmp_path) == []
