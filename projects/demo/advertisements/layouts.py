"""The places of the product and the text in an advertisement."""

import random
from dataclasses import dataclass

Box = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the page

PAGE_SIZES = ((320, 240), (300, 225), (300, 210), (270, 270), (240, 300))


@dataclass(frozen=True)
class Layout:
    """The boxes of one page; None for a missing product or text."""

    product: Box | None
    text: Box | None
    centred: bool = True


def choose_layout(size: tuple[int, int], with_product: bool, with_text: bool, rng: random.Random) -> Layout:
    """Choose a layout for a page of ``size`` (width, height)."""
    if not with_text:
        inset = rng.uniform(0.03, 0.15)
        return Layout((inset, inset, 1 - inset, 1 - inset), None)
    if not with_product:
        return Layout(None, (0.08, 0.1, 0.92, 0.9), rng.random() < 0.8)
    wide, high = size
    if wide > high and rng.random() < 0.75:
        return _side_by_side(rng)
    return _stacked(rng)


def _side_by_side(rng: random.Random) -> Layout:
    edge = rng.uniform(0.42, 0.5)
    left, right = (0.02, 0.06, edge, 0.94), (edge + 0.02, 0.08, 0.97, 0.92)
    if rng.random() < 0.5:
        return Layout(left, right, rng.random() < 0.5)
    return Layout((1 - edge, 0.06, 0.98, 0.94), (0.03, 0.08, 0.98 - edge, 0.92), rng.random() < 0.5)


def _stacked(rng: random.Random) -> Layout:
    edge = rng.uniform(0.4, 0.48)
    if rng.random() < 0.65:
        return Layout((0.1, edge, 0.9, 0.97), (0.05, 0.04, 0.95, edge - 0.01))
    return Layout((0.1, 0.03, 0.9, edge), (0.05, edge + 0.01, 0.95, 0.96))
