import json
import runpy
import sys
from dataclasses import replace

import numpy as np
import pytest

from kdxf.io.predictions import Predictions, read_predictions, write_predictions
from kdxf.io.provenance import Provenance


@pytest.fixture
def call(repo, tmp_path, monkeypatch, capsys):
    """Run the tool in ``tmp_path``; return exit status, standard output and standard error."""

    def call(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["ensemble.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(repo / "tools" / "recipes" / "ensemble.py"), run_name="__main__")
        return end.value.code, *capsys.readouterr()

    return call


@pytest.fixture
def files(tmp_path):
    """Validation and test predictions of two models; model a is the better one."""
    random = np.random.default_rng(0)
    for split, count in (("val", 40), ("test", 5)):
        labels = random.integers(0, 3, count)
        for name, skill in (("a", 1.5), ("b", 1)):
            scores = np.exp(random.normal(size=(count, 3)) + skill * np.eye(3)[labels])
            scores = (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
            images = [f"{split}/{index}.jpg" for index in range(count)]
            known = {"labels": labels, "seen": np.zeros(count, bool)} if split == "val" else {}
            source = Provenance(checkpoint_digest=name)
            path = tmp_path / split / f"{name}.parquet"
            write_predictions(Predictions(images, scores, ("x", "y", "z"), source=source, **known), path)


def test_weights_between_groups(call, files, tmp_path):
    groups = ("--group", "image", "test/a.parquet", "--group", "text", "test/b.parquet")
    status, out, _ = call(*groups, "--weights", "image=0.6", "text=0.4", "--out", "out.parquet")
    assert status == 0 and out == "arithmetic mean of 0.6 image, 0.4 text; written to out.parquet\n"
    a, b = (read_predictions(tmp_path / "test" / f"{name}.parquet").scores for name in "ab")
    np.testing.assert_allclose(read_predictions(tmp_path / "out.parquet").scores, 0.6 * a + 0.4 * b, rtol=1e-5)

    status, _, err = call(*groups, "--out", "out.parquet")
    assert status == 2 and err.startswith("error: out.parquet: is there already; choose another name")
    status, _, err = call(*groups, "--out", "test/a.parquet", "--overwrite")
    assert status == 2 and err.startswith("error: test/a.parquet: is an input, which is never changed")
    status, out, _ = call("test/a.parquet", "test/b.parquet", "--mean", "rank", "--out", "out.parquet", "--overwrite")
    assert status == 0 and out == "rank mean of 0.5 a, 0.5 b; written to out.parquet\n"


def test_found_weights_are_applied_to_other_images(call, files, tmp_path):
    val, test = ("val/a.parquet", "val/b.parquet"), ("test/a.parquet", "test/b.parquet")
    status, out, err = call(*val, "--fit", "log-loss", "--save-weights", "w.json", "--out", "val.parquet")
    assert status == 0, err
    assert "log-loss of 40 images\n" in out and "fitted, held out" in out and "gain over the equal mean" in out
    assert "weights written to w.json; apply them to: a, b\n" in out
    assert read_predictions(tmp_path / "val.parquet").source.details["weights"] == "found on these images for log-loss"
    weights = [unit["weight"] for unit in json.loads((tmp_path / "w.json").read_text())["units"]]
    assert len(weights) == 2 and sum(weights) == pytest.approx(1)

    assert call(*test, "--weights-from", "w.json", "--out", "test.parquet")[0] == 0
    a, b = (read_predictions(tmp_path / file).scores for file in test)
    found = read_predictions(tmp_path / "test.parquet")
    np.testing.assert_allclose(found.scores, weights[0] * a + weights[1] * b, rtol=1e-5)
    assert found.source.details["weights"] == "w.json"

    status, _, err = call(*reversed(test), "--weights-from", "w.json", "--out", "x.parquet")
    assert status == 2 and err.startswith("error: test/b.parquet: is of other checkpoints than a, which stands at")
    status, _, err = call(*test, "--weights-from", "w.json", "--mean", "rank", "--out", "x.parquet")
    assert status == 2 and "error: --mean rank: w.json was found for the arithmetic mean; leave --mean out" in err


def test_greedy(call, files, tmp_path):
    write_predictions(read_predictions(tmp_path / "val" / "a.parquet"), tmp_path / "val" / "same.parquet")
    status, out, _ = call(
        "val/a.parquet",
        "val/b.parquet",
        "val/same.parquet",
        "--fit",
        "accuracy",
        "--greedy",
        "1",
        "--save-weights",
        "w",
    )
    assert status == 0 and "greedy, at most 1, held out" in out and "apply them to: a\n" in out


def test_within_a_time(call, files, tmp_path):
    val = ("val/a.parquet", "val/b.parquet", "--fit", "log-loss", "--limit-ms", "50", "--save-weights", "w.json")
    status, _, err = call(*val)
    assert status == 2 and "error: --limit-ms: val/a.parquet does not say how long an image takes; predict with" in err
    status, out, err = call(*val, "--times", "a=100", "b=10+OCR", "OCR=30")
    assert status == 0, err
    assert "of 50 ms, 40 ms per image: b 10, OCR 30\nleft out for time: a (100 ms)\n" in out
    assert "within 50 ms, held out" in out and "apply them to: b\n" in out


def test_unknown_training_images_are_warned_of(call, files, tmp_path):
    found = read_predictions(tmp_path / "val" / "a.parquet")
    unknown = Predictions(found.images, found.scores, found.classes, found.labels)
    write_predictions(unknown, tmp_path / "val" / "c.parquet")
    status, out, _ = call("val/a.parquet", "val/c.parquet", "--fit", "accuracy", "--save-weights", "w.json")
    assert status == 0 and "warning: val/c.parquet does not say which images its model was trained on; if these" in out


def test_labels_seen_at_second_hand_are_warned_of(call, files, tmp_path):
    found = read_predictions(tmp_path / "val" / "b.parquet")
    taught = replace(found, source=Provenance(training_data=({"soft_label_file": {"soft.parquet": "ab"}},)))
    write_predictions(taught, tmp_path / "val" / "c.parquet")
    status, out, _ = call("val/a.parquet", "val/c.parquet", "--fit", "accuracy", "--save-weights", "w.json")
    assert status == 0 and out.count("warning:") == 1
    assert "warning: the model of val/c.parquet learnt soft labels (soft.parquet), and the models that made" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.parquet"], "name a result: --out, or --save-weights with --fit"),
        (["a.parquet", "--greedy", "3", "--out", "x.parquet"], "--greedy, --limit-ms and --save-weights go with --fit"),
        (["a.parquet", "--save-weights", "x"], "--greedy, --limit-ms and --save-weights go with --fit METRIC"),
        (
            ["a.parquet", "--limit-ms", "9", "--out", "x.parquet"],
            "--greedy, --limit-ms and --save-weights go with --fit",
        ),
        (
            ["a.parquet", "--fit", "accuracy", "--greedy", "3", "--limit-ms", "9", "--out", "x.parquet"],
            "--greedy and --limit-ms each limit the models; give one of them",
        ),
        (["a.parquet", "--times", "a=9", "--out", "x.parquet"], "--times goes with --limit-ms MS"),
        (
            ["a.parquet", "--fit", "accuracy", "--limit-ms", "0", "--out", "x.parquet"],
            "--limit-ms 0: give a number above 0",
        ),
        (
            ["--group", "g", "a.parquet", "--weights-from", "w", "--out", "x.parquet"],
            "--weights-from knows the groups; give the files without --group",
        ),
        (["a.parquet", "--out", "x.csv"], "--out x.csv: the name must end with .parquet"),
    ],
)
def test_options_that_do_not_go_together(call, arguments, message):
    status, _, err = call(*arguments)
    assert status == 2 and message in err
