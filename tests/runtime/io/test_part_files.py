import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.part_files import PartWriter, part_files, write_part


class Numbers(PartWriter[int]):
    def _take_over(self):
        if (self.folder / "no").exists():
            raise UserError("not this folder")

    def _to_arrow(self, rows):
        return pa.table({"number": rows})


def numbers(folder):
    return [pq.read_table(part)["number"].to_pylist() for part in part_files(folder)]


def test_parts_by_rows_by_age_and_at_the_end_of_the_block(tmp_path):
    with Numbers(tmp_path / "a", "--parts", part_rows=2) as writer:
        for number in range(5):
            writer.add(number)
        assert numbers(tmp_path / "a") == [[0, 1], [2, 3]]
    assert numbers(tmp_path / "a") == [[0, 1], [2, 3], [4]]
    with pytest.raises(KeyboardInterrupt), Numbers(tmp_path / "a", "--parts") as writer:
        writer.add(5)
        raise KeyboardInterrupt
    with Numbers(tmp_path / "a", "--parts", part_seconds=0) as writer:
        writer.add(6)
        assert numbers(tmp_path / "a")[-2:] == [[5], [6]]
        writer.flush()
    assert len(part_files(tmp_path / "a")) == 5


def test_what_a_killed_job_left_is_removed_and_numbers_go_on(tmp_path):
    write_part(pa.table({"number": [1]}), tmp_path / "part-000007.parquet")
    (tmp_path / ".part-000008.parquet.1.tmp").write_bytes(b"half")
    with Numbers(tmp_path, "--parts") as writer:
        writer.add(2)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".lock",
        "part-000007.parquet",
        "part-000008.parquet",
    ]


def test_one_job_at_a_time(tmp_path):
    message = rf"^{tmp_path}: another job writes to it; wait for it, or choose another --parts$"
    with Numbers(tmp_path, "--parts"), pytest.raises(UserError, match=message):
        Numbers(tmp_path, "--parts")
    (tmp_path / "no").touch()
    for _ in range(2):  # a refused writer has let go of the folder
        with pytest.raises(UserError, match="not this folder"):
            Numbers(tmp_path, "--parts")


def test_a_place_that_cannot_hold_parts(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file: is a file, and parts are added to a folder; choose another --parts"):
        Numbers(tmp_path / "file", "--parts")
    with pytest.raises(UserError, match=r"/proc/parts: cannot be written to \(.*\); put that right, or choose another"):
        Numbers(tmp_path / "/proc/parts", "--parts")


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"the next part cannot be written \(No space left on device\); put that right"):
        write_part(pa.table({"number": [1]}), tmp_path / "part-000000.parquet")
    assert list(tmp_path.iterdir()) == []
