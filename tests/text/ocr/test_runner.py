import errno
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tarfile
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from kdxf.errors import UserError
from kdxf.text.ocr import OCRRecord, OCRSummary, OCRTable, OCRTableWriter, run_ocr
from kdxf_runtime.ocr.workers import OCRExecutor


def fill(folder, errors):
    box = np.zeros((1, 4, 2), np.float32)
    with OCRTableWriter(folder, "e") as writer:
        writer.add(OCRRecord("with", ["x"], np.ones(1, np.float32), box, 1, 1, "e", None, "12ab"))
        writer.add(replace(OCRRecord.empty("without"), digest="34cd"))
        for index in range(errors):
            writer.add(OCRRecord.empty(f"bad{index}", "empty"))


def test_counts_only_the_images_asked_for(tmp_path):
    fill(tmp_path, 3)
    summary = OCRSummary.of(tmp_path, ["bad1", "with", "without"], [], read=2, seconds=4.0)
    assert (summary.with_text, summary.without_text, summary.unreadable) == (1, 1, [("bad1", "empty")])
    assert str(summary).splitlines() == [
        f"{tmp_path}: 3 images, 1 with text, 1 without text, 1 unreadable",
        "read 2 now, 0.5 images/s",
        "unreadable: bad1: empty",
    ]


def test_names_the_first_ten_and_says_where_the_others_are(tmp_path):
    fill(tmp_path, 12)
    text = str(
        OCRSummary.of(tmp_path, [f"bad{index}" for index in range(12)], ["\udcff.jpg"] * 11, read=0, seconds=0.0)
    )
    assert "unreadable: bad9: empty" in text and "bad10" not in text
    assert "... and 2 more: the rows of the table whose column 'error' is not null" in text
    assert "left out, rename it (the name is not valid Unicode): '\\udcff.jpg'" in text
    assert "... and 1 more such names" in text and "images/s" not in text


def test_no_images(tmp_path):
    assert str(OCRSummary.of(tmp_path, [], [], 0, 0.0)).startswith(f"{tmp_path}: 0 images")


FAKE = {"imports": ["fake_ocr_engine"], "progress": False}

JOB = """
import sys
from kdxf.text.ocr import run_ocr
if __name__ == "__main__":
    root, out, count = sys.argv[1:]
    engine = dict(type="FakeEngine", delay=0.03)
    images = [f"图 {index}.png" for index in range(int(count))]
    print(run_ocr(images, root, out, engine, workers=2, imports=["fake_ocr_engine"], part_rows=5, progress=False))
"""


def test_every_image_becomes_one_row(fake_engine, draw, tmp_path):
    draw(tmp_path / "图 1.png")
    draw(tmp_path / "b.png", "black")
    draw(tmp_path / "c.png", "red")
    (tmp_path / "d.png").write_bytes(b"")
    images = ["图 1.png", "b.png", "c.png", "d.png", "none.png", "b.png", "\udcff.png"]
    out = tmp_path / "out"
    summary = run_ocr(images, tmp_path, out, fake_engine, workers=2, **FAKE)
    assert (summary.with_text, summary.without_text, summary.read) == (1, 1, 5)
    assert [image for image, _ in summary.unreadable] == ["c.png", "d.png", "none.png"]
    assert summary.unnamed == ["\udcff.png"]
    assert sorted(OCRTable.open(out).images) == sorted(["图 1.png", "b.png", "c.png", "d.png", "none.png"])

    again = run_ocr(images, tmp_path, out, fake_engine, **FAKE)
    assert again.read == 0 and again.with_text == 1 and len(OCRTable.open(out)) == 5

    draw(tmp_path / "d.png")
    retried = run_ocr(images[:4], tmp_path, out, fake_engine, retry_errors=True, **FAKE)
    assert retried.read == 2 and [image for image, _ in retried.unreadable] == ["c.png"]
    assert len(OCRTable.open(out)) == 4

    with pytest.raises(UserError, match="was read by 'fake 1', not by 'fake 2'"):
        run_ocr(images, tmp_path, out, {**fake_engine, "name": "fake 2"}, **FAKE)


