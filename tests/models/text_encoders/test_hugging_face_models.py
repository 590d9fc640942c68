"""Architectures and weights from local folders."""

import copy
import json
import logging.handlers
import re
import shutil
import sys

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models.text_encoders.hugging_face_models import add_lora, build_model, load_weights, merge_lora

OPTION = "Encoder: pretrained"
IDS = torch.tensor([[2, 5, 6, 3]])


def refused(message):
    return pytest.raises(UserError, match=f"^{message}$")


@pytest.fixture
def folder(tiny_bert, tmp_path):
    """A copy to be changed."""
    return shutil.copytree(tiny_bert, tmp_path / "copy")


def change_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def weights_of(folder):
    return load_file(folder / "model.safetensors")


def test_build_from_a_folder_and_from_a_dict(tiny_bert):
    model = build_model(str(tiny_bert), OPTION)
    other = build_model(json.loads((tiny_bert / "config.json").read_text()), OPTION)
    assert model.config.hidden_size == other.config.hidden_size == 8
    shapes = {name: value.shape for name, value in model.state_dict().items()}
    assert shapes == {name: value.shape for name, value in other.state_dict().items()}
    assert not any("pooler" in name for name in shapes)


def test_the_weights_are_those_of_the_folder(tiny_bert):
    model = build_model(tiny_bert, OPTION)
    load_weights(model, tiny_bert, OPTION)
    saved = weights_of(tiny_bert)
    for name, value in model.state_dict().items():
        assert torch.equal(value, saved[f"bert.{name}"]), name


def test_half_precision_weights_become_float32(folder):
    change_config(folder, dtype="bfloat16", torch_dtype="bfloat16")
    model = build_model(folder, OPTION)
    load_weights(model, folder, OPTION)
    assert {value.dtype for value in model.state_dict().values()} == {torch.float32}


