import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample

from kdxf.analysis.browse import browse, describe_lines, describe_target, describe_text
from kdxf.analysis.browse_samples import Draw
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf_runtime.ocr.record import OCRRecord


@pytest.fixture
def config(lab):
    cfg = load_config(lab.moe)
    cfg.train_dataloader = cfg.test_dataloader
    cfg.model.train_cfg = dict(augments=dict(type="Mixup", alpha=1.0))
    cfg.model.data_preprocessor.num_classes = 3
    return cfg


def test_page(config, lab, tmp_path):
    browse(config, tmp_path / "page.html", number=9, draws=2, mix=True)
    page = (tmp_path / "page.html").read_text()
    assert "5 of 5 samples, each 2 times" in page
    assert all(f"<h3>{lab.images}/{name}</h3>" in page for name in lab.names)
    assert page.count("<figure>") == 5 * (1 + 2) + 5 * 2  # the original and two draws, and two mixed batches
    assert "<td>img</td><td>3 x 32 x 32</td><td>uint8</td>" in page
    assert page.count("<figcaption>original\n") == 5 and "1. phone (1.00)" in page
    assert "<figcaption>手机\ntokens, 1: phone</figcaption>" in page
    assert "<h2>Mixed by Mixup</h2>" in page and "\ntext, 0." in page
    assert "<td>Resize</td><td>" in page and "_record" not in page


def test_another_seed_picks_others(config, tmp_path):
    pages = []
    for seed in (0, 0, 3):
        browse(config, tmp_path / "page.html", split="test", number=2, seed=seed)
        page = (tmp_path / "page.html").read_text()
        assert page.count("<figure>") == 4  # a test pipeline does the same each time
        pages.append(page)
    assert pages[0] == pages[1] != pages[2]


def test_an_image_that_cannot_be_read(config, lab, tmp_path):
    config.test_dataloader.dataset.data_prefix = "elsewhere"
    config.test_dataloader.dataset.ocr_file = None
    browse(config, tmp_path / "page.html", split="test", number=1)
    assert '<div class="missing">' in (tmp_path / "page.html").read_text()


def test_no_such_split(config, tmp_path):
    with pytest.raises(UserError, match="--split val: config .*moe.py has no val_dataloader"):
        browse(config, tmp_path / "page.html", split="val")


CLASSES = ("milk", "手机", "red", "tea", "oil")


def test_targets():
    assert describe_target(DataSample(), CLASSES) == "no label"
    assert describe_target(DataSample().set_gt_label(1), CLASSES) == "手机"
    assert describe_target(DataSample().set_gt_label(1), None) == "1"
    assert describe_target(DataSample().set_gt_label([0, 2]), CLASSES) == "milk, red"
    assert describe_target(DataSample().set_gt_label(torch.zeros(0, dtype=torch.int64)), CLASSES) == "no class"


def test_soft_targets_win():
    sample = DataSample().set_gt_label(0).set_gt_score(torch.tensor([0.3, 0.7, 0, 0, 0]))
    assert describe_target(sample, CLASSES) == "0.70 手机, 0.30 milk"
    sample.set_gt_score(torch.tensor([0.1, 0.2, 0.3, 0.15, 0.25]))
    assert describe_target(sample, CLASSES) == "0.30 red, 0.25 oil, 0.20 手机, and 2 more"


def test_sample_weight():
    sample = DataSample().set_gt_label(0)
    sample.set_field(torch.tensor([0.25]), "sample_weight", dtype=torch.Tensor)
    assert describe_target(sample, CLASSES) == "milk\nweight 0.25"


def _draw(inputs, **results):
    tensors = {key: torch.tensor(value, dtype=torch.float32) for key, value in inputs.items()}
    return Draw({"inputs": tensors, "data_samples": DataSample()}, results)


def test_words_that_the_model_sees():
    # Two places; the third token is cut off, one without weight is unknown.
    tokens = ["milk", "xyz", "red"]
    assert describe_text(_draw({"text_weight": [0.9, 0.0]}, tokens=tokens)) == "tokens, 1 of 3: milk"
    assert describe_text(_draw({"text_weight": [0.9, 0.5]}, tokens=tokens[:2])) == "tokens, 2: milk xyz"
    silenced = describe_text(_draw({"text_weight": [0.0, 0.0]}, tokens=tokens))
    assert silenced == "no text (tokens silenced or unknown: 3)"
    assert describe_text(_draw({"text_weight": [0.0, 0.0]}, tokens=[])) == "no text"
    assert describe_text(_draw({"img": [0.0]})) == ""


def test_ngrams():
    assert describe_text(_draw({"ngram_weight": [0.5, 0.5, 0]}, tokens=["ab"])) == "n-grams, 2\ntokens, 1: ab"
    assert describe_text(_draw({"ngram_weight": [0, 0]}, tokens=["ab"])) == "no text (tokens silenced or unknown: 1)"


def test_ids_of_a_transformer():
    record = OCRRecord.from_text("a.jpg", "牛奶\nmilk")
    inputs = {"text_ids": [2, 4, 5, 3], "text_mask": [1, 1, 1, 0]}
    assert describe_text(_draw(inputs, ocr=record)) == "3 of 4 ids: 牛奶 / milk"
    assert describe_text(_draw(inputs | {"text_mask": [0, 0, 0, 0]}, ocr=record)) == "no text"


def test_long_texts_are_cut():
    shown = describe_text(_draw({"text_weight": np.ones(500)}, tokens=["word"] * 500))
    assert len(shown) == 401 and shown.endswith("…")


def test_lines():
    assert describe_lines(OCRRecord.empty("a.jpg")) == "no text"
    assert describe_lines(OCRRecord.empty("a.jpg", "broken file")) == "no text: broken file"
    assert describe_lines(OCRRecord.from_text("a.jpg", "牛奶\nmilk")) == "1. 牛奶 (1.00)\n2. milk (1.00)"
    lines = describe_lines(OCRRecord.from_text("a.jpg", "\n".join("abcdefghijklmno"))).splitlines()
    assert lines[-2:] == ["12. l (1.00)", "… and 3 more lines"]
