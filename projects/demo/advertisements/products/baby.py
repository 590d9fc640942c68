"""Tins, soft packs, feeding bottles and bears: the look that infant formula and nappies share."""

import random

from advertisements.colours import BLACK, WHITE, Colour, Palette, hsv, mix
from advertisements.pen import Pen, Point


def tin(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a round tin with a lid and a label."""
    pen.oval((0.2, 0.78, 0.8, 0.97), mix(palette.body, BLACK, 0.25))
    pen.rectangle((0.2, 0.16, 0.8, 0.88), palette.body)
    pen.rectangle((0.2, 0.36, 0.8, 0.74), mix(palette.body, WHITE, 0.75))
    pen.rectangle((0.18, 0.1, 0.82, 0.2), palette.trim, 0.02)
    pen.oval((0.18, 0.02, 0.82, 0.18), mix(palette.trim, WHITE, 0.4))
    _mascot(pen, (0.5, 0.55), 0.14, rng)


def soft_pack(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a plump plastic pack with a carrying strap."""
    pen.ring((0.5, 0.2), 0.13, mix(palette.body, BLACK, 0.2), 0.04)
    pen.rectangle((0.12, 0.18, 0.88, 0.94), palette.body, 0.1)
    pen.polygon([(0.12, 0.62), (0.5, 0.52), (0.88, 0.66), (0.88, 0.86), (0.12, 0.86)], palette.trim)
    pen.rectangle((0.24, 0.27, 0.76, 0.36), mix(palette.body, WHITE, 0.7), 0.04)
    _mascot(pen, (0.5, 0.63), 0.17, rng)


def feeding_bottle(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a bottle with a teat and a scale, half full."""
    pen.oval((0.42, 0.02, 0.58, 0.2), (240, 205, 160))
    pen.rectangle((0.33, 0.15, 0.67, 0.27), palette.trim, 0.03)
    glass = mix(palette.body, WHITE, 0.75)
    pen.rectangle((0.29, 0.26, 0.71, 0.96), mix(glass, BLACK, 0.2), 0.09)
    pen.rectangle((0.31, 0.28, 0.69, 0.94), glass, 0.08)
    pen.rectangle((0.31, rng.uniform(0.42, 0.6), 0.69, 0.94), (255, 251, 238), 0.06)
    for step in range(5):
        y = 0.45 + step * 0.09
        pen.line([(0.56, y), (0.66, y)], palette.body, 0.012)


def bear(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a soft toy's head and shoulders."""
    fur = hsv(rng.uniform(0.05, 0.1), rng.uniform(0.35, 0.6), rng.uniform(0.6, 0.9))
    pen.oval((0.18, 0.62, 0.82, 1.1), palette.body)
    _bear_head(pen, (0.5, 0.42), 0.34, fur)


def _mascot(pen: Pen, centre: Point, size: float, rng: random.Random) -> None:
    x, y = centre
    kind = rng.choice(["heart", "star", "bear"])
    if kind == "star":
        pen.star(centre, size, (255, 200, 80))
    elif kind == "bear":
        _bear_head(pen, centre, size * 0.8, (205, 150, 100))
    else:
        pink = (240, 110, 130)
        pen.disc((x - size * 0.42, y - size * 0.25), size * 0.48, pink)
        pen.disc((x + size * 0.42, y - size * 0.25), size * 0.48, pink)
        pen.polygon([(x - size * 0.84, y - 0.02), (x + size * 0.84, y - 0.02), (x, y + size)], pink)


def _bear_head(pen: Pen, centre: Point, size: float, fur: Colour) -> None:
    x, y = centre
    for side in (-1, 1):
        pen.disc((x + side * size * 0.7, y - size * 0.7), size * 0.38, fur)
        pen.disc((x + side * size * 0.7, y - size * 0.7), size * 0.2, mix(fur, WHITE, 0.5))
    pen.disc(centre, size, fur)
    pen.oval((x - size * 0.45, y + size * 0.05, x + size * 0.45, y + size * 0.7), mix(fur, WHITE, 0.6))
    for side in (-1, 1):
        pen.disc((x + side * size * 0.38, y - size * 0.15), size * 0.1, BLACK)
    pen.oval((x - size * 0.14, y + size * 0.15, x + size * 0.14, y + size * 0.35), BLACK)


PRODUCTS = (tin, soft_pack, feeding_bottle, bear)
