"""A transformer of Hugging Face as text encoder."""

import copy
import shutil

import pytest
import torch
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models import TransformerTextEncoder
from kdxf.models.text_encoders.transformer_text_encoder import different_documents, document_shares
from kdxf.registry import MODELS

# Padding is 0 or whatever else; the texts of samples 0 and 1 are mixed, sample 2 has none and is its own partner.
PAIR_IDS = torch.tensor([[[2, 5, 3], [2, 3, 0]], [[2, 3, 9], [2, 5, 3]], [[0, 0, 0], [2, 5, 3]]])
PAIR_MASK = torch.tensor([[[0.7] * 3, [0.3, 0.3, 0]], [[0.7, 0.7, 0], [0.3] * 3], [[0.0] * 3, [0.0] * 3]])


def test_each_document_stands_once():
    ids, mask, boxes, which = different_documents(PAIR_IDS, PAIR_MASK)
    assert boxes is None
    assert ids.shape == mask.shape == (3, 3) and which.shape == (3, 2)
    assert torch.equal(torch.where(mask > 0, ids, 0)[which], torch.where(PAIR_MASK > 0, PAIR_IDS, 0))
    assert torch.equal(mask[which] > 0, PAIR_MASK > 0)


def test_shares():
    assert_close(document_shares(PAIR_MASK), torch.tensor([[0.7, 0.3], [0.7, 0.3], [1, 0]]))
    mask = torch.tensor([[[0.7, 0.7], [0, 0]], [[0, 0], [0.3, 0.0]]])  # where one has no text, the other is all
    assert document_shares(mask).tolist() == [[1, 0], [0, 1]]


# "牛 奶", "a", nothing; padded
IDS = torch.tensor([[2, 5, 6, 3, 0], [2, 7, 3, 0, 0], [0, 0, 0, 0, 0]])
MASK = torch.tensor([[1.0, 1, 1, 1, 0], [1, 1, 1, 0, 0], [0, 0, 0, 0, 0]])
LENGTHS = (4, 3)


@pytest.fixture
def make(tiny_bert):
    def make(**options):
        torch.manual_seed(0)
        if "config" not in options:
            options = {"pretrained": str(tiny_bert), **options}
        encoder = TransformerTextEncoder(**options)
        encoder.init_weights()
        return encoder.eval()

    return make


@pytest.fixture
def alone(tiny_bert):
    """The last hidden states of each document, computed on its own and without padding."""
    from transformers import AutoModel

    model = AutoModel.from_pretrained(tiny_bert).eval()
    with torch.no_grad():
        return [model(IDS[i : i + 1, :length]).last_hidden_state[0] for i, length in enumerate(LENGTHS)]


def fill(encoder):
    """Gives the parameters that start at zero other values."""
    with torch.no_grad():
        encoder.no_text.normal_()
        if encoder.score is not None:
            encoder.score.weight.normal_()


def test_first_token(make, alone):
    assert_close(make()(IDS, MASK)[:2], torch.stack([hidden[0] for hidden in alone]), atol=1e-5, rtol=1e-5)


def test_mean(make, alone):
    expected = torch.stack([hidden.mean(dim=0) for hidden in alone])
    assert_close(make(pooling="mean")(IDS, MASK)[:2], expected, atol=1e-5, rtol=1e-5)
    assert_close(make(pooling="attention")(IDS, MASK)[:2], expected, atol=1e-5, rtol=1e-5)  # starts as the mean


def test_documents_differ_by_weights_and_boxes():
    ids = torch.tensor([[[2, 5], [2, 5]]])
    mask = torch.tensor([[[0.7, 0.7], [0.3, 0.3]]])
    assert len(different_documents(ids, mask)[0]) == 1
    assert len(different_documents(ids, mask * torch.tensor([[1.0, 0.5], [1.0, 0.5]]))[0]) == 1
    ids_of, mask_of, _, which = different_documents(ids, mask * torch.tensor([[1.0, 0.5], [1.0, 1.0]]))
    assert len(ids_of) == 2
    assert_close(mask_of[which[0]], torch.tensor([[0.7, 0.35], [0.3, 0.3]]))
    boxes = torch.zeros(1, 2, 2, 4, dtype=torch.int64)
    boxes[0, 0, 1] = 9
    found = different_documents(ids, mask, boxes)
    assert torch.equal(found[2][found[3]], boxes)


