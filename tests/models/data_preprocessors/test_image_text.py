import copy
import re

import numpy as np
import pytest
import torch
from mmpretrain.models import ClsDataPreprocessor
from mmpretrain.structures import DataSample
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models import CutMix, ImageTextDataPreprocessor, Mixup, ResizeMix
from kdxf.registry import MODELS

NORM = {"mean": [10.0, 20.0, 30.0], "std": [2.0, 4.0, 5.0], "to_rgb": True}
MIXUP = {"augments": [{"type": "Mixup", "alpha": 1.0}]}


def images(n=2, size=4):
    torch.manual_seed(0)
    return torch.randint(0, 256, (n, 3, size, size), dtype=torch.uint8)


def texts(n=2):
    return {"text": torch.randn(n, 3, 5, dtype=torch.float64), "text_weight": torch.ones(n, 3)}


def samples(n=2):
    return [DataSample().set_gt_label(i) for i in range(n)]


def test_image_by_hand():
    blue_green_red = torch.tensor([5, 24, 12], dtype=torch.uint8).view(1, 3, 1, 1)
    out = ImageTextDataPreprocessor(**NORM)({"inputs": {"img": blue_green_red}})
    # red (12 - 10) / 2, green (24 - 20) / 4, blue (5 - 30) / 5
    assert out["inputs"]["img"].flatten().tolist() == [1.0, 1.0, -5.0]
    assert out["data_samples"] is None


@pytest.mark.parametrize("settings", [{}, NORM, {**NORM, "to_rgb": False}, {**NORM, "pad_size_divisor": 8}])
def test_images_equal_mmpretrains(settings):
    ours, host = ImageTextDataPreprocessor(**settings), ClsDataPreprocessor(**settings)
    expected = host({"inputs": images()})["inputs"]
    assert_close(ours({"inputs": images()})["inputs"], expected, atol=0, rtol=0)
    assert_close(ours({"inputs": {"img": images()}})["inputs"]["img"], expected, atol=0, rtol=0)
    assert_close(ours({"inputs": {"img": images(), **texts()}})["inputs"]["img"], expected, atol=0, rtol=0)
    stored = images().contiguous(memory_format=torch.channels_last)
    found = ours({"inputs": {"img": stored}})["inputs"]["img"]
    assert_close(found, expected, atol=0, rtol=0)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert_close(ours({"inputs": list(images())})["inputs"], expected, atol=0, rtol=0)


def test_texts_become_float32_and_ids_stay_whole():
    text = {**texts(), "text_ids": torch.ones(2, 3, dtype=torch.int64)}
    out = ImageTextDataPreprocessor(**NORM)({"inputs": {"img": images(), **text}})["inputs"]
    assert set(out) == {"img", "text", "text_weight", "text_ids"}
    assert out["text"].dtype == torch.float32
    assert_close(out["text"], text["text"].float())
    assert out["text_ids"].dtype == torch.int64


def test_labels():
    preprocessor = ImageTextDataPreprocessor(to_onehot=True, num_classes=3, pad_size_divisor=8, **NORM)
    for inputs in ({"img": images(), **texts()}, texts()):
        out = preprocessor({"inputs": inputs, "data_samples": samples()})
        assert set(out["inputs"]) == set(inputs)
        assert [sample.gt_score.tolist() for sample in out["data_samples"]] == [[1, 0, 0], [0, 1, 0]]


def test_list_of_samples():
    inputs = [
        {"img": images(1, 4)[0], "text": torch.ones(3, 5), "text_weight": torch.ones(3)},
        {"img": images(1, 6)[0], "text": torch.zeros(3, 5), "text_weight": torch.ones(3)},
    ]
    out = ImageTextDataPreprocessor()({"inputs": inputs, "data_samples": samples()})["inputs"]
    assert out["img"].shape == (2, 3, 6, 6)  # padded, as MMPretrain does for lists
    assert out["text"].shape == (2, 3, 5)


def test_device():
    preprocessor = ImageTextDataPreprocessor(**NORM).to("meta")
    out = preprocessor({"inputs": {"img": images(), **texts()}})["inputs"]
    assert {value.device.type for value in out.values()} == {"meta"}


def test_batch_augments_mix_images_alone():
    preprocessor = ImageTextDataPreprocessor(num_classes=8, batch_augments=MIXUP)
    torch.manual_seed(0)
    out = preprocessor({"inputs": {"img": images(8)}, "data_samples": samples(8)}, training=True)
    scores = torch.stack([sample.gt_score for sample in out["data_samples"]])
    assert ((scores > 0) & (scores < 1)).any()
    assert_close(scores.sum(1), torch.ones(8))
    assert not torch.equal(out["inputs"]["img"], images(8).float())


def scores_of(out):
    return torch.stack([sample.gt_score for sample in out["data_samples"]])


@pytest.fixture
def fixed(monkeypatch):
    """lambda is 0.75, and of two samples each is the other's partner."""
    monkeypatch.setattr(np.random, "beta", lambda *_: 0.75)
    monkeypatch.setattr(torch, "randperm", lambda n: torch.tensor([1, 0]))


