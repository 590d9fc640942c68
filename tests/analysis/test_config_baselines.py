import numpy as np
import pytest

import kdxf.analysis.config_baselines as module
from kdxf.analysis.baselines import fit_baselines, read_labelled
from kdxf.analysis.config_baselines import baselines_of_config
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations, write_annotations
from kdxf.text.ocr import OCRTable

CLASSES = ("奶粉", "手机", "lipstick")


@pytest.fixture(autouse=True)
def no_weights(monkeypatch):
    monkeypatch.setattr(module, "installed_backbone", lambda: None)


@pytest.fixture
def config(lab, tmp_path):
    """A config that trains on the photographs of the lab, all but the first, and validates on all."""
    frame = read_annotations(lab.root / "test.csv")
    write_annotations(frame[1:], tmp_path / "train.csv")
    path = tmp_path / "mine.py"
    path.write_text(
        f'''
_base_ = "{lab.moe}"
val_dataloader = _base_.test_dataloader
train_dataloader = dict(
    dataset=dict(
        type="ClassBalancedDataset",
        oversample_thr=0.5,
        dataset=dict(
            type="OCRTextDataset",
            data_root="{lab.root}",
            data_prefix="images",
            ann_file="{tmp_path}/train.csv",
            classes="classes.txt",
            ocr_file="ocr",
            pipeline=[dict(type="NoSuchStep")],
        ),
    )
)
'''
    )
    return path


def test_the_lists_of_a_config_give_what_the_tool_gives(config, lab, tmp_path, monkeypatch):
    found = baselines_of_config(load_config(config), tmp_path / "kept", 1)
    table, root = OCRTable.open(lab.root / "ocr"), lab.root / "images"
    lists = [read_labelled(path, root, CLASSES, table) for path in (tmp_path / "train.csv", lab.root / "test.csv")]
    expected = {
        one.name: 100 * np.mean(one.predictions.scores.argmax(1) == lists[1].labels)
        for one in fit_baselines(*lists, CLASSES)
    }
    assert found["name"].tolist() == [{"image": "image (HOG and colours)"}.get(name, name) for name in expected]
    assert found["top-1"].tolist() == pytest.approx(list(expected.values()))

    def refuse(*arguments):
        raise AssertionError("computed twice")

    monkeypatch.setattr(module, "fit_baselines", refuse)
    assert baselines_of_config(load_config(config), tmp_path / "kept", 1).equals(found)


def test_lists_without_baselines(config, lab, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 2)
    with pytest.raises(UserError, match="the training list has more than 2 images; tools/analysis/baselines.py takes"):
        baselines_of_config(load_config(config), tmp_path / "kept", 1)
    write_annotations(read_annotations(lab.root / "test.csv")[["image"]], tmp_path / "train.csv")
    with pytest.raises(UserError, match="the train list has images without a label or with several"):
        baselines_of_config(load_config(config), tmp_path / "kept", 1)
