import random

import numpy as np
import pytest
from papers.kinds import KINDS
from papers.page import Page, draw

WORDS = ["milk"] * 120


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.mark)
def test_every_word_is_on_a_long_page(kind):
    pages = [draw(kind, author, WORDS, random.Random(author)) for author in range(6)]
    for page in pages:
        width, height = page.image.size
        assert max(width, height) > 1.2 * min(width, height)
        words = [word for line in page.lines for word in line.text.split()]
        assert words.count("milk") == 120
        boxes = np.array([line.box for line in page.lines])
        assert (boxes >= 0).all() and (boxes[..., 0] <= width).all() and (boxes[..., 1] <= height).all()
    assert (kind.layout == "form") == any(page.image.width > page.image.height for page in pages)


def test_a_box_surrounds_its_ink():
    page = Page((200, 60), random.Random(0))
    page.write("milk", 20, 10, 12)
    page.write("2.50", 190, 30, 12, right=True)
    pixels = np.asarray(page.image).astype(int)
    rows, columns = np.nonzero((pixels != pixels[0, 0]).any(axis=2))
    boxes = np.array([line.box for line in page.lines])
    assert boxes[:, :, 0].min() == pytest.approx(columns.min(), abs=1)
    assert boxes[:, :, 1].min() == pytest.approx(rows.min(), abs=1)
    assert boxes[:, :, 1].max() == pytest.approx(rows.max() + 1, abs=1)
    assert boxes[1, 1, 0] == pytest.approx(190, abs=1)


def test_the_mark_at_the_foot_tells_most_papers_of_a_kind():
    """A seal is red, a signature blue."""

    def red(page):
        return (np.asarray(page.image) == [170, 50, 50]).all(axis=2).any()

    school, landlord = ([red(draw(kind, 0, ["a"], random.Random(seed))) for seed in range(20)] for kind in KINDS[2:4])
    assert 12 <= sum(school) < 20 and 0 < sum(landlord) <= 8
