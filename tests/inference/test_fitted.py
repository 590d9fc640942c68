import shutil

import pytest

import kdxf
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.evaluation.drift.stored import write_fingerprint
from kdxf.inference.fitted import files_of_model
from kdxf.inference.inferencer import KDXFInferencer
from kdxf_runtime.drift.fingerprint import Fingerprint


def test_a_folder_predicts_like_its_config_and_checkpoint(lab, tmp_path):
    load_config(lab.moe).dump(tmp_path / "config.py")
    shutil.copy(lab.moe_checkpoint, tmp_path / "model.pth")
    options = {"engine": {"type": "BrightnessOCR"}, "device": "cpu"}
    model = kdxf.load(tmp_path, **options)
    images = [str(lab.images / name) for name in lab.names[:2]]
    found = model.predict(images)
    expected = KDXFInferencer(load_config(lab.moe), lab.moe_checkpoint, **options)(images)
    assert [one.category_name for one in found] == [one.category_name for one in expected]
    assert [one.score for one in found] == [one.score for one in expected]
    assert {one.category_name for one in found} <= set(model.classes)


def test_it_says_what_differs(lab, tmp_path):
    load_config(lab.moe).dump(tmp_path / "config.py")
    shutil.copy(lab.moe_checkpoint, tmp_path / "model.pth")
    write_fingerprint(Fingerprint(40, {"brightness 7": 40}, {}), tmp_path / "model.pth")
    model = kdxf.load(tmp_path, engine={"type": "BrightnessOCR"}, device="cpu")
    assert model.drift is None
    model.predict([lab.images / lab.names[0]])
    assert "OCR engine with 1 instead of 7" in model.drift


def test_missing_files(tmp_path):
    (tmp_path / "config.py").touch()
    with pytest.raises(UserError, match="has no model.pth; give the --out of a finished 'kdxf fit'"):
        files_of_model(tmp_path)
