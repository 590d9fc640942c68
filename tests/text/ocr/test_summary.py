import numpy as np

from kdxf.text.ocr import OCRRecord, OCRSummary, OCRTableWriter


def fill(folder, errors):
    box = np.zeros((1, 4, 2), np.float32)
    with OCRTableWriter(folder, "e") as writer:
        writer.add(OCRRecord("with", ["x"], np.ones(1, np.float32), box, 1, 1, "e", None))
        writer.add(OCRRecord.empty("without"))
        for index in range(errors):
            writer.add(OCRRecord.empty(f"bad{index}", "empty"))


def test_counts_only_the_images_asked_for(tmp_path):
    fill(tmp_path, 3)
    summary = OCRSummary.of(tmp_path, ["bad1", "with", "without"], [], read=2, seconds=4.0)
    assert (summary.with_text, summary.without_text, summary.unreadable) == (1, 1, [("bad1", "empty")])
    assert str(summary).splitlines() == [
        f"{tmp_path}: 3 images, 1 with text, 1 without text, 1 unreadable",
        "read 2 now, 0.5 images/s",
        "unreadable: bad1: empty",
    ]


def test_names_the_first_ten_and_says_where_the_others_are(tmp_path):
    fill(tmp_path, 12)
    text = str(
        OCRSummary.of(tmp_path, [f"bad{index}" for index in range(12)], ["\udcff.jpg"] * 11, read=0, seconds=0.0)
    )
    assert "unreadable: bad9: empty" in text and "bad10" not in text
    assert "... and 2 more: the rows of the table whose column 'error' is not null" in text
    assert "left out, rename it (the name is not valid Unicode): '\\udcff.jpg'" in text
    assert "... and 1 more such names" in text and "images/s" not in text


def test_no_images(tmp_path):
    assert str(OCRSummary.of(tmp_path, [], [], 0, 0.0)).startswith(f"{tmp_path}: 0 images")