@pytest.mark.parametrize("form", ["bin", "parts", "old names"])
def test_forms_of_weight_files(tiny_bert, folder, form):
    saved = weights_of(folder)
    (folder / "model.safetensors").unlink()
    if form == "parts":
        halves = [dict(list(saved.items())[part::2]) for part in range(2)]
        index = {}
        for part, half in enumerate(halves):
            torch.save(half, folder / f"part-{part}.bin")
            index.update(dict.fromkeys(half, f"part-{part}.bin"))
        (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": index}))
    else:
        if form == "old names":  # as Google's conversions and those of chinese-roberta-wwm-ext have them
            rename = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
            saved = {
                re.sub("|".join(rename), lambda found: rename[found[0]], key): value for key, value in saved.items()
            }
        torch.save(saved, folder / "pytorch_model.bin")
    models = [build_model(tiny_bert, OPTION) for _ in range(2)]
    load_weights(models[0], tiny_bert, OPTION)
    load_weights(models[1], folder, OPTION)
    for one, other in zip(*(model.state_dict().values() for model in models), strict=True):
        assert torch.equal(one, other)


def test_weights_under_lora(tiny_bert):
    plain, adapted = build_model(tiny_bert, OPTION).eval(), build_model(tiny_bert, OPTION).eval()
    add_lora(adapted, OPTION, r=2, target_modules=["query"])
    for model in (plain, adapted):
        load_weights(model, tiny_bert, OPTION)
    assert_close(adapted(IDS).last_hidden_state, plain(IDS).last_hidden_state)


def test_no_code_of_a_folder_is_run(folder, tmp_path):
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Evil: pass\n")
    change_config(folder, auto_map={"AutoConfig": "evil.Evil", "AutoModel": "evil.Evil"})
    model = build_model(folder, OPTION)
    (folder / "model.safetensors").unlink()

    class Bomb:
        def __reduce__(self):
            return open, (str(tmp_path / "ran"), "w")

    torch.save({"weight": Bomb()}, folder / "pytorch_model.bin")
    with refused(r"checkpoint \S+pytorch_model\.bin is refused: its pickle wants \S*open, which can run code; .*"):
        load_weights(model, folder, OPTION)
    assert not (tmp_path / "ran").exists()


def test_architectures_that_cannot_be_built(folder):
    change_config(folder, model_type="evil", auto_map={"AutoConfig": "evil.Evil"})
    with refused(
        r"\S+config\.json: transformers [\d.]+ does not know the model_type 'evil'; kdxf runs no code that comes with "
        "a model, so take another model or a newer transformers"
    ):
        build_model(folder, OPTION)
    with refused("Encoder: config names no model_type, such as 'bert'"):
        build_model({"hidden_size": 8}, "Encoder: config")
    with refused("Encoder: config: t5 is an encoder with a decoder; take an encoder, such as a BERT"):
        build_model({"model_type": "t5"}, "Encoder: config")
    with refused("Encoder: config: bert cannot be built with these settings: .*9.*2.*"):
        build_model({"model_type": "bert", "hidden_size": 9, "num_attention_heads": 2}, "Encoder: config")


def test_weights_that_cannot_be_used(tiny_bert, folder):
    name = re.escape(str(folder))
    change_config(folder, num_hidden_layers=3)
    with refused(
        rf"Encoder: pretrained {name}: 16 of the model's 53 weights are missing \(first: encoder\.layer\.2\.\S+\)"
        "; the weights are another model's, or incomplete"
    ):
        load_weights(build_model(folder, OPTION), folder, OPTION)
    change_config(folder, num_hidden_layers=2, vocab_size=20)
    with refused(
        rf"Encoder: pretrained {name}: the weights do not fit config\.json in their sizes \(first: "
        r"embeddings\.word_embeddings\.weight\)"
    ):
        load_weights(build_model(folder, OPTION), folder, OPTION)
    (folder / "model.safetensors").unlink()
    with refused(
        rf"Encoder: pretrained {name} has no weights \(model\.safetensors or pytorch_model\.bin\); download them, or "
        "give the folder as config in place of pretrained to start from scratch"
    ):
        load_weights(build_model(tiny_bert, OPTION), folder, OPTION)


def test_nothing_is_said_of_heads_that_are_left_out(tiny_bert, capfd, monkeypatch):
    said = logging.handlers.BufferingHandler(1000)
    monkeypatch.setattr(logging.getLogger("transformers"), "handlers", [said])
    load_weights(build_model(tiny_bert, OPTION), tiny_bert, OPTION)
    assert said.buffer == []
    assert capfd.readouterr() == ("", "")


def test_transformers_is_missing(tiny_bert, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    install = r"pip install 'kdxf\[transformers\]' \(in a clone: pip install -e '\.\[transformers\]'\)"
    with refused(rf"Encoder needs the package transformers: {install}"):
        build_model(tiny_bert, OPTION)


LORA_OPTION = "Encoder: lora"
X = torch.tensor([[1.0, 2.0]])


def make():
    torch.manual_seed(0)
    return nn.ModuleDict({"query": nn.Linear(2, 2), "value": nn.Linear(2, 2), "norm": nn.LayerNorm(2)})


def test_only_the_updates_train():
    model = make()
    add_lora(model, LORA_OPTION, r=1, target_modules=["query"])
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert trained == {"query.lora_A.default.weight", "query.lora_B.default.weight"}


def test_by_hand_and_merged():
    model = make()
    plain = copy.deepcopy(model)
    add_lora(model, LORA_OPTION, r=2, alpha=6, target_modules=["query", "value"])
    assert_close(model["query"](X), plain["query"](X))
    a, b = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[1.0, 1.0], [0.0, 1.0]])
    with torch.no_grad():
        model["query"].lora_A["default"].weight.copy_(a)
        model["query"].lora_B["default"].weight.copy_(b)
    # A x = (1, 4), B A x = (5, 4), times alpha / r = 3
    expected = plain["query"](X) + torch.tensor([[15.0, 12.0]])
    assert_close(model["query"](X), expected)

    merge_lora(model)
    assert type(model["query"]) is type(model["value"]) is nn.Linear
    assert model.state_dict().keys() == plain.state_dict().keys()
    assert_close(model["query"](X), expected)
    assert_close(model["value"](X), plain["value"](X))
    assert_close(model["query"].weight, plain["query"].weight + 3 * b @ a)


def test_dropout():
    model = make()
    add_lora(model, LORA_OPTION, r=1, dropout=0.25, target_modules=["query"])
    assert model["query"].lora_dropout["default"].p == 0.25


@pytest.mark.parametrize("targets", [["q_proj"], None])
def test_faults(targets):
    with pytest.raises(
        UserError, match=r"^Encoder: lora: set target_modules to names of linear layers; the model has query, value$"
    ):
        add_lora(make(), LORA_OPTION, target_modules=targets)


def test_peft_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(UserError, match=r"^Encoder: lora needs the package peft: pip install 'kdxf\[transformers\]'"):
        add_lora(make(), LORA_OPTION)
