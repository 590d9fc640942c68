"""Phones: the look that phone sellers and short-video applications share."""

import random

from advertisements.colours import BLACK, WHITE, Colour, Palette, hsv, mix
from advertisements.pen import Box, Pen


def phone_front(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a phone seen from the front."""
    _front(pen, (0.27, 0.04, 0.73, 0.96), rng)


def phone_back(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a phone seen from the back, with two to four lenses."""
    _back(pen, (0.27, 0.04, 0.73, 0.96), palette.body, rng)


def phone_pair(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a front and a back, one behind the other."""
    _back(pen, (0.5, 0.05, 0.93, 0.88), palette.body, rng)
    _front(pen, (0.1, 0.12, 0.53, 0.97), rng)


def _front(pen: Pen, box: Box, rng: random.Random) -> None:
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    pen.rectangle(box, BLACK, 0.06)
    rim = 0.02
    top_colour, low_colour = (hsv(rng.random(), rng.uniform(0.4, 0.9), rng.uniform(0.4, 1)) for _ in range(2))
    for band in range(12):  # the gradient on the screen
        y0 = top + rim + (high - 2 * rim) * band / 12
        y1 = top + rim + (high - 2 * rim) * (band + 1) / 12
        pen.rectangle((left + rim, y0, right - rim, y1), mix(top_colour, low_colour, band / 11))
    rng.choice([_play_button, _icons, _hills])(pen, box, rng)
    pen.rectangle((left + wide * 0.35, top + 0.03, right - wide * 0.35, top + 0.055), BLACK, 0.012)


def _play_button(pen: Pen, box: Box, rng: random.Random) -> None:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    pen.disc((x, y), 0.11, WHITE)
    pen.polygon([(x - 0.035, y - 0.06), (x - 0.035, y + 0.06), (x + 0.065, y)], BLACK)


def _icons(pen: Pen, box: Box, rng: random.Random) -> None:
    step_x, step_y = (box[2] - box[0]) / 4, (box[3] - box[1]) / 7
    for row in range(1, 6):
        for column in range(3):
            x, y = box[0] + step_x * (column + 1), box[1] + step_y * (row + 0.5)
            fill = hsv(rng.random(), 0.6, 0.95)
            pen.rectangle((x - 0.04, y - 0.04, x + 0.04, y + 0.04), fill, 0.015)


def _hills(pen: Pen, box: Box, rng: random.Random) -> None:
    left, right, low = box[0] + 0.02, box[2] - 0.02, box[3] - 0.06
    pen.disc((left + (right - left) * rng.uniform(0.3, 0.7), box[1] + 0.25), 0.06, (255, 235, 170))
    for share, shade in ((0.45, 0.45), (0.3, 0.3)):
        peak = left + (right - left) * rng.uniform(0.25, 0.75)
        pen.polygon([(left, low), (peak, low - share), (right, low)], hsv(0.33, 0.5, shade))


def _back(pen: Pen, box: Box, body: Colour, rng: random.Random) -> None:
    left, top, right, bottom = box
    pen.rectangle(box, mix(body, BLACK, 0.35), 0.06)
    pen.rectangle((left + 0.012, top + 0.012, right - 0.012, bottom - 0.012), body, 0.055)
    lenses = rng.choice([2, 3, 4])
    island = (left + 0.04, top + 0.05, left + 0.26, top + (0.26 if lenses > 2 else 0.16))
    pen.rectangle(island, mix(body, BLACK, 0.5), 0.04)
    for lens in range(lenses):
        centre = left + 0.1 + 0.1 * (lens % 2), top + 0.105 + 0.1 * (lens // 2)
        pen.disc(centre, 0.043, BLACK)
        pen.disc(centre, 0.02, (90, 110, 150))
    pen.disc(((left + right) / 2, top + (bottom - top) * 0.6), 0.04, mix(body, WHITE, 0.4))


PRODUCTS = (phone_front, phone_back, phone_pair)