@pytest.mark.parametrize("keys", [("img", "text"), ("img",), ("text",)])
def test_batch_augments_mix_everything(fixed, keys):
    preprocessor = ImageTextDataPreprocessor(num_classes=3, batch_augments=MIXUP, **NORM)
    inputs = {"img": images(), **texts()}
    inputs = {key: value for key, value in inputs.items() if key.split("_")[0] in keys}
    batch = {"inputs": inputs, "data_samples": samples()}
    plain = preprocessor(copy.deepcopy(batch))
    assert plain["inputs"].keys() == inputs.keys()
    assert scores_of(plain).tolist() == [[1, 0, 0], [0, 1, 0]]
    out = preprocessor(batch, training=True)
    assert out["inputs"].keys() == inputs.keys()
    assert scores_of(out).tolist() == [[0.75, 0.25, 0], [0.25, 0.75, 0]]
    assert [int(sample.gt_label) for sample in out["data_samples"]] == [0, 1]
    assert "sample_weight" not in out["data_samples"][0]
    if "img" in keys:
        first, second = plain["inputs"]["img"]
        assert_close(out["inputs"]["img"][0], 0.75 * first + 0.25 * second)
    if "text" in keys:
        assert_close(out["inputs"]["text"][0], torch.cat(tuple(plain["inputs"]["text"])))
        assert out["inputs"]["text_weight"][0].tolist() == [0.75] * 3 + [0.25] * 3


@pytest.mark.parametrize("inputs", [{"img": images(), **texts()}, {"img": images()}])
def test_soft_targets_and_sample_weights_are_mixed(fixed, inputs):
    preprocessor = ImageTextDataPreprocessor(num_classes=3, batch_augments=MIXUP)
    batch = samples()
    batch[0].set_gt_score([0.5, 0.25, 0.25]).set_field(torch.tensor([3.0]), "sample_weight", dtype=torch.Tensor)
    out = preprocessor({"inputs": inputs, "data_samples": batch}, training=True)
    # the second sample has no soft target, so that of its label, and no weight, so 1
    assert_close(scores_of(out), torch.tensor([[0.375, 0.4375, 0.1875], [0.125, 0.8125, 0.0625]]))
    assert [sample.sample_weight.tolist() for sample in out["data_samples"]] == [[2.5], [1.5]]  # 3/4 3 + 1/4, and so on


def test_soft_targets_of_some_samples():
    batch = samples()
    batch[1].set_gt_score([0.5, 0.25, 0.25])
    for mapping in ({"img": images()}, texts()):
        out = ImageTextDataPreprocessor()({"inputs": mapping, "data_samples": copy.deepcopy(batch)})
        assert scores_of(out).tolist() == [[1, 0, 0], [0.5, 0.25, 0.25]]


def test_several_labels_are_mixed(fixed):
    preprocessor = ImageTextDataPreprocessor(num_classes=3, batch_augments=MIXUP)
    batch = [DataSample().set_gt_label([0, 2]), DataSample().set_gt_label([])]
    out = preprocessor({"inputs": texts(), "data_samples": batch}, training=True)
    assert scores_of(out).tolist() == [[0.75, 0, 0.75], [0.25, 0, 0.25]]


def test_without_targets_nothing_is_mixed():
    preprocessor = ImageTextDataPreprocessor(num_classes=3, batch_augments=MIXUP)
    text = texts()
    for batch in ({}, {"data_samples": [DataSample(), DataSample()]}):
        assert_close(preprocessor({"inputs": text, **batch}, training=True)["inputs"]["text"], text["text"].float())


def test_probs():
    augments = [{"type": name, "alpha": 1.0} for name in ("Mixup", "CutMix", "ResizeMix")]
    config = {"augments": augments, "probs": [0.2, 0.2, 0.2]}
    preprocessor = ImageTextDataPreprocessor(num_classes=8, batch_augments=config)
    assert [type(part) for part in preprocessor.batch_augments.augments] == [Mixup, CutMix, ResizeMix, type(None)]
    assert config["probs"] == [0.2, 0.2, 0.2]  # a config serves for another model as well
    np.random.seed(0)
    lengths = []
    for _ in range(20):
        out = preprocessor({"inputs": {"img": images(8, 8), **texts(8)}, "data_samples": samples(8)}, training=True)
        lengths.append(out["inputs"]["text"].shape[1])
        assert_close(scores_of(out).sum(1), torch.ones(8))
        assert scores_of(out).dtype == torch.float32
    assert set(lengths) == {3, 6}


