import numpy as np
import pytest

from kdxf.text.matrix_file import MatrixFile


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_rows_are_appended(tmp_path, dtype):
    rows = np.random.default_rng(0).standard_normal((7, 3)).astype(dtype)
    file = MatrixFile(tmp_path / "m.npy", 3, dtype)
    file.add(rows[:4])
    file.add(rows[4:].astype(np.float64))
    file.close()
    read = np.load(tmp_path / "m.npy", mmap_mode="r")
    assert isinstance(read, np.memmap)
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, rows)


def test_rows_are_dropped_in_place(tmp_path, monkeypatch):
    monkeypatch.setattr("kdxf.text.matrix_file._ROWS_AT_ONCE", 4)
    rows = np.arange(60, dtype=np.float32).reshape(20, 3)
    file = MatrixFile(tmp_path / "m.npy", 3, "float32")
    file.add(rows)
    file.close()
    keep = np.ones(20, dtype=bool)
    keep[[1, 2, 9, 19]] = False
    file.keep_rows(keep)
    assert file.rows == 16
    np.testing.assert_array_equal(np.load(tmp_path / "m.npy"), rows[keep])
    assert (tmp_path / "m.npy").stat().st_size == 128 + 16 * 3 * 4
