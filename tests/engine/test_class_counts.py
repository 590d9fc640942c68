import numpy as np
import pytest
from mmengine.registry import DefaultScope

from kdxf.engine.class_counts import class_counts
from kdxf.errors import UserError
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
