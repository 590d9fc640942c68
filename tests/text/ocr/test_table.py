import pickle
import tracemalloc
from dataclasses import replace

import faulty_vectors
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kdxf.errors import UserError
from kdxf.text.ocr import OCRTable
from kdxf.text.ocr import table as module
from kdxf.text.ocr.table import SCHEMA, table_digest, to_arrow
from kdxf_runtime.ocr.record import OCRRecord

ROWS = [
    {
        "image": "train/a b.jpg",
        "texts": ["满减", "MJÖLK 3%"],
        "scores": [0.5, 0.25],
        "boxes": [[0, 1, 10, 1, 10, 5, 0, 5], [2, 6, 8, 6, 8, 9, 2, 9]],
        "width": 40,
        "height": 30,
        "engine": "fake 1",
        "error": None,
    },
    {
        "image": "无字.jpg",
        "texts": [],
        "scores": [],
        "boxes": [],
        "width": 8,
        "height": 8,
        "engine": "fake 1",
        "error": None,
    },
    {
        "image": "bad.jpg",
        "texts": [],
        "scores": [],
        "boxes": [],
        "width": 0,
        "height": 0,
        "engine": "fake 1",
        "error": "not an image",
    },
]


def write(path, rows, schema=SCHEMA):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


def test_one_file_gives_back_what_stands_in_it(tmp_path):
    table = OCRTable.open(write(tmp_path / "t.parquet", ROWS))
    assert len(table) == 3 and table.images == ["train/a b.jpg", "无字.jpg", "bad.jpg"] and table.engines == ["fake 1"]
    first, second, third = table
    assert first.texts == ["满减", "MJÖLK 3%"] and first.error is None and (first.width, first.height) == (40, 30)
    np.testing.assert_array_equal(first.scores, np.array([0.5, 0.25], np.float32))
    np.testing.assert_array_equal(first.boxes[1], np.array([[2, 6], [8, 6], [8, 9], [2, 9]], np.float32))
    assert first.boxes.shape == (2, 4, 2) and first.boxes.dtype == first.scores.dtype == np.float32
    assert second.texts == [] and second.boxes.shape == (0, 4, 2) and second.scores.shape == (0,)
    assert third.error == "not an image" and third.engine == "fake 1"


def test_folder_of_parts_is_one_table(tmp_path):
    write(tmp_path / "part-000001.parquet", ROWS[2:])
    write(tmp_path / "part-000000.parquet", ROWS[:2])
    (tmp_path / ".part-000002.parquet.tmp").write_bytes(b"half")
    write(tmp_path / "part-000003.parquet", [{**ROWS[0], "image": "later.jpg", "engine": "fake 2"}])
    table = OCRTable.open(tmp_path)
    assert table.images == [*(row["image"] for row in ROWS), "later.jpg"] and table.engines == ["fake 1", "fake 2"]
    assert table.record(0).engine == "fake 1" and table.record(3).engine == "fake 2"
    assert table.record(2).error == "not an image" and table.record(0).texts[1] == "MJÖLK 3%"


def test_rows_of_many_images(tmp_path):
    table = OCRTable.open(write(tmp_path / "t.parquet", ROWS))
    rows = table.rows_of(["bad.jpg", "nowhere.jpg", "train/a b.jpg", "bad.jpg"])
    assert rows.dtype == np.int64 and rows.tolist() == [2, -1, 0, 2]
    assert table.rows_of([]).tolist() == []
    assert "无字.jpg" in table and "nowhere.jpg" not in table and 3 not in table


def test_last_row_of_an_image_counts(tmp_path):
    corrected = {**ROWS[2], "error": None, "texts": ["x"], "scores": [1.0], "boxes": [[0.0] * 8]}
    write(tmp_path / "part-0.parquet", ROWS)
    write(tmp_path / "part-1.parquet", [corrected])
    table = OCRTable.open(tmp_path)
    assert table.rows_of(["bad.jpg"]).tolist() == [3] and table.record(3).texts == ["x"]


def test_table_without_rows(tmp_path):
    table = OCRTable.open(write(tmp_path / "t.parquet", []))
    assert len(table) == 0 and list(table) == [] and table.rows_of(["a"]).tolist() == [-1] and table.engines == []


def test_wider_types_of_other_writers_are_taken(tmp_path):
    wide = pa.schema(
        [
            ("error", pa.large_string()),
            ("image", pa.large_string()),
            ("texts", pa.large_list(pa.large_string())),
            ("scores", pa.list_(pa.float64())),
            ("boxes", pa.list_(pa.list_(pa.float64()))),
            ("width", pa.int64()),
            ("height", pa.int64()),
            ("engine", pa.large_string()),
            ("extra", pa.int64()),
        ]
    )
    rows = [{**row, "extra": 1} for row in ROWS]
    record = OCRTable.open(write(tmp_path / "t.parquet", rows, wide)).record(0)
    assert record.texts == ["满减", "MJÖLK 3%"] and record.boxes.dtype == np.float32 and record.boxes[0, 2, 1] == 5


