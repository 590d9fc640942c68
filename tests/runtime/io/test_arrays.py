import numpy as np
import pytest

from kdxf_runtime.io.arrays import check_finite, open_array


def test_an_array_is_mapped(tmp_path):
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.save(tmp_path / "a.npy", values)
    found = open_array(tmp_path / "a.npy", (None, 3), ["float16", "float32"])
    assert type(found) is np.ndarray and isinstance(found.base, np.memmap) and not found.flags.writeable
    np.testing.assert_array_equal(found, values)


def test_no_rows_and_texts(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((0, 3), np.float32))
    assert open_array(tmp_path / "a.npy", (None, 3), ["float32"]).shape == (0, 3)
    np.save(tmp_path / "b.npy", np.array(["ab"], "S64"))
    assert open_array(tmp_path / "b.npy", (None,), ["S64"]).tolist() == [b"ab"]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(3), r"a.npy holds float64, not float32 or float16$"),
        (np.zeros((2, 3), np.float32), r"a.npy has the shape \(2, 3\), not any x 4$"),
        (np.zeros(4, np.float32), r"a.npy has the shape \(4,\), not any x 4$"),
        (
            np.array([{}], object),
            r"a.npy is no whole NumPy file: Array can't be memory-mapped: Python",
        ),
        (np.zeros(2, [("x", "f4")]), r"a.npy holds \[\('x', '<f4'\)\], not float32 or float16$"),
    ],
)
def test_other_arrays(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(ValueError, match=message):
        open_array(tmp_path / "a.npy", (None, 4), ["float32", "float16"])


def test_a_header_that_declares_terabytes_takes_no_memory(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 4), np.float32))
    data = (tmp_path / "a.npy").read_bytes().replace(b"(2, 4), }          ", b"(999999999999, 4), }")
    (tmp_path / "a.npy").write_bytes(data)
    with pytest.raises(ValueError, match=r"a.npy is no whole NumPy file: "):
        open_array(tmp_path / "a.npy", (None, 4), ["float32"])


@pytest.mark.parametrize("data", [b"", b"x", b"\x93NUMPY\x01\x00", b"\x93NUMPY\x01\x00\x08\x00{'a': 1}", b"PK\x03\x04"])
def test_other_files(tmp_path, data):
    (tmp_path / "a.npy").write_bytes(data)
    with pytest.raises(ValueError, match=r"^a.npy is no whole NumPy file: "):
        open_array(tmp_path / "a.npy", (None,), ["float32"])
    with pytest.raises(FileNotFoundError):
        open_array(tmp_path / "none.npy", (None,), ["float32"])


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_finite(wrong):
    values = np.zeros((5, 2), np.float32)
    check_finite(values, "a.npy", rows=2)
    values[3, 1] = wrong
    with pytest.raises(ValueError, match="a.npy is NaN or infinite in row 3"):
        check_finite(values, "a.npy", rows=2)
