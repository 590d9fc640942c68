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


def test_paths_below_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    below = image_keys(["data/1.jpg", "./data//1.jpg", f"{tmp_path}/data/1.jpg", "data/2.jpg", "/data/1.jpg"])
    assert below.dtype == np.int64 and len(set(below[:3])) == 1 and len(set(below)) == 3
    (tmp_path / "moved").mkdir()
    monkeypatch.chdir(tmp_path / "moved")
    assert image_keys(["data/1.jpg", "/data/1.jpg"]).tolist() == [below[0], below[4]]
    assert image_keys([]).shape == (0,)


def test_wrapped_datasets(tmp_path):
    one, two = ocr_text_dataset(tmp_path / "1", ["a", "b"]), ocr_text_dataset(tmp_path / "2", ["b", "c"])
    assert list(leaf_datasets(ClassBalancedDataset(one, 0.5))) == [one]
    both = ConcatDataset([one, two])
    assert list(leaf_datasets(both)) == [one, two]
    images = [f"{tmp_path}/{name}" for name in ("1/img/a", "1/img/b", "2/img/b", "2/img/c")]
    expected = np.unique(image_keys(images))
    np.testing.assert_array_equal(keys_of(both), expected)


def test_datasets_of_the_host(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "1.jpg").touch()
    dataset = CustomDataset(data_root=str(tmp_path), with_label=True)
    np.testing.assert_array_equal(keys_of(dataset), image_keys([f"{tmp_path}/x/1.jpg"]))


@pytest.mark.parametrize("dataset", [[1, 2], range(3)])
def test_data_without_files(dataset):
    assert keys_of(dataset).shape == (0,)
