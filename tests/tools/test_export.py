"""The command that makes bundles."""

import json
from pathlib import Path

import pytest

from kdxf.export.bundle import ExportOptions
from kdxf.inference.inputs import InputTexts
from kdxf_runtime.bundle import Bundle


@pytest.fixture
def asked(monkeypatch):
    """What the tool asks of :func:`kdxf.export.bundle.export`."""
    calls = []

    def export(cfg, checkpoint, out, options, *, overwrite):
        calls.append((cfg, checkpoint, out, options, overwrite))
        return "the report"

    monkeypatch.setattr("kdxf.export.bundle.export", export)
    return calls


def test_usual_options(run_tool, asked, shop):
    done = run_tool("tools/export.py", shop.config, shop.checkpoint, "--out", "bundle")
    assert (done.returncode, done.stdout) == (0, "the report\n")
    ((cfg, checkpoint, out, options, overwrite),) = asked
    assert (cfg.filename, checkpoint, out, overwrite) == (str(shop.config), shop.checkpoint, "bundle", False)
    assert options == ExportOptions(pictures=[])


def test_all_options(run_tool, asked, shop):
    options = "--overwrite --pictures a.jpg folder --ocr table --name shop --class-names names.txt --half-vectors "
    options += "--quantize int8 --workers 2 --trust-checkpoint --cfg-options ocr_engine.min_side=400"
    run_tool("tools/export.py", shop.config, shop.checkpoint, "--out", "x.kdxf", *options.split())
    ((cfg, _, out, options, overwrite),) = asked
    assert (out, overwrite, cfg.ocr_engine.min_side) == ("x.kdxf", True, 400)
    assert options == ExportOptions(
        pictures=["a.jpg", "folder"],
        ocr_table="table",
        class_names="names.txt",
        half_vectors=True,
        name="shop",
        trust_checkpoint=True,
        workers=2,
        quantize=True,
    )


def test_the_folder_of_a_fit(run_tool, asked, shop, monkeypatch, tmp_path):
    found = []

    def files_of_model(folder):
        found.append(folder)
        return shop.config, Path("best.pth")

    monkeypatch.setattr("kdxf.inference.fitted.files_of_model", files_of_model)
    run_tool("tools/export.py", tmp_path, "--out", "bundle")
    assert found == [str(tmp_path)] and asked[0][1] == Path("best.pth")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["a", "b", "c", "--out", "x"],
            "error: c: give CONFIG and CHECKPOINT, or the folder of a finished 'kdxf fit",
        ),
        (["a", "b"], "the following arguments are required: --out"),
        (["a", "b", "--out", "x", "--quantize", "int4"], "invalid choice: 'int4'"),
    ],
)
def test_wrong_arguments(run_tool, asked, arguments, message):
    done = run_tool("tools/export.py", *arguments)
    assert done.returncode == 2 and message in done.stderr and asked == []


def test_a_bundle(run_tool, shop, ready_graph, monkeypatch, tmp_path):
    monkeypatch.setattr(InputTexts, "read_missing", lambda *_, **__: 0)
    done = run_tool("tools/export.py", shop.config, shop.checkpoint, "--out", tmp_path / "out", "--half-vectors")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1].startswith("compared on 5 pictures: 0 labels differ, scores by ")
    meta = json.loads((tmp_path / "out" / "text" / "vectors" / "meta.json").read_text())
    assert meta["dtype"] == "float16" and Bundle.open(tmp_path / "out").manifest.name == "bundle"
    again = run_tool("tools/export.py", shop.config, shop.checkpoint, "--out", tmp_path / "out")
    assert again.returncode == 2
    assert again.stderr.endswith(f"error: --out {tmp_path}/out: exists; choose another name, or add --overwrite\n")
