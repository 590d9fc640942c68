import os

import duplicates_pictures as pictures
import numpy as np
import pytest

from kdxf.data.duplicates import cache as duplicates_cache
from kdxf.data.duplicates.cache import take_fingerprints
from kdxf.errors import UserError


@pytest.fixture
def paths(tmp_path):
    for name, seed in (("a.png", 1), ("b.png", 2), ("同.png", 1)):
        pictures.save(tmp_path / name, pictures.picture(seed))
    (tmp_path / "broken.jpg").write_text("x")
    return [tmp_path / name for name in ("a.png", "b.png", "同.png", "broken.jpg", "missing.jpg")]


def counting(monkeypatch):
    """Count the pictures that are read; on request, fail from the third one on."""
    read, real = [], duplicates_cache.fingerprint
    monkeypatch.setattr(duplicates_cache, "fingerprint", lambda path: (read.append(path.name), real(path))[1])
    return read


def test_columns(paths):
    prints = take_fingerprints(paths, 1)
    assert len(prints) == 5 and prints.pixels.tolist() == [32000] * 3 + [0, 0]
    assert prints.digests[0] == prints.digests[2] != prints.digests[1]
    assert len(prints.digests[3]) == 32 and prints.digests[4] == ""
    assert prints.errors[:3] == [None] * 3 and "No such file" in prints.errors[4]
    assert prints.hashes.shape == (5, 3) and prints.grey.shape == (5, 48, 48) and prints.colour.shape == (5, 8, 8, 3)
    assert prints.plain().tolist() == [False] * 3 + [True] * 2
    assert prints.take(np.array([2, 0])).errors == [None, None]


def test_what_is_in_the_cache_is_not_read_again(paths, tmp_path, monkeypatch):
    cache = tmp_path / "cache" / "prints.parquet"
    first = take_fingerprints(paths[:2], 1, cache)
    read = counting(monkeypatch)
    second = take_fingerprints(paths[2::-1], 1, cache)
    assert read == ["同.png"]
    assert second.hashes[1:].tolist() == first.hashes[::-1].tolist()
    assert (second.grey[2] == first.grey[0]).all() and second.digests[2] == first.digests[0]
    pictures.save(paths[0], pictures.picture(7))
    os.utime(paths[0], ns=(0, 0))  # another time, whatever the clock
    third = take_fingerprints(paths, 1, cache)
    assert read[1:] == ["a.png", "broken.jpg", "missing.jpg"]
    assert third.digests[0] != first.digests[0]
    take_fingerprints(paths[:4], 1, cache)
    assert len(read) == 4
    assert [path.name for path in cache.parent.iterdir()] == ["prints.parquet"]


def test_work_that_is_broken_off_is_kept(paths, tmp_path, monkeypatch):
    cache, real = tmp_path / "prints.parquet", duplicates_cache.fingerprint

    def interrupted(path):
        if path.name.startswith("同"):
            raise KeyboardInterrupt
        return real(path)

    monkeypatch.setattr(duplicates_cache, "fingerprint", interrupted)
    with pytest.raises(KeyboardInterrupt):
        take_fingerprints(paths, 1, cache)
    monkeypatch.setattr(duplicates_cache, "fingerprint", real)
    read = counting(monkeypatch)
    take_fingerprints(paths[:3], 1, cache)
    assert read == ["同.png"]


def test_other_files_are_not_taken_for_a_cache(paths, tmp_path):
    (tmp_path / "text.parquet").write_text("image,label\n")
    with pytest.raises(
        UserError,
        match=r"text.parquet: not readable as Parquet \(.+\); it is no cache of fingerprints, so give another --cache",
    ):
        take_fingerprints(paths, 1, tmp_path / "text.parquet")
    duplicates_cache.pq.write_table(duplicates_cache.pa.table({"path": ["a"]}), tmp_path / "other.parquet")
    with pytest.raises(UserError, match="other.parquet: not a cache of fingerprints of this version; give another"):
        take_fingerprints(paths, 1, tmp_path / "other.parquet")
