"""Skin care: jar, pump bottle, tube, dropper bottle."""

import random

from advertisements.colours import BLACK, GOLD, WHITE, Palette, mix
from advertisements.pen import Pen


def jar(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a low jar of cream, closed or open."""
    pen.rectangle((0.1, 0.48, 0.9, 0.9), palette.body, 0.1)
    pen.rectangle((0.16, 0.6, 0.84, 0.78), mix(palette.body, WHITE, 0.6), 0.03)
    pen.rectangle((0.34, 0.66, 0.66, 0.72), mix(palette.body, BLACK, 0.3), 0.02)
    if rng.random() < 0.5:
        pen.rectangle((0.12, 0.24, 0.88, 0.5), palette.trim, 0.05)
        pen.rectangle((0.12, 0.44, 0.88, 0.48), mix(palette.trim, BLACK, 0.25))
    else:
        pen.oval((0.12, 0.36, 0.88, 0.58), mix(palette.body, WHITE, 0.4))
        pen.oval((0.18, 0.39, 0.82, 0.54), (255, 250, 242))
        pen.arc((0.5, 0.46), 0.07, 20, 300, (236, 224, 210), 0.02)


def pump_bottle(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a tall bottle of lotion with a pump."""
    pen.rectangle((0.29, 0.32, 0.71, 0.96), palette.body, 0.06)
    pen.rectangle((0.42, 0.2, 0.58, 0.33), palette.trim, 0.01)
    pen.rectangle((0.47, 0.1, 0.53, 0.21), mix(palette.trim, BLACK, 0.2))
    pen.polygon([(0.4, 0.05), (0.58, 0.05), (0.58, 0.12), (0.22, 0.14), (0.22, 0.1)], palette.trim)
    pen.rectangle((0.34, 0.5, 0.66, 0.78), mix(palette.body, WHITE, 0.65), 0.02)
    for y in (0.56, 0.62, 0.68):
        pen.line([(0.39, y), (rng.uniform(0.5, 0.61), y)], mix(palette.body, BLACK, 0.4), 0.012)


def tube(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a squeezed tube standing on its cap."""
    pen.polygon([(0.24, 0.05), (0.76, 0.05), (0.64, 0.78), (0.36, 0.78)], palette.body)
    pen.rectangle((0.23, 0.03, 0.77, 0.09), mix(palette.body, BLACK, 0.2))
    pen.rectangle((0.37, 0.78, 0.63, 0.96), palette.trim, 0.02)
    pen.polygon([(0.31, 0.3), (0.69, 0.3), (0.66, 0.5), (0.34, 0.5)], mix(palette.body, WHITE, 0.7))
    pen.disc((0.5, 0.62), rng.uniform(0.04, 0.07), palette.trim)


def dropper_bottle(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a bottle of essence with a rubber bulb, and a drop."""
    pen.oval((0.41, 0.02, 0.59, 0.2), BLACK)
    pen.rectangle((0.4, 0.15, 0.6, 0.34), GOLD if rng.random() < 0.5 else palette.trim, 0.01)
    pen.rectangle((0.25, 0.34, 0.75, 0.96), mix(palette.body, BLACK, 0.25), 0.12)
    pen.rectangle((0.28, 0.37, 0.72, 0.93), palette.body, 0.1)
    pen.rectangle((0.28, 0.54, 0.72, 0.82), mix(palette.body, WHITE, 0.7))
    pen.rectangle((0.36, 0.6, 0.64, 0.66), mix(palette.body, BLACK, 0.3), 0.01)
    x, y = 0.87, rng.uniform(0.5, 0.7)
    pen.polygon([(x - 0.055, y), (x, y - 0.13), (x + 0.055, y)], mix(palette.body, WHITE, 0.5))
    pen.disc((x, y + 0.01), 0.058, mix(palette.body, WHITE, 0.5))


PRODUCTS = (jar, pump_bottle, tube, dropper_bottle)
