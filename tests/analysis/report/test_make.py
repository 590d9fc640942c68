"""Making a report of a tiny model."""

import sys

import pandas as pd
import pytest
from lab_fixtures import save_checkpoint

from kdxf.analysis.report.make import make_report
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.io.predictions import read_predictions


def test_page_and_predictions(lab, tmp_path):
    out = tmp_path / "r" / "report.html"
    make_report(lab.moe, lab.moe_checkpoint, out, quick=True, device="cpu")
    page = out.read_text(encoding="utf-8")
    assert "moe: report" in page and "this model, text of other images" in page and "--quick was given" in page
    kept = {
        name: read_predictions(out.with_name(f"report{name}.parquet")) for name in ("", "_image", "_text", "_shuffled")
    }
    right = {name: 100 * (part.scores.argmax(axis=1) == part.labels).mean() for name, part in kept.items()}
    assert f"Right for {right['']:.1f} % of 5 images" in page

    # From the predictions alone, the same figures.
    files = {"report": out.with_name("report.parquet"), "image": out.with_name("report_image.parquet")}
    make_report(lab.moe, None, tmp_path / "images.csv", predictions=files)
    table = pd.read_csv(tmp_path / "images.csv")
    assert 100 * table["right"].mean() == pytest.approx(right[""])
    names = pd.Series(kept["_image"].classes)[kept["_image"].scores.argmax(axis=1)]
    assert table["image alone"].tolist() == names.tolist()


def test_the_model_is_looked_into(lab, tmp_path):
    """Gates, the effects of words, and heatmaps or the reason why there are none."""
    make_report(lab.moe, lab.moe_checkpoint, tmp_path / "report.html", errors=2, device="cpu")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h2>Whom the gates listen to</h2>" in page and "without the word" in page
    assert "heatmap" in page and "Shortcuts were not looked for: the config has no train_dataloader." in page


def test_the_model_is_built_once(lab, tmp_path, monkeypatch):
    built = []
    build = KDXFInferencer.__init__
    monkeypatch.setattr(
        KDXFInferencer, "__init__", lambda self, *args, **kwargs: built.append(args) or build(self, *args, **kwargs)
    )
    cfg = load_config(lab.moe)
    cfg.train_dataloader = cfg.test_dataloader
    cfg.dump(tmp_path / "moe.py")
    make_report(tmp_path / "moe.py", lab.moe_checkpoint, tmp_path / "report.html", errors=1, device="cpu")
    assert len(built) == 1

    # Predictions of a file need no model for a table, nor for a quick page.
    files = {"report": tmp_path / "report.parquet"}
    make_report(lab.moe, lab.moe_checkpoint, tmp_path / "images.csv", predictions=files, device="cpu")
    make_report(lab.moe, lab.moe_checkpoint, tmp_path / "page.html", predictions=files, quick=True, device="cpu")
    assert len(built) == 1 and "--quick was given" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_several_labels(lab, tmp_path):
    """The whole report of a model with sigmoids, on a list whose images have two classes, one or none."""
    cfg = load_config(lab.moe)
    head = dict(type="MultiLabelMoEClsHead", num_classes=3, in_channels=40, hidden_channels=16, num_experts=2)
    cfg.model = dict(cfg.model, head=head)
    labels = ["奶粉|手机", "奶粉", "", "lipstick", "手机|lipstick"]
    rows = "".join(f"{name},{label}\n" for name, label in zip(lab.names, labels, strict=True))
    (tmp_path / "list.csv").write_text(f"image,label\n{rows}", encoding="utf-8")
    cfg.test_dataloader.dataset.update(
        ann_file=str(tmp_path / "list.csv"), classes=str(lab.root / "classes.txt"), multi_label=True
    )
    cfg.train_dataloader = cfg.test_dataloader
    cfg.dump(tmp_path / "several.py")
    checkpoint = save_checkpoint(tmp_path / "several.py", tmp_path / "several.pth")
    make_report(tmp_path / "several.py", checkpoint, tmp_path / "report.html", errors=2, device="cpu")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    kept = read_predictions(tmp_path / "report.parquet")
    right = 100 * (kept.predicted == kept.labels).all(axis=1).mean()
    assert f"Exactly the right classes for {right:.1f} % of 5 images" in page
    assert "<h2>Whom the gates listen to</h2>" in page and "without the word" in page and "heatmap" in page
    assert "An image of this list may have several classes, so what needs one label per image is not here: " in page
    assert "this model, text of other images" in page and "none of the classes" in page


def test_the_package_for_heatmaps_is_asked_for_at_once(lab, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pytorch_grad_cam", None)
    with pytest.raises(UserError, match="a report without --quick needs the package pytorch_grad_cam: pip install"):
        make_report(lab.moe, lab.moe_checkpoint, tmp_path / "report.html", device="cpu")
    assert not list(tmp_path.iterdir())


def test_faults_are_named(lab, tmp_path):
    with pytest.raises(UserError, match="moe.py: give the CHECKPOINT to report on, or files of its --predictions"):
        make_report(lab.moe, None, tmp_path / "report.html")
    make_report(lab.image, lab.image_checkpoint, tmp_path / "r.csv", device="cpu")
    files = {"r": tmp_path / "r.parquet", "other": tmp_path / "r.parquet"}
    with pytest.raises(
        UserError, match="--predictions other: after the first file the names are image=, text=, shuffl"
    ):
        make_report(lab.moe, None, tmp_path / "report.html", predictions=files)
