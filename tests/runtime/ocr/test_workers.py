import signal
import subprocess
import sys
from functools import partial

import pytest

from kdxf.errors import UserError
from kdxf.text.ocr import OCRRecord
from kdxf.text.ocr.build import build_engine
from kdxf.text.ocr.ray_executor import RayExecutor
from kdxf_runtime.ocr.workers import OCRExecutor, OCRWorkers


class Echo(OCRExecutor):
    engine_name = "echo"
    closed = 0

    def read(self, images):
        return (OCRRecord.empty(image) for image in images)

    def close(self):
        self.closed += 1


def test_closes_with_its_block_however_that_ends():
    with Echo() as echo:
        assert [record.image for record in echo.read(["a", "b"])] == ["a", "b"] and echo.closed == 0
    assert echo.closed == 1
    with pytest.raises(KeyboardInterrupt), echo:
        raise KeyboardInterrupt
    assert echo.closed == 2


def test_who_keeps_the_contract():
    assert issubclass(OCRWorkers, OCRExecutor) and issubclass(RayExecutor, OCRExecutor)
    with pytest.raises(TypeError, match="abstract"):
        OCRExecutor()


FAKE = ["fake_ocr_engine"]


def test_reads_all_although_one_image_kills_its_worker(fake_engine, draw, tmp_path):
    names = ["a.png", "red.png", "无.png", "none.png"]
    for name, colour in zip(names, ("white", "red", "black"), strict=False):
        draw(tmp_path / name, colour)
    with OCRWorkers(partial(build_engine, fake_engine, FAKE), tmp_path, 1) as workers:
        assert workers.engine_name == "fake 1"
        records = {record.image: record for record in workers.read(names)}
    assert set(records) == set(names)
    assert records["a.png"].texts == ["宽6 高4", "without torch"] and records["a.png"].error is None
    assert records["red.png"].error == "the OCR worker died on this image (exit code -9)"
    assert records["red.png"].engine == "fake 1"
    assert records["无.png"].texts == [] and records["无.png"].error is None
    assert "cannot open the file" in records["none.png"].error


@pytest.mark.slow
def test_workers_end_in_silence_when_the_job_is_killed_while_they_start(with_fixtures, tmp_path):
    script = """
import os, signal
from pathlib import Path
from functools import partial
from kdxf.text.ocr.build import build_engine
from kdxf_runtime.ocr.workers import OCRWorkers
from kdxf_runtime.workers import Workers
if __name__ == "__main__":
    Workers._receive = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    OCRWorkers(partial(build_engine, {"type": "FakeEngine"}, ["fake_ocr_engine"]), Path(), 2)
"""
    (tmp_path / "job.py").write_text(script)
    done = subprocess.run([sys.executable, tmp_path / "job.py"], env=with_fixtures, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL and done.stderr == ""  # the workers had the same standard error


def test_engine_that_cannot_start(fake_engine, tmp_path):
    with pytest.raises(UserError, match="FakeEngine cannot be built"):
        OCRWorkers(partial(build_engine, {**fake_engine, "nope": 1}, FAKE), tmp_path, 1)
    with pytest.raises(RuntimeError, match="OCR worker: RuntimeError: the licence server is down"):
        OCRWorkers(partial(build_engine, {**fake_engine, "at_start": "raise"}, FAKE), tmp_path, 1)
    with pytest.raises(RuntimeError, match=r"OCR worker died while it started \(exit code 3\)"):
        OCRWorkers(partial(build_engine, {**fake_engine, "at_start": "die"}, FAKE), tmp_path, 1)
