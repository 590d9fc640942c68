from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope

from kdxf.datasets.left_out_text import cropped_lines, long_documents
from kdxf.engine.config_parts import center_crop, letterbox
from kdxf.registry import TRANSFORMS
from kdxf.text.ocr import OCRRecord

WORDS = dict(type="TokenizeOCR", tokenizer=dict(type="WordTokenizer"))


class Pages:
    """A dataset of records."""

    def __init__(self, records, steps):
        self.records = records
        with DefaultScope.overwrite_default_scope("kdxf"):
            self.pipeline = Compose([TRANSFORMS.build(step) for step in steps])

    def __len__(self):
        return len(self.records)

    def get_data_info(self, index):
        return {"ocr": self.records[index]}


def page(lines, width=100, height=200, text="milk"):
    """A page of lines, each 60 px wide and 8 px high, evenly from top to bottom."""
    tops = np.linspace(0, height - 8, lines) if lines else []
    boxes = np.array([[[20, top], [80, top], [80, top + 8], [20, top + 8]] for top in tops], np.float32)
    scores = np.ones(lines, np.float32)
    return OCRRecord("a.png", [text] * lines, scores, boxes.reshape(-1, 4, 2), width, height, "fake", None)


def test_texts_beyond_the_limit():
    """Of 1 to 20 words; 95 % of the way from the first to the last is 19.05. Two images without text do not count."""
    pages = [*(page(lines) for lines in range(1, 21)), page(0), page(0)]
    ngrams = dict(type="HashNgrams", shortest=6, longest=6, max_ngrams=12)  # <milk> is the only one of a word
    found = long_documents(Pages(pages, [WORDS, ngrams]))
    assert found == [
        "40% of the texts have more than 12 n-grams, and what is beyond is left out: 95 % have at most 20; "
        "max_ngrams=20 of HashNgrams would keep these"
    ]
    assert long_documents(Pages(pages, [WORDS, {**ngrams, "max_ngrams": 19}])) == []  # 5 %
    assert long_documents(Pages(pages, [WORDS])) == []


def test_a_wrapper_and_datasets_without_text():
    pages = Pages([page(30)], [WORDS, dict(type="HashNgrams", max_ngrams=10)])
    assert len(long_documents(SimpleNamespace(dataset=pages))) == 1
    assert long_documents(SimpleNamespace(datasets=[pages, pages])) == 2 * long_documents(pages)

    class Pictures(Pages):
        def get_data_info(self, index):
            return {"img_path": "a.png"}

    pictures = Pictures([1], [])
    assert long_documents(pictures) == cropped_lines(pictures) == []


def test_few_of_many_are_counted():
    asked = []

    class Many(Pages):
        def __len__(self):
            return 100_000

        def get_data_info(self, index):
            asked.append(index)
            return {"ocr": page(2)}

    long_documents(Many([], [WORDS, dict(type="HashNgrams")]))
    assert len(asked) <= 501 and max(asked) > 99_000


def test_lines_outside_of_the_crop():
    """1:2 pages at 256 px: the crop of 224 px shows 7/16 of the height, 56.25 to 143.75 of 200."""
    middles = np.linspace(0, 192, 20) + 4
    shown = ((middles >= 56.25) & (middles <= 143.75)).sum()
    (found,) = cropped_lines(Pages([page(20)], center_crop(224)))
    assert found == (
        f"CenterCrop to 224 px leaves out {1 - shown / 20:.0%} of the lines of text from the picture (half of the "
        "pictures are 1:2.0 or longer); to show them use Letterbox, as letterbox() and random_letterbox() of "
        "kdxf.engine.config_parts do"
    )
    assert cropped_lines(Pages([page(20, height=100)], center_crop(224))) == []  # 1 line at each end
    assert cropped_lines(Pages([page(20)], letterbox(224))) == []
    assert cropped_lines(Pages([page(0)], center_crop(224))) == []
    assert cropped_lines(Pages([page(20)], [dict(type="LoadImage"), dict(type="Resize", scale=(9, 9))])) == []


def test_a_crop_that_keeps_text_moves():
    """All lines within the lower half, which it shows."""
    low = page(20)
    low.boxes[..., 1] = 100 + low.boxes[..., 1] / 2
    assert cropped_lines(Pages([low], center_crop(224)))
    assert cropped_lines(Pages([low], center_crop(224, keep_text=True))) == []
    (found,) = cropped_lines(Pages([page(20)], center_crop(224, keep_text=True)))
    assert found.startswith("CenterCropKeepText to 224 px leaves out 5") and "use Letterbox" in found


def test_square_pictures_need_another_crop():
    corners = page(4, height=100)
    corners.boxes[..., 1] = [[0, 0, 5, 5], [0, 0, 5, 5], [94, 94, 99, 99], [50, 50, 55, 55]]
    (found,) = cropped_lines(Pages([corners], center_crop(224)))
    assert found.endswith(
        "to show them use CenterCropKeepText, as center_crop(keep_text=True) of kdxf.engine.config_parts does"
    )


@pytest.mark.parametrize(("edge", "lost"), [("short", True), ("long", False)])
def test_the_edge_that_is_resized(edge, lost):
    steps = [
        dict(type="LoadImage"),
        dict(type="ResizeEdge", scale=224, edge=edge),
        dict(type="CenterCrop", crop_size=224),
    ]
    assert bool(cropped_lines(Pages([page(20)], steps))) == lost


def test_a_stored_feature_has_the_crop_of_its_test_view():
    pages = Pages([page(20)], [])
    loading = TRANSFORMS.get("LoadFeature").__new__(TRANSFORMS.get("LoadFeature"))
    loading.store = SimpleNamespace(settings={"test_image": center_crop(224)})
    pages.pipeline.transforms.append(loading)
    with DefaultScope.overwrite_default_scope("kdxf"):
        assert len(cropped_lines(pages)) == 1
