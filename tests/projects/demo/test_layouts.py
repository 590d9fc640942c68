import random

import pytest
from advertisements.layouts import PAGE_SIZES, choose_layout


@pytest.mark.parametrize("size", PAGE_SIZES)
def test_product_and_text_share_the_page_without_overlap(size):
    for seed in range(100):
        layout = choose_layout(size, True, True, random.Random(seed))
        left, top, right, bottom = layout.product
        text_left, text_top, text_right, text_bottom = layout.text
        for box in (layout.product, layout.text):
            assert 0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1
        assert right <= text_left or text_right <= left or bottom <= text_top or text_bottom <= top


def test_either_may_be_missing():
    assert choose_layout((320, 240), False, True, random.Random(0)).product is None
    layout = choose_layout((320, 240), True, False, random.Random(0))
    assert layout.text is None and layout.product is not None


def test_tall_pages_are_stacked():
    for seed in range(50):
        layout = choose_layout((240, 300), True, True, random.Random(seed))
        assert layout.product[2] - layout.product[0] == pytest.approx(0.8)
