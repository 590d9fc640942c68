import base64
import re
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import ExifTags, Image

from kdxf.data.lists import ImageList, read_list
from kdxf.data.verification.options import UNUSABLE, Limits
from kdxf.data.verification.verify import (
    Findings,
    advice,
    format_findings,
    verify,
    write_report,
)
from kdxf.errors import UserError


@pytest.fixture
def data(tmp_path):
    """good.jpg, grey.png and empty.jpg; a list of them (one twice) and of missing.jpg; val.jpg and its list."""
    Image.new("RGB", (60, 40)).save(tmp_path / "good.jpg")
    Image.new("RGB", (40, 40)).save(tmp_path / "val.jpg")
    Image.new("L", (90, 50)).save(tmp_path / "grey.png")
    (tmp_path / "empty.jpg").touch()
    rows = "image,label\nempty.jpg,a\ngrey.png,a\ngood.jpg,b\nmissing.jpg,b\ngrey.png,a\n"
    (tmp_path / "train.csv").write_text(rows)
    (tmp_path / "val.csv").write_text("image\nval.jpg\ngood.jpg\n")
    return tmp_path


def test_everything_is_found_worst_first(data):
    found = verify(read_list(data / "train.csv"), Limits(), 1, classes=["a"], others=[data / "val.csv"])
    assert found.problems.to_numpy().tolist() == [
        ["missing.jpg", "missing", "no such file"],
        ["empty.jpg", "unreadable", "the file is empty"],
        ["good.jpg", "unknown_label", "'b' is not among the 1 classes"],
        ["missing.jpg", "unknown_label", "'b' is not among the 1 classes"],
        ["grey.png", "odd_mode", "grey"],
        ["grey.png", "listed_twice", "2 rows"],
        ["good.jpg", "in_other_list", str(data / "val.csv")],
    ]
    assert found.images_with(UNUSABLE) == {"missing.jpg", "empty.jpg"}
    assert found.sizes.sort_index().to_dict("index") == {
        "good.jpg": {"width": 60, "height": 40},
        "grey.png": {"width": 90, "height": 50},
    }
    assert found.classes.to_numpy().tolist() == [["a", 2, 1]]


def test_a_folder_has_no_rows_to_check(data):
    found = verify(read_list(data), Limits(), 1)
    assert found.classes is None
    assert set(found.problems["problem"]) == {"unreadable", "odd_mode"}
    assert "unlisted" in set(verify(read_list(data / "train.csv"), Limits(), 1).problems["problem"])


def test_nothing_is_wrong(data):
    images = ImageList(pd.DataFrame({"image": ["good.jpg"]}), data, Path("."))
    assert verify(images, Limits(), 1).problems.empty


def test_other_lists_must_be_there(data):
    with pytest.raises(UserError, match=r"none.csv: no such annotation file$"):
        verify(read_list(data), Limits(), 1, others=[data / "none.csv"])


