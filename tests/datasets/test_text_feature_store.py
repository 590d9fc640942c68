"""Features of a tiny frozen BERT: those of the encoder itself, kept, and computed anew where something changed."""

import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import kdxf.models  # noqa: F401  (registers)
from kdxf.datasets import TokenizeForTransformer
from kdxf.datasets.text_feature_store import TextFeatureStore
from kdxf.errors import UserError
from kdxf.models import TransformerTextEncoder
from kdxf.text.ocr import OCRRecord

TEXTS = ["牛奶\na", "milk", "milks ，\n牛", "b"]


def records(*texts):
    return [OCRRecord.from_text(f"{index}.jpg", text) for index, text in enumerate(texts)]


@pytest.fixture
def bert(tiny_bert, tmp_path):
    """A copy of the tiny BERT, to be changed."""
    return shutil.copytree(tiny_bert, tmp_path / "bert")


@pytest.fixture
def options(bert, tmp_path):
    return dict(
        folder=tmp_path / "store",
        encoder=dict(type="TransformerTextEncoder", pretrained=str(bert), pooling="mean"),
        text=[dict(type="TokenizeForTransformer", tokenizer=str(bert), max_length=8)],
    )


def expected(bert, record):
    encoder = TransformerTextEncoder(pretrained=str(bert), pooling="mean")
    encoder.init_weights()
    tokens = TokenizeForTransformer(str(bert), max_length=8)({"ocr": record})
    with torch.no_grad():
        return encoder.eval()(*(torch.from_numpy(tokens[key])[None] for key in encoder.input_keys))[0].numpy()


def test_features_are_those_of_the_encoder(options, bert):
    store, texts = TextFeatureStore(**options), records(*TEXTS)
    for record in texts:  # computed at this moment, in float32
        np.testing.assert_allclose(store.feature(record), expected(bert, record), rtol=1e-4, atol=1e-5)
    assert store.compute(texts) == 4 and len(store) == 4 and texts[1] in store and "milk" not in store
    for record in texts:  # kept, in float16
        np.testing.assert_allclose(store.feature(record), expected(bert, record), rtol=2e-3, atol=2e-3)
    assert not np.allclose(store.feature(texts[0]), store.feature(texts[1]), atol=0.01)


def test_a_text_without_tokens_is_zeros(options):
    store = TextFeatureStore(**options)
    nothing, blanks = OCRRecord.empty("a.jpg"), OCRRecord.from_text("b.jpg", "\u200b")
    assert store.compute([nothing]) == 0  # there is nothing to keep
    for record in (nothing, blanks):
        assert store.feature(record).tolist() == [0] * 8


def test_only_a_changed_text_is_computed_anew(options):
    assert TextFeatureStore(**options).compute(records(*TEXTS)) == 4
    assert TextFeatureStore(**options).compute(records(*TEXTS[::-1])) == 0  # of other images
    assert TextFeatureStore(**options).compute(records("牛奶\na", "milk b", "milk", "milk b")) == 1
    moved = OCRRecord("m.jpg", ["milk"], np.ones(1, np.float32), np.ones((1, 4, 2), np.float32), 9, 9, "e", None)
    assert TextFeatureStore(**options).compute([moved]) == 1  # steps may look at the places of lines


def test_other_weights_another_tokenizer_or_other_steps_compute_all_anew(options, bert):
    store = TextFeatureStore(**options)
    store.compute(records(*TEXTS))
    longer = {**options, "text": [{**options["text"][0], "max_length": 3}]}
    assert TextFeatureStore(**longer).compute(records(*TEXTS)) == 4
    first_token = {**options, "encoder": {**options["encoder"], "pooling": "cls"}}
    assert TextFeatureStore(**first_token).compute(records(*TEXTS)) == 4
    (bert / "README.md").write_text("what the model is")
    assert TextFeatureStore(**options).compute(records(*TEXTS)) == 0
    (bert / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer", "do_lower_case": false}')
    assert TextFeatureStore(**options).compute(records(*TEXTS)) == 4
    weights = load_file(bert / "model.safetensors")
    save_file({name: value + 0.1 for name, value in weights.items()}, bert / "model.safetensors", {"format": "pt"})
    changed = TextFeatureStore(**options)
    assert changed.compute(records(*TEXTS)) == 4
    assert not np.allclose(changed.feature(records(TEXTS[0])[0]), store.feature(records(TEXTS[0])[0]), atol=0.01)


def test_another_place_of_the_model_changes_nothing(options, bert, tmp_path):
    store = TextFeatureStore(**options)
    moved = str(shutil.move(bert, tmp_path / "moved"))
    encoder = {**options["encoder"], "pretrained": moved}
    text = [{**options["text"][0], "tokenizer": moved}]
    assert TextFeatureStore(options["folder"], encoder, text).path == store.path


def test_encoders_without_weights(options, tmp_path):
    encoder = options["encoder"]
    with pytest.raises(UserError, match="the frozen text encoder has no weights; name some, such as pretrained='data"):
        TextFeatureStore(**{**options, "encoder": {"type": "TransformerTextEncoder", "config": encoder["pretrained"]}})
    with pytest.raises(UserError, match="out_channels adds a layer to the frozen text encoder that has no weights; l"):
        TextFeatureStore(**{**options, "encoder": {**encoder, "out_channels": 4}})
    with pytest.raises(UserError, match=r"LoadTextFeature: encoder.pretrained .*gone does not exist"):
        TextFeatureStore(**{**options, "encoder": {**encoder, "pretrained": str(tmp_path / "gone")}})


def test_weights_of_a_checkpoint(options, bert, tmp_path):
    """A text encoder that was trained on, with a layer of its own."""
    torch.manual_seed(0)
    trained = TransformerTextEncoder(config=str(bert), pooling="mean", out_channels=4).eval()
    torch.save(trained.state_dict(), tmp_path / "trained.pth")
    encoder = dict(
        type="TransformerTextEncoder",
        config=str(bert),
        pooling="mean",
        out_channels=4,
        init_cfg=dict(type="Pretrained", checkpoint=str(tmp_path / "trained.pth")),
    )
    store = TextFeatureStore(**{**options, "encoder": encoder})
    (record,) = records("牛奶")
    store.compute([record])
    with torch.no_grad():
        found = trained(torch.tensor([[2, 5, 6, 3]]), torch.ones(1, 4))[0]
    np.testing.assert_allclose(store.feature(record), found.numpy(), rtol=2e-3, atol=2e-3)
