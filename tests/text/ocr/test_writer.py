import errno
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.text.ocr import OCRRecord, OCRTable, OCRTableWriter


def record(image, text="x", error=None, engine="fake 1"):
    if error is not None:
        return OCRRecord.empty(image, error, engine=engine)
    box = np.arange(8, dtype=np.float32).reshape(1, 4, 2)
    return OCRRecord(image, [text], np.array([0.5], np.float32), box, 20, 10, engine, None)


def parts(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_round_trip(tmp_path):
    with OCRTableWriter(tmp_path / "new" / "ocr", "fake 1") as writer:
        writer.add(record("a b.jpg", "满减 3%"))
        writer.add(replace(record("图.jpg", error="empty"), digest="ab", file_size=2**40, file_time=2**60))
        assert parts(tmp_path / "new" / "ocr") == []
    first, second = OCRTable.open(tmp_path / "new" / "ocr")
    assert (first.digest, first.file_size, first.file_time) == (None, 0, 0)
    assert (second.digest, second.file_size, second.file_time) == ("ab", 2**40, 2**60)
    assert (first.image, first.texts, first.width, first.height) == ("a b.jpg", ["满减 3%"], 20, 10)
    assert first.scores.tolist() == [0.5] and first.boxes.tolist() == [[[0, 1], [2, 3], [4, 5], [6, 7]]]
    assert (second.image, second.texts, second.error, second.engine) == ("图.jpg", [], "empty", "fake 1")


def test_part_after_so_many_rows(tmp_path):
    with OCRTableWriter(tmp_path, "fake 1", part_rows=2) as writer:
        for image in "abc":
            writer.add(record(image))
        assert parts(tmp_path) == ["part-000000.parquet"]
    assert parts(tmp_path) == ["part-000000.parquet", "part-000001.parquet"]
    assert OCRTable.open(tmp_path).images == ["a", "b", "c"]


def test_part_after_so_many_seconds(tmp_path):
    with OCRTableWriter(tmp_path, "fake 1", part_seconds=0) as writer:
        writer.add(record("a"))
        assert parts(tmp_path) == ["part-000000.parquet"]


def test_continues_after_the_last_part_and_clears_what_a_killed_job_left(tmp_path):
    with OCRTableWriter(tmp_path, "fake 1") as writer:
        writer.add(record("a"))
    (tmp_path / "part-000000.parquet").rename(tmp_path / "part-000007.parquet")
    (tmp_path / ".part-000008.parquet.tmp").write_bytes(b"half")
    with OCRTableWriter(tmp_path, "fake 1") as writer:
        assert writer.missing(["b", "a", "c"]) == ["b", "c"]
        writer.add(record("b"))
    assert parts(tmp_path) == ["part-000007.parquet", "part-000008.parquet"]


def test_saves_when_the_block_fails(tmp_path):
    with pytest.raises(KeyboardInterrupt), OCRTableWriter(tmp_path, "fake 1") as writer:
        writer.add(record("a"))
        raise KeyboardInterrupt
    assert OCRTable.open(tmp_path).images == ["a"]


def test_everything_is_missing_from_a_new_table(tmp_path):
    with OCRTableWriter(tmp_path, "fake 1") as writer:
        assert writer.missing(["b", "a"]) == ["b", "a"]


def test_drop_errors_keeps_the_other_rows(tmp_path):
    with OCRTableWriter(tmp_path, "fake 1", part_rows=2) as writer:
        for row in (record("a"), record("b", error="lost"), record("c"), record("d"), record("e", error="lost")):
            writer.add(row)
    with OCRTableWriter(tmp_path, "fake 1") as writer:
        assert writer.drop_errors() == 2
        assert writer.missing(list("abcde")) == ["b", "e"]
    assert OCRTable.open(tmp_path).images == ["a", "c", "d"]


def test_drop_keeps_the_other_rows(tmp_path):
    with OCRTableWriter(tmp_path, "fake 1", part_rows=2) as writer:
        for image in "abc":
            writer.add(record(image))
    with OCRTableWriter(tmp_path, "fake 1") as writer:
        assert writer.drop([]) == 0 and writer.drop(["b", "c", "d"]) == 2
        assert writer.missing(["a", "b", "c"]) == ["b", "c"]
    assert OCRTable.open(tmp_path).images == ["a"]


def test_another_engine_is_refused_and_may_overwrite(tmp_path):
    with OCRTableWriter(tmp_path, "fake 1") as writer:
        writer.add(record("a"))
    for _ in range(2):  # a refused writer does not keep the lock
        with pytest.raises(UserError, match="was read by 'fake 1', not by 'fake 2'; choose another --out, or read it"):
            OCRTableWriter(tmp_path, "fake 2")
    with OCRTableWriter(tmp_path, "fake 2", overwrite=True) as writer:
        assert writer.missing(["a"]) == ["a"]


def test_second_writer_is_refused(tmp_path):
    with (
        OCRTableWriter(tmp_path, "fake 1"),
        pytest.raises(UserError, match="another job writes to it; wait for it, or choose another --out"),
    ):
        OCRTableWriter(tmp_path, "fake 1")
    OCRTableWriter(tmp_path, "fake 1").close()


def test_file_is_refused(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"")
    with pytest.raises(UserError, match=r"t.parquet: is a file, and parts are added to a folder; choose another --out"):
        OCRTableWriter(tmp_path / "t.parquet", "fake 1")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_part_that_cannot_be_written_leaves_nothing_and_says_how_to_continue(tmp_path, monkeypatch, number):
    def full(_):
        raise OSError(number, os.strerror(number))

    with OCRTableWriter(tmp_path, "fake 1") as writer:
        writer.add(record("a"))
    writer = OCRTableWriter(tmp_path, "fake 1")
    writer.add(record("b"))
    monkeypatch.setattr(os, "fsync", full)
    message = (
        rf"the next part cannot be written \({os.strerror(number)}\); put that right and run the same command again"
    )
    with pytest.raises(UserError, match=message):
        writer.close()
    assert parts(tmp_path) == ["part-000000.parquet"]
    monkeypatch.undo()
    with OCRTableWriter(tmp_path, "fake 1") as writer:  # the lock is free again
        assert writer.missing(["a", "b"]) == ["b"]


def test_folder_that_cannot_be_written_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(
        UserError, match=r"/proc/ocr: cannot be written to \(.*\); put that right, or choose another --out"
    ):
        OCRTableWriter(Path("/proc/ocr"), "fake 1")
    (tmp_path / "ocr" / ".lock").mkdir(parents=True)  # open() fails on it even for root
    with pytest.raises(UserError, match=r"ocr: cannot be written to \(Is a directory\)"):
        OCRTableWriter(tmp_path / "ocr", "fake 1")
