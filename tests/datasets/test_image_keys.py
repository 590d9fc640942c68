import os

import numpy as np
import pandas as pd
import pytest
from mmengine.dataset import ConcatDataset
from mmpretrain.datasets import CustomDataset

from kdxf.datasets import ClassBalancedDataset, OCRTextDataset
from kdxf.datasets import image_keys as module
from kdxf.datasets.image_keys import are_among, image_keys, keys_of, leaf_datasets


def ocr_text_dataset(root, images):
    root.mkdir(exist_ok=True)
    pd.DataFrame({"image": images, "label": 0}).to_csv(root / "list.csv", index=False)
    return OCRTextDataset("list.csv", data_root=str(root), data_prefix="img", classes=["x"])


def test_paths_below_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    below = image_keys(["data/1.jpg", "./data//1.jpg", f"{tmp_path}/data/1.jpg", "data/2.jpg", "/data/1.jpg"])
    assert below.shape == (5, 2) and below.dtype == np.int64
    np.testing.assert_array_equal(below[:, 0], below[:, 1])  # no folder is a link
    assert len(set(below[:3, 0])) == 1 and len(set(below[:, 0])) == 3
    (tmp_path / "moved").mkdir()
    monkeypatch.chdir(tmp_path / "moved")
    assert image_keys(["data/1.jpg", "/data/1.jpg"]).tolist() == below[[0, 4]].tolist()
    assert image_keys([]).shape == (0, 2)


def test_names_that_are_not_utf8():
    one, two = image_keys([os.fsdecode(name) for name in (b"/data/\xb9.jpg", b"/data/\xe3.jpg")])
    assert one[0] != two[0]


def test_linked_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "real" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "link").symlink_to("real")
    named, linked = image_keys(["data/real/sub/1.jpg", "data/link/sub/1.jpg"])
    assert linked[0] != named[0] == named[1] == linked[1]
    # Whichever way was trained on, both are recognized.
    for trained in (named, linked):
        both = image_keys(["data/real/sub/1.jpg", "data/link/sub/1.jpg", "data/link/sub/2.jpg"])
        assert are_among(both, trained).tolist() == [True, True, False]
    assert are_among(image_keys([]), named).shape == (0,)


def test_a_link_that_leads_elsewhere_next_time(tmp_path, monkeypatch):
    keys = []
    for place in ("here", "there"):
        (tmp_path / f"store of {place}").mkdir()
        (tmp_path / place / "data").mkdir(parents=True)
        (tmp_path / place / "data" / "images").symlink_to(tmp_path / f"store of {place}")
        monkeypatch.chdir(tmp_path / place)
        keys.append(image_keys(["data/images/1.jpg"]))
    assert are_among(keys[1], keys[0]).tolist() == [True] and keys[0][0, 1] != keys[1][0, 1]
    # Checkpoints from before links were followed have the first number alone.
    assert are_among(keys[0], keys[0][:, 0]).tolist() == [True]


def test_wrapped_datasets(tmp_path):
    one, two = ocr_text_dataset(tmp_path / "1", ["a", "b"]), ocr_text_dataset(tmp_path / "2", ["b", "c"])
    assert list(leaf_datasets(ClassBalancedDataset(one, 0.5))) == [one]
    both = ConcatDataset([one, two])
    assert list(leaf_datasets(both)) == [one, two]
    images = [f"{tmp_path}/{name}" for name in ("1/img/a", "1/img/b", "2/img/b", "2/img/c")]
    expected = np.unique(image_keys(images), axis=0)
    np.testing.assert_array_equal(keys_of(both), expected)


def test_each_once():
    keys = np.random.default_rng(0).integers(-50, 50, (300, 2))
    np.testing.assert_array_equal(module.each_once(keys), sorted(set(keys.ravel().tolist())))
    assert module.each_once(np.empty((0, 2), np.int64)).shape == (0,)


@pytest.mark.parametrize("at_once", [1, 4, 1000])
def test_rows_have_the_keys_of_their_paths(tmp_path, monkeypatch, at_once):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "_AT_ONCE", at_once)
    images = ["1.jpg", "a/1.jpg", "./a//1.jpg", "/1.jpg", "/b/中/1.jpg", "a/../b/1.jpg", "real/1.jpg", "real/2.jpg"]
    dataset = ocr_text_dataset(tmp_path / "data", images)
    rows = dataset.data_list
    np.testing.assert_array_equal(module._keys_of_rows(rows), image_keys(rows.paths()))
    (tmp_path / "data" / "img").mkdir()
    (tmp_path / "data" / "img" / "real").symlink_to(tmp_path)
    linked = module._keys_of_rows(rows)
    np.testing.assert_array_equal(linked, image_keys(rows.paths()))
    assert (linked[:, 0] != linked[:, 1]).tolist() == [False] * 6 + [True] * 2
    np.testing.assert_array_equal(keys_of(dataset), np.unique(image_keys(rows.paths()), axis=0))


def test_datasets_of_the_host(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "1.jpg").touch()
    dataset = CustomDataset(data_root=str(tmp_path), with_label=True)
    np.testing.assert_array_equal(keys_of(dataset), image_keys([f"{tmp_path}/x/1.jpg"]))


@pytest.mark.parametrize("dataset", [[1, 2], range(3)])
def test_data_without_files(dataset):
    assert keys_of(dataset).shape == (0, 2)
