import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kdxf.errors import UserError
from kdxf_runtime.io import bounds
from kdxf_runtime.io.bounds import (
    COLUMNS,
    check_columns,
    check_lines,
    check_parquet,
    check_size,
    check_unpacked,
    lines_of,
    repeated_texts,
)


def test_size_by_the_memory(tmp_path, monkeypatch):
    path = tmp_path / "list.csv"
    path.write_bytes(bytes(1000))
    monkeypatch.setattr(bounds, "memory", lambda: 8000)
    check_size(path, 8)
    message = (
        r"list.csv: reading it may take 0.0 GiB of memory, and 0.0 GiB are there; divide the file, or use a larger"
    )
    with pytest.raises(UserError, match=message):
        check_size(path, 9)


def test_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "LINE", 10)
    for data in (b"", b"0123456789", b"0123456789\n0123456789\n", b"a\n" * 100, b"0\n0123456789"):
        check_lines(data, tmp_path / "a.txt")
    for data in (b"01234567890", b"0\n01234567890\n0", b"a\n" * 100 + b"01234567890"):
        with pytest.raises(UserError, match=r"a.txt: a line has more than 0 MiB; is this a text with one row per line"):
            check_lines(data, tmp_path / "a.txt")


def test_lines_of_a_stream(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "LINE", 10)
    assert list(lines_of(io.BytesIO(b"a\n\n012345678\nb"), tmp_path / "a.txt")) == [b"a\n", b"\n", b"012345678\n", b"b"]
    lines = lines_of(io.BytesIO(b"a\n0123456789\n"), tmp_path / "a.txt")
    assert next(lines) == b"a\n"
    with pytest.raises(UserError, match=r"a.txt: a line has more than 0 MiB"):
        next(lines)


def test_columns(tmp_path):
    check_columns(list(map(str, range(COLUMNS))), tmp_path / "a.csv")
    check_columns(["a", "", ""], tmp_path / "a.csv")  # of a trailing comma
    with pytest.raises(UserError, match=r"a.csv: has 65537 columns, and at most 65536 are read; is it rows by columns"):
        check_columns(list(map(str, range(COLUMNS + 1))), tmp_path / "a.csv")
    with pytest.raises(UserError, match=r"a.csv: two columns are called 'label'; rename or remove one"):
        check_columns(["image", "label", "label"], tmp_path / "a.csv")


def written(path, **columns):
    pq.write_table(pa.table(columns), path, compression="zstd")
    return pq.ParquetFile(path).metadata


def test_values_that_repeat_count(tmp_path, monkeypatch):
    """A million zeros of 8 bytes take some hundred bytes of the file."""
    path = tmp_path / "a.parquet"
    metadata = written(path, a=np.zeros(1_000_000, np.int64))
    assert path.stat().st_size < 10_000
    check_parquet(path, metadata)
    monkeypatch.setattr(bounds, "UNSUSPECTED", 8_000_000)
    check_parquet(path, metadata)
    monkeypatch.setattr(bounds, "UNSUSPECTED", 7_999_999)
    with pytest.raises(UserError, match=r"a.parquet: 0.0 MiB that unpack to 0.0 GiB, \d+ times as much; no table of"):
        check_parquet(path, metadata)


def test_nested_values_and_fixed_widths_count(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    lists = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(30_000, np.float32)), 3)
    metadata = written(path, scores=lists, hashes=pa.array([bytes(24)] * 10_000, pa.binary(24)))
    monkeypatch.setattr(bounds, "UNSUSPECTED", 30_000 * 4 + 10_000 * 24 - 1)
    with pytest.raises(UserError, match="times as much"):
        check_parquet(path, metadata)


def test_what_does_not_compress_is_bound_by_the_memory_alone(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    metadata = written(path, a=np.random.default_rng(0).standard_normal(100_000))
    monkeypatch.setattr(bounds, "UNSUSPECTED", 0)
    check_parquet(path, metadata)
    monkeypatch.setattr(bounds, "memory", lambda: 700_000)
    with pytest.raises(UserError, match="may take 0.0 GiB of memory"):
        check_parquet(path, metadata)


def test_unpacked(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(bytes(1 << 20))
    check_unpacked(path, 1 << 30)
    with pytest.raises(UserError, match=r"a.parquet: 1.0 MiB that unpack to 2.0 GiB, 2048 times as much"):
        check_unpacked(path, 2 << 30)


def test_texts_that_may_repeat(tmp_path, monkeypatch):
    metadata = written(tmp_path / "a.parquet", a=["x" * 1000] * 1000, b=pa.array([["y"]] * 1000), c=list(range(1000)))
    assert repeated_texts(metadata) == []
    monkeypatch.setattr(bounds, "UNSUSPECTED", 900_000)
    assert repeated_texts(metadata) == ["a"]
