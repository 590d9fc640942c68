import numpy as np
import pytest
from PIL import ExifTags, Image

from kdxf.data.pictures.header import read_header
from kdxf.data.pictures.upright import write_upright_copies
from kdxf.errors import UserError
from kdxf_runtime.io.images import read_image


@pytest.fixture
def root(tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    folder = tmp_path / "images" / "a"
    folder.mkdir(parents=True)
    Image.fromarray(pixels).save(folder / "x.png", exif=exif)
    Image.fromarray(pixels).save(folder / "y.jpg", exif=exif, quality=100, subsampling=0)
    (folder / "broken.png").write_bytes(b"")
    return tmp_path / "images"


def test_copies_are_upright_and_the_originals_stay(root, tmp_path):
    before = {path: path.read_bytes() for path in root.rglob("*.*")}
    copies = write_upright_copies(["a/x.png", "a/y.jpg", "a/broken.png"], root, tmp_path / "out", workers=1)
    assert [copy.error for copy in copies[:2]] == ["", ""] and copies[2].error == "the file is empty"
    assert sorted(path.name for path in (tmp_path / "out" / "a").iterdir()) == ["x.png", "y.jpg"]
    for name, allowed in (("a/x.png", 0), ("a/y.jpg", 8)):
        copy = tmp_path / "out" / name
        assert read_header(copy.read_bytes()).orientation == 1
        assert np.abs(read_image(copy).astype(int) - read_image(root / name)).max() <= allowed
    assert before == {path: path.read_bytes() for path in root.rglob("*.*")}


def test_neither_the_input_nor_what_is_there_is_replaced(root, tmp_path):
    with pytest.raises(UserError, match=r"images: is the image root, which is never changed; choose another folder$"):
        write_upright_copies(["a/x.png"], root, root, workers=1)
    out = tmp_path / "out"
    write_upright_copies(["a/x.png"], root, out, workers=1)
    with pytest.raises(UserError, match=r"x.png: is there already; choose another folder, or replace it with --overw"):
        write_upright_copies(["a/x.png"], root, out, workers=1)
    write_upright_copies(["a/x.png"], root, out, workers=1, overwrite=True)
