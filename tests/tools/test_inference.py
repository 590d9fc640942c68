"""tools/inference.py as people call it; what it does is tested in tests/apis/test_inference.py."""

import csv
import runpy
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from PIL import Image

import kdxf.models  # noqa: F401  (registers)
from kdxf.engine.config import load_config
from kdxf.io.predictions import read_predictions
from kdxf.registry import MODELS

CONFIG = """
model = dict(
    type="ImageTextClassifier",
    image_backbone=dict(type="ResNet", depth=18, stem_channels=4, base_channels=4),
    image_neck=dict(type="GlobalAveragePooling"),
    head=dict(type="LinearClsHead", num_classes=2, in_channels=32, loss=dict(type="CrossEntropyLoss")),
)
test_dataloader = dict(
    dataset=dict(
        type="OCRTextDataset",
        data_root="{root}",
        data_prefix="photos",
        ann_file="test.txt",
        classes=("奶粉", "手机"),
        pipeline=[
            dict(type="LoadImage"),
            dict(type="Resize", scale=(32, 32)),
            dict(type="PackImageTextInputs"),
        ],
    ),
)
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    root = tmp_path_factory.mktemp("lab")
    for name in ("a/图 1.png", "b.png"):
        (root / "photos" / name).parent.mkdir(exist_ok=True, parents=True)
        Image.fromarray(np.full((40, 50, 3), len(name) * 20, np.uint8)).save(root / "photos" / name)
    (root / "photos" / "空.jpg").touch()
    (root / "test.txt").write_text("空.jpg\nb.png\n", encoding="utf-8")
    (root / "config.py").write_text(CONFIG.replace("{root}", str(root)), encoding="utf-8")
    (root / "names.json").write_text('{"0": "milk", "1": "phone"}')
    with DefaultScope.overwrite_default_scope("kdxf"):
        model = MODELS.build(load_config(root / "config.py").model)
    torch.save({"state_dict": model.state_dict()}, root / "model.pth")
    return root


@pytest.fixture
def call(repo, lab, monkeypatch, capsys):
    """Run the tool in this process; return its exit status, its output and its error output."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["inference.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(repo / "tools" / "inference.py"), run_name="__main__")
        return end.value.code, *capsys.readouterr()

    monkeypatch.chdir(lab)
    return run


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_as_the_document_writes_it(repo, lab, tmp_path):
    command = [sys.executable, repo / "tools" / "inference.py", "--cfg", "config.py", "--ckpt", "model.pth"]
    command += ["--save_csv", tmp_path / "out.csv", "--with-name", "--device", "cpu"]
    result = subprocess.run(command, cwd=lab, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    rows = rows_of(tmp_path / "out.csv")
    assert list(rows[0]) == ["image_id", "category_id", "category_name", "error"]
    assert [row["image_id"] for row in rows] == ["空.jpg", "b.png"]
    assert rows[0]["error"] == "the file is empty" and rows[1]["error"] == ""
    report = result.stdout.splitlines()
    assert report[0] == f"{tmp_path / 'out.csv'}: 2 images, 1 with an error"
    assert report[-1] == "error: 空.jpg: the file is empty"


def test_folders_and_files_between_options(call, tmp_path):
    out = tmp_path / "out.csv"
    status, _, error = call(
        "config.py", "model.pth", "photos/b.png", "--save_csv", out, "--topk", 2, "--with-score", "--with-name",
        "--class-names", "names.json", "photos", "--workers", 0, "--batch-size", 2, "--device", "cpu", "--amp",
    )  # fmt: skip
    assert status == 0, error
    rows = rows_of(out)
    assert [row["image_id"] for row in rows] == ["photos/b.png", "a/图 1.png", "b.png", "空.jpg"]
    assert {row["category_name"] for row in rows} <= {"milk", "phone"}
    for row in rows:
        assert float(row["score"]) + float(row["top2_score"]) == pytest.approx(1, abs=1e-5)


def test_cfg_and_ckpt_leave_all_paths_to_inputs(call, tmp_path):
    out = tmp_path / "out.csv"
    assert call("photos/b.png", "--cfg", "config.py", "--save_csv", out, "--ckpt", "model.pth")[0] == 0
    assert [row["image_id"] for row in rows_of(out)] == ["photos/b.png"]


def test_scores_of_all_classes_as_a_file(call, tmp_path):
    out = tmp_path / "out.parquet"
    status, output, error = call("config.py", "model.pth", "photos", "--save-probs", out, "--workers", 0)
    assert status == 0, error
    assert output.startswith(f"{out}: 3 images, 1 with an error\n")
    found = read_predictions(out)
    assert found.images == ["a/图 1.png", "b.png", "空.jpg"] and found.classes == ("奶粉", "手机")
    np.testing.assert_allclose(found.scores.sum(axis=1), 1, atol=1e-5)
    assert dict(found.errors) == {2: "the file is empty"}


def test_config_options(call, tmp_path):
    status, _, error = call(
        "config.py", "model.pth", "--save_csv", tmp_path / "out.csv", "--cfg-options", "model.head.num_classes=3"
    )
    assert status == 2
    assert error.startswith(
        "error: checkpoint model.pth does not fit the config's model: size mismatch for head.fc.weight"
    )


def test_budget(call, tmp_path):
    arguments = (
        "config.py",
        "model.pth",
        "photos",
        "--save_csv",
        tmp_path / "out.csv",
        "--budget-gb",
        "0.001",
        "--budget-ms",
    )
    status, output, _ = call(*arguments, 1e6)
    assert status == 1 and output.splitlines()[-1].endswith("GiB of memory, 0.001 GiB allowed")
    assert (tmp_path / "out.csv").exists()


def test_mistakes_are_one_line(call, tmp_path):
    arguments = ("config.py", "model.pth", "--save_csv")
    assert call(*arguments, tmp_path)[::2] == (2, f"error: --save_csv {tmp_path}: is a folder; name a file in it\n")
    status, _, error = call(*arguments, tmp_path / "out.csv", "--tta")
    assert (status, error) == (2, "error: --tta: config config.py has no tta_model; add it, or leave --tta out\n")
    assert list(tmp_path.iterdir()) == []


def test_usage(call):
    status, _, error = call("config.py", "--save_csv", "out.csv")
    assert status == 2
    assert error.endswith("error: give CONFIG and CHECKPOINT, as the first two paths or with --cfg and --ckpt\n")
    status, _, error = call("config.py", "model.pth")
    assert (status, error.splitlines()[-1].partition("error: ")[2]) == (
        2,
        "name a result: --save_csv, --save-probs, or both",
    )


def test_malicious_checkpoint(call, lab, tmp_path):
    class Evil:
        def __reduce__(self):
            return open, (str(tmp_path / "ran"), "w")

    torch.save({"state_dict": Evil()}, tmp_path / "evil.pth")
    status, _, error = call("config.py", tmp_path / "evil.pth", "--save_csv", tmp_path / "out.csv")
    assert status == 2 and error.count("\n") == 1
    assert error.startswith(f"error: checkpoint {tmp_path / 'evil.pth'} is refused: its pickle wants ")
    assert [path.name for path in tmp_path.iterdir()] == ["evil.pth"]


def test_a_table_for_excel(call, tmp_path):
    out = tmp_path / "out.csv"
    status, _, error = call("config.py", "model.pth", "photos/b.png", "--save_csv", out, "--with-name", "--excel")
    assert status == 0, error
    assert out.read_bytes().startswith(b"\xef\xbb\xbfimage_id,category_id,category_name,error\nphotos/b.png,")


def test_decisions_need_a_calibration(call, tmp_path):
    for words in (["--precision", 0.98], ["--review", 0.05], ["--with-set"]):
        status, _, error = call("config.py", "model.pth", "photos", "--save_csv", tmp_path / "out.csv", *words)
        assert status == 2
        assert error == f"error: {words[0]}: model.pth has no calibration for this; make one with kdxf calibrate\n"


def test_reading_as_needed_takes_a_routing(call, tmp_path):
    status, _, err = call("config.py", "model.pth", "photos", "--save_csv", tmp_path / "out.csv", "--read-text", "auto")
    assert status == 2
    assert "error: --read-text auto: " in err and "has no routing, which says which images need no text read" in err
    status, _, err = call(
        "config.py", "model.pth", "photos", "--save_csv", tmp_path / "out.csv", "--read-text", "never"
    )
    assert status == 2 and "invalid choice: 'never'" in err


def test_ray_is_for_bundles(run_tool):
    done = run_tool("tools/inference.py", "c.py", "m.pth", "a.jpg", "--save_csv", "o.csv", "--executor", "ray")
    assert done.returncode == 2
    assert "--executor: only bundles are spread over machines; make one with kdxf export, and predict" in done.stderr