def test_nulls_of_other_writers_are_empty(tmp_path):
    nothing = dict.fromkeys(SCHEMA.names)
    record = OCRTable.open(write(tmp_path / "t.parquet", [{**nothing, "image": "a"}])).record(0)
    assert record.texts == [] and record.boxes.shape == (0, 4, 2) and record.engine == "" and record.width == 0


def test_rows_between_nulls_keep_their_own(tmp_path):
    nothing = {**dict.fromkeys(SCHEMA.names), "image": "a"}
    table = OCRTable.open(write(tmp_path / "t.parquet", [nothing, ROWS[0], nothing, ROWS[1], ROWS[0]]))
    assert [record.texts for record in table] == [[], ROWS[0]["texts"], [], [], ROWS[0]["texts"]]
    for row in (1, 4):
        found = table.record(row)
        assert found.boxes.reshape(-1, 8).tolist() == ROWS[0]["boxes"] and found.scores.tolist() == ROWS[0]["scores"]
        assert (found.width, found.height) == (40, 30)


def test_row_that_is_not_there(tmp_path):
    table = OCRTable.open(write(tmp_path / "t.parquet", ROWS))
    for row in (-1, 3):
        with pytest.raises(IndexError, match=f"row {row} of an OCR table with 3 rows"):
            table.record(row)


def test_travels_as_its_path(tmp_path):
    table = OCRTable.open(write(tmp_path / "t.parquet", ROWS))
    packed = pickle.dumps(table)
    assert len(packed) < 500 and pickle.loads(packed).record(0).texts == table.record(0).texts


def test_makes_no_python_objects_per_row(tmp_path):
    many = pa.Table.from_pylist(ROWS, schema=SCHEMA).take(pa.array(np.arange(60_000) % 3))
    pq.write_table(many, tmp_path / "t.parquet", row_group_size=20_000)
    tracemalloc.start()
    table = OCRTable.open(tmp_path / "t.parquet")
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(table) == 60_000 and size < 60_000


