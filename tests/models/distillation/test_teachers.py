import pytest
import torch
from mmpretrain.structures import DataSample
from torch import nn
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models import ImageTextDataPreprocessor
from kdxf.models.distillation import ModelTeacher, TeacherPredictions


class Model(nn.Module):
    """Its feature is the mean of each channel; its logits are twice that."""

    def __init__(self, **preprocessor):
        super().__init__()
        self.data_preprocessor = ImageTextDataPreprocessor(**preprocessor)
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.head = lambda feats: self.scale * feats[-1]

    def extract_feat(self, inputs):
        if "img" not in inputs:
            raise UserError("the batch has no 'img'")
        assert not self.training
        return (inputs["img"].mean((2, 3)),)


OURS = dict(mean=[100.0, 110.0, 120.0], std=[10.0, 20.0, 30.0], to_rgb=True)
THEIRS = dict(mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True)


def test_images_are_normalized_as_the_teacher_knows_them():
    raw = {"inputs": {"img": torch.randint(0, 256, (2, 3, 4, 4), dtype=torch.uint8)}}
    for own in (OURS, THEIRS, dict(OURS, mean=[100.0] * 3)):
        model = Model(**own)
        teacher = ModelTeacher(model, ImageTextDataPreprocessor(**THEIRS), "t.py")
        seen = ImageTextDataPreprocessor(**THEIRS)(raw)["inputs"]
        before = seen["img"].clone()
        answer = teacher.answer(seen, [])
        expected = model.data_preprocessor(raw)["inputs"]["img"].mean((2, 3))
        assert_close(answer.feature, expected, atol=1e-4, rtol=1e-4)
        assert_close(answer.logits, 2 * answer.feature)
        assert torch.equal(seen["img"], before) and not answer.logits.requires_grad and not model.scale.requires_grad


@pytest.mark.parametrize("own", [dict(OURS, to_rgb=False), {}])
def test_other_channels_or_values_are_refused(own):
    with pytest.raises(UserError, match=r"t\.py takes images with other channels or values than the student"):
        ModelTeacher(Model(**own), ImageTextDataPreprocessor(**OURS), "t.py")


def test_a_missing_input_names_the_teacher():
    teacher = ModelTeacher(Model(), ImageTextDataPreprocessor(), "t.py")
    with pytest.raises(UserError, match=r"the teacher t\.py gets the inputs of the student: the batch has no 'img'"):
        teacher.answer({"tfidf": torch.ones(1, 1, 2)}, [])


def test_predictions_are_found_by_the_path():
    scores = torch.tensor([[0.25, 0.75], [1.0, 0.0]])
    teacher = TeacherPredictions(scores, {"a/x.jpg": 1, "a/y.jpg": 0})
    samples = [DataSample(metainfo={"img_path": f"a/{name}.jpg"}) for name in "xyx"]
    answer = teacher.answer({"img": torch.ones(3, 1)}, samples)
    assert_close(answer.logits.softmax(dim=1), scores[[1, 0, 1]])
    assert answer.feature is None and not teacher.sees_inputs
