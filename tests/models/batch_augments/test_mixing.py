"""Mixed batches, and what the text encoders make of them."""

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.models.utils import batch_augments as host
from mmpretrain.structures import DataSample
from torch.testing import assert_close

from kdxf.datasets.collate import pad_collate
from kdxf.errors import UserError
from kdxf.models import CutMix, JoinedTextEncoder, Mixup, NgramEncoder, ResizeMix, Word2VecEncoder
from kdxf.models.batch_augments.mixing import JOINED_KEYS, PAIRED_KEYS, mix_texts
from kdxf.models.text_encoders.word2vec_encoder import readability
from kdxf.registry import BATCH_AUGMENTS, MODELS

PARTNER = torch.tensor([1, 0])
SHARES = torch.tensor([[0.75, 0.25], [0.75, 0.25]])


def test_words_stand_side_by_side():
    text = torch.arange(2 * 2 * 3.0).view(2, 2, 3)
    box = text.new_zeros(2, 2, 4) + torch.tensor([1.0, 2.0]).view(2, 1, 1)
    weight = torch.tensor([[1.0, 0.0], [0.5, 0.25]])  # the second word of the first text is padding
    mixed = mix_texts({"text": text, "text_weight": weight, "text_box": box}, PARTNER, SHARES)
    assert torch.equal(mixed["text"], torch.stack((torch.cat((text[0], text[1])), torch.cat((text[1], text[0])))))
    assert mixed["text_weight"].tolist() == [[0.75, 0, 0.125, 0.0625], [0.375, 0.1875, 0.25, 0]]
    assert mixed["text_box"][:, :, 0].tolist() == [[1, 1, 2, 2], [2, 2, 1, 1]]


def test_ngrams():
    mixed = mix_texts(
        {"ngram_ids": torch.tensor([[5, 6], [7, 0]]), "ngram_weight": torch.tensor([[1.0, 0.5], [1, 0]])},
        PARTNER,
        SHARES,
    )
    assert mixed["ngram_ids"].tolist() == [[5, 6, 7, 0], [7, 0, 5, 6]]
    assert mixed["ngram_weight"].tolist() == [[0.75, 0.375, 0.25, 0], [0.75, 0, 0.25, 0.125]]


def test_a_transformers_texts_stay_apart():
    mixed = mix_texts(
        {"text_ids": torch.tensor([[2, 5, 3], [2, 3, 0]]), "text_mask": torch.tensor([[1.0, 1, 1], [1, 1, 0]])},
        PARTNER,
        SHARES,
    )
    assert mixed["text_ids"].dtype == torch.int64
    assert mixed["text_ids"].tolist() == [[[2, 5, 3], [2, 3, 0]], [[2, 3, 0], [2, 5, 3]]]
    assert mixed["text_mask"].tolist() == [[[0.75] * 3, [0.25, 0.25, 0]], [[0.75, 0.75, 0], [0.25] * 3]]


def test_every_text_that_is_packed_can_be_mixed():
    from kdxf.datasets.transforms.loading import TEXT_WEIGHTS
    from kdxf.datasets.transforms.packing import TEXT_KEYS
    from kdxf.models.batch_augments.mixing import WEIGHT_KEYS

    assert set(TEXT_KEYS) == {*JOINED_KEYS, *PAIRED_KEYS}
    assert set(TEXT_WEIGHTS) == set(WEIGHT_KEYS)


def test_other_inputs():
    with pytest.raises(UserError, match="^batch_augments cannot mix the input 'depth', only img, text, .*: train with"):
        mix_texts({"depth": torch.zeros(2, 3)}, PARTNER, SHARES)
    assert_close(mix_texts({}, PARTNER, SHARES), {})


ORDER = [1, 2, 0, 3]  # the partner of each sample; the last is its own
SCORES = torch.eye(4)
TEXT = torch.tensor([[[1.0, 0], [0, 2]], [[4, 4], [0, 0]], [[9, 9], [9, 9]], [[2, 6], [4, 8]]])
WEIGHT = torch.tensor([[1.0, 0.5], [0.5, 0], [0, 0], [1, 1]])  # one word in the second text, none in the third
TEXTS = {"text": TEXT, "text_weight": WEIGHT}


@pytest.fixture
def fixed(monkeypatch):
    """Fixes what the augmentations draw: lambda, and the order of the partners."""

    def fix(lam, order=ORDER):
        monkeypatch.setattr(np.random, "beta", lambda *_: lam)
        monkeypatch.setattr(torch, "randperm", lambda n: torch.tensor(order))

    return fix