def test_tokens_count_by_their_weights(make, alone):
    weights = MASK * torch.tensor([[1.0, 0.5, 0.25, 1, 0], [1, 0.5, 1, 0, 0], [0, 0, 0, 0, 0]])
    expected = [hidden.T @ (row[: len(hidden)] / row.sum()) for hidden, row in zip(alone, weights, strict=False)]
    found = make(pooling="mean")(IDS, weights)
    assert_close(found[:2], torch.stack(expected), atol=1e-5, rtol=1e-5)
    encoder = make(pooling="attention")
    fill(encoder)
    factors = [(hidden @ encoder.score.weight[0]).exp() for hidden in alone]
    shares = [row[: len(factor)] * factor for factor, row in zip(factors, weights, strict=False)]
    expected = [hidden.T @ (share / share.sum()) for hidden, share in zip(alone, shares, strict=True)]
    assert_close(encoder(IDS, weights)[:2], torch.stack(expected), atol=1e-5, rtol=1e-5)
    # The share of a mixed document does not change its feature.
    assert_close(encoder(IDS, weights * 0.3), encoder(IDS, weights), atol=1e-5, rtol=1e-5)
    assert_close(make()(IDS, weights), make()(IDS, MASK), atol=1e-5, rtol=1e-5)  # the first token alone


def test_attention(make, alone):
    encoder = make(pooling="attention")
    fill(encoder)
    score = encoder.score.weight[0]
    expected = [((hidden @ score).exp() / (hidden @ score).exp().sum()) @ hidden for hidden in alone]
    assert_close(encoder(IDS, MASK)[:2], torch.stack(expected), atol=1e-5, rtol=1e-5)


def test_projection(make, alone):
    encoder = make(pooling="mean", out_channels=3)
    assert encoder.out_channels == encoder.token_channels == 3
    expected = [encoder.project(hidden).mean(dim=0) for hidden in alone]
    assert_close(encoder(IDS, MASK)[:2], torch.stack(expected), atol=1e-5, rtol=1e-5)


def test_tokens(make, alone):
    encoder = make(out_channels=3)
    fill(encoder)
    tokens, weight = encoder.encode_tokens(IDS, MASK)
    assert tokens.shape == (3, 5, 3)
    assert_close(weight, MASK / torch.tensor([[4.0], [3.0], [1.0]]))
    for row, hidden in zip(tokens, alone, strict=False):
        assert_close(row[: len(hidden)], encoder.project(hidden), atol=1e-5, rtol=1e-5)
    assert torch.equal(tokens[MASK == 0], encoder.no_text.expand(8, 3))


def test_the_shares_of_tokens_are_those_of_attention(make):
    encoder = make(pooling="attention")
    fill(encoder)
    tokens, weight = encoder.encode_tokens(IDS, MASK)
    pooled = (weight.unsqueeze(-1) * tokens).sum(dim=1)
    assert_close(pooled[:2], encoder(IDS, MASK)[:2], atol=1e-5, rtol=1e-5)
    assert not weight[MASK == 0].any()


@pytest.mark.parametrize("pooling", ["cls", "mean", "attention"])
def test_no_text_has_a_learned_vector(make, pooling):
    encoder = make(pooling=pooling, out_channels=3)
    fill(encoder)
    found = encoder(IDS, MASK)
    assert torch.equal(found[2], encoder.no_text)
    # text that was silenced is no text, whatever its ids are
    assert torch.equal(encoder(IDS, torch.zeros_like(MASK)), encoder.no_text.expand(3, 3))
    encoder.train()(IDS, MASK).sum().backward()
    assert_close(encoder.no_text.grad, torch.ones(3))
    assert all(torch.isfinite(p.grad).all() for p in encoder.parameters())


@pytest.mark.parametrize("pooling", ["cls", "mean", "attention"])
def test_padding_does_not_count(make, pooling):
    encoder = make(pooling=pooling)
    fill(encoder)
    junk = torch.where(MASK > 0, IDS, 9)
    longer = torch.cat((junk, torch.full((3, 4), 9)), dim=1), torch.cat((MASK, torch.zeros(3, 4)), dim=1)
    assert_close(encoder(*longer), encoder(IDS, MASK), atol=1e-5, rtol=1e-5)


def test_xlnet_has_its_first_token_last(make):
    config = dict(model_type="xlnet", vocab_size=12, d_model=8, n_layer=2, n_head=2, d_inner=16, initializer_range=0.5)
    encoder = make(config=config)
    hidden = encoder._hidden(IDS, MASK > 0, None)
    assert torch.equal(encoder(IDS, MASK)[:2], torch.stack((hidden[0, 3], hidden[1, 2])))


