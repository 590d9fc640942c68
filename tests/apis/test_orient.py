from types import SimpleNamespace

import numpy as np
import pytest

from kdxf.apis.orient import fill_angles
from kdxf.errors import UserError
from kdxf.text.ocr import OCRRecord, OCRTable, OCRTableWriter


class Model:
    """Says 270 with the score that is the name of the picture; what is called ``broken`` cannot be read."""

    classes = ("0", "180", "270", "90")

    def __init__(self):
        self.asked = []

    def __call__(self, inputs, **options):
        self.asked += inputs
        names = [path.rsplit("/", 1)[1] for path in inputs]
        return [
            SimpleNamespace(category_name="270", score=1.0, error="it is broken")
            if name == "broken"
            else SimpleNamespace(category_name="270", score=float(name), error=None)
            for name in names
        ]


@pytest.fixture
def table(tmp_path):
    rows = [
        ("0.9", 0, 0.9),
        ("0.95", None, 0.0),
        ("0.5", None, 0.0),
        ("sure", 90, 0.4),
        ("0.9", 180, 0.05),
        ("0.8", 180, 0.05),
    ]
    with OCRTableWriter(tmp_path / "ocr", "e") as writer:
        for name, angle, score in [*rows, ("broken", None, 0.0)]:
            empty = np.zeros(0, np.float32), np.zeros((0, 4, 2), np.float32)
            writer.add(OCRRecord(name, [], *empty, 8, 6, "e", None, angle=angle, angle_score=score))
        writer.add(OCRRecord.empty("unread", "no picture", engine="e"))
    return OCRTable.open(tmp_path / "ocr")


def test_the_model_fills_what_the_text_leaves_open(table, tmp_path):
    model = Model()
    filled = fill_angles(model, table, tmp_path / "images", tmp_path / "new", 0.9)
    assert str(filled) == "angle by the text: 1, by the model: 2, not sure: 4"
    assert model.asked == [str(tmp_path / "images" / name) for name in ("0.95", "0.5", "0.9", "0.8", "broken")]
    rows = [(row.image, row.angle, round(row.angle_score, 2), row.turn) for row in OCRTable.open(tmp_path / "new")]
    assert rows == [
        ("0.95", 270, 0.95, 270),
        ("0.5", 0, 0, 0),
        ("sure", 90, 0.4, 90),
        ("0.9", 270, 0.9, 270),
        ("0.8", 180, 0.05, 0),
        ("broken", 0, 0, 0),
        ("unread", 0, 0, 0),
    ]
    assert OCRTable.open(tmp_path / "new").engines == ["e"]


def test_mistakes(table, tmp_path):
    with pytest.raises(UserError, match=r"--min-score 0.05: give a number from 0.1 to 1"):
        fill_angles(Model(), table, tmp_path, tmp_path / "new", 0.05)
    with pytest.raises(UserError, match="ocr: is an input, which is never changed"):
        fill_angles(Model(), table, tmp_path, table.path, 0.9)
    other = SimpleNamespace(classes=("milk", "tea"))
    with pytest.raises(
        UserError, match="the model tells milk, tea apart, not 0, 90, 180, 270 degrees; give a model of"
    ):
        fill_angles(other, table, tmp_path, tmp_path / "new", 0.9)
