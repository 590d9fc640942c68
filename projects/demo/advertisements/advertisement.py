"""One drawn advertisement."""

import random
from collections.abc import Sequence

from PIL import Image, ImageFilter

from advertisements.backgrounds import draw_background, spoil
from advertisements.classes import DemoClass, told_by_look, told_by_words
from advertisements.colours import BLACK, GOLD, WHITE, Palette, hsv
from advertisements.layouts import PAGE_SIZES, Layout, choose_layout
from advertisements.lettering import sample_style, set_lines
from advertisements.looks import LOOKS, Product
from advertisements.pen import Pen
from advertisements.wording import write_lines
from kdxf.io.fonts import Font

# Drawn larger and then reduced, for smooth edges.
OVERSAMPLING = 2
# For classes that can be identified by their look (words), the share of pictures without text (product).
WITHOUT_TEXT = 0.12
WITHOUT_PRODUCT = 0.10


def draw_advertisement(item: DemoClass, fonts: Sequence[Font], rng: random.Random) -> Image.Image:
    """Draw a picture of the class ``item``, RGB, about 300 pixels wide.

    Args:
        item: The class.
        fonts: Fonts to choose from.
        rng: The random generator; the same state gives the same picture.
    """
    size = rng.choice(PAGE_SIZES)
    large = size[0] * OVERSAMPLING, size[1] * OVERSAMPLING
    look = LOOKS[item.look]
    palette = look.sample_palette(rng)
    with_text = not (told_by_look(item) and rng.random() < WITHOUT_TEXT)
    with_product = not (told_by_words(item) and rng.random() < WITHOUT_PRODUCT)
    layout = choose_layout(size, with_product, with_text, rng)
    page = draw_background(large, palette, look.sample_ornament(rng), rng)
    _place_products(page, layout, look.products, palette, rng)
    if layout.text is not None:
        style = sample_style(fonts, layout.centred, rng)
        set_lines(page, _pixels(layout.text, large), write_lines(item.words, rng), style, palette, rng)
    if rng.random() < 0.2:
        _sticker(page, rng)
    return spoil(page.resize(size, Image.Resampling.LANCZOS), rng)


def _place_products(
    page: Image.Image, layout: Layout, products: tuple[Product, ...], palette: Palette, rng: random.Random
) -> None:
    """Draw one to three products of a look into the product box."""
    if layout.product is None:
        return
    left, top, right, bottom = _pixels(layout.product, page.size)
    wide, high = right - left, bottom - top
    count = 1 if wide < high * 1.3 else rng.choice([1, 2, 3])
    side = min(high, round(wide / (0.4 + 0.6 * count)))
    for place in range(count):
        share = (place + 0.5) / count + rng.uniform(-0.05, 0.05)
        scaled = round(side * rng.uniform(0.85, 1.05))
        x = left + round(wide * share - scaled / 2)
        y = top + rng.randint(0, max(0, high - scaled))
        _place(page, (x, y), scaled, rng.choice(products), palette, rng)


def _place(
    page: Image.Image, corner: tuple[int, int], side: int, product: Product, palette: Palette, rng: random.Random
) -> None:
    pen = Pen(side)
    product(pen, palette, rng)
    layer = pen.layer.rotate(rng.gauss(0, 7), Image.Resampling.BICUBIC, expand=True)
    if rng.random() < 0.15:
        layer = layer.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < 0.6:
        shadow = layer.getchannel("A").point(lambda value: value * 2 // 5).filter(ImageFilter.GaussianBlur(side * 0.02))
        page.paste(BLACK, (corner[0] + side // 30, corner[1] + side // 25), shadow)
    page.paste(layer, corner, layer)


def _sticker(page: Image.Image, rng: random.Random) -> None:
    """Draw a star-shaped sticker without words into a corner."""
    side = round(min(page.size) * rng.uniform(0.12, 0.2))
    pen = Pen(side)
    colour = rng.choice([GOLD, hsv(0.0, 0.85, 0.9), hsv(rng.random(), 0.7, 0.9)])
    pen.star((0.5, 0.5), 0.48, colour, points=rng.choice([5, 10, 14]), inner=rng.choice([0.5, 0.8]))
    pen.disc((0.5, 0.5), 0.16, WHITE)
    x = rng.choice([0, page.width - side])
    y = rng.choice([0, page.height - side])
    page.paste(pen.layer, (x, y), pen.layer)


def _pixels(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    wide, high = size
    return round(box[0] * wide), round(box[1] * high), round(box[2] * wide), round(box[3] * high)
