import numpy as np
import pytest
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope

from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.evaluation.covered_pictures import Cover, covering_pictures
from kdxf.registry import TRANSFORMS
from kdxf.text.ocr import OCRRecord

LEFT = Cover(0, 0, 0.5, 1)


def pixels(lab, pipeline):
    with DefaultScope.overwrite_default_scope("kdxf"):
        steps = Compose([TRANSFORMS.build(step) for step in pipeline])
    return steps({"img_path": str(lab.images / lab.names[0]), "ocr": OCRRecord.empty("x")})["inputs"]["img"].numpy()


def test_every_picture_is_covered_before_it_is_resized(lab):
    pipeline = load_config(lab.moe).test_dataloader.dataset.pipeline
    plain, covered = pixels(lab, pipeline), pixels(lab, covering_pictures(pipeline, LEFT))
    assert (covered[:, :, :15] == covered[:, :1, :1]).all() and not (plain[:, :, :15] == plain[:, :1, :1]).all()
    assert (covered[:, :, 17:] == plain[:, :, 17:]).all()
    outside = pixels(lab, covering_pictures(pipeline, LEFT._replace(outside=True)))
    assert (outside[:, :, :15] == plain[:, :, :15]).all()


def test_stored_features_are_those_of_the_covered_picture(frozen_lab):
    pipeline = load_config(frozen_lab.config).test_dataloader.dataset.pipeline
    picture = str(next((frozen_lab.images / "val").rglob("*.png")))
    found = []
    for steps in (pipeline, covering_pictures(pipeline, LEFT)):
        with DefaultScope.overwrite_default_scope("kdxf"):
            found.append(Compose([TRANSFORMS.build(step) for step in steps])({"img_path": picture})["inputs"]["img"])
    assert found[0].shape == found[1].shape == (32, 1, 1)
    assert not np.allclose(found[0], found[1])


def test_a_pipeline_without_pictures():
    message = "the test pipeline has none of LoadImage, LoadImageFromFile, LoadFeature, so no picture to cover"
    with pytest.raises(UserError, match=message):
        covering_pictures([dict(type="TokenizeOCR")], LEFT)


def test_pictures_that_are_turned_cannot_be_covered():
    with pytest.raises(UserError, match=r"cannot be covered that LoadImage\(upright=True\) turns; turn the pictures"):
        covering_pictures([{"type": "LoadImage", "upright": True}], LEFT)
