from types import SimpleNamespace

import torch
from torch import nn

from kdxf.engine.validation import validate


class Evaluator:
    """Counts the samples, and says how many there should be."""

    def __init__(self):
        self.seen = []

    def process(self, data_samples, data_batch):
        self.seen.append((data_samples, data_batch))

    def evaluate(self, size):
        return {"size": size, "matrix": torch.ones(2, 2)}


def test_every_batch_is_predicted_and_numbers_are_kept():
    model, evaluator = nn.Dropout(), Evaluator()
    model.val_step = lambda batch: (batch * 2, torch.is_grad_enabled(), model.training)
    loader = type("Loader", (list,), {"dataset": range(3)})([1, 5])
    scores = validate(SimpleNamespace(dataloader=loader, evaluator=evaluator, fp16=False), model.train())
    assert scores == {"size": 3.0}
    assert evaluator.seen == [((2, False, False), 1), ((10, False, False), 5)]