@pytest.fixture
def images(tmp_path):
    """A turned picture (upright: left half black) and 13 grey ones."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # stored: lower half black
    pixels = np.full((40, 80, 3), 255, np.uint8)
    pixels[20:] = 0
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    names = ["turned.png"]
    for number in range(13):
        Image.new("L", (50, 50)).save(tmp_path / f"{number:02}.png")
        names.append(f"{number:02}.png")
    return ImageList(pd.DataFrame({"image": names}), tmp_path, tmp_path / "list.csv")


@pytest.fixture
def findings(images):
    rows = [(f"{number:02}.png", "odd_mode", "grey") for number in range(13)]
    rows += [("turned.png", "rotated", "EXIF orientation 6"), ("gone.png", "missing", "no such file")]
    sizes = pd.DataFrame({"width": [40, 50, 50], "height": [80, 50, 50]})
    classes = pd.DataFrame({"class": list("abcd"), "images": [30, 5, 4, 2], "unusable": [0, 0, 0, 2]})
    return Findings(pd.DataFrame(rows, columns=["image", "problem", "detail"]), sizes, classes)


def test_the_table_counts_images_and_classes(findings, images):
    assert format_findings(findings, images).split("\n") == [
        f"14 images (14 rows) of {images.source}",
        "  missing                 1  a row without a file",
        "  odd_mode               13  not RGB of 8 bits; converted when it is read",
        "  rotated                 1  stored turned or mirrored; EXIF says how, and kdxf turns it upright",
        "width x height: 40x50 at least, median 50x50, 50x80 at most (each edge by itself)",
        "4 classes, 3 with usable images: 4 to 30 each, median 5; imbalance 7.5 to 1",
        "classes without any usable images (1): d",
        "classes with fewer than 5 usable images (1): c",
    ]


def test_nothing_found_is_said(images):
    nothing = pd.DataFrame(columns=["image", "problem", "detail"])
    found = Findings(nothing, pd.DataFrame(columns=["width", "height"]), None)
    assert format_findings(found, images).split("\n")[1:] == ["  no problems found"]
    assert advice(found, images) == [f"All {images.frame['image'].nunique()} images can be used."]


def test_what_is_wrong_is_said_with_what_to_do(images):
    rows = [
        ("0.png", "missing", ""),
        ("1.png", "truncated", ""),
        ("1.png", "missing", ""),
        ("2.png", "in_other_list", ""),
    ]
    rows += [("3.png", "unknown_label", ""), ("4.png", "listed_twice", ""), ("5.png", "rotated", "")]
    found = Findings(pd.DataFrame(rows, columns=["image", "problem", "detail"]), pd.DataFrame(), None)
    count = images.frame["image"].nunique()
    assert advice(found, images) == [
        f"2 of {count} images cannot be used: --out-list writes the list without them.",
        "1 images are in another list, too, so that scores on it are too good: take them out.",
        "Some labels are not among the classes: correct them, or give the right --classes.",
        "Some images are listed twice: tools/data/dedupe.py settles which row stays.",
    ]
    only_turned = Findings(found.problems.tail(1), pd.DataFrame(), None)
    assert advice(only_turned, images) == [
        f"All {count} images can be used; what is listed below is read all the same."
    ]


def test_the_page_shows_a_few_of_each_and_turned_ones_both_ways(findings, images, tmp_path):
    write_report(findings, images, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    stored_once = dict(re.findall(r'<image id="(\w+)"[^>]*base64,([^"]+)"', page))
    figures = re.findall(r"<figure>(.*?)<figcaption>(.*?)</figcaption>", page, re.DOTALL)
    sources = [(re.search(r'(?:base64,|href="#)([^"]+)"', picture), caption) for picture, caption in figures]
    shown = [(stored_once.get(found[1], found[1]), caption) for found, caption in sources if found]
    assert len(shown) == 12 + 2 and "12 of 13, spread evenly." in page
    stored, upright = (
        cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_GRAYSCALE) for data, _ in shown[-2:]
    )
    assert stored.shape == (40, 80) and stored[:18].min() > 240 and stored[22:].max() < 15
    assert upright.shape == (80, 40) and upright[:, :18].max() < 15 and upright[:, 22:].min() > 240
    assert shown[-2][1] == "as stored\nturned.png\nEXIF orientation 6" and shown[-1][1] == "upright"
    assert "cannot open the file: No such file or directory" in page
    assert page.index("<td>a</td>") < page.index("<td>b</td>")
    assert "odd mode: not RGB of 8 bits" in page and "<p>1 of 4 classes have no usable image: add some" in page


def test_a_turned_picture_that_is_broken_is_left_to_its_own_section(findings, images, tmp_path, capfd):
    (tmp_path / "turned.png").write_bytes(b"")
    write_report(findings, images, tmp_path / "report.html")
    assert "as stored" not in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert capfd.readouterr().err == ""


def test_columns_that_give_the_label_away_are_told(tmp_path):
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg")
    rows = [f"a.jpg,{'xy'[n % 2]},shelf {n % 2},{n * 7 % 5}" for n in range(30)]
    (tmp_path / "t.csv").write_text("image,label,shelf,price\n" + "\n".join(rows) + "\n")
    images = read_list(tmp_path / "t.csv")
    found = verify(images, Limits(min_edge=1), 1)
    (line,) = found.columns
    assert line.startswith("the column 'shelf' alone names the class of 100% of the images")
    assert format_findings(found, images).splitlines()[-1] == f"for a model that takes columns: {line}"
    write_report(found, images, tmp_path / "r.html")
    assert "the column &#39;shelf&#39; alone" in (tmp_path / "r.html").read_text().lower()
