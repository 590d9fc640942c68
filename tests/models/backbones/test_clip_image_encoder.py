"""The image tower of a pair answers as the library's own model does."""

import pytest
import torch
from pair_fixtures import features_of
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models import ClipImageEncoder


def built(folder, **options):
    encoder = ClipImageEncoder({"type": "Pretrained", "checkpoint": str(folder)}, **options)
    encoder.init_weights()
    return encoder.eval()


def test_gives_the_feature_of_the_library(pair_folder):
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    encoder = built(pair_folder)
    assert encoder.out_channels == 8
    assert_close(encoder(images)[0][:, :, 0, 0], features_of(pair_folder, images=images))


def test_lora_starts_as_the_model_trains_updates_alone_and_merges(pair_folder):
    pytest.importorskip("peft")
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    encoder, plain = built(pair_folder, lora={"r": 2}), built(pair_folder)
    assert_close(encoder(images)[0], plain(images)[0])
    trained = [name for name, weight in encoder.named_parameters() if weight.requires_grad]
    assert len(trained) == 8 and all(".lora_" in name for name in trained)  # A and B of two layers of two blocks
    with torch.no_grad():
        for name, weight in encoder.named_parameters():
            if "lora_B" in name:
                weight.fill_(0.3)
    adapted = encoder(images)[0]
    assert (adapted - plain(images)[0]).abs().max() > 1e-3
    again = ClipImageEncoder(config=str(pair_folder), lora={"r": 2}).eval()
    again.load_state_dict(encoder.state_dict())  # as a checkpoint brings them
    assert_close(again(images)[0], adapted)
    encoder.merge_lora()
    assert_close(encoder(images)[0], adapted)
    assert encoder.state_dict().keys() == plain.state_dict().keys()


def test_refused(tiny_bert):
    with pytest.raises(UserError, match="^ClipImageEncoder: give init_cfg=dict"):
        ClipImageEncoder()
    message = "^ClipImageEncoder: config: the model_type 'dinov2' is no pair of image and text"
    settings = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "image_size": 28}
    with pytest.raises(UserError, match=message):
        ClipImageEncoder(config={"model_type": "dinov2", **settings})
