import os
import signal
import subprocess
import sys
import tarfile
import time

import cv2
import numpy as np
import pytest

from kdxf.text.ocr import OCRTable

FAKE = ["--engine", "FakeEngine", "--import", "fake_ocr_engine", "--workers", "2"]


@pytest.fixture
def command(repo, tmp_path, with_fixtures):
    """Command and environment of the tool; four images lie in ``img``, one of them broken."""
    (tmp_path / "img" / "sub 1").mkdir(parents=True)
    picture = cv2.imencode(".png", np.full((4, 6, 3), 255, np.uint8))[1].tobytes()
    for name in ("a.png", "b.png", "sub 1/图 c.png"):
        (tmp_path / "img" / name).write_bytes(picture)
    (tmp_path / "img" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    return [sys.executable, str(repo / "tools" / "ocr.py")], with_fixtures


def call(command, *arguments):
    program, environment = command
    return subprocess.run([*program, *map(str, arguments)], env=environment, capture_output=True, text=True)


def test_reads_a_folder_and_then_a_list(command, run_tool, fake_engine, tmp_path):
    out = tmp_path / "ocr"
    done = call(command, tmp_path / "img", "--out", out, "--limit", 3, *FAKE)
    assert done.returncode == 0, done.stderr
    assert f"{out}: 3 images, 2 with text, 0 without text, 1 unreadable" in done.stdout
    assert "read 3 now" in done.stdout and "unreadable: broken.jpg: " in done.stdout
    assert "images/s" in done.stderr and "3/3" in done.stderr  # the progress bar

    (tmp_path / "all.txt").write_text("sub 1/图 c.png 0\na.png 1\ngone.png 2\n")
    done = run_tool("tools/ocr.py", tmp_path / "all.txt", "--root", tmp_path / "img", "--out", out, *FAKE)
    assert "3 images, 2 with text, 0 without text, 1 unreadable" in done.stdout and "read 2 now" in done.stdout
    table = OCRTable.open(out)
    assert sorted(table.images) == ["a.png", "b.png", "broken.jpg", "gone.png", "sub 1/图 c.png"]
    assert table.record(int(table.rows_of(["sub 1/图 c.png"])[0])).texts == ["宽6 高4", "without torch"]


def test_reads_shards_beside_a_folder(command, run_tool, fake_engine, tmp_path):
    with tarfile.open(tmp_path / "0.tar", "w") as archive:
        archive.add(tmp_path / "img", ".")
    options = ("--root", tmp_path, "--out", tmp_path / "ocr", *FAKE)
    done = run_tool("tools/ocr.py", tmp_path / "0.tar", tmp_path / "img", *options)
    assert done.returncode == 0, done.stderr
    assert "8 images, 6 with text, 0 without text, 2 unreadable" in done.stdout
    assert {"0.tar/sub 1/图 c.png", "img/sub 1/图 c.png"} < set(OCRTable.open(tmp_path / "ocr").images)


def test_reads_as_an_experiment_reads_new_images(command, run_tool, fake_engine, tmp_path):
    """The engine, its options and its module are those of the config; the workers go without torch, as ever."""
    (tmp_path / "own.py").write_text(
        'ocr_engine = dict(type="FakeEngine", name="fake 7")\ncustom_imports = dict(imports=["fake_ocr_engine"])\n'
    )
    options = ("--out", tmp_path / "ocr", "--config", tmp_path / "own.py", "--workers", 2)
    done = run_tool("tools/ocr.py", tmp_path / "img", *options)
    assert done.returncode == 0, done.stderr
    table = OCRTable.open(tmp_path / "ocr")
    found = table.record(int(table.rows_of(["a.png"])[0]))
    assert (found.engine, found.texts) == ("fake 7", ["宽6 高4", "without torch"])


def test_mistakes_end_with_one_line(command, run_tool, fake_engine, tmp_path):
    (tmp_path / "bad.tar").write_bytes(b"cut off")
    (tmp_path / "none.py").touch()
    none = ("--config", tmp_path / "none.py")
    both = "--config: names the engine and its options; leave out --engine and --engine-options"
    cases = {
        "error: no OCR engine 'Nope' is registered": (tmp_path / "img", "--engine", "Nope"),
        "error: --engine-options: 'x' is not of the form key=value": (tmp_path / "img", "--engine-options", "x"),
        "none.csv: no such annotation file": (tmp_path / "none.csv",),
        "bad.tar: not a whole tar file": (tmp_path / "bad.tar",),
        "none.py: has no ocr_engine; name the engine with --engine": (
            tmp_path / "img",
            "--config",
            tmp_path / "none.py",
        ),
        f"error: {both}": (tmp_path / "img", *none, "--engine", "rapidocr"),
        "leave out --engine and": (
            tmp_path / "img",
            "--config",
            tmp_path / "none.py",
            "--engine-options",
            "min_side=4",
        ),
        "error: --ray-address x:1 needs --executor ray": (tmp_path / "img", "--ray-address", "x:1"),
        "must be a whole number from 1, not '0'": (tmp_path / "img", "--workers", "0"),
    }
    for message, arguments in cases.items():
        done = run_tool("tools/ocr.py", *arguments, "--out", tmp_path / "ocr")
        assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "ocr").exists()
    done = run_tool("tools/ocr.py", tmp_path / "img", "--out", "/proc/ocr", *FAKE)
    assert done.returncode == 2 and "error: /proc/ocr: cannot be written to (" in done.stderr


@pytest.mark.slow
def test_interrupt_saves_what_is_done(command, tmp_path):
    program, environment = command
    out = tmp_path / "ocr"
    job = subprocess.Popen(
        [*program, str(tmp_path / "img"), "--out", str(out), *FAKE[:-1], "1", "--engine-options", "delay=4.0"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a suite in the background ignores it
    )
    shown = ""
    while not shown.endswith("1/4"):  # until the bar has moved past the first image
        character = job.stderr.read(1)
        assert character, shown
        shown += character
    time.sleep(0.1)
    os.killpg(job.pid, signal.SIGINT)
    _, errors = job.communicate(timeout=60)
    assert job.returncode == 130 and "the same command continues" in errors and "Traceback" not in errors
    assert OCRTable.open(out).images == ["a.png"]
