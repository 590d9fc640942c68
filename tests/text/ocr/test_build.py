import subprocess
import sys

import pytest

from kdxf.errors import UserError
from kdxf.text.ocr import build_engine, engine_config


def test_config_from_a_command_line():
    assert engine_config("rapidocr") == {"type": "RapidOCREngine"}
    assert engine_config("easyocr", ["languages=['sv', 'en']", "model_dir=my models", "gpu=False"]) == {
        "type": "EasyOCREngine",
        "languages": ["sv", "en"],
        "model_dir": "my models",
        "gpu": False,
    }
    assert engine_config("Mine", ["params={'a': 'b=c'}"]) == {"type": "Mine", "params": {"a": "b=c"}}
    assert engine_config("tesseract", ["rotations=0,180"]) == {"type": "TesseractEngine", "rotations": (0, 180)}
    assert engine_config("tesseract", ["languages=swe,eng"]) == {"type": "TesseractEngine", "languages": ["swe", "eng"]}
    with pytest.raises(UserError, match="--engine: 'x' is not of the form key=value"):
        engine_config("rapidocr", ["x"], "--engine")
    for option in ("min_side", "a b=1"):
        with pytest.raises(UserError, match=f"--engine-options: '{option}' is not of the form key=value"):
            engine_config("rapidocr", [option])


def test_builds_an_engine_from_outside(fake_engine):
    engine = build_engine({**fake_engine, "name": "fake 7"}, ["fake_ocr_engine"])
    assert engine.name == "fake 7"


def test_errors_say_what_to_do(fake_engine):
    with pytest.raises(UserError, match=r"no OCR engine 'Nope' is registered \(known: .*RapidOCREngine.*\); import"):
        build_engine({"type": "Nope"})
    with pytest.raises(UserError, match="cannot import no_such_module: install it, or put its folder on PYTHONPATH"):
        build_engine(fake_engine, ["no_such_module"])
    with pytest.raises(UserError, match=r"FakeEngine cannot be built: .*'colour'; check the engine's options"):
        build_engine({**fake_engine, "colour": 1}, ["fake_ocr_engine"])


def test_import_loads_no_engine_and_no_torch():
    heavy = "{'torch', 'mmpretrain', 'onnxruntime', 'rapidocr', 'easyocr', 'tesserocr'} & set(sys.modules)"
    code = f"import sys, kdxf.text.ocr, kdxf.cli.command; sys.exit(str({heavy}) if {heavy} else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
