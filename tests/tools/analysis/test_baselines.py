import pandas as pd

from kdxf.io.predictions import Predictions, write_predictions


def test_table_with_a_trained_model(run_tool, frozen_lab, tmp_path, tiny_images):
    lists = frozen_lab.lists
    frame = pd.read_csv(lists / "val.csv")
    classes = ("blue", "green 绿", "red")
    labels = frame["label"].map(classes.index).to_numpy()
    scores = pd.get_dummies(frame["label"])[list(classes)].to_numpy("float32")
    write_predictions(Predictions(frame["image"].tolist(), scores, classes, labels=labels), tmp_path / "p.parquet")
    options = ["--root", tiny_images / "val", "--backbone", "none", "--model", f"perfect={tmp_path / 'p.parquet'}"]
    done = run_tool(
        "tools/analysis/baselines.py", lists / "val.csv", lists / "val.csv", *options, "--out", tmp_path / "t.csv"
    )
    assert not done.returncode, done.stderr
    table = pd.read_csv(tmp_path / "t.csv")
    assert table["name"].tolist() == ["baseline: majority", "baseline: image", "perfect"]
    assert table["top-1"][2] == 100.0 and "| perfect | 100.0 |" in done.stdout and "the best baseline" in done.stdout


def test_faults(run_tool, frozen_lab, tmp_path):
    train = frozen_lab.lists / "train.csv"
    done = run_tool("tools/analysis/baselines.py", train, train, "--out", tmp_path / "t.txt")
    assert done.returncode == 2 and "t.txt: the name must end with .md or .csv" in done.stderr
    done = run_tool("tools/analysis/baselines.py", train, tmp_path / "none.csv", "--backbone", "none")
    assert done.returncode == 2 and "none.csv: no such annotation file" in done.stderr


def test_without_weights_the_image_is_hog_and_colours(run_tool, frozen_lab, tmp_path, tiny_images, monkeypatch):
    monkeypatch.setattr("kdxf.analysis.baselines.installed_backbone", lambda: None)
    val = frozen_lab.lists / "val.csv"
    done = run_tool("tools/analysis/baselines.py", val, val, "--root", tiny_images / "val", "--out", tmp_path / "t.md")
    assert not done.returncode, done.stderr
    assert done.stdout.startswith(
        "No ImageNet weights are installed (extra 'weights'): image means HOG and colours.\n\n"
    )
    assert (tmp_path / "t.md").read_text() == done.stdout
