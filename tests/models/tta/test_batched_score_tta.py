import copy

import pytest
import torch
from mmcv.transforms import BaseTransform, TestTimeAug
from mmengine.dataset import default_collate, pseudo_collate
from mmpretrain.models import AverageClsScoreTTA
from mmpretrain.structures import DataSample
from torch.testing import assert_close

from kdxf.models import BatchedClsScoreTTA
from kdxf.registry import MODELS

K = 3
MODEL = {
    "type": "ImageTextClassifier",
    "image_backbone": {"type": "ResNet", "depth": 18, "stem_channels": 8, "base_channels": 8},
    "image_neck": {"type": "GlobalAveragePooling"},
    "text_encoder": {"type": "Word2VecEncoder", "in_channels": 4, "hidden_channels": 8, "out_channels": 6},
    "head": {"type": "MoEClsHead", "num_classes": K, "in_channels": 70, "hidden_channels": 8},
    "data_preprocessor": {"mean": [128.0] * 3, "std": [64.0] * 3},
}


class Flip(BaseTransform):
    def __init__(self, prob):
        self.prob = prob

    def transform(self, results):
        return {**results, "img": results["img"].flip(-1) if self.prob else results["img"]}


class Shrink(BaseTransform):
    def __init__(self, size):
        self.size = size

    def transform(self, results):
        return {**results, "img": results["img"][:, : self.size, : self.size]}


class Pack(BaseTransform):
    def transform(self, results):
        inputs = {key: results[key] for key in ("img", "text", "text_weight") if key in results}
        sample = DataSample(metainfo={"sample_idx": results["sample_idx"]}).set_gt_label(results["sample_idx"] % K)
        return {"inputs": inputs, "data_samples": sample}


def views(sizes=(32,), n=3):
    """Collate n samples with one view per size and flip, as a loader does."""
    torch.manual_seed(0)
    tta = TestTimeAug([[Shrink(s) for s in sizes], [Flip(0), Flip(1)], [Pack()]])
    return [
        tta(
            {
                "img": torch.randint(0, 256, (3, 32, 32), dtype=torch.uint8),
                "text": torch.randn(5, 4),
                "text_weight": torch.rand(5),
                "sample_idx": index,
            }
        )
        for index in range(n)
    ]


def model():
    torch.manual_seed(0)
    built = MODELS.build(copy.deepcopy(MODEL)).eval()
    for parameter in built.head.parameters():  # sure enough for views to disagree
        torch.nn.init.normal_(parameter)
    return built


def mean_by_hand(classifier, samples):
    """One forward per view and sample."""
    rows = []
    for sample in samples:
        scores = [
            classifier.test_step(default_collate([{"inputs": view, "data_samples": DataSample()}]))[0].pred_score
            for view in sample["inputs"]
        ]
        rows.append(sum(scores) / len(scores))
    return torch.stack(rows)


@torch.no_grad()
@pytest.mark.parametrize("collate", [default_collate, pseudo_collate])
@pytest.mark.parametrize("sizes", [(32,), (32, 24)])
def test_mean_of_the_views(collate, sizes):
    classifier = model()
    samples = views(sizes)
    expected = mean_by_hand(classifier, samples)
    merged = BatchedClsScoreTTA(classifier).test_step(collate(copy.deepcopy(samples)))
    assert [sample.sample_idx for sample in merged] == [0, 1, 2]
    assert [sample.gt_label.item() for sample in merged] == [0, 1, 2]
    assert_close(torch.stack([sample.pred_score for sample in merged]), expected, atol=1e-5, rtol=1e-5)
    assert [sample.pred_label.item() for sample in merged] == expected.argmax(1).tolist()


@torch.no_grad()
def test_scores_equal_mmpretrains():
    classifier = model()
    ours, host = (
        torch.stack([s.pred_score for s in tta(classifier).test_step(default_collate(views((32, 24))))])
        for tta in (BatchedClsScoreTTA, AverageClsScoreTTA)
    )
    assert_close(ours, host, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_views_of_one_shape_are_one_forward():
    classifier = model()
    batch_sizes = []
    classifier.image_backbone.register_forward_pre_hook(lambda _, args: batch_sizes.append(args[0].shape))
    BatchedClsScoreTTA(classifier).test_step(default_collate(views((32, 24))))
    assert batch_sizes == [(6, 3, 32, 32), (6, 3, 24, 24)]  # 2 flips x 3 samples, once per size


def test_label_is_that_of_the_mean():
    scores = [torch.tensor([0.6, 0.4, 0.0]), torch.tensor([0.0, 0.4, 0.6]), torch.tensor([0.1, 0.8, 0.1])]
    samples = [DataSample().set_pred_score(s).set_pred_label(s.argmax().item()) for s in scores]
    tta = MODELS.build({"type": "BatchedClsScoreTTA", "module": copy.deepcopy(MODEL)})
    (merged,) = tta.merge_preds([samples])
    assert_close(merged.pred_score, torch.tensor([0.7, 1.6, 0.7]) / 3)
    assert merged.pred_label.item() == 1
    assert samples[0].pred_label.item() == 0


def test_several_labels_are_those_of_the_mean():
    config = copy.deepcopy(MODEL)
    config["head"] |= {"type": "MultiLabelMoEClsHead", "thr": 0.5}
    samples = [DataSample().set_pred_score(s) for s in (torch.tensor([0.9, 0.6, 0.0]), torch.tensor([0.3, 0.2, 0.8]))]
    (merged,) = BatchedClsScoreTTA(MODELS.build(config)).merge_preds([samples])
    assert merged.pred_label.tolist() == [0]  # means 0.6, 0.4, 0.4


@torch.no_grad()
def test_plain_image_batches():
    config = {key: value for key, value in MODEL.items() if key != "text_encoder"}
    config["head"] = {"type": "LinearClsHead", "num_classes": K, "in_channels": 64}
    classifier = MODELS.build(config).eval()
    image = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    data = {"inputs": [image, image.flip(-1)], "data_samples": [[DataSample() for _ in range(2)] for _ in range(2)]}
    scores = torch.stack([s.pred_score for s in BatchedClsScoreTTA(classifier).test_step(data)])
    inputs = torch.cat([image, image.flip(-1)])
    single = torch.stack([s.pred_score for s in classifier.test_step({"inputs": inputs})])
    assert_close(scores, (single[:2] + single[2:]) / 2)
