import multiprocessing
import os
import pickle
import shutil

import numpy as np
import pytest

from kdxf.datasets.picture_cache import INDEX_FILE, PIXELS_FILE, PictureCache
from kdxf.errors import UserError


def picture(number: int, height: int = 4, width: int = 5) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)


def test_pictures_of_all_sizes_come_back_as_copies(tmp_path):
    cache = PictureCache(tmp_path / "new" / "cache", 10_000)
    sizes = [(1, 1), (7, 3), (4, 5)]
    for number, size in enumerate(sizes):
        assert cache.get(str(number)) is None
        assert cache.add(str(number), picture(number, *size))
    for opened in (cache, PictureCache(cache.folder, 10_000), pickle.loads(pickle.dumps(cache))):
        assert len(opened) == 3
        for number, size in enumerate(sizes):
            found = opened.get(str(number))
            np.testing.assert_array_equal(found, picture(number, *size))
            found[:] = 0  # may be painted over
            np.testing.assert_array_equal(opened.get(str(number)), picture(number, *size))


def test_pixels_that_do_not_lie_together(tmp_path):
    cache = PictureCache(tmp_path, 1000)
    cache.add("a", picture(0)[::-1, ::-1])
    np.testing.assert_array_equal(cache.get("a"), picture(0)[::-1, ::-1])


def test_a_picture_is_kept_once(tmp_path):
    cache = PictureCache(tmp_path, 1000)
    assert cache.add("a", picture(0)) and cache.add("a", picture(1))
    np.testing.assert_array_equal(cache.get("a"), picture(0))
    assert len(cache) == 1


def test_once_full_nothing_is_added_or_lost(tmp_path):
    """A picture takes 60 bytes."""
    cache = PictureCache(tmp_path, 130)
    assert [cache.add(str(number), picture(number)) for number in range(4)] == [True, True, False, False]
    np.testing.assert_array_equal(cache.get("1"), picture(1))
    assert cache.get("2") is None and (tmp_path / PIXELS_FILE).stat().st_size == 130


def test_the_file_takes_what_is_in_it(tmp_path):
    PictureCache(tmp_path, 1_000_000_000).add("a", picture(0))
    assert (tmp_path / PIXELS_FILE).stat().st_blocks * 512 < 1_000_000


def fill(folder, start):
    cache = PictureCache(folder, 100_000)
    for number in range(start, start + 60):
        cache.add(str(number), picture(number))


def test_several_processes_add_at_once(tmp_path):
    """Half of the pictures are added by both; what is added after this process has opened the cache is found."""
    cache = PictureCache(tmp_path, 100_000)
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=fill, args=(tmp_path, start)) for start in (0, 30)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(cache) == 90
    for number in range(90):
        np.testing.assert_array_equal(cache.get(str(number)), picture(number))


def test_what_a_killed_process_left_is_written_over(tmp_path):
    """Pixels without an entry, and half an entry."""
    PictureCache(tmp_path, 1000).add("a", picture(0))
    with open(tmp_path / PIXELS_FILE, "r+b") as file:
        file.seek(60)
        file.write(b"\xff" * 30)
    with open(tmp_path / INDEX_FILE, "ab") as file:
        file.write(b"\xff" * 11)
    cache = PictureCache(tmp_path, 1000)
    assert cache.add("b", picture(1)) and len(PictureCache(tmp_path, 1000)) == 2
    np.testing.assert_array_equal(cache.get("a"), picture(0))
    np.testing.assert_array_equal(PictureCache(tmp_path, 1000).get("b"), picture(1))


def test_a_damaged_index_is_told(tmp_path):
    PictureCache(tmp_path, 1000)
    (tmp_path / INDEX_FILE).write_bytes(b"\xff" * 72)
    with pytest.raises(UserError, match=r"index\.bin is damaged; remove the folder, it is filled anew"):
        PictureCache(tmp_path, 1000).get("a")


def test_another_size_is_told(tmp_path):
    PictureCache(tmp_path, 3_000_000)
    with pytest.raises(UserError, match=r"is a cache of 0\.003 GB, not of 0\.004; remove it, or name another folder"):
        PictureCache(tmp_path, 4_000_000)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot be written \(Not a directory\); name another folder"):
        PictureCache(tmp_path / "file" / "cache", 1000)


def test_a_cache_that_is_removed_meanwhile_is_told(tmp_path):
    cache = PictureCache(tmp_path / "cache", 1000)
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(UserError, match=r"a decoded picture cannot be written \(No such file or directory\)"):
        cache.add("a", picture(0))
    assert os.listdir(tmp_path) == []
