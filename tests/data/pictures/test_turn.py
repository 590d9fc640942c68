import numpy as np
import pandas as pd
import pytest
from PIL import ExifTags, Image

from kdxf.data.lists import read_list
from kdxf.data.pictures.turn import turn_pictures
from kdxf.errors import UserError
from kdxf_runtime.io.images import read_image
from kdxf_runtime.ocr.quarter_turns import turn_pixels


@pytest.fixture
def images(tmp_path):
    root = tmp_path / "images"
    (root / "a").mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.fromarray(pixels).save(root / "a" / "milk.png", exif=exif)
    (root / "broken.png").write_bytes(b"")
    (root / "list.csv").write_text("image,label,shop\na/milk.png,milk,1\nbroken.png,tea,2\na/milk.png,milk,1\n")
    return read_list(root / "list.csv")


def test_a_copy_in_each_direction_and_how_to_turn_it_back(images, tmp_path):
    frame, errors = turn_pictures(images, tmp_path / "out", workers=1)
    assert frame.to_dict("list") == {
        "image": [f"a/milk.turn{degrees}.png" for degrees in (0, 90, 180, 270)],
        "label": ["0", "270", "180", "90"],
        "turned_of": ["a/milk.png"] * 4,
        "picture_label": ["milk"] * 4,
        "shop": [1] * 4,
    }
    assert errors == ["broken.png: the file is empty"] * 4
    upright = read_image(images.root / "a" / "milk.png")
    for name, label in zip(frame["image"], frame["label"], strict=True):
        np.testing.assert_array_equal(turn_pixels(read_image(tmp_path / "out" / name), int(label)), upright)


def test_one_copy_in_a_direction_that_the_seed_draws(images, tmp_path):
    names = [turn_pictures(images, tmp_path / str(n), 1, seed)[0]["image"].tolist() for n, seed in enumerate((3, 3))]
    assert names[0] == names[1] and len(names[0]) == 1
    directions = {turn_pictures(images, tmp_path / "all", 1, seed, True)[0]["label"].item() for seed in range(20)}
    assert directions == {"0", "90", "180", "270"}


def test_mistakes(images, tmp_path):
    with pytest.raises(UserError, match="images: is the image root, which is never changed; choose another folder"):
        turn_pictures(images, images.root, 1)
    turn_pictures(images, tmp_path / "out", 1)
    with pytest.raises(UserError, match="milk.turn0.png: is there already; choose another folder, or replace it with"):
        turn_pictures(images, tmp_path / "out", 1)
    pd.DataFrame({"image": ["broken.png"]}).to_csv(images.root / "list.csv", index=False)
    with pytest.raises(UserError, match=r"list.csv: no image can be read \(first: broken.png: the file is empty\)"):
        turn_pictures(read_list(images.root / "list.csv"), tmp_path / "none", 1)
