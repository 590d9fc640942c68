"""Making a report of a tiny model."""

import sys

import pandas as pd
import pytest

from kdxf.analysis.report.make import make_report
from kdxf.errors import UserError
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
