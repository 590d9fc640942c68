"""Gates of a model on images."""

import numpy as np
import pytest
import torch
from lab_fixtures import save_checkpoint

from kdxf.analysis.report.gates import collect_gates, gated_parts
from kdxf.engine.config import load_config
from kdxf.inference.features import extract_features
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.text.ocr.table import OCRTable


@pytest.fixture
def records(lab):
    table = OCRTable.open(lab.root / "ocr")
    return [table.record(index) for index in range(4)]


def test_gates_of_a_head(lab, records):
    """Those that the head gives for the features of each image."""
    inferencer = KDXFInferencer(lab.moe, lab.moe_checkpoint, device="cpu")
    files = [str(lab.images / name) for name in lab.names[:4]]
    (gates,) = collect_gates(inferencer, files, records, batch_size=3)
    assert (gates.part, gates.names) == ("head", ("expert 1", "expert 2", "none"))
    features = extract_features(inferencer, files, ocr_table=lab.root / "ocr", ocr_root=lab.images)
    with torch.no_grad():
        expected = inferencer.model.head.gates((torch.from_numpy(features),)).numpy()
    np.testing.assert_allclose(gates.values, expected, atol=1e-5)
    assert not inferencer.model.head._forward_hooks


def test_gates_of_a_fusion(lab, records, tmp_path):
    """The weights of image and text, the mean over the channels; with gates for each class, the mean over these."""
    cfg = load_config(lab.moe)
    cfg.model.fusion = dict(type="GatedFusion", image_channels=32, text_channels=8, out_channels=6)
    cfg.model.head.update(in_channels=6, gate_per_class=True)
    path = tmp_path / "gated.py"
    cfg.dump(path)
    inferencer = KDXFInferencer(path, save_checkpoint(path, tmp_path / "gated.pth"), device="cpu")
    found = {gates.part: gates for gates in collect_gates(inferencer, [str(lab.images / lab.names[0])], records)}
    assert found["fusion"].names == ("image", "text") and found["fusion"].values == pytest.approx(
        np.array([[0.5, 0.5]])
    )
    assert found["head"].values.shape == (1, 3) and found["head"].values.sum() == pytest.approx(1)


def test_a_model_without_gates_is_not_run(lab, monkeypatch):
    inferencer = KDXFInferencer(lab.image, lab.image_checkpoint, device="cpu")
    inferencer.model.head = torch.nn.Linear(2, 2)
    monkeypatch.setattr(inferencer, "predict", None)
    assert gated_parts(inferencer.model) == {} and collect_gates(inferencer, ["a.png"], None) == []
