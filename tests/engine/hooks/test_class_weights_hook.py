from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from mmengine.model import ExponentialMovingAverage
from mmengine.registry import DefaultScope
from mmpretrain.models.heads import LinearClsHead
from numpy.testing import assert_allclose
from torch import nn

from kdxf.apis.train import train
from kdxf.engine.config import load_config
from kdxf.engine.hooks import ClassWeightsHook
from kdxf.engine.hooks.class_weights_hook import class_counts, class_weights
from kdxf.errors import UserError
from kdxf.models import HierarchicalClsHead
from kdxf.registry import DATASETS


@pytest.fixture
def config(tmp_path):
    """Makes the config of a dataset with these labels."""

    def make(labels, **options):
        path = tmp_path / f"{labels}.csv"
        path.write_text("image,label\n" + "".join(f"{row}.jpg,{label}\n" for row, label in enumerate(labels)))
        return {"type": "OCRTextDataset", "ann_file": str(path), "classes": ["a", "b", "c", "d"], **options}

    return make


def count(config, num_classes=4):
    with DefaultScope.overwrite_default_scope("kdxf"):
        return class_counts(DATASETS.build(config), num_classes)


def test_counts_of_a_list_and_of_a_part_of_it(config):
    counts = count(config("aaacc"))
    assert counts.tolist() == [3, 0, 2, 0] and counts.dtype == np.int64
    assert count(config("aaacc", indices=[0, 4])).tolist() == [1, 0, 1, 0]


def test_wrappers_count_as_often_as_they_repeat(config):
    # Of a class with the part f, ceil(sqrt(0.5 / f)) copies: for 1/9 ceil(2.1).
    plain = config("aaaaaaaab")
    balanced = {"type": "ClassBalancedDataset", "oversample_thr": 0.5, "dataset": plain}
    assert count(balanced).tolist() == [8, 3, 0, 0]
    assert count({"type": "RepeatDataset", "times": 2, "dataset": balanced}).tolist() == [16, 6, 0, 0]
    assert count({"type": "ConcatDataset", "datasets": [balanced, config("bc")]}).tolist() == [8, 4, 1, 0]


def test_a_sample_of_several_classes_counts_for_each():
    class Dataset:
        def get_gt_labels(self):
            return np.array([[1, 1, 0], [0, 1, 0]], np.uint8)

    assert class_counts(Dataset(), 3).tolist() == [1, 2, 0]


def test_mistakes(config):
    with pytest.raises(UserError, match="the training data have labels up to 3, but the head has num_classes=3"):
        count(config("ad"), 3)
    with pytest.raises(UserError, match="the labels of list cannot be counted, it has no get_gt_labels"):
        class_counts([], 3)


def test_weights_by_hand():
    counts = np.array([4, 0, 1, 16])
    # 1/4, 1, 1/16, of mean 7/16
    assert_allclose(class_weights(counts, "inverse"), [4 / 7, 1, 16 / 7, 1 / 7])
    # 1/2, 1, 1/4, of mean 7/12
    assert_allclose(class_weights(counts, "inverse_sqrt"), [6 / 7, 1, 12 / 7, 3 / 7])
    # beta 1/2: effective numbers 2 - 2/16, 1, 2 - 2/65536
    raw = np.array([1 / 1.875, 1, 1 / (2 - 2**-15)])
    assert_allclose(class_weights(counts, "effective_number", 0.5)[[0, 2, 3]], raw / raw.mean())
    assert_allclose(class_weights(counts, "effective_number", 0), 1)
    limit = class_weights(counts, "effective_number", 1 - 1e-9)
    assert_allclose(limit, class_weights(counts, "inverse"), rtol=1e-6)


def run(head, labels, **options):
    """Call the hook as a runner does before training; give what it logs."""
    dataset = SimpleNamespace(get_gt_labels=lambda: np.asarray(labels))
    model = nn.Module()
    model.head = head
    runner = Mock(model=model, train_dataloader=SimpleNamespace(dataset=dataset))
    ClassWeightsHook(**options).before_train(runner)
    return [call.args[0] for call in runner.logger.info.call_args_list]


LABELS = [0, 0, 0, 0, 2]


