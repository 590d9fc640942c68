import re

import numpy as np
import pandas as pd
import pytest
from mmengine.config import ConfigDict
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope

from kdxf.apis.test import test as run_test
from kdxf.datasets import PackImageTextInputs
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.evaluation.missing_modality import has_both_modalities, modalities_of, remove_modality
from kdxf.registry import TRANSFORMS
from kdxf.text.ocr import OCRRecord


def views(cfg, pipeline, lab):
    """The inputs of the views of one photograph, which carries a word."""
    record = OCRRecord("x", ["milk"], np.ones(1, np.float32), np.zeros((1, 4, 2), np.float32), 80, 60, "fake", None)
    with DefaultScope.overwrite_default_scope("kdxf"):
        steps = Compose([TRANSFORMS.build(step) for step in pipeline.copy()])
    inputs = steps({"img_path": str(lab.images / lab.names[0]), "ocr": record})["inputs"]
    return inputs if isinstance(inputs, list) else [inputs]


@pytest.mark.parametrize("tta", [False, True])
@pytest.mark.parametrize("modality", ["image", "text"])
def test_one_is_gone_and_the_other_is_there(lab, modality, tta):
    cfg = load_config(lab.moe)
    remove_modality(cfg, modality)
    found = views(cfg, cfg.tta_pipeline if tta else cfg.test_dataloader.dataset.pipeline, lab)
    assert len(found) == (4 if tta else 1)
    for inputs in found:
        pixels = inputs["img"].flatten(1).T.tolist()
        assert (pixels == [[104, 116, 124]] * len(pixels)) == (modality == "image")
        assert inputs["text_weight"].any() == (modality == "image")


@pytest.mark.parametrize("tta", [False, True])
def test_all_images_blanked_leave_only_the_text(lab, tmp_path, tta):
    """The three words take turns over five photographs, the last of which has no text; no score depends on one."""
    cfg = load_config(lab.moe)
    cfg.work_dir = str(tmp_path)
    table = {}
    for without in (None, "image", "text"):
        run_test(cfg, lab.moe_checkpoint, tta=tta, without=without, out=tmp_path / "p.parquet")
        table[without] = np.array(pd.read_parquet(tmp_path / "p.parquet").scores.tolist())
    same = [[bool(np.allclose(table[k][0], table[k][i], atol=1e-6)) for i in range(1, 5)] for k in ("image", "text")]
    assert same == [[False, False, True, False], [False] * 4]
    assert np.allclose(table[None][4], table["text"][4], atol=1e-6)
    assert not np.isclose(table[None][:4], table["text"][:4]).all(axis=1).any()


def test_a_wrapped_dataset_and_transforms_given_as_classes(lab):
    cfg = load_config(lab.moe)
    inner = cfg.test_dataloader.dataset
    inner.pipeline[-1].type = PackImageTextInputs
    cfg.test_dataloader.dataset = {"type": "ClassBalancedDataset", "dataset": inner, "oversample_thr": 0.1}
    cfg.tta_pipeline = None
    remove_modality(cfg, "text")
    assert cfg.test_dataloader.dataset.dataset.pipeline[0] == {"type": "kdxf.ForgetText"}


def test_a_model_of_one_modality(lab):
    message = f"--without text: the model of {lab.image} has no text_encoder; it needs a model of image and text"
    for without in ("text", "image"):
        with pytest.raises(UserError, match=f"^{re.escape(message.replace('text:', without + ':'))}$"):
            run_test(load_config(lab.image), lab.image_checkpoint, without=without)


def test_a_pipeline_that_packs_nothing(lab):
    cfg = load_config(lab.moe)
    cfg.test_dataloader.dataset.pipeline.pop()
    with pytest.raises(UserError, match="--without image: a test pipeline of the config has none of PackImageTextInp"):
        remove_modality(cfg, "image")


def test_every_member_of_an_ensemble_needs_both(lab):
    cfg = load_config(lab.moe)
    cfg.model = dict(type="EnsembleClassifier", members=[cfg.model, dict(cfg.model, text_encoder=None)])
    with pytest.raises(UserError, match="has no text_encoder; it needs a model of image and text"):
        remove_modality(cfg, "image")
    cfg.model.members[1].text_encoder = cfg.model.members[0].text_encoder
    remove_modality(cfg, "image")
    assert "kdxf.BlankImage" in [step["type"] for step in cfg.test_dataloader.dataset.pipeline]


def test_which_models_have_both(lab):
    both, image = load_config(lab.moe).model, load_config(lab.image).model
    assert has_both_modalities(both) and not has_both_modalities(image)
    assert has_both_modalities(ConfigDict(type="EnsembleClassifier", members=[both, both]))
    assert not has_both_modalities(ConfigDict(type="EnsembleClassifier", members=[both, image]))


def test_which_modalities_a_model_takes(lab, priced):
    text, table = load_config(lab.moe).model, load_config(priced.config).model
    assert modalities_of(text) == ("image", "text") and modalities_of(table) == ("image", "table")
    assert modalities_of(ConfigDict(type="EnsembleClassifier", members=[text, table])) == ("image",)


def test_a_table_is_forgotten_first(priced):
    cfg = load_config(priced.config)
    remove_modality(cfg, "table")
    assert cfg.test_dataloader.dataset.pipeline[0] == {"type": "kdxf.ForgetTable"}