KINDS = {
    "bert": {},
    "roberta": {"pad_token_id": 0},
    "xlm-roberta": {"pad_token_id": 0},
    "electra": {"embedding_size": 4},
    "distilbert": {"dim": 8, "n_layers": 2, "n_heads": 2, "hidden_dim": 16},
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_encoders(make, kind):
    size = dict(
        vocab_size=12,
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        type_vocab_size=1,
    )
    encoder = make(config={"model_type": kind, "max_position_embeddings": 16, **size, **KINDS[kind]}).train()
    assert encoder(IDS, MASK).shape == (3, 8)
    encoder(IDS, MASK).sum().backward()
    assert not [name for name, p in encoder.named_parameters() if p.grad is None]  # distributed training needs all
    frozen = make(config=encoder.model.config.to_dict(), frozen_stages=1)
    left = {name for name, p in frozen.model.named_parameters() if p.requires_grad}
    assert left and all(".layer.1." in name for name in left)


def test_weights_are_read_when_training_starts(tiny_bert, tmp_path):
    shutil.copy(tiny_bert / "config.json", tmp_path)
    encoder = TransformerTextEncoder(pretrained=str(tmp_path))  # to test and to predict, config.json is enough
    with pytest.raises(UserError, match=r"^TransformerTextEncoder: pretrained \S+ has no weights"):
        encoder.init_weights()
    trained = TransformerTextEncoder(pretrained=str(tiny_bert))
    trained.init_weights()
    encoder.load_state_dict(trained.state_dict())
    assert torch.equal(encoder.eval()(IDS, MASK), trained.eval()(IDS, MASK))


def test_initializing_the_whole_model_reads_them_once(tiny_bert, make):
    part = {"type": "TransformerTextEncoder", "pretrained": str(tiny_bert), "out_channels": 4}
    head = {"type": "LinearClsHead", "num_classes": 2, "in_channels": 4}
    model = MODELS.build({"type": "kdxf.ImageTextClassifier", "text_encoder": part, "head": head})
    drawn = copy.deepcopy(model.text_encoder.model.state_dict())
    model.init_weights()
    read = make().model.state_dict()
    name = "encoder.layer.0.attention.self.query.weight"
    assert torch.equal(model.text_encoder.model.state_dict()[name], read[name])
    assert not torch.equal(drawn[name], read[name])


@pytest.mark.parametrize("lora", [None, {"r": 2}])  # transformers itself would draw the layers of LoRA again
def test_initialization_does_not_draw_again(tiny_bert, lora):
    encoder = TransformerTextEncoder(config=str(tiny_bert), lora=lora)
    before = copy.deepcopy(encoder.state_dict())
    encoder.init_weights()
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())


def test_weights_are_read_once(make):
    encoder = make()
    weight = encoder.model.embeddings.word_embeddings.weight
    torch.nn.init.zeros_(weight)
    encoder.init_weights()
    assert not weight.any()


@pytest.mark.parametrize(("stages", "frozen"), [(-1, 0), (0, 5), (1, 5 + 16), (2, 5 + 32)])
def test_frozen_stages(make, stages, frozen):
    encoder = make(frozen_stages=stages, out_channels=4).train()
    assert sum(not p.requires_grad for p in encoder.parameters()) == frozen  # 5 of the embeddings, 16 of each layer
    assert encoder.model.embeddings.training == (stages < 0)
    assert [layer.training for layer in encoder.model.encoder.layer] == [stages < 1, stages < 2]
    before = copy.deepcopy(encoder.state_dict())
    optimizer = torch.optim.SGD(encoder.parameters(), lr=1.0)
    encoder(IDS, MASK).pow(2).sum().backward()
    optimizer.step()
    changed = {name for name, value in encoder.state_dict().items() if not torch.equal(value, before[name])}
    still = {name for name, p in encoder.named_parameters() if not p.requires_grad}
    assert not changed & still and "project.weight" in changed


@pytest.mark.parametrize("frozen", [-1, 1])
def test_gradient_checkpointing_gives_the_same_gradients(make, frozen):
    gradients, computed = [], []
    for checkpointing in (False, True):
        encoder = make(gradient_checkpointing=checkpointing, frozen_stages=frozen).train()
        encoder.model.encoder.layer[1].attention.register_forward_hook(lambda *_, on=checkpointing: computed.append(on))
        torch.manual_seed(1)  # the dropout
        encoder(IDS, MASK).pow(2).sum().backward()
        gradients.append({name: p.grad for name, p in encoder.named_parameters() if p.requires_grad})
    assert computed == [False, True, True]
    assert gradients[0].keys() == gradients[1].keys()
    for name, value in gradients[0].items():
        assert_close(gradients[1][name], value, msg=name)