def test_a_replaced_picture_is_read_again_and_no_other(fake_engine, draw, tmp_path):
    for width, name in enumerate(("a.png", "b.png", "c.png"), start=5):
        draw(tmp_path / name, width=width)
    images, out = ["a.png", "b.png", "c.png"], tmp_path / "out"
    run_ocr(images, tmp_path, out, fake_engine, workers=1, **FAKE)
    draw(tmp_path / "b.png", width=9)
    summary = run_ocr(images, tmp_path, out, fake_engine, workers=1, **FAKE)
    assert (summary.read, summary.changed, summary.undated) == (1, 1, 0)
    assert "read 1 now (1 again, since they have changed), " in str(summary)
    texts = {record.image: record.texts[0] for record in OCRTable.open(out)}
    assert texts == {"a.png": "宽5 高4", "b.png": "宽9 高4", "c.png": "宽7 高4"}
    (tmp_path / "c.png").write_bytes(b"")
    assert [image for image, _ in run_ocr(images, tmp_path, out, fake_engine, workers=1, **FAKE).unreadable] == [
        "c.png"
    ]
    draw(tmp_path / "c.png")  # mended: it is read again without being asked to
    assert run_ocr(images, tmp_path, out, fake_engine, workers=1, **FAKE).read == 1


def test_a_table_of_an_earlier_version_goes_on_and_says_what_is_unknown(fake_engine, draw, tmp_path):
    draw(tmp_path / "a.png")
    out = tmp_path / "out"
    run_ocr(["a.png"], tmp_path, out, fake_engine, workers=1, **FAKE)
    part = out / "part-000000.parquet"
    pq.write_table(pq.read_table(part).drop_columns(["digest", "file_size", "file_time"]), part)
    draw(tmp_path / "b.png")
    summary = run_ocr(["a.png", "b.png"], tmp_path, out, fake_engine, workers=1, **FAKE)
    assert (summary.read, summary.changed, summary.undated) == (1, 0, 1)
    assert (
        "1 were read by an earlier version, which kept no digest: whether they have changed since is unknown; "
        "--overwrite reads everything again"
    ) in str(summary)


def test_workers_must_be_positive(tmp_path):
    with pytest.raises(UserError, match="workers must be at least 1, not 0"):
        run_ocr([], tmp_path, tmp_path / "out", {"type": "FakeEngine"}, workers=0)


def test_what_reads_the_images_must_be_known(fake_engine, tmp_path):
    with pytest.raises(UserError, match="executor must be one of processes, ray, not 'threads'"):
        run_ocr([], tmp_path, tmp_path / "out", fake_engine, executor="threads")
    with pytest.raises(UserError, match="--ray-address head:6379 needs --executor ray"):
        run_ocr([], tmp_path, tmp_path / "out", fake_engine, ray_address="head:6379")


def test_images_in_shards(fake_engine, draw, tmp_path):
    draw(tmp_path / "img" / "图 1.png", width=7)
    draw(tmp_path / "img" / "red.png", "red")
    names = []
    for shard in ("0.tar", "1.tgz"):
        with tarfile.open(tmp_path / shard, "w:gz" if shard.endswith("gz") else "w") as archive:
            archive.add(tmp_path / "img", ".")
        names += [f"{shard}/{name}" for name in ("图 1.png", "red.png", "none.png")]
    summary = run_ocr([*names, "img/图 1.png"], tmp_path, tmp_path / "out", fake_engine, workers=2, **FAKE)
    assert summary.with_text == 3 and len(summary.unreadable) == 4
    table = OCRTable.open(tmp_path / "out")
    assert sorted(table.images) == sorted([*names, "img/图 1.png"])
    records = {record.image: record for record in table}
    assert records["0.tar/图 1.png"].texts == records["1.tgz/图 1.png"].texts == ["宽7 高4", "without torch"]
    assert records["1.tgz/red.png"].error == "the OCR worker died on this image (exit code -9)"
    assert records["0.tar/none.png"].error == "the tar shard has no such member"


