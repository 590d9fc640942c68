"""Lines of text set into a box of a page."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageStat

from advertisements.colours import BLACK, GOLD, WHITE, Colour, Palette, contrast, hsv, luminance, readable_on
from advertisements.wording import Line
from kdxf.io.fonts import Font

# Role -> relative height of a line.
HEIGHTS = {"headline": 1.8, "sub": 1.0, "price": 1.4, "button": 1.4, "brand": 0.9, "fine": 0.8}
# Role -> largest letter height, as a share of the page's shorter edge.
LARGEST = {"headline": 0.17, "sub": 0.09, "price": 0.14, "button": 0.085, "brand": 0.08, "fine": 0.055}
SMALLEST = 0.052
# If room is short, lines are left out in this order.
DISPENSABLE = ("fine", "brand", "price", "button", "sub")
PixelBox = tuple[int, int, int, int]


@dataclass(frozen=True)
class TextStyle:
    """The style of the lines of one page.

    Attributes:
        headline: Font of headline and price.
        body: Font of the other lines.
        centred: Centred, else flush left.
        tilt: Rotation of the whole block in degrees.
    """

    headline: Font
    body: Font
    centred: bool
    tilt: float


def sample_style(fonts: Sequence[Font], centred: bool, rng: random.Random) -> TextStyle:
    """Draw the style of one page at random."""
    tilt = rng.uniform(-4, 4) if rng.random() < 0.25 else 0.0
    return TextStyle(rng.choice(fonts), rng.choice(fonts), centred, tilt)


def set_lines(
    page: Image.Image, box: PixelBox, lines: Sequence[Line], style: TextStyle, palette: Palette, rng: random.Random
) -> None:
    """Draw ``lines`` from top to bottom into ``box`` of ``page``, in legible colours."""
    left, top, right, bottom = box
    under = page.crop(box)
    ground = _mean(under)
    layer = Image.new("RGBA", under.size, (*ground, 0))
    if max(ImageStat.Stat(under.convert("L")).stddev) > 38 or rng.random() < 0.12:
        ground = WHITE if luminance(ground) > 0.4 else BLACK
        panel = (0, 0, right - left - 1, bottom - top - 1)
        ImageDraw.Draw(layer).rounded_rectangle(panel, 16, (*ground, rng.randint(170, 225)))
    lines = fit_lines(lines, (bottom - top) / (SMALLEST * min(page.size)))
    shares = [HEIGHTS[line.role] for line in lines]
    room = (bottom - top) / max(sum(shares), 3.0)
    y = max(0.0, (bottom - top - room * sum(shares)) / 2)
    for line, share in zip(lines, shares, strict=True):
        _set_line(layer, line, (y, room * share), min(page.size), ground, style, palette, rng)
        y += room * share
    layer = layer.rotate(style.tilt, Image.Resampling.BICUBIC)
    page.paste(layer, (left, top), layer)


def _set_line(
    layer: Image.Image,
    line: Line,
    band: tuple[float, float],
    edge: int,
    ground: Colour,
    style: TextStyle,
    palette: Palette,
    rng: random.Random,
) -> None:
    """Draw one line into the band (top, height) of the layer; ``edge`` is the page's shorter edge."""
    top, height = band
    draw = ImageDraw.Draw(layer)
    font = style.headline if line.role in ("headline", "price") else style.body
    margin = round(layer.width * (0.1 if line.role == "button" else 0.03))
    largest = min(LARGEST[line.role] * edge * rng.uniform(0.85, 1.0), height * 0.78)
    size = fit_size(line.text, font, layer.width - 2 * margin, largest, SMALLEST * edge)
    face = font.at(size)
    wide = face.getlength(line.text)
    x = (layer.width - wide) / 2 if style.centred else float(margin)
    middle = top + height / 2
    if line.role == "button":
        pad = size * 0.4
        shape = (x - pad, middle - size * 0.75, x + wide + pad, middle + size * 0.75)
        draw.rounded_rectangle(shape, size * rng.choice([0.2, 0.75]), palette.accent)
        ground = palette.accent
    colour = _colour(line.role, ground, palette, rng)
    if line.role == "headline" and rng.random() < 0.2:
        draw.text((x + size * 0.05, middle + size * 0.05), line.text, _shade(colour), face, anchor="lm")
    draw.text((x, middle), line.text, colour, face, anchor="lm")


def fit_lines(lines: Sequence[Line], room: float) -> list[Line]:
    """Leave out the least important lines until the rest fits into ``room`` (in heights of the smallest letters)."""
    kept = list(lines)
    while sum(HEIGHTS[line.role] for line in kept) * 1.35 > room and len(kept) > 1:
        least = min(range(len(kept)), key=lambda place: (_importance(kept[place]), -place))
        del kept[least]
    return kept


def _importance(line: Line) -> int:
    return DISPENSABLE.index(line.role) if line.role in DISPENSABLE else len(DISPENSABLE)


def fit_size(text: str, font: Font, width: float, largest: float, smallest: float) -> int:
    """Return the largest letter size in pixels, at most ``largest``, at which ``text`` is at most ``width`` wide.

    Letters never become smaller than ``smallest``, since illegible text teaches nothing.
    """
    probe = font.at(100).getlength(text) / 100
    return max(round(smallest), int(min(largest, width / probe)))


def _colour(role: str, ground: Colour, palette: Palette, rng: random.Random) -> Colour:
    if role in ("button", "brand", "fine"):
        return readable_on(ground, [WHITE, BLACK, GOLD], rng)
    strong = [hsv(hue, 0.9, value) for hue in (0.0, 0.6, 0.93, 0.1) for value in (0.45, 0.75)]
    wishes = [WHITE, BLACK, GOLD, palette.accent, *strong]
    return readable_on(ground, wishes, rng)


def _shade(colour: Colour) -> tuple[int, int, int, int]:
    dark = contrast(colour, BLACK) > contrast(colour, WHITE)
    return (*(BLACK if dark else WHITE), 110)


def _mean(image: Image.Image) -> Colour:
    red, green, blue = (round(value) for value in ImageStat.Stat(image).mean)
    return red, green, blue
