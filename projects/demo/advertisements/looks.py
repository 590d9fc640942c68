"""The look of a kind of advertisement: its products and its usual colours."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from advertisements.backgrounds import ORNAMENTS
from advertisements.colours import STYLES, Palette, sample_palette
from advertisements.pen import Pen
from advertisements.products import baby, clothes, cosmetics, coupons, home, kitchen, lipsticks, phones

Product = Callable[[Pen, Palette, random.Random], None]

# The share of pictures with the usual style: advertisers mostly follow the habits of their trade.
USUAL = 0.85


@dataclass(frozen=True)
class Look:
    """The look that one or several classes share.

    Attributes:
        products: Functions that draw one product each.
        hues: Usual hues of the background, 0 to 1.
        style: Usual style of the background (:data:`advertisements.colours.STYLES`).
        ornament: Usual ornament of the background (:data:`advertisements.backgrounds.ORNAMENTS`).
    """

    products: tuple[Product, ...]
    hues: tuple[float, ...]
    style: str
    ornament: str

    def sample_palette(self, rng: random.Random) -> Palette:
        """Draw the colours of one picture at random."""
        if rng.random() < USUAL:
            return sample_palette(self.hues, self.style, rng)
        return sample_palette((rng.random(),), rng.choice(sorted(STYLES)), rng)

    def sample_ornament(self, rng: random.Random) -> str:
        """Draw the name of the background's ornament at random."""
        return self.ornament if rng.random() < USUAL else rng.choice(sorted(ORNAMENTS))


LOOKS = {
    "coupon": Look(coupons.PRODUCTS, (0.0, 0.04), "vivid", "rays"),
    "phone": Look(phones.PRODUCTS, (0.62, 0.74), "dark", "bubbles"),
    "baby": Look(baby.PRODUCTS, (0.54, 0.14), "pastel", "dots"),
    "clothes": Look(clothes.PRODUCTS, (0.07, 0.09), "light", "stripes"),
    "kitchen": Look(kitchen.PRODUCTS, (0.11, 0.25), "vivid", "panel"),
    "home": Look(home.PRODUCTS, (0.40, 0.47), "pastel", "wave"),
    "cosmetics": Look(cosmetics.PRODUCTS, (0.82, 0.91), "pastel", "bubbles"),
    "lipstick": Look(lipsticks.PRODUCTS, (0.95, 0.99), "dark", "confetti"),
}