def test_lora(make, tiny_bert):
    options = dict(lora=dict(r=2, alpha=4, target_modules=["query", "value"]), pooling="mean", out_channels=4)
    encoder = make(**options).train()
    trained = {name.split(".")[0] for name, p in encoder.named_parameters() if p.requires_grad and "lora" not in name}
    assert trained == {"project", "no_text"}
    before = copy.deepcopy(encoder.state_dict())
    optimizer = torch.optim.SGD([p for p in encoder.parameters() if p.requires_grad], lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        encoder(IDS, MASK).pow(2).sum().backward()
        optimizer.step()
    changed = {name for name, value in encoder.state_dict().items() if not torch.equal(value, before[name])}
    assert {"lora_A", "lora_B"} == {name.split(".")[-3] for name in changed if name.startswith("model.")}

    again = TransformerTextEncoder(pretrained=str(tiny_bert), **options).eval()
    again.load_state_dict(encoder.state_dict())
    assert_close(again(IDS, MASK), encoder.eval()(IDS, MASK))
    encoder.merge_lora()
    plain = TransformerTextEncoder(config=str(tiny_bert), pooling="mean", out_channels=4).eval()
    plain.load_state_dict(encoder.state_dict())
    assert_close(plain(IDS, MASK), again(IDS, MASK), atol=1e-5, rtol=1e-5)


def test_dropout(make):
    encoder = make(dropout=1.0)
    assert encoder(IDS, MASK).abs().sum() > 0
    assert encoder.train()(IDS, MASK).abs().sum() == 0


def test_bfloat16(make):
    encoder = make(pooling="attention", out_channels=4).train()
    with torch.autocast("cpu", torch.bfloat16):
        found = encoder(IDS, MASK)
    found.float().pow(2).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in encoder.parameters())
    encoder.eval()
    with torch.autocast("cpu", torch.bfloat16):
        assert_close(encoder(IDS, MASK).float(), encoder(IDS, MASK).float(), atol=0.1, rtol=0.1)


def mixed(share=0.7):
    """IDS mixed with the next document each: (0, 1), (1, nothing), (nothing, 0)."""
    partner = torch.tensor([1, 2, 0])
    mask = torch.stack((share * MASK, (1 - share) * MASK[partner]), dim=1)
    return torch.stack((IDS, IDS[partner]), dim=1), mask


@pytest.mark.parametrize("pooling", ["cls", "mean", "attention"])
def test_pairs(make, pooling):
    encoder = make(pooling=pooling, out_channels=3)
    fill(encoder)
    lengths = []
    encoder.model.register_forward_hook(lambda *args: lengths.append(len(args[-1].last_hidden_state)))
    first, second, _ = encoder(IDS, MASK)
    # beside a document without text a document is as it is alone
    assert_close(encoder(*mixed()), torch.stack((0.7 * first + 0.3 * second, second, first)), atol=1e-5, rtol=1e-5)
    assert lengths == [3, 3]  # three documents, each encoded once
    assert_close(encoder(*mixed(1.0)), encoder(IDS, MASK), atol=1e-5, rtol=1e-5)
    assert_close(encoder(*mixed(0.0)), encoder(IDS, MASK)[[1, 2, 0]], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("pooling", ["cls", "attention"])
def test_tokens_of_pairs(make, pooling):
    encoder = make(pooling=pooling, out_channels=3)
    fill(encoder)
    tokens, weight = encoder.encode_tokens(IDS, MASK)
    both, shares = encoder.encode_tokens(*mixed())
    assert both.shape == (3, 10, 3)
    assert_close(both[0], torch.cat((tokens[0], tokens[1])), atol=1e-5, rtol=1e-5)
    assert_close(shares[0], torch.cat((0.7 * weight[0], 0.3 * weight[1])), atol=1e-5, rtol=1e-5)
    assert_close(shares[1], torch.cat((weight[1], 0 * weight[1])), atol=1e-5, rtol=1e-5)


def test_gradients_of_pairs(make):
    encoder = make(pooling="attention", out_channels=3).train()
    fill(encoder)
    encoder(*mixed()).square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in encoder.parameters())
    assert not encoder.no_text.grad.any()  # every pair has text
    encoder(*(value[1:2] for value in mixed(0.0))).sum().backward()
    assert_close(encoder.no_text.grad, torch.ones(3))


