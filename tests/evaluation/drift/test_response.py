import numpy as np
import pytest
import torch

from kdxf.engine.config import building, load_config
from kdxf.evaluation.drift.response import watching
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.inference.inputs import InputTexts
from kdxf.inference.pipeline import InferenceDataset, iterate_batches, pipeline_config
from kdxf.registry import MODELS
from kdxf.text.ocr import OCRTable
from kdxf_runtime.inputs import collect_images


def batches_of(cfg, lab, tta=False):
    """The lab's five images in batches of two, as the model's ``test_step`` takes them."""
    images = collect_images([lab.images])
    texts = InputTexts.from_table(images, OCRTable.open(lab.root / "ocr"))
    with building(cfg):
        dataset = InferenceDataset(images, texts, pipeline_config(cfg, tta))
    return [batch for batch, _ in iterate_batches(dataset, cfg, 2, 0)]


def inputs_of(model, batch):
    return model.data_preprocessor(batch)["inputs"]


def build(cfg, model):
    torch.manual_seed(0)
    with building(cfg):
        built = MODELS.build(model)
    for parameter in built.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return built.eval()


@torch.inference_mode()
def watch(model, batches, wanted=range(5)):
    with watching(model, wanted) as found:
        for batch in batches:
            model.test_step(batch)
    return found


@pytest.mark.parametrize("per_class", [False, True])
@torch.inference_mode()
def test_feature_and_gates_of_each_image(lab, per_class):
    cfg = load_config(lab.moe)
    cfg.model.head.gate_per_class = per_class
    model, batches = build(cfg, cfg.model), batches_of(cfg, lab)
    feats = [model.extract_feat(inputs_of(model, batch)) for batch in batches]
    gates = torch.cat([model.head.gates(feat) for feat in feats])
    gates = gates.mean(2) if per_class else gates
    scores = torch.cat([torch.stack([s.pred_score for s in model.test_step(batch)]) for batch in batches])
    found = watch(model, batches, [0, 3, 4])
    assert sorted(found) == [0, 3, 4]
    for row, response in found.items():
        np.testing.assert_allclose(response.features[""], torch.cat([feat[-1] for feat in feats])[row], rtol=1e-5)
        np.testing.assert_allclose(response.scores, scores[row], rtol=1e-5)
        assert list(response.gates) == ["head"]
        assert list(response.gates["head"]) == ["expert 1", "expert 2", "no expert"]
        np.testing.assert_allclose(list(response.gates["head"].values()), gates[row], rtol=1e-5)


@torch.inference_mode()
def test_the_gate_of_a_fusion(lab):
    cfg = load_config(lab.moe)
    cfg.model.fusion = dict(type="GatedFusion", image_channels=32, text_channels=8, out_channels=40)
    model, (batch, *_) = build(cfg, cfg.model), batches_of(cfg, lab)
    inputs = inputs_of(model, batch)
    image = model.image_neck(model.image_backbone(inputs["img"]))[-1]
    text = model.text_encoder(*(inputs[key] for key in model.text_encoder.input_keys))
    expected = model.fusion.gates(image, text)[:, 0].mean(1)
    found = watch(model, [batch])
    assert [found[row].gates["fusion"] for row in (0, 1)] == [{"the image": pytest.approx(float(e))} for e in expected]


@torch.inference_mode()
def test_members_of_an_ensemble(lab):
    cfg = load_config(lab.moe)
    image = load_config(lab.image).model
    model = build(cfg, dict(type="EnsembleClassifier", members=[cfg.model, image]))
    (batch, *_) = batches_of(cfg, lab)
    inputs = inputs_of(model, batch)
    found = watch(model, [batch])[1]
    assert list(found.features) == ["members.0", "members.1"]
    assert list(found.gates) == ["members.0.head", "members.1.head"]
    for member, feature in zip(model.members, found.features.values(), strict=True):
        np.testing.assert_allclose(feature, member.extract_feat(inputs)[-1][1], rtol=1e-5)


@pytest.mark.parametrize("kind", ["AverageClsScoreTTA", "BatchedClsScoreTTA"])
@torch.inference_mode()
def test_the_mean_of_the_views(lab, kind):
    """Four views in two sizes, of which BatchedClsScoreTTA joins those of one size."""
    cfg = load_config(lab.moe)
    module, batches = build(cfg, cfg.model), batches_of(cfg, lab, tta=True)
    with building(cfg):
        model = MODELS.build(dict(type=kind, module=module))
    views = []
    for view in range(4):
        inputs = {key: value[view] for key, value in batches[1].items()}
        views.append(module.extract_feat(inputs_of(module, inputs))[-1])
    found = watch(model, batches, [2, 3])
    for row, response in found.items():
        np.testing.assert_allclose(response.features[""], torch.stack(views).mean(0)[row - 2], rtol=1e-4)
        assert sum(response.gates["head"].values()) == pytest.approx(1)


def test_nothing_is_left_behind_and_nothing_heard_without_images(lab):
    inferencer = KDXFInferencer(load_config(lab.moe), lab.moe_checkpoint, device="cpu")
    model, before = inferencer.model, set(vars(inferencer.model))
    with pytest.raises(ZeroDivisionError), watching(model, [0]):
        assert {"test_step", "extract_feat"} <= set(vars(model))
        assert model.head.router._forward_hooks
        raise ZeroDivisionError
    assert set(vars(model)) == before
    assert not model.head.router._forward_hooks
    with watching(model, []) as found:
        assert set(vars(model)) == before
    assert found == {}


@torch.inference_mode()
def test_a_method_that_was_replaced_before_comes_back(lab):
    cfg = load_config(lab.moe)
    model = build(cfg, cfg.model)
    own = model.test_step = model.test_step
    watch(model, batches_of(cfg, lab)[:1])
    assert vars(model)["test_step"] is own
