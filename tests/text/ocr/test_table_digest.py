from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kdxf.errors import UserError
from kdxf.text.ocr import table_digest as module
from kdxf.text.ocr.record import OCRRecord
from kdxf.text.ocr.table import to_arrow
from kdxf.text.ocr.table_digest import table_digest


def record(image, *texts, **changes):
    count = len(texts)
    scores, boxes = np.full(count, 0.5, np.float32), np.zeros((count, 4, 2), np.float32)
    return replace(OCRRecord(image, list(texts), scores, boxes, 8, 9, "e", None), **changes)


@pytest.fixture
def digest(tmp_path):
    """Writes a table of parts and gives the fingerprint of images."""

    def digest(parts, images=("a", "b", "none")):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for number, part in enumerate(parts):
            pq.write_table(to_arrow(part), folder / f"part-{number}.parquet")
        return table_digest(folder, images)

    return digest


def test_what_the_images_say_counts(digest):
    a, b, c = record("a", "milk", "牛奶"), record("b"), record("c", "tea")
    whole = digest([[a, b]])
    assert digest([[c, b], [a]]) == digest([[a], [b, c]]) == whole  # other rows, other parts
    assert digest([[a, b, record("none", width=0, height=0, engine="")]]) == whole  # no row is no text
    for other in (
        record("a", "mil", "k牛奶"),
        record("a", "milk牛奶"),
        replace(a, scores=a.scores / 2),
        replace(a, boxes=a.boxes + 1),
        replace(a, width=9),
        replace(a, engine="f"),
    ):
        assert digest([[other, b]]) != whole
    assert digest([[record("b", "milk", "牛奶"), record("a")]]) != whole
    assert digest([[a, b, record("none", "x")]]) != whole
    assert digest([[a, b]], ["b", "a", "none"]) != whole


def test_no_table(tmp_path):
    with pytest.raises(UserError, match="no: no OCR table"):
        table_digest(tmp_path / "no", ["a"])


def test_more_text_than_32_bits_count():
    """Arrow puts the chunks together to take rows of them: seen here by the types, as 2 GiB are too much for a test."""
    kind = to_arrow([record("a", "milk")]).schema.field("texts").type
    assert module._large(kind) == pa.large_list(pa.large_string())
    boxes = to_arrow([record("a", "milk")]).schema.field("boxes").type
    assert str(module._large(boxes)).startswith("large_list<") and "list<" not in str(module._large(boxes)).replace(
        "large_list<", ""
    )
