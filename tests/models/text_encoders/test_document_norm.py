import pytest
import torch
from torch.testing import assert_close

from kdxf.models.text_encoders.document_norm import HORIZON, DocumentNorm

ALL = torch.tensor([True, True])


def test_first_batch_sets_the_statistics():
    norm = DocumentNorm(2)
    # means 2 and 20; unbiased variances ((1 - 2)^2 + (3 - 2)^2) / 1 = 2 and 200; the row without text stands aside
    document = torch.tensor([[1.0, 10.0], [3.0, 30.0], [0.0, 0.0]])
    out = norm(document, torch.tensor([True, True, False]))
    assert_close(norm.mean, torch.tensor([2.0, 20.0]))
    assert_close(norm.var, torch.tensor([2.0, 200.0]))
    half = 0.5**0.5
    assert_close(out, torch.tensor([[-half, -half], [half, half], [0.0, 0.0]]))


def test_batches_are_averaged():
    norm = DocumentNorm(1)
    for low in (0.0, 3.0, 6.0):
        norm(torch.tensor([[low], [low + 2]]), ALL)
    # batch means 1, 4, 7 and variance 2 in each
    assert norm.mean.item() == pytest.approx(4)
    assert norm.var.item() == pytest.approx(2)


def test_old_batches_fade():
    norm = DocumentNorm(1)
    for _ in range(HORIZON):
        norm(torch.tensor([[0.0], [2.0]]), ALL)
    norm(torch.tensor([[100.0], [102.0]]), ALL)
    assert norm.mean.item() == pytest.approx(1 + 100 / HORIZON)


def test_evaluation_leaves_the_statistics():
    norm = DocumentNorm(1)
    norm(torch.tensor([[1.0], [3.0]]), ALL)
    out = norm.eval()(torch.tensor([[2.0], [4.0]]), ALL)
    assert_close(out, torch.tensor([[0.0], [2**0.5]]))
    assert norm.mean.item() == 2


@pytest.mark.parametrize("has_text", [[True, False], [False, False]])
def test_fewer_than_two_texts_leave_the_statistics(has_text):
    norm = DocumentNorm(1)
    out = norm(torch.tensor([[5.0], [0.0]]), torch.tensor(has_text))
    assert out.tolist() == [[5.0 if has_text[0] else 0.0], [0.0]]
    assert norm.num_batches == 0


def test_no_text_vector_learns():
    norm = DocumentNorm(2)
    norm(torch.ones(2, 2), torch.tensor([True, False])).sum().backward()
    assert norm.no_text.grad.tolist() == [1, 1]


def test_statistics_are_saved():
    norm, other = DocumentNorm(1), DocumentNorm(1)
    norm(torch.tensor([[1.0], [3.0]]), ALL)
    other.load_state_dict(norm.state_dict())
    assert (other.mean.item(), other.var.item(), other.num_batches.item()) == (2, 2, 1)


def test_bfloat16_is_computed_in_float32():
    assert DocumentNorm(1).eval()(torch.ones(2, 1, dtype=torch.bfloat16), ALL).dtype == torch.float32
