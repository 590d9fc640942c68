import os
from pathlib import Path

import numpy as np
import pytest
import torch

from kdxf.apis.inference_report import InferenceReport
from kdxf.apis.prediction_csv import Prediction


def report(**values):
    values = {"ocr_seconds": 2.0, "ocr_images": 10, "predict_seconds": 2.0, **values}
    return InferenceReport(Path("out.csv"), 20, torch.device("cpu"), start_seconds=3.0, **values)


def test_text():
    text = str(report(errors=[("a.jpg", "the file is empty")])).splitlines()
    assert text[0] == "out.csv: 20 images, 1 with an error"
    assert text[1] == "4.0 s after a start of 3.0 s: 5.0 images/s"
    assert text[2] == "per image: 200.0 ms, of which OCR 100.0 ms (10 images read now), loading and model 100.0 ms"
    assert text[3].startswith("peak memory: ")
    assert text[4:] == ["error: a.jpg: the file is empty"]


def test_names_that_are_not_utf8():
    text = str(report(errors=[(os.fsdecode(b"\xb9.jpg"), "the file is empty")]))
    assert text.endswith("\nerror: \\udcb9.jpg: the file is empty")


def test_many_errors_are_cut():
    text = str(report(errors=[(f"{i}.jpg", "x") for i in range(13)])).splitlines()
    assert text[-1] == "... and 3 more: the rows whose column 'error' is not empty"
    assert len(text) == 4 + 10 + 1


def test_errors_are_counted():
    outcome = report()
    for error in (None, "the file is empty"):
        outcome.count(Prediction("a.jpg", 0, None, 1.0, np.ones(1, np.float32), error))
    assert outcome.errors == [("a.jpg", "the file is empty")]


def test_timing_adds_up(monkeypatch):
    ticks = iter([1.0, 1.5, 7.0, 9.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(ticks))
    outcome = report(ocr_seconds=0.0, predict_seconds=0.0)
    with outcome.timing("ocr"):
        pass
    with outcome.timing("predict"):
        pass
    assert (outcome.ocr_seconds, outcome.predict_seconds) == (0.5, 2.0)
    assert outcome.milliseconds == pytest.approx(125)


def test_budget(monkeypatch):
    monkeypatch.setattr(InferenceReport, "memory", 3 * 2**30)
    assert report().over_budget(None, None) == report().over_budget(200, 3) == []
    assert report().over_budget(150, 2) == [
        "over budget: 200.0 ms per image, 150 ms allowed",
        "over budget: 3.00 GiB of memory, 2 GiB allowed",
    ]


def test_memory_is_that_of_this_process():
    before = report().memory
    block = np.ones(2**24)  # 128 MiB
    assert report().memory >= max(before, block.nbytes)
