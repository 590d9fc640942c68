import subprocess
import sys

import cv2
import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.text.ocr import TesseractEngine
from kdxf_runtime.io.images import read_image

pytest.importorskip("tesserocr", reason="needs the extra 'tesseract'")


def start(*languages, **options):
    try:
        return TesseractEngine(languages, **options)
    except UserError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def english():
    return start("eng")


def page(text="FRESH MILK 365", width=500, height=200):
    image = np.full((height, width, 3), 255, np.uint8)
    cv2.putText(image, text, (20, 110), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (0, 0, 0), 3)
    return image


def test_reads_a_drawn_line_where_it_stands(english):
    image = page()
    (line,) = english.read(image)
    assert line.text == "FRESH MILK 365" and 0.8 < line.score <= 1
    ink = np.argwhere(image[:, :, 0] < 128)
    (top, left), (bottom, right) = ink.min(0), ink.max(0) + 1
    assert line.box.dtype == np.float32
    np.testing.assert_allclose(line.box, [[left, top], [right, top], [right, bottom], [left, bottom]], atol=4)


def test_reads_many_images_one_after_the_other(english):
    assert english.read(np.full((50, 50, 3), 255, np.uint8)) == []
    assert [line.text for line in english.read(page("SALE"))] == ["SALE"]
    assert english.read(np.zeros((1, 1, 3), np.uint8)) == []


def test_a_page_that_stands_on_its_head():
    engine = start("eng", rotations=(0, 180), min_score=0.3)
    (line,) = engine.read(np.ascontiguousarray(page()[::-1, ::-1]))
    assert line.text == "FRESH MILK 365" and line.box[0, 0] > line.box[1, 0]  # from the right to the left


def test_chinese_has_no_spaces(shared):
    engine = start("chi_sim", "eng", page_seg_mode="auto")
    image = read_image(shared / "ocr_samples" / "test_letterbox_like.jpg")
    text = " ".join(line.text for line in engine.find_lines(image))
    assert "所使用的执行提供者" in text and "CUDA execution" in text


def test_name_tells_what_changes_the_reading(english):
    first, version, rest = english.name.split(" ", 2)
    assert first == "tesseract" and version[0].isdigit()
    assert rest == "eng sparse_text side=736-3000 max_aspect=2.5 tile_overlap=0.1"
    other = start("eng", page_seg_mode="single_block", min_side=100, num_threads=2)
    assert " eng single_block side=100-3000 " in other.name


def test_language_data_that_are_missing(tmp_path, monkeypatch):
    message = (
        rf"Tesseract: no data for chi_sim_vert, script/HanS in {tmp_path}; install them \(Debian, Ubuntu: "
        r"apt-get install tesseract-ocr-chi-sim-vert tesseract-ocr-script-hans\) or name the folder .*data_dir"
    )
    with pytest.raises(UserError, match=message):
        TesseractEngine(["chi_sim_vert", "script/HanS"], data_dir=tmp_path)
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    with pytest.raises(UserError, match=f"no data for eng in {tmp_path}"):
        TesseractEngine("eng")
    monkeypatch.delenv("TESSDATA_PREFIX")
    monkeypatch.setattr("kdxf.text.ocr.tesseract_engine._DATA_FOLDERS", (f"{tmp_path}/no*",))
    with pytest.raises(UserError, match="no data for eng on this machine"):
        TesseractEngine("eng")


def test_the_folder_that_has_all_languages_is_taken(tmp_path, monkeypatch):
    from kdxf.text.ocr.tesseract_engine import _data_folder

    for file in ("4/a", "5/a", "5/b", "6/b"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / f"{file}.traineddata").touch()
    monkeypatch.delenv("TESSDATA_PREFIX", raising=False)
    monkeypatch.setattr("kdxf.text.ocr.tesseract_engine._DATA_FOLDERS", (f"{tmp_path}/*",))
    assert _data_folder(["a", "b"], None) == tmp_path / "5"
    assert _data_folder(["b"], None) == tmp_path / "6"
    assert _data_folder(["a"], tmp_path / "4") == tmp_path / "4"


def test_broken_data(tmp_path):
    (tmp_path / "eng.traineddata").write_bytes(b"not a model")
    with pytest.raises(UserError, match=f"Tesseract does not start with eng of {tmp_path}: .*; install the data anew"):
        TesseractEngine("eng", data_dir=tmp_path)


def test_options_that_cannot_be(tmp_path):
    (tmp_path / "eng.traineddata").touch()
    with pytest.raises(UserError, match="page_seg_mode is one of auto_osd, .*sparse_text, .*, not 'count'"):
        TesseractEngine("eng", data_dir=tmp_path, page_seg_mode="count")
    with pytest.raises(UserError, match="languages is empty"):
        TesseractEngine([])
    with pytest.raises(ValueError, match="num_threads must be at least 1, not 0"):
        TesseractEngine("eng", num_threads=0)
    with pytest.raises(ValueError, match=r"min_side \(0\) must be positive"):
        TesseractEngine("eng", min_side=0)


def test_without_the_package_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tesserocr", None)
    with pytest.raises(
        UserError, match=r"TesseractEngine needs the package tesserocr: pip install 'kdxf\[tesseract\]'"
    ):
        TesseractEngine("eng")


def test_threads_are_limited_while_the_library_loads_and_only_then():
    code = """
import os, sys
import kdxf.text.ocr.tesseract_engine as module
seen = []
module.require = lambda *_: seen.append(os.environ.get("OMP_THREAD_LIMIT"))
module._import(3)
os.environ["OMP_THREAD_LIMIT"] = "7"
module._import(2)
sys.exit(0 if seen == ["3", "2"] and os.environ["OMP_THREAD_LIMIT"] == "7" else str(seen))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
