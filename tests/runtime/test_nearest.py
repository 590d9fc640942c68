import csv
from pathlib import Path

import numpy as np
import pytest

from kdxf_runtime import nearest
from kdxf_runtime.bundle import Bundle, Manifest
from kdxf_runtime.errors import UserError
from kdxf_runtime.predictions import Prediction

FEATURES = {"red": (1, 0, 0), "pink": (0.9, 0.1, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}


@pytest.fixture
def pictures(tmp_path, draw, monkeypatch):
    """A folder of classes, and a bundle that embeds a picture by the colour that its name says."""
    bundle = Bundle(tmp_path, Manifest("m", ("a",), (), ()), "digest")
    monkeypatch.setattr(nearest.Bundle, "open", lambda path: bundle)

    def answer_all(runner, images, workers):
        for image in images:
            feature = FEATURES.get(Path(image.path).stem)
            error = None if feature else "cannot be read: broken"
            label = Prediction(image.image_id, 0, "a", 1.0, np.ones(1, np.float32), error)
            yield label, np.array(feature or (0, 0, 0), np.float32)

    monkeypatch.setattr(nearest, "answer_all", answer_all)
    monkeypatch.setattr(nearest, "Runner", lambda bundle, **_: None)
    for name in ("warm/red.png", "warm/broken.png", "cold/green.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        draw(tmp_path / "in" / name, "red")
    return tmp_path


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_gallery_and_its_answers(pictures, draw):
    report = nearest.make_gallery("b", pictures / "in", pictures / "g")
    assert str(report).splitlines() == [
        f"{pictures / 'g'}: 2 pictures of 2 classes, 2 embedded now",
        f"left out: {pictures / 'in/warm/broken.png'}: cannot be read: broken",
    ]
    for name in ("pink", "broken"):
        draw(pictures / f"{name}.png", "red")
    new = [pictures / "pink.png", pictures / "broken.png"]
    said = nearest.nearest_csv("b", pictures / "g", new, pictures / "out.csv", neighbours=1)
    assert said.images == 2 and said.errors == [(str(new[1]), "cannot be read: broken")]
    one, other = rows(pictures / "out.csv")
    assert (one["label"], one["share"], one["nearest"]) == ("warm", "1.000000", str(pictures / "in/warm/red.png"))
    assert float(one["similarity"]) == pytest.approx(0.9 / np.hypot(0.9, 0.1), abs=1e-3)
    assert other == {**dict.fromkeys(nearest.COLUMNS, ""), "image_id": str(new[1]), "error": "cannot be read: broken"}


def test_a_new_class_is_added_by_its_pictures(pictures, draw):
    nearest.make_gallery("b", pictures / "in", pictures / "g")
    (pictures / "more/deep").mkdir(parents=True)
    draw(pictures / "more/deep/blue.png", "red")
    report = nearest.make_gallery("b", pictures / "more", pictures / "g", add=True)
    assert (report.pictures, report.added, report.classes) == (3, 1, 3)
    nearest.nearest_csv("b", pictures / "g", [pictures / "more"], pictures / "out.csv", neighbours=2)
    assert rows(pictures / "out.csv")[0]["label"] == "deep"


def test_an_existing_folder_is_not_replaced(pictures):
    nearest.make_gallery("b", pictures / "in", pictures / "g")
    with pytest.raises(UserError, match=r"--out .*g: exists; choose another folder, or add to it with --add"):
        nearest.make_gallery("b", pictures / "in", pictures / "g")


def test_no_neighbours(pictures):
    with pytest.raises(UserError, match="--neighbours 0: give at least 1"):
        nearest.nearest_csv("b", pictures / "g", [], pictures / "out.csv", neighbours=0)
