import torch

from kdxf.engine.config import load_config, model_config
from kdxf.registry import MODELS
from kdxf.text.ocr import OCRRecord, OCRTable, OCRTableWriter


def test_it_asks_a_model_and_writes_a_table(run_tool, frozen_lab, tmp_path):
    config = tmp_path / "orientation.py"
    text = frozen_lab.config.read_text(encoding="utf-8").replace("num_classes=3", "num_classes=4")
    config.write_text(text.replace(f'"{frozen_lab.lists}/classes.txt"', '["0", "90", "180", "270"]'), encoding="utf-8")
    torch.save(MODELS.build(model_config(load_config(config))).state_dict(), tmp_path / "model.pth")
    picture = sorted(frozen_lab.images.rglob("*.png"))[0].relative_to(frozen_lab.images).as_posix()
    with OCRTableWriter(tmp_path / "ocr", "e") as writer:
        writer.add(OCRRecord.empty(picture, engine="e", width=8, height=8))
    arguments = config, tmp_path / "model.pth", tmp_path / "ocr", "--root", frozen_lab.images
    done = run_tool("tools/orient.py", *arguments, "--out", tmp_path / "new", "--min-score", 0.1)
    assert done.returncode == 0, done.stderr
    assert "new: angle by the text: 0, by the model: 1, not sure: 0" in done.stdout
    (record,) = OCRTable.open(tmp_path / "new")
    assert record.angle in (0, 90, 180, 270) and record.angle_score >= 0.25  # the best of four
    done = run_tool("tools/orient.py", *arguments, "--out", tmp_path / "ocr")
    assert done.returncode == 2 and "ocr: is an input, which is never changed" in done.stderr
