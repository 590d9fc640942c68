"""Lipsticks, lips and colour swatches."""

import random

from advertisements.colours import BLACK, GOLD, WHITE, Colour, Palette, hsv, mix
from advertisements.pen import Pen


def lipstick(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw one open lipstick."""
    _stick(pen, 0.5, 0.26, 0.02, palette, _red(rng))


def lipstick_row(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw two or three open lipsticks of different shades."""
    count = rng.choice([2, 3])
    for place in range(count):
        x = 0.5 + (place - (count - 1) / 2) * 0.3
        _stick(pen, x, 0.2, rng.uniform(0.02, 0.25), palette, _red(rng))


def lips(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a pair of painted lips, with a lipstick below."""
    red = _red(rng)
    upper = [(0.5, 0.2), (0.6, 0.13), (0.75, 0.2), (0.95, 0.33), (0.72, 0.33), (0.5, 0.36)]
    lower = [(0.5, 0.36), (0.72, 0.34), (0.95, 0.33), (0.8, 0.48), (0.62, 0.56), (0.5, 0.57)]
    pen.mirrored(upper, red)
    pen.mirrored(lower, mix(red, WHITE, 0.15))
    pen.line([(0.07, 0.33), (0.28, 0.34), (0.5, 0.36), (0.72, 0.34), (0.93, 0.33)], mix(red, BLACK, 0.5), 0.015)
    pen.rectangle((0.1, 0.7, 0.5, 0.88), BLACK, 0.02)
    pen.rectangle((0.5, 0.72, 0.66, 0.86), GOLD)
    pen.polygon([(0.66, 0.73), (0.82, 0.73), (0.92, 0.85), (0.66, 0.85)], red)


def swatches(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw smears of four shades next to a lipstick."""
    for row in range(4):
        red, y = _red(rng), 0.14 + row * 0.21
        end = rng.uniform(0.5, 0.6)
        pen.polygon([(0.04, y), (0.3, y - 0.04), (end, y + 0.01), (end - 0.04, y + 0.09), (0.08, y + 0.12)], red)
    _stick(pen, 0.8, 0.22, 0.1, palette, _red(rng))


def _red(rng: random.Random) -> Colour:
    return hsv(rng.uniform(-0.08, 0.04), rng.uniform(0.6, 0.95), rng.uniform(0.5, 0.95))


def _stick(pen: Pen, x: float, wide: float, top: float, palette: Palette, red: Colour) -> None:
    half = wide / 2
    case = mix(palette.body, BLACK, 0.55)
    pen.rectangle((x - half, 0.6, x + half, 0.97), case, 0.015)
    pen.rectangle((x - half * 0.85, 0.46, x + half * 0.85, 0.62), GOLD)
    pen.rectangle((x - half * 0.85, 0.53, x + half * 0.85, 0.55), mix(GOLD, BLACK, 0.4))
    bullet = [(x - half * 0.65, 0.47), (x - half * 0.65, top + 0.14), (x - half * 0.2, top + 0.04)]
    pen.polygon([*bullet, (x + half * 0.4, top), (x + half * 0.65, top + 0.06), (x + half * 0.65, 0.47)], red)
    pen.rectangle((x + half * 0.15, top + 0.12, x + half * 0.3, 0.46), mix(red, WHITE, 0.35))


PRODUCTS = (lipstick, lipstick_row, lips, swatches)
