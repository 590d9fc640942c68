import pytest
import torch
from mmpretrain.structures import DataSample
from torch.testing import assert_close

import kdxf.models  # noqa: F401  (registers the parts)
from kdxf.errors import UserError
from kdxf.registry import MODELS

N, K, D = 4, 3, 5
TEXT = {"type": "TfidfEncoder", "in_channels": D}


def member(width=D, **head):
    head = {"type": "LinearClsHead", "num_classes": K, "in_channels": width, **head}
    return {"type": "ImageTextClassifier", "text_encoder": {**TEXT, "in_channels": width}, "head": head}


def make(**options):
    torch.manual_seed(0)
    model = MODELS.build({"type": "EnsembleClassifier", "members": [member(), member()], **options})
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    return model.eval()


def inputs():
    torch.manual_seed(1)
    return {"tfidf": torch.randn(N, 1, D), "tfidf_weight": torch.ones(N, 1)}


@pytest.mark.parametrize(("weights", "parts"), [(None, (0.5, 0.5)), ([3, 1], (0.75, 0.25))])
@torch.inference_mode()
def test_scores_are_the_weighted_mean(weights, parts):
    model = make(weights=weights)
    scores = [part(inputs()).softmax(1) for part in model.members]
    mean = parts[0] * scores[0] + parts[1] * scores[1]
    given = [DataSample() for _ in range(N)]
    answers = model(inputs(), given, mode="predict")
    assert answers[0] is given[0]
    for answer, new, score in zip(answers, model.predict(inputs()), mean, strict=True):
        assert_close(answer.pred_score, score)
        assert answer.pred_label.tolist() == new.pred_label.tolist() == [int(score.argmax())]
    assert_close(model(inputs()).softmax(1), mean)


@torch.inference_mode()
def test_the_feature_is_that_of_all_members():
    model = make()
    first, second = (part.extract_feat(inputs())[-1] for part in model.members)
    assert_close(model.extract_feat(inputs())[-1], torch.cat([first, second], dim=1))
    assert model.head is model.members[0].head


def test_training_is_refused():
    with pytest.raises(UserError, match=r"EnsembleClassifier cannot be trained; train each member by its own config"):
        make()(inputs(), [], mode="loss")
    with pytest.raises(ValueError, match="mode must be 'tensor' or 'predict', got 'train'"):
        make()(inputs(), [], mode="train")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"members": [member()]}, "members must be two classifiers or more, got 1"),
        ({"weights": [1.0]}, r"weights must be one number above 0 for each of 2 members, got \[1.0\]"),
        ({"weights": [1.0, 0.0]}, r"weights must be one number above 0 for each of 2 members, got \[1.0, 0.0\]"),
        (
            {"members": [member(), member(num_classes=4)]},
            r"the heads of all members need the same num_classes, got \[3, 4\]",
        ),
        (
            {"members": [member(), {**member(), "head": None}]},
            r"the heads of all members need the same num_classes, got \[3, None\]",
        ),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        make(**options)
