"""The text tower of a pair answers as the library's own model does."""

import re

import numpy as np
import pytest
import torch
from pair_fixtures import features_of
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.export import GraphInput, Portable, PortableModel, export_graph
from kdxf.models import ClipTextEncoder
from kdxf.registry import MODELS, TRANSFORMS
from kdxf.text.ocr import OCRRecord

TEXTS = ["milk sale", "牛奶 milk", "a"]


def built(folder, **options):
    encoder = ClipTextEncoder(str(folder), **options)
    encoder.load_pretrained(str(folder))
    return encoder.eval()


def tokens(folder, texts, length=16):
    """Return ids and mask (N, L) as the pipeline makes them."""
    step = TRANSFORMS.build(dict(type="TokenizeForTransformer", tokenizer=str(folder), max_length=length))
    box = np.zeros((1, 4, 2), np.float32)
    found = [
        step.transform({"ocr": OCRRecord("a", [text], np.ones(1, np.float32), box, 8, 8, "", None)}) for text in texts
    ]
    return (torch.from_numpy(np.stack([one[key] for one in found])) for key in ("text_ids", "text_mask"))


def test_gives_the_feature_of_the_library(pair_folder):
    encoder = built(pair_folder)
    assert encoder.out_channels == 8
    expected = features_of(pair_folder, texts=TEXTS)
    ids, mask = tokens(pair_folder, TEXTS)
    assert_close(encoder(ids, mask), expected)
    longest = int(mask.sum(dim=1).max())  # a batch is cut to its longest text
    assert_close(encoder(ids[:, :longest], mask[:, :longest]), expected)


def test_no_text_and_mixed_texts(pair_folder):
    encoder = built(pair_folder)
    with torch.no_grad():
        encoder.no_text.fill_(0.5)
    ids, mask = tokens(pair_folder, TEXTS[:2])
    single = encoder(ids, mask)
    assert_close(encoder(ids, mask * 0), torch.full((2, 8), 0.5))
    pairs = torch.stack([ids, ids.flip(0)], dim=1), torch.stack([mask * 0.75, mask.flip(0) * 0.25], dim=1)
    assert_close(encoder(*pairs), 0.75 * single + 0.25 * single.flip(0))


def test_tokens_for_fusions_on_sequences(pair_folder):
    ids, mask = tokens(pair_folder, TEXTS, 12)
    features, shares = built(pair_folder).encode_tokens(ids, mask)
    assert features.shape == (3, 12, 8)
    assert_close(shares.sum(dim=1), torch.ones(3))


def test_lora(pair_folder):
    pytest.importorskip("peft")
    ids, mask = tokens(pair_folder, TEXTS)
    encoder = built(pair_folder, lora={"r": 2})
    assert_close(encoder(ids, mask), features_of(pair_folder, texts=TEXTS))
    trained = [name for name, weight in encoder.named_parameters() if weight.requires_grad and ".lora_" not in name]
    assert trained == ["no_text"]
    encoder(ids, mask).sum().backward()
    assert all(weight.grad is not None for name, weight in encoder.named_parameters() if ".lora_B" in name)


def test_a_graph_of_each_kind(pair_folder, tmp_path):
    """Texts are shorter than a SigLIP's positions, which its graph fills up."""
    pytest.importorskip("onnxscript")
    model = MODELS.build(
        dict(
            type="ImageTextClassifier",
            text_encoder=dict(type="ClipTextEncoder", pretrained=str(pair_folder)),
            head=dict(type="LinearClsHead", num_classes=3, in_channels=8),
            _scope_="kdxf",
        )
    )
    encoder = model.text_encoder
    encoder.load_pretrained(str(pair_folder))
    count = encoder.model.get_input_embeddings().num_embeddings
    inputs = (
        GraphInput("text_ids", "int64", (None, None), 12, count),
        GraphInput("text_mask", "float32", (None, None), 12),
    )
    portable = Portable(PortableModel(model.eval(), None, None, True), inputs, [])
    assert export_graph(portable, tmp_path / "model.onnx").score < 1e-4


def test_refused(pair_folders, tiny_bert):
    message = f"ClipTextEncoder: pretrained {tiny_bert}: the model_type 'bert' is no pair of image and text"
    with pytest.raises(UserError, match=f"^{re.escape(message)}"):
        ClipTextEncoder(str(tiny_bert))
    with pytest.raises(ValueError, match="^give either pretrained or config$"):
        ClipTextEncoder()
    encoder = built(pair_folders["siglip"])
    with pytest.raises(UserError, match="^the documents have up to 17 tokens, but the text encoder has 16 positions"):
        encoder(torch.ones(1, 17, dtype=torch.int64), torch.ones(1, 17))
    with pytest.raises(UserError, match="max_length is 17, but the model of .* takes 16 tokens; give at most that$"):
        list(tokens(pair_folders["clip"], TEXTS, 17))


def test_from_scratch():
    tower = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    text = {**tower, "vocab_size": 9, "max_position_embeddings": 5, "pad_token_id": 3}
    encoder = ClipTextEncoder(config={"model_type": "siglip", "text_config": text, "vision_config": {}}).eval()
    assert (encoder.out_channels, encoder.pad_id, encoder.max_positions) == (16, 3, 5)
    assert encoder(torch.ones(2, 4, dtype=torch.int64), torch.ones(2, 4)).shape == (2, 16)
