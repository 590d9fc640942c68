import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from kdxf.errors import UserError
from kdxf.text.ocr import OCRTable, run_ocr

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


def test_workers_must_be_positive(tmp_path):
    with pytest.raises(ValueError, match="workers must be at least 1, not 0"):
        run_ocr([], tmp_path, tmp_path / "out", {"type": "FakeEngine"}, workers=0)


def test_killed_at_any_moment_it_loses_and_repeats_nothing(draw, repo, tmp_path):
    count, out = 80, tmp_path / "out"
    for index in range(count):
        draw(tmp_path / f"图 {index}.png", width=index + 1)
    (tmp_path / "job.py").write_text(JOB)
    command = [sys.executable, str(tmp_path / "job.py"), str(tmp_path), str(out), str(count)]
    environment = {**os.environ, "PYTHONPATH": str(repo / "tests" / "text" / "ocr")}

    seen = 0
    for parts, pause in ((1, 0.0), (5, 0.02), (9, 0.05)):
        job = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        while job.poll() is None and len(list(out.glob("part-*"))) < parts:
            time.sleep(0.005)
        time.sleep(pause)
        job.send_signal(signal.SIGKILL)
        assert job.wait() == -signal.SIGKILL  # it was still at work
        images = OCRTable.open(out).images
        assert len(images) == len(set(images)) >= max(seen, 5 * parts)
        seen = len(images)
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"{count} images, {count} with text" in done.stdout and f"read {count - seen} now" in done.stdout
    table = OCRTable.open(out)
    assert Counter(table.images) == Counter(f"图 {index}.png" for index in range(count))
    assert all(record.texts[0] == f"宽{int(record.image[2:-4]) + 1} 高4" for record in table)
