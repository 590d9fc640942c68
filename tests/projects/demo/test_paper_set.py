import numpy as np
import pytest
from papers import paper_set as module
from papers.kinds import KINDS
from papers.paper_set import generate
from PIL import Image

from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations, read_classes
from kdxf.text.ocr import OCRTable


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(module, "FEWEST", 5)
    monkeypatch.setattr(module, "MOST", 8)


def test_lists_and_text_of_every_paper(tmp_path, short):
    folder = tmp_path / "papers"
    result = generate(folder, papers=2)
    assert {name: len(frame) for name, frame in result.lists.items()} == {"train": 6, "val": 6, "train_full": 12}
    assert read_classes(folder / "classes.txt") == [kind.name for kind in KINDS]
    table, images = OCRTable.open(folder / "ocr"), read_annotations(folder / "train_full.csv")["image"].tolist()
    rows = table.rows_of(images)
    assert len(table) == 12 and (rows >= 0).all()
    for image, row in zip(images, rows.tolist(), strict=True):
        record = table.record(row)
        assert Image.open(folder / image).size == (record.width, record.height)
        assert record.texts and np.isfinite(record.boxes).all()
    assert not list(tmp_path.glob(".*"))


def test_the_seed_decides_and_nothing_is_lost(tmp_path, short):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        generate(tmp_path / name, 2, seed)
    a, b, c = ((tmp_path / name / "images" / "0" / "000.png").read_bytes() for name in "abc")
    assert a == b != c
    texts = [[record.texts for record in OCRTable.open(tmp_path / name / "ocr")] for name in "abc"]
    assert texts[0] == texts[1] != texts[2]
    with pytest.raises(UserError, match="a exists; choose another folder, or replace it with --overwrite"):
        generate(tmp_path / "a", 2)
    generate(tmp_path / "a", 2, seed=1, overwrite=True)
    assert (tmp_path / "a" / "images" / "0" / "000.png").read_bytes() == c
    with pytest.raises(UserError, match="1 papers per kind: needs at least 2"):
        generate(tmp_path / "d", 1)


def test_another_font(tmp_path, short, font):
    generate(tmp_path / "a", 2, font=font.path)
    generate(tmp_path / "b", 2)
    assert len({(tmp_path / name / "images" / "0" / "000.png").read_bytes() for name in "ab"}) == 2
