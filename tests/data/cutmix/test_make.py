import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from kdxf.data.cutmix.make import (
    check_extended_table,
    extended_list,
    make_pictures,
    output_prefix,
    write_extended_table,
    write_report,
)
from kdxf.data.cutmix.plan import Recipe
from kdxf.data.lists import read_list
from kdxf.errors import UserError
from kdxf.text.ocr.table import OCRTable, to_arrow
from kdxf.text.ocr.writer import OCRTableWriter
from kdxf_runtime.io.images import read_image
from kdxf_runtime.ocr.record import OCRRecord


def record(image, text, engine="rapidocr"):
    box = np.array([[[0, 0], [4, 0], [4, 2], [0, 2]]], np.float32)
    return OCRRecord(image, [text], np.ones(1, np.float32), box, 8, 6, engine, None)


@pytest.fixture
def table(tmp_path):
    with OCRTableWriter(tmp_path / "ocr", "rapidocr", part_rows=1) as writer:
        writer.add(record("a.jpg", "milk"))
        writer.add(record("b.jpg", "tea"))
    return OCRTable.open(tmp_path / "ocr")


def test_old_rows_and_new_ones(table, tmp_path):
    write_extended_table(table, [record("aug.jpg", "new")], tmp_path / "more")
    found = {item.image: item.texts for item in OCRTable.open(tmp_path / "more")}
    assert found == {"a.jpg": ["milk"], "b.jpg": ["tea"], "aug.jpg": ["new"]}
    assert OCRTable.open(tmp_path / "ocr").images == ["a.jpg", "b.jpg"]
    with pytest.raises(
        UserError, match=r"more: holds an OCR table already; choose another folder, or replace it with -"
    ):
        check_extended_table(table, tmp_path / "more", overwrite=False)
    write_extended_table(table, [], tmp_path / "more", overwrite=True)
    assert OCRTable.open(tmp_path / "more").images == ["a.jpg", "b.jpg"]


def test_a_table_that_is_one_file(tmp_path):
    pq.write_table(to_arrow([record("a.jpg", "milk")]), tmp_path / "ocr.parquet")
    write_extended_table(OCRTable.open(tmp_path / "ocr.parquet"), [record("b.jpg", "tea")], tmp_path / "more")
    assert OCRTable.open(tmp_path / "more").images == ["a.jpg", "b.jpg"]


def test_what_cannot_be_extended_is_said_before_the_work(table, tmp_path):
    with pytest.raises(
        UserError, match=r"ocr: is an input, which is never changed; choose another folder for the new O"
    ):
        check_extended_table(table, tmp_path / "ocr", overwrite=True)
    (tmp_path / "file").touch()
    with pytest.raises(
        UserError, match=r"file: is a file, and an OCR table is a folder of parts; choose another name$"
    ):
        check_extended_table(table, tmp_path / "file", overwrite=True)
    pq.write_table(to_arrow([record("a.jpg", "x"), record("b.jpg", "y", "easyocr")]), tmp_path / "two.parquet")
    with pytest.raises(UserError, match=r"was read by several engines \(easyocr, rapidocr\); read it with one$"):
        check_extended_table(OCRTable.open(tmp_path / "two.parquet"), tmp_path / "new", overwrite=False)


@pytest.fixture
def images(tmp_path):
    for name, colour in (("red.png", "red"), ("blue.png", "blue")):
        Image.new("RGB", (60, 40), colour).save(tmp_path / name)
    (tmp_path / "broken.png").touch()
    (tmp_path / "l.csv").write_text("image,label,fold\nred.png,r,0\nblue.png,b,1\nbroken.png,b,2\n")
    return read_list(tmp_path / "l.csv")


@pytest.fixture
def picture_table(tmp_path):
    """A line across the whole of red.png; blue.png has no row."""
    box = np.array([[[0, 0], [60, 0], [60, 40], [0, 40]]], np.float32)
    with OCRTableWriter(tmp_path / "ocr", "rapidocr") as writer:
        writer.add(OCRRecord("red.png", ["红"], np.full(1, 0.75, np.float32), box, 60, 40, "rapidocr", None))
    return OCRTable.open(tmp_path / "ocr")


