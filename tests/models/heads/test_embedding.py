import pytest
import torch
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models.heads import Embedding


def test_the_batch_has_mean_0_and_variance_1_whatever_came_in():
    torch.manual_seed(0)
    feature = torch.rand(64, 3) * torch.tensor([1.0, 100.0, 10.0]) + 5
    embedding = Embedding(3)
    assert embedding.out_channels == 3
    result = embedding(feature)
    assert_close(result, (feature - feature.mean(0)) / feature.std(0, correction=0), atol=1e-3, rtol=1e-3)
    assert [name for name, _ in embedding.named_parameters()] == ["norm.weight"]


def test_linear_layer_and_running_statistics():
    torch.manual_seed(0)
    embedding = Embedding(3, 2)
    feature = torch.randn(8, 3)
    for _ in range(200):
        trained = embedding(feature)
    linear = feature @ embedding.fc.weight.T
    assert_close(trained, (linear - linear.mean(0)) / linear.std(0, correction=0), atol=1e-3, rtol=1e-3)
    # Prediction takes the running mean and the unbiased running variance, for one sample too.
    expected = (linear - linear.mean(0)) / torch.sqrt(linear.var(0) + 1e-5)
    assert_close(embedding.eval()(feature[:1]), expected[:1])


def test_a_batch_of_one_is_refused_in_training():
    with pytest.raises(UserError, match="batch norm cannot train on a batch of one: raise train_dataloader.batch_size"):
        Embedding(3)(torch.randn(1, 3))
