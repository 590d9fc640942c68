"""Effects are compared with tests on OCR tables from which a line or a word was removed by hand."""

import re

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

from kdxf.analysis.explain.explain import explain
from kdxf.analysis.explain.scorer import Scorer
from kdxf.apis.test import test as run_test
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.io.predictions import read_predictions
from kdxf.registry import MODELS
from kdxf.text.ocr import OCRRecord, OCRTableWriter

LINES = ["milk phone", "red", "Milk"]


def write_table(folder, lab, lines):
    with OCRTableWriter(folder, "fake") as writer:
        for name in lab.names:
            boxes = np.arange(len(lines) * 8, dtype=np.float32).reshape(-1, 4, 2)
            writer.add(OCRRecord(name, lines, np.ones(len(lines), np.float32), boxes, 80, 60, "fake", None))
    return str(folder)


def scores_of(cfg, checkpoint, folder):
    cfg.work_dir = str(folder)
    run_test(cfg, checkpoint, out=folder / "p.parquet")
    return read_predictions(folder / "p.parquet").scores


def late_fusion(cfg):
    heads = dict(image=dict(type="LinearClsHead", in_channels=32), text=dict(type="LinearClsHead", in_channels=8))
    head = dict(type="LateFusionClsHead", num_classes=3, heads=heads)
    return dict(cfg.model, fusion=dict(type="ConcatFusion"), head=head)


def ensemble(cfg):
    return dict(type="EnsembleClassifier", members=[cfg.model, late_fusion(cfg)], weights=[1.0, 2.0])


@pytest.mark.parametrize("kind", ["experts", "late fusion", "ensemble"])
def test_effects_are_those_of_tests_without_the_line_or_word(lab, tmp_path, kind):
    cfg, checkpoint = load_config(lab.moe), lab.moe_checkpoint
    if kind != "experts":
        cfg.model = late_fusion(cfg) if kind == "late fusion" else ensemble(cfg)
        torch.manual_seed(0)
        with DefaultScope.overwrite_default_scope("kdxf"):
            model = MODELS.build(cfg.model)
        for name, parameter in model.named_parameters():
            if "head" in name:
                torch.nn.init.normal_(parameter)
        checkpoint = tmp_path / "model.pth"
        torch.save({"state_dict": model.state_dict()}, checkpoint)
    cfg.test_dataloader.dataset.ocr_file = write_table(tmp_path / "all", lab, LINES)
    row = 1
    found = explain(Scorer(cfg, checkpoint, device="cpu"), [lab.names[row]], progress=False)[0]

    plain = scores_of(cfg, checkpoint, tmp_path)[row]
    np.testing.assert_allclose(found.scores, plain, atol=1e-5)
    assert found.predicted == plain.argmax() and found.label == 1
    assert found.record.texts == LINES and found.error is None

    both = [found.predicted, found.label]
    for line in range(3):
        kept = [text for index, text in enumerate(LINES) if index != line]
        cfg.test_dataloader.dataset.ocr_file = write_table(tmp_path / f"line {line}", lab, kept)
        expected = (scores_of(cfg, checkpoint, tmp_path)[row] - plain)[both]
        np.testing.assert_allclose(found.line_effects[line], expected, atol=1e-5)
    without = {"milk": ["phone", "red"], "phone": ["milk", "red", "Milk"], "red": ["milk phone", "Milk"]}
    assert sorted(effect.word for effect in found.words) == sorted(without)
    for effect in found.words:
        cfg.test_dataloader.dataset.ocr_file = write_table(tmp_path / effect.word, lab, without[effect.word])
        expected = (scores_of(cfg, checkpoint, tmp_path)[row] - plain)[both]
        np.testing.assert_allclose([effect.predicted, effect.true], expected, atol=1e-5)
    sizes = [abs(effect.predicted) for effect in found.words]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 1e-3
    assert found.heatmap is not None and found.heatmap.shape == (60, 80) and found.no_heatmap is None


