import random

import numpy as np
import pytest
from advertisements import advertisement
from advertisements.advertisement import draw_advertisement
from advertisements.classes import CLASSES, told_by_look, told_by_words
from advertisements.layouts import PAGE_SIZES


@pytest.mark.parametrize("item", CLASSES, ids=lambda item: item.look + "-" + item.words)
def test_every_class_can_be_drawn(item, font):
    page = draw_advertisement(item, [font], random.Random(1))
    assert page.mode == "RGB" and page.size in PAGE_SIZES
    assert np.asarray(page).std() > 10
    assert page.tobytes() == draw_advertisement(item, [font], random.Random(1)).tobytes()


@pytest.mark.parametrize("item", CLASSES[:5], ids=lambda item: item.look + "-" + item.words)
def test_only_what_tells_nothing_may_be_missing(item, font, monkeypatch):
    seen = {"text": 0, "product": 0}

    def note(size, with_product, with_text, rng):
        seen["text"] += with_text
        seen["product"] += with_product
        return advertisement.Layout(None, None)

    monkeypatch.setattr(advertisement, "choose_layout", note)
    for seed in range(40):
        draw_advertisement(item, [font], random.Random(seed))
    assert (seen["text"] < 40) == told_by_look(item)
    assert (seen["product"] < 40) == told_by_words(item)