def test_bad_files_are_named(tmp_path):
    with pytest.raises(UserError, match=r"none: no OCR table .*; make one with tools/ocr.py"):
        OCRTable.open(tmp_path / "none")
    with pytest.raises(UserError, match="no OCR table"):
        OCRTable.open(tmp_path)
    (tmp_path / "t.parquet").write_text("image,text\n")
    with pytest.raises(UserError, match=r"t.parquet: not readable as Parquet \(.*\); make the table anew"):
        OCRTable.open(tmp_path / "t.parquet")
    whole = write(tmp_path / "w.parquet", ROWS).read_bytes()
    (tmp_path / "t.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="not readable as Parquet"):
        OCRTable.open(tmp_path / "t.parquet")
    pq.write_table(pa.table({"image": ["a"], "texts": [["b"]]}), tmp_path / "t.parquet")
    with pytest.raises(UserError, match="not an OCR table, it lacks scores, boxes, width, height, engine, error; make"):
        OCRTable.open(tmp_path / "t.parquet")
    texts = SCHEMA.set(1, pa.field("texts", pa.string()))
    write(tmp_path / "t.parquet", [{**ROWS[0], "texts": "one string"}], texts)
    with pytest.raises(UserError, match="a column has another type"):
        OCRTable.open(tmp_path / "t.parquet")


def record(image, *texts, **changes):
    count = len(texts)
    scores, boxes = np.full(count, 0.5, np.float32), np.zeros((count, 4, 2), np.float32)
    return replace(OCRRecord(image, list(texts), scores, boxes, 8, 9, "e", None), **changes)


@pytest.fixture
def digest(tmp_path):
    """Write a table of parts and return the digest of images."""

    def digest(parts, images=("a", "b", "none")):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for number, part in enumerate(parts):
            pq.write_table(to_arrow(part), folder / f"part-{number}.parquet")
        return table_digest(folder, images)

    return digest


def test_what_the_images_say_counts(digest):
    a, b, c = record("a", "milk", "牛奶"), record("b"), record("c", "tea")
    whole = digest([[a, b]])
    assert digest([[c, b], [a]]) == digest([[a], [b, c]]) == whole  # other rows, other parts
    assert digest([[a, b, record("none", width=0, height=0, engine="")]]) == whole  # no row is no text
    for other in (
        record("a", "mil", "k牛奶"),
        record("a", "milk牛奶"),
        replace(a, scores=a.scores / 2),
        replace(a, boxes=a.boxes + 1),
        replace(a, width=9),
        replace(a, engine="f"),
    ):
        assert digest([[other, b]]) != whole
    assert digest([[record("b", "milk", "牛奶"), record("a")]]) != whole
    assert digest([[a, b, record("none", "x")]]) != whole
    assert digest([[a, b]], ["b", "a", "none"]) != whole


def test_no_table(tmp_path):
    with pytest.raises(UserError, match="no: no OCR table"):
        table_digest(tmp_path / "no", ["a"])


def test_more_text_than_32_bits_count():
    """Arrow joins the chunks to take rows: checked by the types, since 2 GiB are too much for a test."""
    kind = to_arrow([record("a", "milk")]).schema.field("texts").type
    assert module._large(kind) == pa.large_list(pa.large_string())
    boxes = to_arrow([record("a", "milk")]).schema.field("boxes").type
    assert str(module._large(boxes)).startswith("large_list<") and "list<" not in str(module._large(boxes)).replace(
        "large_list<", ""
    )


def test_table_of_several_record_batches(tmp_path, monkeypatch):
    """As of parts that are too large to be packed into one."""
    monkeypatch.setattr(module, "_PACKED_BYTES", 0)
    rows = [{**ROWS[0], "image": f"{index}.jpg", "width": index} for index in range(5)]
    for number, part in enumerate([rows[:2], [], rows[2:3], rows[3:]]):
        write(tmp_path / f"part-{number}.parquet", part)
    table = OCRTable.open(tmp_path)
    assert table.column("image").num_chunks > 2
    assert [(record.image, record.width) for record in table] == [(f"{index}.jpg", index) for index in range(5)]
    assert table.rows_of(["4.jpg", "2.jpg", "0.jpg"]).tolist() == [4, 2, 0]


def test_rows_without_an_engine(tmp_path):
    rows = [{**ROWS[0], "engine": None}, {**ROWS[1], "engine": "fake 2"}, ROWS[2]]
    table = OCRTable.open(write(tmp_path / "t.parquet", rows))
    assert table.engines == ["fake 1", "fake 2"] and table.record(0).engine == ""


def test_the_table_that_faults_are_brought_into_is_sound(tmp_path):
    faulty_vectors.make_ocr(tmp_path / "t.parquet")
    assert [record.texts for record in OCRTable.open(tmp_path / "t.parquet")] == [["milk", "牛奶"], []]


@pytest.mark.parametrize("name", faulty_vectors.FAULTY_OCR)
def test_each_fault_is_one_line(tmp_path, name):
    pq.write_table(faulty_vectors.FAULTY_OCR[name], tmp_path / "t.parquet")
    with pytest.raises(UserError, match=r"t.parquet: not an OCR table, .+; make one with tools/ocr.py") as caught:
        OCRTable.open(tmp_path / "t.parquet")
    assert "\n" not in str(caught.value)


def test_names_in_either_unicode_form(tmp_path):
    faulty_vectors.make_ocr(tmp_path / "t.parquet")
    table = pq.read_table(tmp_path / "t.parquet")
    pq.write_table(table.set_column(0, "image", pa.array(["cafe\u0301.jpg", "b.jpg"])), tmp_path / "t.parquet")
    assert OCRTable.open(tmp_path / "t.parquet").rows_of(["caf\u00e9.jpg"]).tolist() == [0]


def test_angles_are_kept_and_older_tables_have_none(tmp_path):
    angles = {"angle": 90, "angle_score": 0.5}
    table = OCRTable.open(write(tmp_path / "t.parquet", [{**ROWS[0], **angles}, ROWS[1]]))
    assert [(row.angle, row.angle_score) for row in table] == [(90, 0.5), (None, 0)]
    older = pa.schema([field for field in SCHEMA if not field.name.startswith("angle")])
    assert OCRTable.open(write(tmp_path / "old.parquet", ROWS, older)).record(0).angle is None
    for angle, score, message in (
        (45, 0.5, "the angle of a picture is 45, and not one of 0, 90, 180, 270"),
        (90, float("nan"), "an angle_score is no number"),
    ):
        path = write(tmp_path / "odd.parquet", [{**ROWS[0], "angle": angle, "angle_score": score}])
        with pytest.raises(UserError, match=f"odd.parquet: not an OCR table, {message}"):
            OCRTable.open(path)


def test_angles_count_in_the_digest_where_they_are_known(digest):
    a, b = record("a", "milk"), record("b")
    assert digest([[replace(a, angle=90, angle_score=0.5), b]]) != digest([[a, b]])
    assert digest([[replace(a, angle=90), b]]) != digest([[replace(a, angle=180), b]])
    assert digest([[a, b, record("c", angle=90)]]) == digest([[a, b]])  # of an image that was not asked for
