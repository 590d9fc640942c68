import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kdxf.errors import UserError
from kdxf.io.parquet_tables import read_parquet, read_parquet_schema
from kdxf_runtime.io import bounds


def repeated(text, count):
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), [text])


def test_columns_that_are_there(tmp_path):
    table = pa.table({"a": [1, 2], "b": ["x", None], "c": [[0.5], []]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert read_parquet(tmp_path / "a.parquet", "advice").equals(table)
    assert read_parquet(tmp_path / "a.parquet", "advice", ["c", "a", "none"]).equals(table.select(["c", "a"]))
    assert read_parquet_schema(tmp_path / "a.parquet", "advice").names == ["a", "b", "c"]


def test_a_file_of_a_few_hundred_bytes_that_unpacks_to_gigabytes(tmp_path):
    """One text of a megabyte, a hundred thousand times; the footer says nothing of it."""
    long = repeated("x" * 1_000_000, 100_000)
    ends = pa.array([0, 100_000], pa.int32())
    for name, column in (("flat", long), ("nested", pa.ListArray.from_arrays(ends, long))):
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table({"a": column}), path, compression="zstd", store_schema=False)
        assert path.stat().st_size < 1000
        with pytest.raises(UserError, match=rf"{name}.parquet: 0.0 MiB that unpack to 93.1 GiB, \d+ times as much; no"):
            read_parquet(path, "advice")


def test_texts_that_repeat_come_back_as_they_are(tmp_path, monkeypatch):
    table = pa.table(
        {
            "flat": pa.array(["牛奶", None, "a"] * 100),
            "nested": pa.array([["x", "y"], None, ["x", None]] * 100),
            "large": pa.array(["z"] * 300, pa.large_string()),
        }
    ).replace_schema_metadata({b"note": b"1"})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path)
    monkeypatch.setattr(bounds, "UNSUSPECTED", 10_000)
    assert len(bounds.repeated_texts(pq.ParquetFile(path).metadata)) == 3
    found = read_parquet(path, "advice")
    assert found.schema.metadata[b"note"] == b"1"
    assert found.to_pydict() == table.to_pydict()


@pytest.mark.parametrize("data", [b"", b"image,label\n", b"PAR1" + bytes(100) + b"PAR1"])
def test_what_is_no_parquet_is_said(tmp_path, data):
    path = tmp_path / "a.parquet"
    path.write_bytes(data)
    for read in (read_parquet, read_parquet_schema):
        with pytest.raises(UserError, match=r"a.parquet: not readable as Parquet \(.+\); make it anew$") as caught:
            read(path, "make it anew")
        assert "\n" not in str(caught.value)