class Swift(OCRExecutor):
    """Executor that returns an empty row at once, so that a job mostly writes, which is what must survive."""

    engine_name = "swift"

    def read(self, images):
        for image in images:
            time.sleep(0.001)
            yield OCRRecord.empty(image, engine=self.engine_name)

    def close(self):
        pass


@pytest.mark.slow
def test_killed_twenty_times_at_random_each_image_stands_there_once(tmp_path, monkeypatch):
    monkeypatch.setattr("kdxf.text.ocr.runner._start", lambda *_: Swift())
    out, images = tmp_path / "out", [f"{index}.png" for index in range(6000)]
    random_source, seen = random.Random(0), set()
    for _ in range(20):
        job = multiprocessing.get_context("fork").Process(
            target=run_ocr, args=(images, tmp_path, out, {}), kwargs={"part_rows": 3, "progress": False}
        )
        job.start()
        time.sleep(random_source.uniform(0.0, 0.3))
        job.kill()
        job.join()
        assert job.exitcode == -signal.SIGKILL  # it was still at work
        if list(out.glob("part-*")):
            found = OCRTable.open(out).images
            assert len(found) == len(set(found)) and seen <= set(found)
            seen = set(found)
    assert 0 < len(seen) < len(images)
    summary = run_ocr(images, tmp_path, out, {}, progress=False)
    assert summary.read == len(images) - len(seen)
    assert Counter(OCRTable.open(out).images) == Counter(images)
    assert [path.name for path in out.iterdir() if not path.name.startswith("part-")] == [".lock"]


def test_full_disk_ends_the_job_and_loses_nothing_that_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("kdxf.text.ocr.runner._start", lambda *_: Swift())
    out, images, sync, calls = tmp_path / "out", [f"{index}.png" for index in range(20)], os.fsync, []

    def full_after_two(handle):
        calls.append(handle)
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(handle)

    monkeypatch.setattr(os, "fsync", full_after_two)
    with pytest.raises(UserError, match="cannot be written .No space left on device.; .* run the same command again"):
        run_ocr(images, tmp_path, out, {}, part_rows=4, progress=False)
    assert len(OCRTable.open(out)) == 8
    monkeypatch.setattr(os, "fsync", sync)
    assert run_ocr(images, tmp_path, out, {}, progress=False).read == 12
    assert sorted(OCRTable.open(out).images) == sorted(images)


@pytest.mark.slow
def test_killed_at_any_moment_it_loses_and_repeats_nothing(draw, with_fixtures, tmp_path):
    count, out = 80, tmp_path / "out"
    for index in range(count):
        draw(tmp_path / f"图 {index}.png", width=index + 1)
    (tmp_path / "job.py").write_text(JOB)
    command = [sys.executable, str(tmp_path / "job.py"), str(tmp_path), str(out), str(count)]
    seen = 0
    for parts, pause in ((1, 0.0), (5, 0.02), (9, 0.05)):
        job = subprocess.Popen(command, env=with_fixtures, stdout=subprocess.DEVNULL)
        while job.poll() is None and len(list(out.glob("part-*"))) < parts:
            time.sleep(0.005)
        time.sleep(pause)
        job.send_signal(signal.SIGKILL)
        assert job.wait() == -signal.SIGKILL  # it was still at work
        images = OCRTable.open(out).images
        assert len(images) == len(set(images)) >= max(seen, 5 * parts)
        seen = len(images)
    done = subprocess.run(command, env=with_fixtures, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"{count} images, {count} with text" in done.stdout and f"read {count - seen} now" in done.stdout
    table = OCRTable.open(out)
    assert Counter(table.images) == Counter(f"图 {index}.png" for index in range(count))
    assert all(record.texts[0] == f"宽{int(record.image[2:-4]) + 1} 高4" for record in table)