def images(n=4, size=8):
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", ["Mixup", "CutMix", "ResizeMix"])
def test_names_are_kdxfs_in_configs(name):
    with DefaultScope.overwrite_default_scope("kdxf"):
        ours = host.RandomBatchAugment({"type": name, "alpha": 0.4}).augments[0]
    assert type(ours) is {"Mixup": Mixup, "CutMix": CutMix, "ResizeMix": ResizeMix}[name]
    assert isinstance(ours, getattr(host, name)) and ours.alpha == 0.4
    assert type(BATCH_AUGMENTS.build({"type": f"mmpretrain.{name}", "alpha": 0.4})) is getattr(host, name)


@pytest.mark.parametrize("name", ["Mixup", "CutMix", "ResizeMix"])
def test_images_are_mmpretrains(name):
    """Alone they take its very way; with texts they and the targets come out the same."""
    scores = torch.rand(4, 5)
    results = []
    for augment, wrap in ((getattr(host, name), False), (globals()[name], False), (globals()[name], True)):
        np.random.seed(3)
        torch.manual_seed(3)
        batch = {"img": images(), **TEXTS} if wrap else images()
        results.append(augment(alpha=1.0)(batch, scores.clone()))
    (expected, targets), alone, (inputs, target) = results
    assert torch.equal(alone[0], expected) and torch.equal(alone[1], targets)
    assert not torch.equal(expected, images())
    assert torch.equal(inputs["img"], expected) and torch.equal(target, targets)
    assert inputs["text"].shape == (4, 4, 2)


def test_one_lambda_and_one_partner_for_all(fixed):
    fixed(0.75)
    inputs, scores = Mixup(alpha=1.0)({"img": images(), **TEXTS}, SCORES)
    assert_close(inputs["img"], 0.75 * images() + 0.25 * images()[ORDER])
    assert scores.tolist() == [[0.75, 0.25, 0, 0], [0, 0.75, 0.25, 0], [0.25, 0, 0.75, 0], [0, 0, 0, 1]]
    expected = [[0.75, 0.375, 0.125, 0], [0.375, 0, 0, 0], [0, 0, 0.25, 0.125], [1, 1, 0, 0]]
    assert inputs["text_weight"].tolist() == expected
    assert torch.equal(inputs["text"][:3], torch.cat((TEXT[:3], TEXT[ORDER][:3]), dim=1))
    assert_close(inputs["text"][3, :2], TEXT[3])


def test_cutmix_counts_the_area_and_not_where_words_stand(fixed, monkeypatch):
    fixed(0.75)
    monkeypatch.setattr(np.random, "randint", lambda low, high, size=None: 4)
    box = torch.rand(4, 2, 4)
    inputs, scores = CutMix(alpha=1.0)({"img": images(), **TEXTS, "text_box": box}, SCORES)
    # a patch of sqrt(1 - 0.75) * 8 = 4 pixels, in the middle: a quarter of the area
    expected = images()
    expected[:, :, 2:6, 2:6] = images()[ORDER][:, :, 2:6, 2:6]
    assert torch.equal(inputs["img"], expected)
    assert scores[0].tolist() == [0.75, 0.25, 0, 0]
    assert inputs["text_weight"][0].tolist() == [0.75, 0.375, 0.125, 0]
    assert torch.equal(inputs["text_box"][:3], torch.cat((box, box[ORDER]), dim=1)[:3])


@pytest.mark.parametrize("lam", [1.0, 0.0])
@pytest.mark.parametrize("pooling", ["mean", "attention", "transformer"])
@pytest.mark.parametrize("read", [False, True])
def test_limits_are_the_texts_alone(fixed, lam, pooling, read):
    fixed(lam)
    torch.manual_seed(0)
    encoder = Word2VecEncoder(2, 4, 3, pooling=pooling, readability=read).eval()
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter)
    texts = {**TEXTS, "text_box": torch.rand(4, 2, 4)}
    mixed, scores = Mixup(alpha=1.0)(texts, SCORES)
    order = [0, 1, 2, 3] if lam else ORDER
    assert torch.equal(scores, SCORES[order])
    expected = encoder(*(texts[key][order] for key in encoder.input_keys))
    assert_close(encoder(*(mixed[key] for key in encoder.input_keys)), expected, atol=1e-5, rtol=1e-5)


def test_mean_by_hand(fixed):
    fixed(0.75)
    mixed, _ = Mixup(alpha=1.0)(TEXTS, SCORES)
    encoder = Word2VecEncoder(2, 4, 3)
    means = encoder.pool(mixed["text"], mixed["text_weight"])
    # 0: (.75 (1, 0) + .375 (0, 2) + .125 (4, 4)) / 1.25; 1: beside no text it is as alone;
    # 2: no text beside text 0: that of text 0 alone, (1 (1, 0) + .5 (0, 2)) / 1.5; 3: with itself
    assert_close(means, torch.tensor([[1.0, 1.0], [4.0, 4.0], [2 / 3, 2 / 3], [3.0, 7.0]]))