def test_the_order_is_the_one_asked_for_and_few_words_are_kept(lab):
    names = [lab.names[3], lab.names[0], lab.names[4]]
    found = explain(
        Scorer(load_config(lab.moe), lab.moe_checkpoint, device="cpu"), names, words=0, heatmaps=False, progress=False
    )
    assert [item.image for item in found] == names
    assert [item.record.texts for item in found] == [["milk"], ["milk"], []]
    assert [item.words for item in found] == [[], [], []]
    assert found[2].line_effects.shape == (0, 2) and found[2].heatmap is None
    assert found[2].no_heatmap == "heatmaps were not asked for"


def test_an_unreadable_photograph_of_a_list_without_labels(lab, tmp_path):
    cfg = load_config(lab.moe)
    (tmp_path / "list.csv").write_text("image\nnone.png\n")
    cfg.test_dataloader.dataset.update(
        ann_file=str(tmp_path / "list.csv"), classes=str(lab.root / "classes.txt"), ocr_file=None
    )
    found = explain(Scorer(cfg, lab.moe_checkpoint, device="cpu"), ["none.png"], progress=False)[0]
    assert found.label is None and "cannot open the file" in found.error
    assert found.no_heatmap.startswith("the photograph cannot be read: cannot open the file")


def test_a_model_of_pictures(lab):
    found = explain(Scorer(load_config(lab.image), lab.image_checkpoint, device="cpu"), lab.names[:1], progress=False)[
        0
    ]
    assert found.heatmap is not None and found.words == [] and found.line_effects.shape == (0, 2)


def test_a_model_of_texts_has_no_heatmap(lab, tmp_path):
    cfg = load_config(lab.moe)
    head = dict(type="LinearClsHead", num_classes=3, in_channels=8)
    cfg.model = dict(cfg.model, image_backbone=None, image_neck=None, head=head)
    with DefaultScope.overwrite_default_scope("kdxf"):
        torch.save({"state_dict": MODELS.build(cfg.model).state_dict()}, tmp_path / "text.pth")
    found = explain(Scorer(cfg, tmp_path / "text.pth", device="cpu"), lab.names[:1], progress=False)[0]
    assert found.heatmap is None and found.no_heatmap == "the model takes no image"
    assert found.line_effects.shape == (1, 2)


@pytest.mark.parametrize("labels", ["奶粉|手机", ""])
def test_of_several_true_classes_the_one_with_the_lowest_score(lab, tmp_path, labels):
    cfg = load_config(lab.moe)
    head = dict(type="MultiLabelMoEClsHead", num_classes=3, in_channels=40, hidden_channels=16, num_experts=2)
    cfg.model = dict(cfg.model, head=head)
    (tmp_path / "list.csv").write_text(f"image,label\n{lab.names[0]},{labels}\n", encoding="utf-8")
    cfg.test_dataloader.dataset.update(
        ann_file=str(tmp_path / "list.csv"), classes=str(lab.root / "classes.txt"), multi_label=True
    )
    torch.manual_seed(3)
    with DefaultScope.overwrite_default_scope("kdxf"):
        torch.save({"state_dict": MODELS.build(cfg.model).state_dict()}, tmp_path / "several.pth")
    found = explain(Scorer(cfg, tmp_path / "several.pth", device="cpu"), lab.names[:1], heatmaps=False, progress=False)[
        0
    ]
    assert found.label == (found.scores[:2].argmin() if labels else None)


def test_an_image_that_the_list_lacks(lab):
    message = f"the test list of {lab.moe} has no image 'x.png' (it starts with 'shop 0/图 0.png'); name images as the"
    with pytest.raises(UserError, match=f"^{re.escape(message)}"):
        explain(Scorer(load_config(lab.moe), lab.moe_checkpoint, device="cpu"), ["x.png"], progress=False)
