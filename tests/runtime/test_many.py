import argparse
import sys

import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.many import predict_many
from kdxf_runtime.predict import Settings
from kdxf_runtime.predictions import Columns


@pytest.fixture
def run(colours, tmp_path, draw):
    """Predicts a list of one red picture by the options given."""
    draw(tmp_path / "red.png", "red")
    (tmp_path / "list.csv").write_text("image\nred.png\n")

    def run(**options):
        known = dict.fromkeys(["save_csv", "parts", "ray_address", "precision", "review", "workers"])
        args = argparse.Namespace(**{**known, "excel": False, "executor": "processes", **options})
        return predict_many(colours.folder, [str(tmp_path / "list.csv")], Settings(), Columns(), args)

    return run


def test_a_csv_at_once_or_parts(run, tmp_path):
    assert run(save_csv=tmp_path / "out.csv").answered is None
    assert (tmp_path / "out.csv").read_text() == "image_id,category_id,error\nred.png,2,\n"
    report = run(parts=tmp_path / "p")
    assert (report.csv, report.parts, report.answered) == (None, tmp_path / "p", 1)
    assert str(report).startswith(f"{tmp_path / 'p'}: 1 images, 0 with an error\n1 of them answered now")


def test_a_missing_package_is_named(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(UserError, match=r"--parts needs the package pyarrow.*: pip install 'kdxf\[parts\]'"):
        run(parts=tmp_path / "p")