def test_fusions_see_the_words_of_both(fixed):
    fixed(0.75)
    mixed, _ = Mixup(alpha=1.0)(TEXTS, SCORES)
    encoder = Word2VecEncoder(2, 4, 3).eval()
    tokens, shares = encoder.encode_tokens(*mixed.values())
    assert_close(shares[0], torch.tensor([0.6, 0.3, 0.1, 0]))
    assert_close(tokens[0, 2], encoder.encode_tokens(*TEXTS.values())[0][1, 0])


def test_readability_sees_more_words_of_less_sureness(fixed):
    fixed(0.75)
    box = torch.full((4, 2, 4), 0.5)
    mixed, _ = Mixup(alpha=1.0)({**TEXTS, "text_box": box}, SCORES)
    found = readability(mixed["text_weight"], mixed["text_box"])[0]
    amount = np.log(4) / np.log(65)  # 3 words, mean (.75 + .375 + .125) / 3, at most .75, area 3 / 4
    assert_close(found, torch.tensor([amount, 1.25 / 3, 0.75, 0.75**0.5]).float())


def test_two_without_text_stay_without(fixed):
    fixed(0.5)
    mixed, _ = Mixup(alpha=1.0)({"text": TEXT, "text_weight": torch.zeros_like(WEIGHT)}, SCORES)
    encoder = Word2VecEncoder(2, 4, 3).eval()
    torch.nn.init.normal_(encoder.norm.no_text)
    alone = encoder(TEXT[:1], torch.zeros(1, 2))
    assert_close(encoder(*mixed.values()), alone.expand(4, 3))


def test_ngrams_of_unequal_length(fixed):
    """The sum of n-gram vectors is linear: lambda times one, 1 - lambda times the other."""
    fixed(0.75, [1, 0])
    samples = [
        {"inputs": {"ngram_ids": torch.tensor([3, 4, 0, 0, 0]), "ngram_weight": torch.tensor([0.5, 0.5, 0, 0, 0])}},
        {"inputs": {"ngram_ids": torch.tensor([1, 0, 0, 0, 0]), "ngram_weight": torch.tensor([1.0, 0, 0, 0, 0])}},
    ]
    batch = pad_collate(samples)["inputs"]
    assert batch["ngram_ids"].shape == (2, 2)
    mixed, _ = Mixup(alpha=1.0)(batch, torch.eye(2))
    assert mixed["ngram_ids"].tolist() == [[3, 4, 1, 0], [1, 0, 3, 4]]
    encoder = NgramEncoder(buckets=5, out_channels=4).eval()
    vectors = encoder.embedding.weight
    first, second = 0.5 * (vectors[3] + vectors[4]), vectors[1]
    expected = encoder.norm(torch.stack((0.75 * first + 0.25 * second, 0.75 * second + 0.25 * first)))
    assert_close(encoder(*mixed.values()), expected)


def test_joined_encoders_and_gradients(fixed):
    fixed(0.75)
    ngrams = {"ngram_ids": torch.tensor([[1, 2], [3, 0], [0, 0], [4, 1]]), "ngram_weight": WEIGHT.clone()}
    encoder = JoinedTextEncoder([Word2VecEncoder(2, 4, 3), NgramEncoder(buckets=5, out_channels=4, dropout=0.0)])
    text = TEXT.clone().requires_grad_()
    mixed, _ = Mixup(alpha=1.0)({**ngrams, "text": text, "text_weight": WEIGHT}, SCORES)
    feature = encoder(*(mixed[key] for key in encoder.input_keys))
    assert feature.shape == (4, 7)
    feature[0].square().sum().backward()
    # sample 0 holds texts 0 and 1, not their padding, nor texts 2 and 3
    assert text.grad.any(dim=2).tolist() == [[True, True], [True, False], [False, False], [False, False]]
    assert encoder.encoders[1].embedding.weight.grad.any(dim=1).tolist() == [False, True, True, True, False]


def test_autocast(fixed):
    """bfloat16 would have lambda with two digits."""
    fixed(0.7)
    with torch.autocast("cpu", torch.bfloat16):
        inputs, scores = Mixup(alpha=1.0)({"img": images(), **TEXTS}, SCORES)
    assert {value.dtype for value in (*inputs.values(), scores)} == {torch.float32}
    assert_close(scores[0], torch.tensor([0.7, 0.3, 0, 0]), atol=1e-7, rtol=0)


