import numpy as np
import pandas as pd
import pytest
from mmengine.dataset import ConcatDataset
from mmpretrain.datasets import CustomDataset

from kdxf.datasets import ClassBalancedDataset, OCRTextDataset
from kdxf.datasets.image_keys import image_keys, keys_of, leaf_datasets


def ocr_text_dataset(root, images):
    root.mkdir(exist_ok=True)
    pd.DataFrame({"image": images, "label": 0}).to_csv(root / "list.csv", index=False)
    return OCRTextDataset("list.csv", data_root=str(root), data_prefix="img", classes=["x"])


def test_the_folder_of_the_data_does_not_count():
    assert image_keys(["/data/a/img/1.jpg"], "/data/a/") == image_keys(["../b/img/1.jpg"], "../b")
    assert image_keys(["/data/a/img/1.jpg"], "/data/a") != image_keys(["/data/a/other/1.jpg"], "/data/a")
    assert image_keys(["x/1.jpg"], "") == image_keys(["x//1.jpg"], "")
    assert image_keys([], "a").shape == (0,) and image_keys(["a"], "").dtype == np.int64


def test_wrapped_datasets(tmp_path):
    one, two = ocr_text_dataset(tmp_path / "1", ["a", "b"]), ocr_text_dataset(tmp_path / "2", ["b", "c"])
    assert list(leaf_datasets(ClassBalancedDataset(one, 0.5))) == [one]
    both = ConcatDataset([one, two])
    assert list(leaf_datasets(both)) == [one, two]
    expected = np.unique(image_keys(["img/a", "img/b", "img/c"], ""))
    np.testing.assert_array_equal(keys_of(both), expected)


def test_datasets_of_the_host(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "1.jpg").touch()
    dataset = CustomDataset(data_root=str(tmp_path), with_label=True)
    np.testing.assert_array_equal(keys_of(dataset), image_keys(["x/1.jpg"], ""))


@pytest.mark.parametrize("dataset", [[1, 2], range(3)])
def test_data_without_files(dataset):
    assert keys_of(dataset).shape == (0,)
