"""Colours of a drawn advertisement: palettes, mixtures and legible contrasts."""

import colorsys
import random
from dataclasses import dataclass

Colour = tuple[int, int, int]  # RGB, 0 to 255

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (24, 22, 26)
GOLD: Colour = (255, 205, 72)

# Style -> saturation range and brightness range of the ground.
STYLES = {
    "vivid": ((0.60, 0.92), (0.72, 0.98)),
    "pastel": ((0.12, 0.34), (0.92, 1.00)),
    "dark": ((0.40, 0.80), (0.14, 0.42)),
    "light": ((0.02, 0.16), (0.88, 1.00)),
}


@dataclass(frozen=True)
class Palette:
    """The colours of one picture.

    Attributes:
        ground: The two ends of the background's gradient.
        body: Main colour of the drawn products.
        trim: Their second colour.
        accent: Colour of buttons and badges.
    """

    ground: tuple[Colour, Colour]
    body: Colour
    trim: Colour
    accent: Colour


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """Convert a colour whose components are from 0 to 1; the hue wraps around."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))
    return round(red * 255), round(green * 255), round(blue * 255)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Blend two colours; a ``share`` of 0 returns the first, 1 the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def luminance(colour: Colour) -> float:
    """Return the relative luminance, 0 (black) to 1 (white), as defined by WCAG 2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: Colour, second: Colour) -> float:
    """Return the contrast ratio of two colours, 1 (none) to 21, as defined by WCAG 2."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def readable_on(ground: Colour, wishes: list[Colour], rng: random.Random, ratio: float = 4.5) -> Colour:
    """Pick one of ``wishes`` that stands out from ``ground``, else black or white, whichever stands out more."""
    fit = [colour for colour in wishes if contrast(colour, ground) >= ratio]
    return rng.choice(fit) if fit else max((BLACK, WHITE), key=lambda colour: contrast(colour, ground))


def sample_palette(hues: tuple[float, ...], style: str, rng: random.Random) -> Palette:
    """Draw a palette near one of ``hues`` (0 to 1) in a style of :data:`STYLES`."""
    hue = rng.choice(hues) + rng.gauss(0, 0.025)
    saturations, values = STYLES[style]
    saturation, value = rng.uniform(*saturations), rng.uniform(*values)
    near = hsv(hue, saturation, value)
    far = hsv(hue + rng.uniform(-0.08, 0.08), saturation * rng.uniform(0.4, 1.1), value * rng.uniform(0.75, 1.1))
    body_hue = rng.choice([hue, hue + 0.5, hue + rng.uniform(-0.15, 0.15), rng.random()])
    body = hsv(body_hue, rng.uniform(0.1, 0.9), rng.uniform(0.35, 1.0))
    if contrast(body, near) < 1.4:  # a product must not blend into the ground
        body = mix(body, WHITE if luminance(near) < 0.4 else BLACK, 0.6)
    trim = rng.choice([WHITE, GOLD, BLACK, hsv(body_hue + 0.08, 0.5, 0.9), hsv(rng.random(), 0.7, 0.8)])
    accent = hsv(rng.choice([0.0, 0.03, 0.09, 0.13, 0.58, 0.93, hue + 0.5]), rng.uniform(0.75, 1), rng.uniform(0.7, 1))
    return Palette((near, far), body, trim, accent)
