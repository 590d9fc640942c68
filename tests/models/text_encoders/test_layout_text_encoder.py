"""Transformers that take the boxes of tokens, against the library's own."""

import re

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from kdxf.datasets.collate import pad_collate
from kdxf.errors import UserError
from kdxf.models import LayoutTextEncoder
from kdxf.registry import MODELS, TRANSFORMS
from kdxf.text.ocr import OCRRecord

transformers = pytest.importorskip("transformers", reason="needs the extra 'transformers'")
SIZE = dict(
    vocab_size=12,
    hidden_size=24,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=16,
    max_position_embeddings=18,
    pad_token_id=0,
    initializer_range=0.5,
)
KINDS = {"layoutlm": {}, "layoutlmv3": {"coordinate_size": 4, "shape_size": 4}, "lilt": {"channel_shrink_ratio": 4}}
POSITIONS = {"layoutlm": 18, "layoutlmv3": 17, "lilt": 17}
IDS = torch.tensor([[2, 5, 6, 3, 0], [2, 7, 3, 0, 0], [0, 0, 0, 0, 0]])
MASK = torch.tensor([[1.0, 1, 1, 1, 0], [1, 1, 1, 0, 0], [0, 0, 0, 0, 0]])
BOXES = torch.zeros(3, 5, 4, dtype=torch.int64)
BOXES[0, 1:3] = torch.tensor([100, 200, 900, 1000])
BOXES[1, 1] = torch.tensor([0, 0, 1000, 400])


@pytest.fixture(params=KINDS, scope="module")
def folder(request, tmp_path_factory):
    """A model with weights, and the tokenizer of a BERT."""
    path = tmp_path_factory.mktemp(request.param)
    config = transformers.AutoConfig.for_model(request.param, **SIZE, **KINDS[request.param])
    torch.manual_seed(0)
    transformers.AutoModel.from_config(config).save_pretrained(path)
    words = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "牛", "奶", "a", "b", "milk", "##s", "，")
    (path / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    (path / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    return path


def built(folder, **options):
    encoder = LayoutTextEncoder(str(folder), **options)
    encoder.load_pretrained(str(folder))
    return encoder.eval()


def test_it_gives_the_states_of_the_library(folder):
    model = transformers.AutoModel.from_pretrained(folder).eval()
    encoder = built(folder)
    assert encoder.max_positions == POSITIONS[model.config.model_type]
    with torch.no_grad():
        for row, length in ((0, 4), (1, 3)):
            call = {"input_ids": IDS[row : row + 1, :length], "bbox": BOXES[row : row + 1, :length]}
            expected = model(**call).last_hidden_state[0, 0]
            assert_close(encoder(IDS, MASK, BOXES)[row], expected, atol=1e-4, rtol=1e-4)
        assert torch.equal(encoder(IDS, MASK, BOXES)[2], encoder.no_text)
        elsewhere = encoder(IDS, MASK, torch.where(BOXES > 0, BOXES // 2, 0))
        assert (elsewhere[:2] - encoder(IDS, MASK, BOXES)[:2]).abs().max() > 1e-3


def test_pairs_of_a_mixed_batch(folder):
    encoder = built(folder, pooling="mean")
    single = encoder(IDS[:2], MASK[:2], BOXES[:2])
    # The same words in another place are another document.
    moved = torch.where(BOXES > 0, BOXES // 2, 0)
    ids = torch.stack([IDS[:2], IDS[:2]], dim=1)
    mask = torch.stack([MASK[:2] * 0.75, MASK[:2] * 0.25], dim=1)
    found = encoder(ids, mask, torch.stack([BOXES[:2], moved[:2]], dim=1))
    assert_close(found, 0.75 * single + 0.25 * encoder(IDS[:2], MASK[:2], moved[:2]), atol=1e-4, rtol=1e-4)
    tokens, shares = encoder.encode_tokens(ids, mask, torch.stack([BOXES[:2], moved[:2]], dim=1))
    assert tokens.shape == (2, 10, 24) and shares.shape == (2, 10)
    assert_close(shares.sum(dim=1), torch.ones(2))


def test_from_ocr_to_a_class(folder):
    """Of the three, tests/export/test_graph.py exports a LiLT."""
    config = dict(
        type="ImageTextClassifier",
        text_encoder=dict(type="LayoutTextEncoder", pretrained=str(folder), pooling="mean"),
        head=dict(type="LinearClsHead", num_classes=3, in_channels=24),
    )
    model = MODELS.build({**config, "_scope_": "kdxf"}).eval()
    model.init_weights()
    box = np.array([[[10, 10], [90, 10], [90, 30], [10, 30]]], np.float32)
    step = TRANSFORMS.build(dict(type="TokenizeForTransformer", tokenizer=str(folder), max_length=6, boxes=True))
    found = step.transform({"ocr": OCRRecord("x", ["牛奶"], np.ones(1, np.float32), box, 100, 40, "", None)})
    assert found["text_boxes"].tolist() == [[0] * 4, *[[100, 250, 900, 750]] * 2, *[[0] * 4] * 3]
    keys = ("text_ids", "text_mask", "text_boxes")
    inputs = pad_collate([{"inputs": {key: torch.from_numpy(found[key]) for key in keys}}])["inputs"]
    assert inputs["text_boxes"].shape == (1, 4, 4)
    assert model(inputs).shape == (1, 3)
    message = r"^the batch has no 'text_boxes', which text_encoder \(LayoutTextEncoder\) needs: .*boxes=True"
    with pytest.raises(UserError, match=message):
        model({key: inputs[key] for key in keys[:2]})


def test_it_trains(folder):
    encoder = built(folder, frozen_stages=1, gradient_checkpointing=False).train()
    encoder(IDS, MASK, BOXES).pow(2).sum().backward()
    trained = {name for name, p in encoder.model.named_parameters() if p.grad is not None and p.grad.any()}
    assert trained and all(".layer.1." in name for name in trained)


def test_faults_are_named():
    with pytest.raises(
        UserError,
        match=r"^LayoutTextEncoder: config: boxes are for layoutlm, layoutlmv3, lilt, not for bert: "
        r"TransformerTextEncoder is for models that take none$",
    ):
        LayoutTextEncoder(config={"model_type": "bert", **SIZE})
    message = (
        "LayoutTextEncoder: config: boxes are for layoutlm, layoutlmv3, lilt, not for layoutlmv2: it needs detectron2, "
        "which kdxf does not use; take a LiLT, such as lilt-infoxlm-base"
    )
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        LayoutTextEncoder(config={"model_type": "layoutlmv2", **SIZE})
    message = (
        "LayoutTextEncoder: config: the model has 1000 places for boxes, which go from 0 to 1000; take a model with "
        "max_2d_position_embeddings above that"
    )
    small = {"model_type": "layoutlm", **SIZE, "max_2d_position_embeddings": 1000}
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        LayoutTextEncoder(config=small)
    with pytest.raises(ValueError, match=r"needs text_boxes, which TokenizeForTransformer\(boxes=True\) makes"):
        LayoutTextEncoder(config={**small, "max_2d_position_embeddings": 1001})(IDS, MASK)
