"""Dresses, shirts, trousers and coats."""

import random

from advertisements.colours import BLACK, WHITE, Colour, Palette, mix
from advertisements.pen import Pen


def dress(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a dress on a hanger, plain or dotted."""
    _hanger(pen, palette.trim)
    hem = rng.uniform(0.32, 0.42)
    half = [(0.56, 0.16), (0.66, 0.16), (0.64, 0.34), (0.58, 0.47), (0.5 + hem, 0.93), (0.5, 0.97)]
    pen.mirrored(half, palette.body)
    pen.rectangle((0.42, 0.45, 0.58, 0.49), mix(palette.body, BLACK, 0.4))
    _pattern(pen, palette, rng, (0.38, 0.58, 0.62, 0.9))


def shirt(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a shirt with long or short sleeves."""
    _hanger(pen, palette.trim)
    sleeve = rng.choice([0.42, 0.68])
    half = [(0.56, 0.18), (0.74, 0.24), (0.95, sleeve), (0.82, sleeve + 0.06), (0.73, 0.42), (0.73, 0.92), (0.5, 0.92)]
    pen.mirrored(half, palette.body)
    pen.mirrored([(0.57, 0.16), (0.6, 0.2), (0.5, 0.32)], mix(palette.body, WHITE, 0.5))
    for step in range(5):
        pen.disc((0.5, 0.4 + step * 0.11), 0.013, palette.trim)
    _pattern(pen, palette, rng, (0.31, 0.5, 0.46, 0.85))


def trousers(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw straight or flared trousers with a belt."""
    flare = rng.uniform(0.0, 0.12)
    half = [(0.5, 0.05), (0.7, 0.05), (0.76 + flare, 0.96), (0.58 + flare / 2, 0.96), (0.5, 0.36)]
    pen.mirrored(half, palette.body)
    pen.rectangle((0.3, 0.05, 0.7, 0.11), mix(palette.body, BLACK, 0.5))
    pen.rectangle((0.46, 0.045, 0.54, 0.115), palette.trim, 0.01)
    pen.line([(0.5, 0.11), (0.5, 0.34)], mix(palette.body, BLACK, 0.35), 0.01)


def coat(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a long coat with lapels, a belt and two rows of buttons."""
    half = [(0.57, 0.08), (0.76, 0.15), (0.92, 0.6), (0.79, 0.64), (0.73, 0.4), (0.77, 0.96), (0.5, 0.96)]
    pen.mirrored(half, palette.body)
    dark = mix(palette.body, BLACK, 0.35)
    pen.mirrored([(0.57, 0.08), (0.66, 0.22), (0.5, 0.42)], dark)
    pen.mirrored([(0.55, 0.08), (0.5, 0.3)], mix(palette.trim, WHITE, 0.3))
    pen.line([(0.5, 0.4), (0.5, 0.96)], dark, 0.012)
    pen.rectangle((0.28, 0.5, 0.72, 0.56), dark)
    for row in range(3):
        for x in (0.43, 0.57):
            pen.disc((x, 0.63 + row * 0.1), 0.018, palette.trim)


def _hanger(pen: Pen, colour: Colour) -> None:
    pen.arc((0.5, 0.065), 0.04, 150, 450, colour, 0.015)
    pen.line([(0.28, 0.2), (0.5, 0.1), (0.72, 0.2)], colour, 0.02)


def _pattern(pen: Pen, palette: Palette, rng: random.Random, area: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = area
    kind = rng.choice(["plain", "dots", "stripes"])
    light = mix(palette.body, WHITE, 0.55)
    if kind == "dots":
        for _ in range(14):
            pen.disc((rng.uniform(left, right), rng.uniform(top, bottom)), 0.016, light)
    elif kind == "stripes":
        for step in range(5):
            y = top + (bottom - top) * step / 4
            pen.line([(left, y), (right, y)], light, 0.014)


PRODUCTS = (dress, shirt, trousers, coat)
