import cv2
import numpy as np
import pytest


@pytest.fixture
def call(run_tool, fake_engine):
    def call(*arguments):
        return run_tool("tools/analysis/ocr_compare.py", *arguments, "--import", "fake_ocr_engine")

    return call


def test_compares_and_says_which_engine_does_not_start(call, tmp_path):
    for number in range(5):
        picture = cv2.imencode(".png", np.full((4, 6 + number, 3), 255, np.uint8))[1].tobytes()
        (tmp_path / f"{number}.png").write_bytes(picture)
    engines = ["--engine", "FakeEngine", "--engine", "FakeEngine", "name=fake 2", "delay=0.01", "--engine", "Nope"]
    done = call(tmp_path, "--out", tmp_path / "out", "--limit", 2, "--seed", 3, *engines)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("engine\timages/s\t") and lines[1].startswith("FakeEngine\t")
    assert lines[2].startswith("FakeEngine name=fake 2 delay=0.01\t")
    assert lines[3].startswith("Nope did not start: no OCR engine 'Nope' is registered")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("<h2>") == 2 and "FakeEngine name=fake 2 delay=0.01" in page


def test_mistakes_end_with_one_line(call, tmp_path):
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", np.zeros((4, 6, 3), np.uint8))[1].tobytes())
    cases = {
        "error: --engine: 'x' is not of the form key=value": ("--engine", "rapidocr", "x"),
        "error: no OCR engine starts: Nope: ": ("--engine", "Nope"),
        "must be a whole number from 1, not 'many'": ("--limit", "many"),
    }
    for message, arguments in cases.items():
        done = call(tmp_path, "--out", tmp_path / "out", *arguments)
        assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out" / "report.html").exists()
    done = call(tmp_path, "--out", tmp_path / "a.png" / "out", "--engine", "Nope")  # before the work
    assert done.returncode == 2 and done.stderr.startswith(f"error: {tmp_path}/a.png/out: Not a directory")
