import random
from collections import Counter

from advertisements.backgrounds import ORNAMENTS
from advertisements.colours import STYLES
from advertisements.looks import LOOKS, USUAL


def test_no_product_belongs_to_two_looks():
    products = [product for look in LOOKS.values() for product in look.products]
    assert len(products) == len(set(products))


def test_usual_styles_and_ornaments_exist():
    assert {look.style for look in LOOKS.values()} <= set(STYLES)
    assert {look.ornament for look in LOOKS.values()} <= set(ORNAMENTS)


def test_habits_are_mostly_kept():
    rng = random.Random(0)
    drawn = Counter(LOOKS["baby"].sample_ornament(rng) for _ in range(1000))
    assert drawn["dots"] / 1000 > USUAL and set(drawn) == set(ORNAMENTS)
    dark = sum(sum(LOOKS["phone"].sample_palette(rng).ground[0]) < 330 for _ in range(1000))
    assert USUAL < dark / 1000 < 0.95
