"""The command line; what it mixes is tested in tests/recipes/test_soft_labels.py."""

import runpy
import sys

import numpy as np
import pytest

from kdxf.io.predictions import Predictions, read_predictions, write_predictions


@pytest.fixture
def call(repo, tmp_path, monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["soft_labels.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(repo / "tools" / "recipes" / "soft_labels.py"), run_name="__main__")
        return end.value.code, *capsys.readouterr()

    monkeypatch.chdir(tmp_path)
    for name, scores in (("a", [[0.75, 0.25]]), ("b", [[0.25, 0.75]])):
        found = Predictions(["x.jpg"], np.array(scores, np.float32), ("p", "q"), np.array([1]), seen=np.array([False]))
        write_predictions(found, f"{name}.parquet")
    return run


def test_again_and_again(call):
    options = ("a.parquet", "b.parquet", "--weights", 3, 1, "--ground-truth-ratio", 0.5, "--out", "new/soft.parquet")
    for again in ((), ("--overwrite",)):
        status, output, error = call(*options, *again)
        assert (status, error) == (0, "")
        assert output == "new/soft.parquet: targets of 1 images, 0.5 of the truth and 0.5 of 2 files\n"
        np.testing.assert_allclose(read_predictions("new/soft.parquet").scores, [[0.3125, 0.6875]])


@pytest.mark.parametrize("ratio", ["0.7", "3:7", "0.6:1.4"])
def test_predictions_to_truth(call, ratio):
    assert call("a.parquet", "--ground-truth-ratio", ratio, "--out", "soft.parquet")[:2] == (
        0,
        "soft.parquet: targets of 1 images, 0.7 of the truth and 0.3 of 1 file\n",
    )
    np.testing.assert_allclose(read_predictions("soft.parquet").scores, [[0.225, 0.775]], atol=1e-6)


@pytest.mark.parametrize("ratio", ["much", "3:", "3:4:5", "0:0"])
def test_no_ratio(call, ratio):
    status, _, error = call("a.parquet", "--ground-truth-ratio", ratio, "--out", "soft.parquet")
    assert status == 2 and f"must be a number from 0 to 1, or predictions:truth such as 3:7, not '{ratio}'" in error


def test_mistakes_are_one_line(call, tmp_path):
    (tmp_path / "soft.parquet").touch()
    assert call("a.parquet", "--out", "soft.parquet")[::2] == (
        2,
        "error: soft.parquet: is there already; choose another name, or replace it with --overwrite\n",
    )
    assert call("a.parquet", "--out", "soft.csv")[::2] == (
        2,
        "error: --out soft.csv: the name must end with .parquet\n",
    )
    status, _, error = call("a.parquet", "--out", "a.parquet", "--overwrite")
    assert (status, error) == (
        2,
        "error: a.parquet: is an input, which is never changed; choose another name for the result\n",
    )