@pytest.mark.parametrize(
    ("loss", "find"),
    [
        ({"type": "LabelSmoothFocalLoss"}, lambda loss: loss.alpha.tolist()),
        ({"type": "CrossEntropyLoss"}, lambda loss: loss.class_weight),
        ({"type": "LabelSmoothLoss", "label_smooth_val": 0.1}, lambda loss: loss.ce.class_weight),
    ],
)
def test_each_loss_gets_the_weights(scope, loss, find):
    head = LinearClsHead(3, 2, loss=loss)
    said = run(head, LABELS, by="inverse")
    assert find(head.loss_module) == pytest.approx([0.4, 1.0, 1.6])  # 1/4 and 1, of mean 5/8
    assert said == [
        "class weights (inverse): 0.4 for the most frequent of 3 classes (4 samples) to 1.6 for the rarest (1); "
        "1 for 1 without samples"
    ]
    assert torch.isfinite(head.loss_module(torch.zeros(2, 3), torch.tensor([0, 2])))


def test_each_level_gets_its_own(scope, tmp_path):
    (tmp_path / "tree.csv").write_text("fine,coarse\na,x\nb,x\nc,y\n")
    fine = {"type": "LinearClsHead", "in_channels": 2, "loss": {"type": "LabelSmoothFocalLoss"}}
    head = HierarchicalClsHead(fine, tmp_path / "tree.csv", ["a", "b", "c"])
    run(head, [0, 0, 1, 2, 2], by="inverse")
    assert_allclose(head.fine.loss_module.alpha, [0.75, 1.5, 0.75])  # 1/2, 1, 1/2, of mean 2/3
    assert head.branches[0].loss_module.class_weight == pytest.approx([0.8, 1.2])  # 1/3, 1/2, of mean 5/12


def test_in_a_run_and_in_one_that_is_resumed(tiny_config, caplog):
    tiny_config.write_text(tiny_config.read_text() + 'default_scope = "kdxf"\n')
    hook = {"custom_hooks": [{"type": "ClassWeightsHook"}], "model.head.loss.type": "LabelSmoothFocalLoss"}
    result = train(load_config(tiny_config, {**hook, "train_cfg.max_epochs": 1}), validate=False)
    train(load_config(tiny_config, hook), validate=False, resume=result.checkpoint)
    logs = [path.read_text() for path in sorted(result.checkpoint.parent.glob("*/*.log"))]
    line = "class weights (inverse_sqrt): 1 for the most frequent of 3 classes (8 samples) to 1 for the rarest (8)"
    assert "".join(logs).count(line) == 2


def test_beside_averaged_weights(scope):
    """Their copies of the model are made before the labels are counted, and pair buffers by their order."""
    model = nn.Module()
    model.head = LinearClsHead(3, 2, loss={"type": "LabelSmoothFocalLoss"})
    model.norm = nn.BatchNorm1d(1)
    averaged = ExponentialMovingAverage(model)
    dataset = SimpleNamespace(get_gt_labels=lambda: np.asarray(LABELS))
    ClassWeightsHook().before_train(Mock(model=model, train_dataloader=SimpleNamespace(dataset=dataset)))
    model.norm.running_mean.fill_(5.0)
    averaged.update_parameters(model)
    assert averaged.module.norm.running_mean.item() == 5.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "frequency"}, "by must be one of inverse, inverse_sqrt, effective_number, got 'frequency'"),
        ({"beta": 1.0}, r"beta must be in \[0, 1\), got 1.0"),
    ],
)
def test_bad_settings(options, message):
    with pytest.raises(UserError, match=f"ClassWeightsHook: {message}"):
        ClassWeightsHook(**options)


def test_what_cannot_be_weighed_is_refused(scope):
    for loss, message in (
        ({"type": "FocalLoss"}, "the head's loss FocalLoss has no class weights; take CrossEntropyLoss, LabelSmooth"),
        ({"type": "LabelSmoothFocalLoss", "alpha": 0.25}, "the head's loss has alpha already; drop that, or the hook"),
        ({"type": "CrossEntropyLoss", "class_weight": [1, 1, 1]}, "the head's loss has class_weight already"),
    ):
        with pytest.raises(UserError, match=message):
            run(LinearClsHead(3, 2, loss=loss), LABELS)
    with pytest.raises(UserError, match="the model has no head with num_classes; drop the hook from custom_hooks"):
        run(None, LABELS)


@pytest.fixture
def scope():
    from mmengine.registry import DefaultScope

    with DefaultScope.overwrite_default_scope("kdxf"):
        yield
