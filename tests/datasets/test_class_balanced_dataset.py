"""Repetition of rare classes by the formula of its paper."""

import numpy as np
import pytest

from kdxf.datasets import ClassBalancedDataset
from kdxf.errors import UserError
from kdxf.io.annotations import write_classes
from kdxf.registry import DATASETS


@pytest.fixture
def config(tmp_path):
    """Ten rows: 6 of class a, 3 of class b, 1 of class c."""
    write_classes(["a", "b", "c"], tmp_path / "classes.txt")
    (tmp_path / "train.csv").write_text("image,label\n" + "".join(f"{i}.jpg,{'aaaaaabbbc'[i]}\n" for i in range(10)))
    return {"type": "OCRTextDataset", "ann_file": "train.csv", "data_root": str(tmp_path)}


def build(threshold, dataset, **options):
    return DATASETS.build({"type": "ClassBalancedDataset", "oversample_thr": threshold, "dataset": dataset, **options})


def test_repeats_are_those_of_the_formula(config):
    dataset = build(0.5, config)
    # Frequencies .6 .3 .1; r = max(1, sqrt(.5 / f)): 1, sqrt(5/3) = 1.29, sqrt(5) = 2.24; rounded up: 1, 2, 3.
    assert isinstance(dataset, ClassBalancedDataset)
    assert len(dataset) == 6 * 1 + 3 * 2 + 1 * 3
    assert [dataset.get_cat_ids(i) for i in range(15)] == [[0]] * 6 + [[1]] * 6 + [[2]] * 3
    assert [dataset[i]["sample_idx"] for i in (5, 6, 7, 8, 14)] == [5, 6, 6, 7, 9]
    assert dataset.metainfo["classes"] == ("a", "b", "c")


def test_below_every_frequency_nothing_repeats(config):
    assert len(build(0.1, config)) == 10


def test_indices_are_one_array_and_samples_have_plain_numbers(config):
    dataset = build(0.5, config)
    assert isinstance(dataset.repeat_indices, np.ndarray)
    assert type(dataset[14]["sample_idx"]) is int
    assert type(dataset.get_data_info(14)["gt_label"]) is int


def test_lazy_init_waits(config):
    dataset = build(0.5, {**config, "lazy_init": True}, lazy_init=True)
    assert not dataset._fully_initialized
    dataset.full_init()
    dataset.full_init()
    assert len(dataset) == 15


def test_unlabelled_rows_cannot_be_balanced(config, tmp_path):
    (tmp_path / "test.csv").write_text("image\nx.jpg\n")
    with pytest.raises(
        UserError, match=r"test.csv: has no labels; training and class balancing need the column 'label'"
    ):
        build(0.5, {**config, "ann_file": "test.csv"})


def test_several_labels_repeat_by_the_rarest(config, tmp_path):
    labels = ["a", "a", "a", "a|b", "a|c", "b", "", "a", "a", "a"]
    (tmp_path / "m.csv").write_text("image,label\n" + "".join(f"{i}.jpg,{label}\n" for i, label in enumerate(labels)))
    dataset = build(0.5, {**config, "ann_file": "m.csv", "multi_label": True})
    # Frequencies a .8, b .2, c .1; r: 1, sqrt(2.5) = 1.58, sqrt(5) = 2.24; rounded up: 1, 2, 3.
    assert dataset.repeat_indices.tolist() == [0, 1, 2, 3, 3, 4, 4, 4, 5, 5, 6, 7, 8, 9]
    assert dataset.get_data_info(5)["gt_label"] == [0, 2]


def test_weights_repeat_with_their_samples(config, tmp_path):
    (tmp_path / "w.csv").write_text("image,label,weight\n" + "".join(f"{i}.jpg,{'aaab'[i]},{i}\n" for i in range(4)))
    dataset = build(0.5, {**config, "ann_file": "w.csv"})
    # b: f .25, r sqrt(2), twice
    assert [dataset.get_data_info(i)["sample_weight"] for i in range(5)] == [0, 1, 2, 3, 3]
