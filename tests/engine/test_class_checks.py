import pytest
from torch import nn

from kdxf.engine.class_checks import check_names, check_number_of_classes, class_names
from kdxf.errors import UserError


class Wrapper:
    def __init__(self, dataset):
        self.dataset, self.metainfo = dataset, dataset.metainfo


class Data:
    def __init__(self, names=None, labels=()):
        self.metainfo = {} if names is None else {"classes": tuple(names)}
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def get_gt_labels(self):
        return list(self.labels)


def model(count):
    whole, head = nn.Module(), nn.Module()
    head.num_classes = count
    whole.head = head
    return whole


def test_names_of_a_dataset():
    assert class_names(Wrapper(Data("ab"))) == ["a", "b"]
    assert class_names(Data()) is None and class_names([1]) is None


@pytest.mark.parametrize(
    ("count", "data", "more", "message"),
    [
        (
            3,
            Data("abcd"),
            False,
            r"num_classes=3, but val has 4 classes \(a, b, c, ...\): set num_classes=4, or correct dat",
        ),
        (3, Data("abcd"), True, "num_classes=3, but val has 4 classes"),
        (
            3,
            Data("ab"),
            False,
            r"num_classes=3, but val has 2 classes \(a, b\): set num_classes=2, or correct dataset.cla",
        ),
        (3, Data(labels=[0, 3]), False, "num_classes=3, but val has the label 3: set num_classes to at least 4"),
        (3, Wrapper(Data(labels=[0, 3])), True, "num_classes=3, but val has the label 3"),
    ],
)
def test_other_numbers_of_classes(count, data, more, message):
    with pytest.raises(UserError, match=f"^model.head has {message}"):
        check_number_of_classes(model(count), data, "val", more=more)


def test_numbers_that_fit():
    check_number_of_classes(model(2), Data("ab"), "val")
    check_number_of_classes(model(3), Data("ab"), "val", more=True)
    check_number_of_classes(model(2), Data(labels=[0, 1]), "val")
    check_number_of_classes(model(2), Data(), "val")
    check_number_of_classes(model(None), Data("ab"), "val")
    check_number_of_classes(nn.Linear(1, 1), Data("ab"), "val")


def test_names_that_agree():
    check_names(["a", "b"], ["a", "b"], "x", "y")
    check_names(("a", "b"), ["a"], "x", "y")
    check_names(None, ["a"], "x", "y")
    check_names(["a"], None, "x", "y")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            "ba",
            "class 0 is 'b' in test_dataloader, and 'a' in m.pth: both need the same names in the same order; set "
            "test_dataloader.dataset.classes",
        ),
        ("ac", "class 1 is 'c' in test_dataloader, and 'b' in m.pth: "),
        ("abc", "class 2 is 'c' in test_dataloader, and missing in m.pth: "),
    ],
)
def test_names_that_disagree(names, message):
    with pytest.raises(UserError) as raised:
        check_names(["a", "b"], list(names), "m.pth", "test_dataloader")
    assert str(raised.value).startswith(message)
