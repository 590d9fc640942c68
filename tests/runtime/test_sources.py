import tarfile

import fsspec
import pytest

from kdxf.io.annotations import read_annotations
from kdxf_runtime.errors import UserError
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.sources import list_sources, members_of, read_list


@pytest.fixture
def here(tmp_path, draw, monkeypatch):
    """``a/1.png``, ``a/sub/2.png``; both in ``s/0.tar`` with a text and a hidden file; three lists of them."""
    monkeypatch.chdir(tmp_path)
    for name in ("a/sub/2.png", "a/1.png"):
        draw(tmp_path / name)
    (tmp_path / "a/notes.txt").write_text("1.png\n\nsub/2.png\n")
    (tmp_path / "a/list.csv").write_text('label,image\nx,1.png\n"y, z","sub/2.png"\n', encoding="utf-8-sig")
    (tmp_path / "a/list.tsv").write_text("image\tlabel\n1.png\tx\n")
    (tmp_path / "s").mkdir()
    with tarfile.open(tmp_path / "s/0.tar", "w") as archive:
        archive.add("a/sub/2.png", "图/2.png")
        archive.add("a/notes.txt", "notes.txt")
        archive.add("a/1.png", ".trash/1.png")
        archive.add("a/1.png", "1.png")
    return tmp_path


def test_each_kind_of_input(here):
    assert list_sources(["s/0.tar"]) == [
        InputImage("图/2.png", "s/0.tar/图/2.png", "图/2.png"),
        InputImage("1.png", "s/0.tar/1.png", "1.png"),
    ]
    two = [InputImage("1.png", "a/1.png", "1.png"), InputImage("sub/2.png", "a/sub/2.png", "sub/2.png")]
    for source in ("a", "a/notes.txt", "a/list.csv"):
        assert list_sources([source]) == two
    assert list_sources(["a/list.tsv"]) == two[:1]
    assert list_sources([here / "a/1.png"]) == [InputImage(*[str(here / "a/1.png")] * 3)]


def test_a_name_in_two_inputs_is_told_apart(here):
    fsspec.filesystem("memory").pipe("/shop/1.png", b"x")
    ids = [image.image_id for image in list_sources(["a/notes.txt", "s/0.tar", "memory://shop"])]
    assert ids == ["a/1.png", "sub/2.png", "图/2.png", "s/0.tar/1.png", "memory://shop/1.png"]
    fsspec.filesystem("memory").rm("/shop", recursive=True)


def test_members_that_are_images(here):
    assert members_of(here / "s/0.tar") == ["图/2.png", "1.png"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("l.csv", "path\n1.png\n", r"l.csv: no column 'image' \(found: path\); name it in the header"),
        ("l.csv", "", r"l.csv: not a CSV with a header: No columns to parse from file"),
        ("l.csv", "image,label\n1.png,x,y\n", r"l.csv: not a CSV with a header: a row has 3 cells, and the header 2"),
        ("l.csv", f"image\n{'x' * 200_000}\n", r"l.csv: not a CSV with a header: field larger than field limit"),
        ("l.csv", "image,image\n1.png,x\n", r"l.csv: .*'image'"),
        ("l.csv", "label,image\nx,1.png\ny\n", "l.csv: data row 2 has no image; remove the row or fill it in"),
        ("l.txt", "\n", "l.txt: empty; expected one 'path label' or 'path' per line"),
        ("l.csv", "image\n", "l.csv: has a header and no rows; expected one row per image"),
        ("l.parquet", "PAR1", "l.parquet: no list that is read here; write a CSV with the column image"),
        ("l.json", "{}", "l.json: no list that is read here; write a CSV with the column image"),
    ],
)
def test_bad_lists(here, name, text, message):
    (here / name).write_text(text)
    with pytest.raises(UserError, match=message):
        list_sources([name])


def test_bad_inputs(here):
    for address in ("s3://b/0.tar", "memory://b/list.csv"):
        with pytest.raises(UserError, match=f"{address}: tar shards and lists are read from disks only; copy it, and"):
            list_sources([address])
    with pytest.raises(UserError, match=r"gone.tar: no such tar shard"):
        list_sources(["gone.tar"])
    with pytest.raises(UserError, match=r"gone.csv: no such file or folder"):
        list_sources(["gone.csv"])


def test_a_list_with_a_break_in_a_cell(here):
    (here / "l.csv").write_text('text,image\n"two\nlines",1.png\n')
    assert read_list(here / "l.csv") == ["1.png"]


def test_columns_of_a_list(here):
    (here / "a/t.csv").write_text("image,price,shop\n1.png,3,\nsub/2.png,,x\n1.png,3,\n")
    found = list_sources(["a/t.csv", "a/notes.txt"], with_columns=True)
    assert [image.columns for image in found[:2]] == [{"price": "3", "shop": None}, {"price": None, "shop": "x"}]
    assert list_sources(["a/notes.txt"], with_columns=True)[0].columns is None
    assert list_sources(["a/t.csv"])[0].columns is None
    (here / "a/t.csv").write_text("image,price\n1.png,3\n1.png,4\n")
    with pytest.raises(UserError, match="a/t.csv: 1.png has two rows that differ; keep one of them"):
        list_sources(["a/t.csv"], with_columns=True)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("l.csv", 'image;label\n1.png;"a, b"\n\n 奶/2.png;\n'),
        ("l.csv", "label,image\nx,'=1.png\n"),
        ("l.csv", "label, image\nx, 1.png \n"),
        ("l.tsv", "1.png\t0\nb c.png\t2\n"),
        ("l.tsv", "image,label\n1.png,x\n"),
        ("l.txt", "1.png 0\nb c.png 2\n"),
        ("l.txt", "image\tlabel\n1.png\tx\n"),
        ("l.txt", "1.png\nb 2\n"),
    ],
)
def test_lists_have_the_images_that_kdxf_reads(tmp_path, name, text):
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / name).write_text(text, encoding=encoding)
        images = read_list(tmp_path / name)
        assert images == read_annotations(tmp_path / name, empty_labels=True)["image"].tolist()
        assert images[0].strip("'=") == "1.png"
