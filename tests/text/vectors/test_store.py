import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.text.vectors.store import MatrixFile, StoreWriter, check_target, new_store, package_versions
from kdxf.version import __version__
from kdxf_runtime.vectors.store_meta import StoreMeta


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
    monkeypatch.setattr("kdxf.text.vectors.store._ROWS_AT_ONCE", 4)
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


def write(out, words=(b"a", b"b"), **options):
    with new_store(out, **options) as folder:
        with StoreWriter(folder, 2) as writer:
            writer.add(list(words), np.ones((len(words), 2)))
            result = writer.finish(trees=1)
        StoreMeta("converted", result[0], 2, "float32", "characters").save(folder)
    return result


def test_folder_holds_the_store_and_nothing_else(tmp_path):
    out = tmp_path / "new" / "vectors"
    assert write(out) == (2, 0)
    assert sorted(path.name for path in out.iterdir()) == [
        "meta.json",
        "spelling.npy",
        "vectors.npy",
        "words.ann",
        "words.ann.sha256",
        "words.bin",
        "words.hashes.npy",
        "words.offsets.npy",
        "words.rows.npy",
    ]
    assert [path.name for path in out.parent.iterdir()] == ["vectors"]


def test_repeated_words_lose_their_vectors(tmp_path):
    with new_store(tmp_path / "v") as folder, StoreWriter(folder, 1) as writer:
        writer.add([b"a", b"b"], np.array([[1], [2]]))
        writer.add([b"a", b"c"], np.array([[3], [4]]))
        assert writer.finish(trees=1) == (3, 1)
    assert np.load(tmp_path / "v" / "vectors.npy").tolist() == [[1], [2], [4]]


def test_no_index_for_no_trees(tmp_path):
    with new_store(tmp_path / "v") as folder, StoreWriter(folder, 1) as writer:
        writer.add([b"a"], np.array([[1]]))
        writer.finish(trees=0)
    assert not (tmp_path / "v" / "words.ann").exists()


def test_an_exception_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), new_store(tmp_path / "v") as folder:
        (folder / "half").touch()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_an_exception_leaves_the_old_store(tmp_path):
    write(tmp_path / "v")
    before = (tmp_path / "v" / "words.bin").read_bytes()
    with pytest.raises(RuntimeError), new_store(tmp_path / "v", overwrite=True):
        raise RuntimeError
    assert (tmp_path / "v" / "words.bin").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["v"]


def test_what_a_killed_run_left_is_removed(tmp_path):
    (tmp_path / ".v.partial").mkdir()
    (tmp_path / ".v.partial" / "half").touch()
    write(tmp_path / "v")
    assert [path.name for path in tmp_path.iterdir()] == ["v"]


def test_overwrite(tmp_path):
    write(tmp_path / "v")
    with pytest.raises(UserError, match=r"v holds word vectors already: choose another --out, or add --overwrite"):
        write(tmp_path / "v")
    write(tmp_path / "v", words=[b"c"], overwrite=True)
    assert (tmp_path / "v" / "words.bin").read_bytes() == b"c"
    assert [path.name for path in tmp_path.iterdir()] == ["v"]


def test_only_a_store_is_ever_replaced(tmp_path):
    (tmp_path / "photos").mkdir()
    check_target(tmp_path / "photos", overwrite=False)  # empty: nothing is lost
    (tmp_path / "photos" / "1.jpg").touch()
    for target in (tmp_path / "photos", tmp_path / "photos" / "1.jpg"):
        with pytest.raises(UserError, match="exists and is not a word vector folder: choose another --out"):
            check_target(target, overwrite=True)


def test_empty_folder_is_used(tmp_path):
    (tmp_path / "v").mkdir()
    write(tmp_path / "v")
    assert (tmp_path / "v" / "meta.json").is_file()


def test_versions_of_the_packages():
    assert set(package_versions()) == {"kdxf", "numpy", "gensim", "annoy", "jieba"}
    assert package_versions()["kdxf"] == __version__
