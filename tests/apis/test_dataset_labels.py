import numpy as np
import pytest

from kdxf.apis.dataset_labels import dataset_labels
from kdxf.datasets import OCRTextDataset


class Labelled:
    """A dataset of samples with these labels; None is a sample without one."""

    def __init__(self, labels, **meta):
        self._samples = [{} if label is None else {"gt_label": label} for label in labels]
        self.metainfo = meta

    def __len__(self):
        return len(self._samples)

    def get_data_info(self, index):
        return self._samples[index]


@pytest.fixture
def said(monkeypatch):
    said = []
    monkeypatch.setattr("kdxf.apis.dataset_labels.print_log", lambda message, **_: said.append(message))
    return said


@pytest.mark.parametrize(
    ("labels", "meta", "expected"),
    [
        ([0, None, 2], {"classes": ["x", "y", "z"]}, [0, -1, 2]),
        ([0, None, 2], {"classes": ("z", "y", "x")}, [2, -1, 0]),  # the model's order
        ([0, 1, 0], {"classes": ["z", "x", "other"]}, [2, 0, 2]),  # a class that no image has does not matter
        ([0, 1], {}, [0, 1]),  # nobody named the dataset's
        ([np.array([1]), 0], {"classes": ["z", "y", "x"]}, [1, 2]),
        ([[0, 2], [], None], {"classes": ["z", "y", "x"]}, [[1, 0, 1], [0, 0, 0], [0, 0, 0]]),
        ([[0]], {"classes": ["z", "y", "x"], "multi_label": True}, [[0, 0, 1]]),
        ([None, None], {"classes": ["z", "y", "x"]}, None),
    ],
)
def test_as_classes_of_the_model(said, labels, meta, expected):
    found = dataset_labels(Labelled(labels, **meta), ("x", "y", "z"))
    assert said == [] and (found is None) == (expected is None)
    assert found is None or (found.tolist() == expected and found.dtype == (bool if found.ndim == 2 else np.int64))


@pytest.mark.parametrize(
    ("names", "expected"), [(["milk", "phone", "red"], [0, 1]), (["0", "1", "2"], [0, 1]), (["2", "0", "1"], [2, 0])]
)
def test_a_model_whose_classes_nobody_named(said, names, expected):
    assert dataset_labels(Labelled([0, 1], classes=names), ("0", "1", "2")).tolist() == expected
    assert said == []


@pytest.mark.parametrize(
    ("labels", "names", "classes", "first"),
    [
        ([0, 1, 2], ["x", "milk", "phone"], ("x", "y"), "'milk'"),
        ([0, 2], ["a", "b", "milk"], ("0", "1"), "2"),
        ([0, 2], None, ("x", "y"), "2"),
    ],
)
def test_a_class_that_the_model_lacks(said, labels, names, classes, first):
    assert dataset_labels(Labelled(labels, classes=names), classes) is None
    assert said == [
        f"the test dataset has images of the class {first}, which the model does not have, so the predictions are "
        "written without labels"
    ]


@pytest.mark.parametrize(
    ("rows", "multi_label", "expected"),
    [("image,label\na,y\nb,x\n", False, [0, 1]), ("image,label\na,y|x\nb,\n", True, [[1, 1], [0, 0]])],
)
def test_lists(tmp_path, rows, multi_label, expected):
    (tmp_path / "list.csv").write_text(rows)
    dataset = OCRTextDataset("list.csv", data_root=str(tmp_path), classes=["x", "y"], multi_label=multi_label)
    assert dataset_labels(dataset, ("y", "x")).tolist() == expected
