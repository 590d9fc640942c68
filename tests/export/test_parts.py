import torch
from export_fixtures import portable_of

from kdxf.export.parity import random_inputs
from kdxf.export.parts import part_outputs
from kdxf.export.portable import PortableModel
from kdxf.registry import MODELS


def test_parts_in_the_order_in_which_they_run(lab):
    portable = portable_of(lab.moe, lab.moe_checkpoint)
    inputs = random_inputs(portable.inputs, batch=2, share_of_length=1.0, with_text=True)
    with torch.inference_mode():
        outputs, (scores, feature) = part_outputs(portable.model, inputs)
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {
        "data_preprocessor": (2, 3, 32, 32),
        "image_backbone": (2, 32, 1, 1),
        "image_neck": (2, 32),
        "text_encoder": (2, 8),
        "fusion": (2, 40),
        "head": (2, 3),
    }
    assert list(outputs) == [*outputs] and torch.equal(outputs["fusion"], feature)
    assert torch.equal(outputs["head"].softmax(dim=1), scores)
    assert torch.equal(outputs["data_preprocessor"], (inputs["img"].flip(1).float() - 127) / 60)
    assert not any(part._forward_hooks for part in portable.model.modules())


def test_members_of_an_ensemble():
    member = dict(
        type="ImageTextClassifier",
        text_encoder=dict(type="NgramEncoder", buckets=9, out_channels=4),
        head=dict(type="LinearClsHead", num_classes=3, in_channels=4),
    )
    model = MODELS.build(dict(type="EnsembleClassifier", members=[member, member], _scope_="kdxf")).eval()
    inputs = {"ngram_ids": torch.tensor([[1, 2]]), "ngram_weight": torch.ones(1, 2)}
    with torch.inference_mode():
        outputs, _ = part_outputs(PortableModel(model, None, None, True), inputs)
    names = [name for name in outputs if name != "data_preprocessor"]
    assert names == ["members.0.text_encoder", "members.0.head", "members.1.text_encoder", "members.1.head"]
