import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample

from kdxf.datasets.image_keys import image_keys
from kdxf.evaluation.calibration.stored import write_calibration
from kdxf.evaluation.calibration.use import calibrate_steps, fitting_calibration, is_fair
from kdxf_runtime.trust.calibration import Calibration
from kdxf_runtime.trust.conformal import ConformalSets

CALIBRATION = Calibration(
    ("a", "b"), 0.5, ConformalSets(0.9, "lac", np.ones(2)), 1.0, False, np.ones(2), np.ones(2, bool),
    image_keys(["x/1.jpg", "x/2.jpg"]),
)  # fmt: skip


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr("kdxf.evaluation.calibration.use.print_log", lambda message, **_: lines.append(message))
    return lines


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "model.pth"
    path.write_bytes(b"weights")
    write_calibration(CALIBRATION, path)
    return path


def test_of_the_same_kind(checkpoint, said):
    assert fitting_calibration(checkpoint).temperature == 0.5
    assert said == []


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ({"tta": True}, "was made without test-time augmentation, and this is with it: the scores are the model's own"),
        ({"without": "text"}, "is not for predictions without text: the scores are the model's own"),
    ],
)
def test_of_another_kind(checkpoint, kind, message, said):
    assert fitting_calibration(checkpoint, **kind) is None
    assert message in said[0]


def test_no_test_on_its_own_images(said):
    assert is_fair(CALIBRATION, ["x/3.jpg", "y/1.jpg"])
    assert not is_fair(CALIBRATION, ["x/3.jpg", "x/2.jpg"])
    assert len(said) == 1
    assert "1 of 2 images were used to calibrate the checkpoint, so the scores here are the model's own" in said[0]


def test_steps():
    class Model(torch.nn.Module):
        def test_step(self, data):
            return [DataSample().set_pred_score(torch.tensor(row)).set_pred_label(torch.tensor(0)) for row in data]

    model = Model()
    calibrate_steps(model, CALIBRATION)
    first, second = model.test_step([[0.8, 0.2], [0.5, 0.5]])
    torch.testing.assert_close(first.pred_score, torch.tensor([16 / 17, 1 / 17]))
    torch.testing.assert_close(second.pred_score, torch.tensor([0.5, 0.5]))
    assert first.pred_label.tolist() == [0]