RECIPES = [
    Recipe("aug_r_00000.jpg", 0, "blue.png", (0, 1)),
    Recipe("aug_b_00000.jpg", 1, "", (0, 2)),
    Recipe("aug_b_00001.jpg", 2, "blue.png", (0, 3)),
]


def test_pictures_their_text_and_their_rows(images, picture_table, tmp_path):
    made = make_pictures(images, RECIPES, tmp_path / "aug", picture_table, workers=1)
    assert [item.error.split(":")[0] for item in made] == ["", "", "broken.png on blue.png"]
    record = made[0].record
    assert (record.image, record.texts, record.engine) == ("aug/aug_r_00000.jpg", ["红"], "rapidocr")
    assert (record.width, record.height, record.scores.tolist()) == (60, 40, [0.75])
    x0, y0, x1, y1 = np.concatenate([record.boxes[0].min(axis=0), record.boxes[0].max(axis=0)]).round().astype(int)
    picture = read_image(tmp_path / record.image)
    assert (picture[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2, 2] > 200).all() and picture[..., 0].max() > 200
    assert made[1].record.texts == [] and (read_image(tmp_path / made[1].record.image)[..., 0] > 240).all()

    frame = extended_list(images.frame, RECIPES, made)
    assert frame.columns.tolist() == ["image", "label", "fold", "source", "aug_of", "aug_background"]
    assert frame["source"].tolist() == ["original"] * 3 + ["cutmix"] * 2
    assert frame.iloc[3:].to_numpy().tolist() == [
        ["aug/aug_r_00000.jpg", "r", 0, "cutmix", "red.png", "blue.png"],
        ["aug/aug_b_00000.jpg", "b", 1, "cutmix", "blue.png", ""],
    ]
    write_report(images, RECIPES, made, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert (
        page.count("<figure>") == 3 + 2
        and "2 pictures were made; 2 of them" in page
        and "<figcaption>红</figcaption>" in page
    )


def test_the_same_seed_gives_the_same_bytes(images, tmp_path):
    for folder in ("aug", "again"):
        made = make_pictures(images, RECIPES[:1], tmp_path / folder, None, workers=1)
        assert made[0].record.texts == [] and made[0].record.engine == ""
    same = [(tmp_path / folder / "aug_r_00000.jpg").read_bytes() for folder in ("aug", "again")]
    assert same[0] == same[1]


def test_a_source_that_the_list_has_stays(images):
    frame = images.frame.assign(source=["v1", "v2", "v2"])
    assert extended_list(frame, [], []).columns.tolist()[:4] == ["image", "label", "fold", "source"]
    assert extended_list(frame, [], [])["source"].tolist() == ["v1", "v2", "v2"]


def test_a_list_extended_twice_keeps_its_provenance(images, tmp_path):
    made = make_pictures(images, RECIPES[:1], tmp_path / "aug", None, workers=1)
    once = extended_list(images.frame, RECIPES[:1], made)
    twice = extended_list(once, RECIPES[:1], made)
    assert twice["aug_of"].fillna("").tolist() == ["", "", "", "red.png", "red.png"]
    assert isinstance(twice, pd.DataFrame)


def test_pictures_lie_below_the_root_and_replace_nothing(images, tmp_path):
    with pytest.raises(
        UserError, match=r"must be a folder below the image root .*, so that the list can name its pict"
    ):
        output_prefix(tmp_path.parent / "aug", tmp_path)
    with pytest.raises(UserError, match="must be a folder below the image root"):
        output_prefix(tmp_path, tmp_path)
    assert output_prefix(tmp_path / "x" / "aug", tmp_path) == "x/aug"
    make_pictures(images, RECIPES[:1], tmp_path / "aug", None, workers=1)
    with pytest.raises(
        UserError, match=r"aug_r_00000.jpg: is there already; choose another folder, or replace with --o"
    ):
        make_pictures(images, RECIPES[:1], tmp_path / "aug", None, workers=1)
    make_pictures(images, RECIPES[:1], tmp_path / "aug", None, workers=1, overwrite=True)
