"""Red packets, tickets and coins: the look that shops, meal delivery and ride hailing share."""

import random

from advertisements.colours import GOLD, WHITE, Palette, hsv, mix
from advertisements.pen import Pen


def red_packet(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw an upright red envelope with a golden seal."""
    red = hsv(rng.uniform(-0.03, 0.03), rng.uniform(0.75, 0.95), rng.uniform(0.75, 0.95))
    pen.rectangle((0.2, 0.06, 0.8, 0.94), red, 0.05)
    pen.oval((0.08, -0.28, 0.92, 0.42), mix(red, WHITE, 0.12))
    for left, right in ((0.0, 0.2), (0.8, 1.0)):  # cuts the flap back to the envelope
        pen.layer.paste((0, 0, 0, 0), (round(left * pen.side), 0, round(right * pen.side), pen.side))
    pen.disc((0.5, 0.42), 0.13, GOLD)
    pen.ring((0.5, 0.42), 0.1, mix(GOLD, red, 0.4), 0.015)
    pen.rectangle((0.465, 0.385, 0.535, 0.455), red, 0.01)
    if rng.random() < 0.6:
        pen.rectangle((0.3, 0.7, 0.7, 0.74), mix(red, GOLD, 0.7), 0.02)
        pen.rectangle((0.36, 0.79, 0.64, 0.82), mix(red, GOLD, 0.5), 0.015)


def ticket(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a voucher with round notches and a dashed tear line."""
    paper = rng.choice([GOLD, (255, 240, 215), WHITE, hsv(0.02, 0.7, 0.95)])
    tear = rng.uniform(0.3, 0.7)
    pen.rectangle((0.04, 0.28, 0.96, 0.72), paper, 0.04)
    for y in (0.28, 0.72):
        x0, y0, x1, y1 = (round(v * pen.side) for v in (tear - 0.045, y - 0.045, tear + 0.045, y + 0.045))
        pen.layer.paste((0, 0, 0, 0), (x0, y0, x1, y1))
    ink = hsv(rng.uniform(-0.02, 0.06), 0.9, 0.85)
    for step in range(7):
        y = 0.345 + step * 0.048
        pen.line([(tear, y), (tear, y + 0.025)], ink, 0.012)
    pen.rectangle((0.1, 0.38, tear - 0.06, 0.5), ink, 0.02)
    pen.rectangle((0.1, 0.56, tear - 0.08, 0.61), mix(paper, ink, 0.5), 0.02)
    pen.rectangle((tear + 0.06, 0.42, 0.9, 0.58), ink, 0.08)


def coins(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw piles of gold coins, some of them flying."""
    edge = mix(GOLD, (150, 80, 0), 0.55)
    for column, height in enumerate(rng.sample([3, 5, 7, 4], 3)):
        x = 0.2 + 0.3 * column
        for step in range(height):
            y = 0.85 - step * 0.07
            pen.oval((x - 0.15, y - 0.055, x + 0.15, y + 0.075), edge)
            pen.oval((x - 0.15, y - 0.075, x + 0.15, y + 0.055), GOLD)
    for _ in range(3):
        centre = rng.uniform(0.15, 0.85), rng.uniform(0.1, 0.28)
        pen.disc(centre, 0.085, GOLD)
        pen.ring(centre, 0.065, edge, 0.015)


PRODUCTS = (red_packet, ticket, coins)