def test_too_long(make):
    encoder = make()
    assert encoder.max_positions == 16
    encoder(torch.ones(1, 16, dtype=torch.long), torch.ones(1, 16))
    with pytest.raises(
        UserError,
        match=r"^the documents have up to 17 tokens, but the text encoder has 16 positions: set max_length of "
        r"TokenizeForTransformer to that, or less$",
    ):
        encoder(torch.ones(1, 17, dtype=torch.long), torch.ones(1, 17))
    roberta = make(config=dict(model_type="roberta", vocab_size=9, hidden_size=8, num_hidden_layers=1,
                               num_attention_heads=2, intermediate_size=8, max_position_embeddings=18))  # fmt: skip
    assert roberta.max_positions == 16  # two positions belong to the padding


def test_tokens_of_another_model(make):
    with pytest.raises(
        UserError,
        match=r"^the documents have the token id 12, but the text encoder knows 12 tokens: give TokenizeForTransformer "
        r"the tokenizer of the same model$",
    ):
        make()(torch.tensor([[2, 12, 3]]), torch.ones(1, 3))


def test_errors(make):
    with pytest.raises(ValueError, match="^pooling must be one of cls, mean, attention, got 'max'$"):
        make(pooling="max")
    for options in ({}, {"pretrained": "x", "config": "y"}):
        with pytest.raises(ValueError, match="^give either pretrained or config$"):
            TransformerTextEncoder(**options)
    with pytest.raises(
        UserError, match=r"^TransformerTextEncoder: pretrained hfl/bert is a name on the Hugging Face hub"
    ):
        TransformerTextEncoder(pretrained="hfl/bert")
    with pytest.raises(
        UserError,
        match=r"^TransformerTextEncoder: frozen_stages is 3, but the model has 2 layers of their own weights; give at "
        r"most that, or -1$",
    ):
        make(frozen_stages=3)
    albert = dict(model_type="albert", hidden_size=8, embedding_size=4, num_attention_heads=2, intermediate_size=8)
    with pytest.raises(UserError, match=r"frozen_stages is 0, but the model has 0 layers of their own weights"):
        make(config={**albert, "num_hidden_layers": 2}, frozen_stages=0)
    with pytest.raises(UserError, match="^TransformerTextEncoder: albert has no gradient checkpointing; leave it out$"):
        make(config=albert, gradient_checkpointing=True)
    with pytest.raises(UserError, match=r"^TransformerTextEncoder: lora: set target_modules to names of linear layers"):
        make(lora={"target_modules": ["nowhere"]})


@pytest.mark.parametrize("pooling", ["cls", "attention"])
def test_in_a_fusion_of_sequences(tiny_bert, pooling):
    model = MODELS.build(
        {
            "type": "kdxf.ImageTextClassifier",
            "image_backbone": {"type": "ResNet_CIFAR", "depth": 18, "stem_channels": 4, "base_channels": 4},
            "text_encoder": {"type": "TransformerTextEncoder", "config": str(tiny_bert), "pooling": pooling},
            "fusion": {"type": "CrossAttentionFusion", "image_channels": 32, "text_channels": 8, "embed_dims": 16},
            "head": {"type": "LinearClsHead", "num_classes": 2, "in_channels": 32},
        }
    )
    inputs = {"img": torch.randn(3, 3, 16, 16), "text_ids": IDS, "text_mask": MASK}
    logits = model(inputs, mode="tensor")
    logits.sum().backward()
    assert logits.shape == (3, 2) and torch.isfinite(logits).all()
    assert model.text_encoder.model.embeddings.word_embeddings.weight.grad.abs().sum() > 0
    assert not [name for name, p in model.named_parameters() if p.grad is None]  # distributed training needs all


def test_it_can_be_exported_for_any_batch_and_length(make):
    encoder = make().eval()
    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    exported = torch.export.export(encoder, (IDS, MASK), dynamic_shapes=(free, free)).module()
    for rows, length in ((slice(None), 4), (slice(0, 1), 3)):
        ids, mask = IDS[rows, :length], MASK[rows, :length]
        assert_close(exported(ids, mask), encoder(ids, mask), atol=1e-5, rtol=1e-5)
