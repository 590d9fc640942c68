"""Backgrounds: a gradient with something on it."""

import math
import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from advertisements.colours import WHITE, Palette, mix

Size = tuple[int, int]


def draw_background(size: Size, palette: Palette, ornament: str, rng: random.Random) -> Image.Image:
    """Draw a background of ``size`` (width, height): a gradient with one of :data:`ORNAMENTS`."""
    page = _gradient(size, palette, rng)
    tint = mix(palette.ground[0], rng.choice([WHITE, palette.ground[1], palette.trim]), rng.uniform(0.25, 0.5))
    layer = Image.new("L", size, 0)
    ORNAMENTS[ornament](ImageDraw.Draw(layer), size, rng)
    strength = rng.uniform(0.3, 0.9)
    page.paste(tint, (0, 0), layer.point(lambda value: round(value * strength)))
    return page


def _gradient(size: Size, palette: Palette, rng: random.Random) -> Image.Image:
    if rng.random() < 0.2:
        ramp = ImageChops.invert(Image.radial_gradient("L"))
    else:
        ramp = Image.linear_gradient("L").rotate(rng.choice([0, 90, 180, 270]))
        if rng.random() < 0.4:  # diagonal: the mean of two directions
            ramp = Image.blend(ramp, ramp.rotate(90), 0.5)
    first, second = (Image.new("RGB", size, colour) for colour in palette.ground)
    return Image.composite(first, second, ramp.resize(size, Image.Resampling.BICUBIC))


def _rays(draw: ImageDraw.ImageDraw, size: Size, rng: random.Random) -> None:
    wide, high = size
    x, y, reach = wide * rng.uniform(0.2, 0.8), high * rng.uniform(0.2, 0.9), wide + high
    count = rng.choice([12, 16, 24])
    for ray in range(count):
        start, end = (math.tau * (ray + share) / count for share in (0, 0.5))
        corners = [(x + reach * math.cos(a), y + reach * math.sin(a)) for a in (start, end)]
        draw.polygon([(x, y), *corners], 150)


def _dots(draw: ImageDraw.ImageDraw, size: Size, rng: random.Random) -> None:
    step = rng.randint(24, 60)
    radius = step * rng.uniform(0.1, 0.25)
    for row, y in enumerate(range(0, size[1] + step, step)):
        for x in range(step // 2 * (row % 2), size[0] + step, step):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), 190)


def _stripes(draw: ImageDraw.ImageDraw, size: Size, rng: random.Random) -> None:
    step, lean = rng.randint(30, 90), rng.choice([0, size[1] // 2, size[1]])
    for x in range(-lean, size[0] + step, step):
        draw.line([(x, 0), (x + lean, size[1])], 160, step // 3)


def _bubbles(draw: ImageDraw.ImageDraw, size: Size, rng: random.Random) -> None:
    for _ in range(rng.randint(6, 16)):
        x, y, radius = rng.uniform(0, size[0]), rng.uniform(0, size[1]), rng.uniform(10, 70)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), rng.randint(70, 190))


def _wave(draw: ImageDraw.ImageDraw, size: Size, rng: random.Random) -> None:
    level, swing = size[1] * rng.uniform(0.5, 0.8), size[1] * rng.uniform(0.03, 0.1)
    turn, length = rng.uniform(0, math.tau), rng.uniform(0.5, 2)
    edge = [(x, level + swing * math.sin(turn + math.tau * length * x / size[0])) for x in range(0, size[0] + 8, 8)]
    draw.polygon([*edge, (size[0], size[1]), (0, size[1])], 220)


def _panel(draw: ImageDraw.ImageDraw, size: Size, rng: random.Random) -> None:
    margin = rng.uniform(0.03, 0.07) * min(size)
    box = (margin, margin, size[0] - margin, size[1] - margin)
    draw.rounded_rectangle(box, rng.choice([0, 20, 40]), 200)


def _confetti(draw: ImageDraw.ImageDraw, size: Size, rng: random.Random) -> None:
    for _ in range(rng.randint(20, 50)):
        x, y, edge = rng.uniform(0, size[0]), rng.uniform(0, size[1]), rng.uniform(4, 14)
        lean = rng.uniform(-edge, edge)
        draw.polygon([(x, y), (x + edge, y + lean), (x + edge + lean, y + edge), (x + lean, y + edge)], 230)


ORNAMENTS: dict[str, Callable[[ImageDraw.ImageDraw, Size, random.Random], None]] = {
    "rays": _rays,
    "dots": _dots,
    "stripes": _stripes,
    "bubbles": _bubbles,
    "wave": _wave,
    "panel": _panel,
    "confetti": _confetti,
}


def spoil(page: Image.Image, rng: random.Random) -> Image.Image:
    """Add the artefacts of cameras and re-encoding: sometimes a slight blur, usually a little noise."""
    if rng.random() < 0.25:
        page = page.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.7)))
    if rng.random() < 0.4:
        noise = Image.frombytes("L", page.size, rng.randbytes(page.width * page.height)).convert("RGB")
        page = Image.blend(page, noise, rng.uniform(0.005, 0.025))
    return page