@pytest.mark.parametrize(
    "loss",
    [
        {"type": "LabelSmoothFocalLoss"},
        {"type": "LabelSmoothLoss", "label_smooth_val": 0.1},
        {"type": "CrossEntropyLoss", "use_soft": True},
        {"type": "CrossEntropyLoss"},
        {"type": "CrossEntropyLoss", "use_sigmoid": True},
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_losses_of_mixed_targets(fixed, loss, weighted):
    """Linear in the target: 3/4 of the loss for one label and 1/4 of that for the other."""
    preprocessor = ImageTextDataPreprocessor(num_classes=3, batch_augments=MIXUP)
    batch = {"inputs": texts(), "data_samples": samples()}
    mixed = scores_of(preprocessor(batch, training=True))
    preprocessor.batch_augments = None  # as a hook does for the last epochs
    plain = scores_of(preprocessor({"inputs": texts(), "data_samples": samples()}, training=True))
    module = MODELS.build(loss)
    logits = torch.tensor([[1.0, 2.0, 0.5], [0.2, -1.0, 3.0]])
    options = {"weight": torch.tensor([2.0, 0.5])} if weighted else {}
    found = module(logits, mixed, avg_factor=2, **options)
    assert_close(found, 0.75 * module(logits, plain, avg_factor=2, **options)
                 + 0.25 * module(logits, plain[[1, 0]], avg_factor=2, **options))  # fmt: skip
    if "sigmoid" not in str(loss) and not weighted:
        smooth = {"LabelSmoothLoss": 0.1, "LabelSmoothFocalLoss": 0.1}.get(loss["type"], 0.0)
        target = (1 - smooth) * mixed + smooth / 3
        p = logits.softmax(1)
        focus = (1 - p) ** 2 if "Focal" in loss["type"] else 1
        assert_close(found, -(target * focus * p.log()).sum() / 2)


def test_the_number_of_classes_must_be_known():
    preprocessor = ImageTextDataPreprocessor(batch_augments=MIXUP)
    with pytest.raises(UserError, match=r"^batch_augments mix targets.*data_preprocessor=dict\(num_classes=...\)$"):
        preprocessor({"inputs": texts(), "data_samples": samples()}, training=True)
    soft = [DataSample().set_gt_score([0.5, 0.5]) for _ in range(2)]
    preprocessor({"inputs": texts(), "data_samples": soft}, training=True)


def test_augmentations_that_know_images_only():
    augments = {"augments": {"type": "mmpretrain.Mixup", "alpha": 1.0}}
    preprocessor = ImageTextDataPreprocessor(num_classes=2, batch_augments=augments)
    preprocessor({"inputs": {"img": images()}, "data_samples": samples()}, training=True)
    for inputs in ({"img": images(), **texts()}, texts()):
        with pytest.raises(UserError, match="^the batch augmentation Mixup mixes images only, .*take kdxf's Mixup, "):
            preprocessor({"inputs": inputs, "data_samples": samples()}, training=True)


def test_batch_augments_without_augments():
    message = r"^batch_augments \(a model's train_cfg\) is {'type': 'Mixup', 'alpha': 0.4}: name what mixes in it"
    with pytest.raises(UserError, match=message):
        ImageTextDataPreprocessor(num_classes=3, batch_augments={"type": "Mixup", "alpha": 0.4})


@pytest.mark.parametrize("probs", [[0.5, 0.5], [], 1.5, [-0.1]])
def test_bad_probs(probs):
    with pytest.raises(UserError, match=f"^batch_augments: probs is {re.escape(str(probs))}; give each of the 1 augm"):
        ImageTextDataPreprocessor(num_classes=3, batch_augments={**MIXUP, "probs": probs})
    assert ImageTextDataPreprocessor(num_classes=3, batch_augments={**MIXUP, "probs": 1}).batch_augments.probs == [1, 0]


@pytest.mark.parametrize("labelled_first", [True, False])
@pytest.mark.parametrize("score", [None, [0.5, 0.25, 0.25]])
def test_labels_of_some_samples(labelled_first, score):
    batch = [DataSample().set_gt_label(1), DataSample(metainfo={"img_path": "test/x.jpg"})]
    if score is not None:
        batch[0].set_gt_score(score)
    with pytest.raises(UserError, match="^test/x.jpg has no label, other images of its batch have: name lists with la"):
        ImageTextDataPreprocessor()({"inputs": texts(), "data_samples": batch if labelled_first else batch[::-1]})


def test_is_registered():
    assert isinstance(MODELS.build({"type": "ImageTextDataPreprocessor"}), ImageTextDataPreprocessor)


def test_colours_are_changed_before_normalization():
    """Half as bright: red 12, 24 and 5 become 6, 12 and 2 (cut), then as in the first test."""
    blue_green_red = torch.tensor([5, 24, 12], dtype=torch.uint8).view(1, 3, 1, 1)
    steps = torch.tensor([[[0.5, 0, 0], [1, 0, 0], [1, 0, 0]]])
    for inputs in ({"img": blue_green_red, "img_jitter": steps}, [{"img": blue_green_red[0], "img_jitter": steps[0]}]):
        out = ImageTextDataPreprocessor(**NORM)({"inputs": inputs})["inputs"]
        assert set(out) == {"img"}
        assert_close(out["img"].flatten(), torch.tensor([-2.0, -2.0, -5.6]))


def test_colours_of_several_sizes_are_refused():
    inputs = [{"img": images(1, size)[0], "img_jitter": torch.ones(3, 3)} for size in (4, 6)]
    with pytest.raises(UserError, match="ColorJitter: on_device=True needs images of one size in a batch; crop them"):
        ImageTextDataPreprocessor()({"inputs": inputs})
