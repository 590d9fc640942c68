import json
import runpy
import sys

import cv2
import numpy as np
import pytest

from kdxf.text.ocr import OCRTableWriter
from kdxf_runtime.ocr.record import OCRRecord


@pytest.fixture
def data(tmp_path):
    """Two pictures each of classes 2 and 10, with Chinese text, and one of class 11 without."""
    texts = ["牛奶 1", "牛奶 500ml", "手机新品", "手机 5G", ""]
    with OCRTableWriter(tmp_path / "ocr", "annotation") as writer:
        for number, text in enumerate(texts):
            cv2.imwrite(str(tmp_path / f"{number}.png"), np.zeros((8, 8, 3), np.uint8))
            writer.add(OCRRecord.from_text(f"{number}.png", text))
    labels = ("2", "2", "10", "10", "11")
    rows = "".join(f"{number}.png,{label}\n" for number, label in enumerate(labels))
    (tmp_path / "train.csv").write_text("image,label\n" + rows)
    return tmp_path


@pytest.fixture
def call(repo, monkeypatch, capsys, data):
    def call(*arguments):
        arguments = (data / "train.csv", "--ocr", data / "ocr", "--out", data / "names.json", *arguments)
        monkeypatch.setattr(sys, "argv", ["name_classes.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(repo / "tools" / "data" / "name_classes.py"), run_name="__main__")
        return end.value.code, capsys.readouterr()

    return call


def test_suggests_names_and_shows_them(data, call):
    assert call("--dry-run", "--report", data / "page.html")[0] == 0
    assert not (data / "names.json").exists() and not (data / "page.html").exists()
    code, said = call("--report", data / "page.html")
    assert code == 0 and "classes without telling words, which keep their id (1): 11" in said.out
    assert json.loads((data / "names.json").read_text("utf-8")) == {"2": "牛奶", "10": "手机", "11": "11"}
    assert "<h2>10: 手机</h2>" in (data / "page.html").read_text("utf-8")
    assert call()[0] == 2
    assert call("--overwrite", "--tokenizer", "word", "--words", "1")[0] == 0
    assert json.loads((data / "names.json").read_text("utf-8"))["11"] == "11"


def test_mistakes_end_with_one_line(data, call):
    for message, arguments in {
        "error: --words: must be at least 1, not 0": ("--words", "0"),
        "no OCR table": ("--ocr", data / "none"),
        "train.csv: is an input, which is never changed": ("--report", data / "train.csv", "--overwrite"),
    }.items():
        code, said = call(*arguments)
        assert code == 2 and message in said.err and "Traceback" not in said.err
