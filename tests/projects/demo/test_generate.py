from pathlib import Path

import numpy as np
import pytest
from advertisements import generate as module
from advertisements.classes import CLASSES
from advertisements.fonts import find_fonts
from advertisements.generate import generate
from PIL import Image

from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations, read_classes


@pytest.fixture
def few_classes(monkeypatch):
    monkeypatch.setattr(module, "CLASSES", CLASSES[:3])


@pytest.fixture
def any_font(font, monkeypatch):
    """Accept a font without Chinese characters: these tests do not read the pictures."""
    monkeypatch.setattr(module, "check_characters", lambda font, characters: None)
    return font


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_seed_gives_the_same_files(tmp_path, any_font, few_classes):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        generate(tmp_path / name, [any_font], seed, labelled=3, unlabelled=1)
    first, again, other = (contents(tmp_path / name) for name in "abc")
    assert first == again
    assert set(first) == set(other) and first["images/train/00/000.jpg"] != other["images/train/00/000.jpg"]


def test_layout_and_lists(tmp_path, any_font):
    result = generate(tmp_path, [any_font], labelled=3, unlabelled=2)
    assert len(list((tmp_path / "images" / "test").iterdir())) == 24
    assert read_classes(tmp_path / "classes.txt") == [item.name for item in CLASSES]
    train, val = read_annotations(tmp_path / "train.csv"), read_annotations(tmp_path / "val.csv")
    assert train["label"].value_counts().to_dict() == {item.name: 2 for item in CLASSES}
    assert val["label"].value_counts().to_dict() == {item.name: 1 for item in CLASSES}
    assert train.query("label == '母婴奶粉'")["image"].str.startswith("images/train/03/").all()
    assert list(read_annotations(tmp_path / "test.csv").columns) == ["image"]
    assert set(result.lists) == {"train", "val", "train_full", "test"}


def test_test_pictures_are_in_mixed_order(tmp_path, any_font, monkeypatch):
    page = Image.new("RGB", (8, 8))

    def paint(item, fonts, rng):
        return Image.new("RGB", (8, 8), (20 * CLASSES.index(item), 0, 0)) if item else page

    monkeypatch.setattr(module, "draw_advertisement", paint)
    generate(tmp_path, [any_font], labelled=2, unlabelled=2)
    reds = [np.asarray(Image.open(path))[0, 0, 0] for path in sorted((tmp_path / "images" / "test").iterdir())]
    classes = [round(red / 20) for red in reds]
    assert sorted(classes) == sorted([*range(12), *range(12)]) and classes != sorted(classes)


def test_never_draws_over_a_set_unasked(tmp_path, any_font, few_classes):
    generate(tmp_path, [any_font], labelled=2, unlabelled=1)
    with pytest.raises(UserError, match="images/train exists; --overwrite replaces it"):
        generate(tmp_path, [any_font], labelled=3, unlabelled=1)
    generate(tmp_path, [any_font], labelled=3, unlabelled=1, overwrite=True)
    assert len(list((tmp_path / "images" / "train" / "00").iterdir())) == 3


def test_says_what_is_wrong(tmp_path, font):
    with pytest.raises(UserError, match="1 labelled and 0 test images per class: needs at least 2 and 1"):
        generate(tmp_path, [font], labelled=1, unlabelled=0)
    with pytest.raises(UserError, match=r"DejaVuSans.ttf: lacks \d+ characters"):
        generate(tmp_path, [font])
    assert list(tmp_path.iterdir()) == []


def test_the_committed_set_is_whole(repo):
    folder = repo / "data" / "demo"
    assert read_classes(folder / "classes.txt") == [item.name for item in CLASSES]
    lists = {name: read_annotations(folder / f"{name}.csv") for name in ("train", "val", "train_full", "test")}
    listed = {image for frame in lists.values() for image in frame["image"]}
    drawn = {str(path.relative_to(folder)) for path in (folder / "images").rglob("*.jpg")}
    assert listed == drawn
    assert set(lists["train"]["image"]) | set(lists["val"]["image"]) == set(lists["train_full"]["image"])
    assert sum((folder / image).stat().st_size for image in drawn) < 6_000_000


def test_the_committed_set_is_what_the_generator_draws(repo, monkeypatch, tmp_path):
    """Compares pixels, not bytes: JPEG encoders differ."""
    try:
        fonts = find_fonts()
    except UserError as error:
        pytest.skip(str(error))
    monkeypatch.setattr(module, "CLASSES", CLASSES[:1])
    generate(tmp_path, fonts, labelled=3, unlabelled=1)
    for number in range(3):
        name = f"images/train/00/{number:03d}.jpg"
        ours, theirs = (np.asarray(Image.open(root / name)).astype(int) for root in (tmp_path, repo / "data" / "demo"))
        assert ours.shape == theirs.shape and np.abs(ours - theirs).mean() < 2
