"""Small kitchen appliances: microwave oven, rice cooker, kettle, soy-milk maker."""

import random

from advertisements.colours import BLACK, WHITE, Palette, mix
from advertisements.pen import Pen

_GLASS = (52, 60, 72)
_LED = (90, 240, 190)


def microwave(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a box with a window on the left and a panel on the right."""
    pen.rectangle((0.03, 0.22, 0.97, 0.8), palette.body, 0.03)
    pen.rectangle((0.08, 0.28, 0.7, 0.74), mix(palette.body, BLACK, 0.5), 0.02)
    pen.rectangle((0.12, 0.33, 0.62, 0.69), _GLASS, 0.02)
    pen.oval((0.22, 0.55, 0.52, 0.66), mix(_GLASS, WHITE, 0.3))
    pen.line([(0.66, 0.34), (0.66, 0.68)], palette.trim, 0.025)
    pen.rectangle((0.75, 0.29, 0.93, 0.37), _GLASS, 0.01)
    pen.rectangle((0.78, 0.315, 0.9, 0.345), _LED)
    if rng.random() < 0.5:
        for row in range(4):
            for column in range(3):
                pen.disc((0.78 + 0.06 * column, 0.45 + 0.07 * row), 0.018, palette.trim)
    else:
        for y in (0.48, 0.65):
            pen.disc((0.84, y), 0.06, palette.trim)
            pen.line([(0.84, y), (0.84, y - 0.05)], BLACK, 0.012)
    for x in (0.14, 0.8):
        pen.rectangle((x, 0.8, x + 0.08, 0.84), BLACK)


def rice_cooker(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a round pot with a domed lid, a handle and a panel."""
    pen.oval((0.12, 0.14, 0.88, 0.6), mix(palette.body, WHITE, 0.3))
    pen.rectangle((0.1, 0.4, 0.9, 0.9), palette.body, 0.14)
    pen.rectangle((0.08, 0.38, 0.92, 0.44), mix(palette.body, BLACK, 0.4), 0.02)
    pen.arc((0.5, 0.3), 0.2, 200, 340, BLACK, 0.035)
    pen.rectangle((0.33, 0.52, 0.67, 0.8), _GLASS, 0.03)
    pen.rectangle((0.39, 0.56, 0.61, 0.65), _LED, 0.01)
    for x in (0.41, 0.5, 0.59):
        pen.disc((x, 0.73), 0.025, palette.trim)
    if rng.random() < 0.5:
        for x in (0.4, 0.5, 0.6):
            pen.line([(x, 0.12), (x + 0.02, 0.08), (x - 0.01, 0.04), (x + 0.01, 0.0)], WHITE, 0.012)


def kettle(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw an electric kettle on its base."""
    pen.rectangle((0.2, 0.88, 0.76, 0.95), BLACK, 0.02)
    pen.polygon([(0.3, 0.22), (0.64, 0.22), (0.73, 0.88), (0.22, 0.88)], palette.body)
    pen.polygon([(0.3, 0.24), (0.12, 0.3), (0.27, 0.42)], mix(palette.body, BLACK, 0.2))
    pen.line([(0.62, 0.25), (0.88, 0.3), (0.86, 0.7), (0.71, 0.74)], BLACK, 0.05)
    pen.oval((0.29, 0.15, 0.65, 0.28), mix(palette.body, BLACK, 0.35))
    pen.disc((0.47, 0.14), 0.04, palette.trim)
    pen.rectangle((0.44, 0.42, 0.5, 0.8), mix(palette.body, WHITE, 0.65), 0.03)
    pen.rectangle((0.44, rng.uniform(0.5, 0.68), 0.5, 0.8), (120, 190, 235), 0.03)


def soymilk_maker(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a jug with a motor head, or a glass jug on a motor base."""
    motor = mix(palette.body, BLACK, 0.15)
    if rng.random() < 0.5:
        pen.rectangle((0.26, 0.04, 0.72, 0.28), motor, 0.07)
        pen.rectangle((0.24, 0.27, 0.74, 0.94), palette.body, 0.06)
        pen.rectangle((0.4, 0.1, 0.58, 0.2), _GLASS, 0.02)
        pen.rectangle((0.32, 0.4, 0.52, 0.84), mix(palette.body, WHITE, 0.5), 0.04)
    else:
        pen.polygon([(0.28, 0.1), (0.72, 0.1), (0.66, 0.62), (0.34, 0.62)], (200, 225, 232))
        pen.polygon([(0.31, 0.34), (0.69, 0.34), (0.66, 0.62), (0.34, 0.62)], (250, 236, 196))
        pen.rectangle((0.27, 0.04, 0.73, 0.12), BLACK, 0.02)
        pen.polygon([(0.32, 0.62), (0.68, 0.62), (0.76, 0.95), (0.24, 0.95)], palette.body)
        pen.disc((0.5, 0.8), 0.07, palette.trim)
    pen.line([(0.72, 0.36), (0.9, 0.38), (0.88, 0.68), (0.7, 0.7)], BLACK, 0.045)


PRODUCTS = (microwave, rice_cooker, kettle, soymilk_maker)
