import pytest
from torch import nn

from kdxf.models import ImageTextDataPreprocessor
from kdxf.models.backbones import normalization
from kdxf.models.backbones.normalization import warn_of_other_normalization

HALF = ((127.5,) * 3, (127.5,) * 3)
IMAGENET = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))


class Backbone(nn.Module):
    model_name = "some_net"

    def __init__(self, numbers):
        super().__init__()
        self.normalization = numbers


@pytest.fixture
def lines(monkeypatch):
    logged = []
    monkeypatch.setattr(normalization, "print_log", lambda line, *_: logged.append(line))
    return logged


@pytest.mark.parametrize(
    ("wanted", "mean", "std"),
    [
        (IMAGENET, [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]),
        (IMAGENET, [124, 116, 104], [58, 57, 57]),
        (HALF, [127.5], [127.5]),
        (None, [0, 0, 0], [1, 1, 1]),
    ],
)
def test_what_fits_is_silent(wanted, mean, std, lines):
    warn_of_other_normalization(Backbone(wanted), ImageTextDataPreprocessor(mean=mean, std=std))
    assert lines == []


def test_other_backbones_and_none_are_passed_over(lines):
    warn_of_other_normalization(nn.Identity(), ImageTextDataPreprocessor())
    warn_of_other_normalization(None, ImageTextDataPreprocessor())
    assert lines == []


@pytest.mark.parametrize("numbers", [{"mean": IMAGENET[0], "std": IMAGENET[1]}, {}])
def test_other_numbers_are_warned_of(numbers, lines):
    warn_of_other_normalization(Backbone(HALF), ImageTextDataPreprocessor(**numbers))
    assert lines == [
        "the weights of some_net were trained with mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5], to_rgb=True; "
        "data_preprocessor has other numbers"
    ]
