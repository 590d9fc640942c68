"""Word vectors small enough to see through, and a sample that has every key."""

import numpy as np
import pytest
from PIL import Image

from kdxf.text.ocr import OCRRecord
from kdxf.text.vectors.convert import convert_vectors


@pytest.fixture(scope="session")
def vectors(tmp_path_factory):
    """Store of a, b, c, milk and 牛, 奶 with the vectors (1, 0), (2, 0), ... (6, 0)."""
    folder = tmp_path_factory.mktemp("vectors")
    rows = [f"{word} {i} 0" for i, word in enumerate(["a", "b", "c", "milk", "牛", "奶"], start=1)]
    (folder / "words.txt").write_text(f"{len(rows)} 2\n" + "\n".join(rows) + "\n", encoding="utf-8")
    convert_vectors(folder / "words.txt", folder / "store", trees=0)
    return str(folder / "store")


@pytest.fixture
def record():
    """Two lines, one with a high and one with a low score."""
    return OCRRecord(
        "x.png", ["a b", "milk"], np.array([0.9, 0.4], np.float32), np.zeros((2, 4, 2), np.float32), 8, 6, "fake", None
    )


@pytest.fixture
def sample(tmp_path, record):
    """The results dict before the last transform."""
    Image.new("RGB", (8, 6), (10, 20, 30)).save(tmp_path / "x.png")
    return {
        "img_path": str(tmp_path / "x.png"),
        "sample_idx": 3,
        "gt_label": 1,
        "ocr": record,
        "img": np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3),
        "img_shape": (6, 8),
        "ori_shape": (6, 8),
        "tokens": ["a", "b", "milk"],
        "token_scores": np.array([0.9, 0.9, 0.4], np.float32),
        "token_boxes": np.zeros((3, 4), np.float32),
        "text": np.ones((4, 2), np.float32),
        "text_weight": np.array([0.9, 0.9, 0.4, 0], np.float32),
        "text_box": np.zeros((4, 4), np.float32),
    }