def test_single_sample(fixed):
    fixed(0.3, [0])
    inputs, scores = Mixup(alpha=1.0)({key: value[:1] for key, value in TEXTS.items()}, torch.tensor([[0, 1]]))
    assert_close(scores, torch.tensor([[0.0, 1.0]]))
    assert_close(inputs["text_weight"], torch.tensor([[1.0, 0.5, 0, 0]]))


@pytest.mark.parametrize("augment", [CutMix, ResizeMix])
def test_patches_need_an_image(augment):
    name = augment.__name__
    with pytest.raises(UserError, match=f"^batch_augments: {name} pastes patches of images, but .*: use Mixup$"):
        augment(alpha=1.0)(TEXTS, SCORES)


@pytest.mark.parametrize("augment", [Mixup, CutMix, ResizeMix])
def test_alpha(augment):
    assert augment(alpha=1).alpha == 1.0
    for alpha in (0, -0.4):
        with pytest.raises(ValueError, match=f"^alpha must be above 0, got {alpha}$"):
            augment(alpha=alpha)


WORDS = {"type": "Word2VecEncoder", "in_channels": 2, "hidden_channels": 4, "out_channels": 8, "pooling": "transformer"}
ATTENTION = {"type": "CrossAttentionFusion", "image_channels": 32, "text_channels": 8, "embed_dims": 16}
GATED = {"type": "GatedFusion", "image_channels": 32, "text_channels": 20, "out_channels": 32}


@pytest.mark.parametrize(
    ("encoders", "fusion"),
    [
        (["words"], ATTENTION),
        (["transformer"], ATTENTION),
        (["words", "transformer", "ngrams"], GATED),
    ],
)
@pytest.mark.parametrize("bfloat16", [False, True])
def test_models_train_on_mixed_batches(tiny_bert, encoders, fusion, bfloat16):
    torch.manual_seed(0)
    np.random.seed(0)
    parts = {
        "words": {**WORDS, "readability": True},
        "transformer": {"type": "TransformerTextEncoder", "config": str(tiny_bert), "pooling": "attention"},
        "ngrams": {"type": "NgramEncoder", "buckets": 5, "out_channels": 4},
    }
    parts = [parts[name] for name in encoders]
    model = MODELS.build(
        {
            "type": "kdxf.ImageTextClassifier",
            "image_backbone": {"type": "ResNet_CIFAR", "depth": 18, "stem_channels": 4, "base_channels": 4},
            "image_neck": None if fusion is ATTENTION else {"type": "GlobalAveragePooling"},
            "text_encoder": parts[0] if len(parts) == 1 else {"type": "JoinedTextEncoder", "encoders": parts},
            "fusion": fusion,
            "head": {"type": "MoEClsHead", "num_classes": 4, "in_channels": 32, "hidden_channels": 8},
            "train_cfg": {"augments": [{"type": "Mixup", "alpha": 0.4}, {"type": "ResizeMix", "alpha": 1.0}]},
            "data_preprocessor": {"num_classes": 4},
            "channels_last": True,
        }
    )
    ids = torch.tensor([[2, 5, 3, 0], [2, 5, 6, 3], [0, 0, 0, 0], [2, 3, 0, 0]])
    inputs = {"img": images(size=16), **TEXTS, "text_box": torch.rand(4, 2, 4)}
    inputs |= {"text_ids": ids, "text_mask": (ids > 0).float()}
    inputs |= {"ngram_ids": torch.tensor([[1, 2], [3, 0], [0, 0], [4, 1]]), "ngram_weight": WEIGHT}
    layouts = []
    model.image_backbone.register_forward_pre_hook(
        lambda _, args: layouts.append(args[0].is_contiguous(memory_format=torch.channels_last))
    )
    for _ in range(4):
        data = {"inputs": dict(inputs), "data_samples": [DataSample().set_gt_label(i) for i in range(4)]}
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            batch = model.data_preprocessor(data, training=True)
            losses = model(**batch, mode="loss")
        model.zero_grad()
        losses["loss"].backward()
        # distributed training needs a gradient for all
        assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())
    assert layouts == [True] * 4
    for key in model.text_encoder.input_keys:
        assert batch["inputs"][key].shape[1] == (2 if "text_i" in key or "mask" in key else 4)


def test_rows_of_a_table_are_mixed_like_pixels():
    table = torch.tensor([[1.0, 0.0], [3.0, 4.0]])
    mixed = mix_texts({"table": table}, torch.tensor([1, 0]), torch.tensor([[0.75, 0.25], [1.0, 0.0]]))
    assert mixed["table"].tolist() == [[1.5, 1.0], [3.0, 4.0]]
