import pytest

from kdxf.apis.browse import browse
from kdxf.apis.config import load_config
from kdxf.errors import UserError


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
    assert all(f"<h2>{lab.images}/{name}</h2>" in page for name in lab.names)
    assert page.count("<img ") == 5 * (1 + 2) + 5 * 2  # the original and two draws, and two mixed batches
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
        assert page.count("<img ") == 4  # a test pipeline does the same each time
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
