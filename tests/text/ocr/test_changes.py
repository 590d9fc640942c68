import os
import shutil
import tarfile
from dataclasses import replace

import pytest

from kdxf.text.ocr import OCRTable, OCRTableWriter, read_text
from kdxf.text.ocr.changes import changed_pictures, warning_of_changes
from kdxf_runtime.ocr.image_source import ImageSource


class Engine:
    name = "fake 1"

    def read(self, image):
        return []


NAMES = ["a.png", "b.png", "c.png", "s/0.tar/d.png"]


@pytest.fixture
def root(draw, tmp_path):
    """Three pictures and one in a shard, in a table; and ``lost.png``, which could not be read."""
    for name in ("a.png", "b.png", "c.png"):
        draw(tmp_path / name)
    pack(draw, tmp_path, "black")
    with OCRTableWriter(tmp_path / "ocr", "fake 1") as writer:
        for name in (*NAMES, "lost.png"):
            writer.add(read_text(Engine(), name, name, ImageSource(tmp_path)))
    return tmp_path


def pack(draw, root, colour):
    draw(root / "d.png", colour)
    (root / "s").mkdir(exist_ok=True)
    with tarfile.open(root / "s" / "0.tar", "w") as shard:
        shard.add(root / "d.png", "d.png")


def find(root, names=NAMES, **options):
    files = [str(root / name) for name in names]
    changed = changed_pictures(OCRTable.open(root / "ocr"), names, files, **options)
    return [name for name, is_changed in zip(names, changed, strict=True) if is_changed]


def test_another_picture_under_the_same_name_is_found(draw, root):
    assert find(root) == []
    draw(root / "b.png", "black", width=9)
    assert find(root) == ["b.png"]
    pack(draw, root, "red")
    assert find(root) == ["b.png", "s/0.tar/d.png"]


def test_the_same_bytes_with_a_new_time_have_not_changed(root):
    for name in ("a.png", "s/0.tar"):
        os.utime(root / name, (5, 5))
    assert find(root) == []
    shutil.copy(root / "a.png", root / "b.png")  # the same picture
    assert find(root) == []


def test_the_same_size_with_other_bytes_is_found_by_its_digest(root):
    data = bytearray((root / "c.png").read_bytes())
    data[-1] ^= 1
    before = (root / "c.png").stat().st_mtime_ns
    (root / "c.png").write_bytes(data)
    os.utime(root / "c.png", (5, 5))
    assert find(root) == ["c.png"]
    os.utime(root / "c.png", ns=(before, before))  # who restores the time as well is not found out
    assert find(root) == []


def test_what_is_not_known_is_not_called_changed(draw, root):
    (root / "a.png").unlink()
    draw(root / "new.png")
    (root / "s" / "0.tar").write_bytes(b"")
    draw(root / "lost.png")  # there was nothing whose digest could be kept
    assert find(root, [*NAMES, "new.png", "lost.png"]) == []
    rows = [replace(record, digest=None) for record in OCRTable.open(root / "ocr")]
    with OCRTableWriter(root / "old", "fake 1") as writer:
        for row in rows:
            writer.add(row)
    draw(root / "b.png", width=9)
    assert not changed_pictures(OCRTable.open(root / "old"), ["b.png"], [str(root / "b.png")]).any()


def test_a_warning_reads_few_pictures(root):
    for name in NAMES[:3]:
        data = bytearray((root / name).read_bytes())
        data[-1] ^= 1
        (root / name).write_bytes(data)
        os.utime(root / name, (5, 5))
    assert find(root, NAMES[:3]) == NAMES[:3]
    assert find(root, NAMES[:3], most=2) == ["a.png", "b.png"]


def test_the_warning_is_one_line(draw, root):
    table, files = OCRTable.open(root / "ocr"), [str(root / name) for name in NAMES]
    assert warning_of_changes(table, NAMES, files, "train.csv") is None
    draw(root / "b.png", width=9)
    assert warning_of_changes(table, NAMES, files, "train.csv") == (
        f"1 of 4 images of train.csv have changed since {root}/ocr was made (first: b.png): their text may be that "
        "of other pictures, unless they were only resized or encoded anew; run tools/ocr.py again, which reads those "
        "that have changed"
    )
