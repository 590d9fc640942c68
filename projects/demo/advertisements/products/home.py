"""Household appliances: fan, robot vacuum cleaner, air purifier, stick vacuum cleaner."""

import math
import random

from advertisements.colours import BLACK, WHITE, Palette, mix
from advertisements.pen import Pen

_LED = (90, 240, 190)


def fan(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a standing fan with three to five blades."""
    pen.rectangle((0.47, 0.55, 0.53, 0.92), mix(palette.body, BLACK, 0.3))
    pen.oval((0.26, 0.87, 0.74, 0.98), palette.body)
    centre = (0.5, 0.36)
    pen.disc(centre, 0.34, mix(palette.body, WHITE, 0.8))
    blades, turn = rng.choice([3, 4, 5]), rng.uniform(0, math.tau)
    for blade in range(blades):
        angle = turn + math.tau * blade / blades
        tip = centre[0] + 0.17 * math.cos(angle), centre[1] + 0.17 * math.sin(angle)
        pen.disc(tip, 0.115, palette.trim if palette.trim != WHITE else palette.body)
    for radius in (0.34, 0.25, 0.16):
        pen.ring(centre, radius, palette.body, 0.014)
    for spoke in range(12):
        angle = math.tau * spoke / 12
        end = centre[0] + 0.33 * math.cos(angle), centre[1] + 0.33 * math.sin(angle)
        pen.line([centre, end], palette.body, 0.007)
    pen.disc(centre, 0.06, palette.body)


def robot_vacuum(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a flat round robot, seen from above or at an angle."""
    if rng.random() < 0.5:
        pen.disc((0.5, 0.5), 0.44, mix(palette.body, BLACK, 0.35))
        pen.disc((0.5, 0.5), 0.4, palette.body)
        pen.arc((0.5, 0.5), 0.42, 200, 340, BLACK, 0.05)
        pen.disc((0.5, 0.42), 0.13, mix(palette.body, BLACK, 0.5))
        pen.disc((0.5, 0.42), 0.08, palette.trim)
        pen.rectangle((0.43, 0.68, 0.57, 0.72), _LED, 0.02)
    else:
        pen.oval((0.04, 0.42, 0.96, 0.86), mix(palette.body, BLACK, 0.5))
        pen.oval((0.04, 0.3, 0.96, 0.74), palette.body)
        pen.oval((0.36, 0.36, 0.64, 0.52), mix(palette.body, BLACK, 0.4))
        pen.oval((0.36, 0.31, 0.64, 0.47), palette.trim)
        pen.oval((0.45, 0.6, 0.55, 0.65), _LED)
        for step in range(5):
            x = 0.02 + step * 0.05
            pen.line([(x, 0.88), (x + 0.08, 0.98)], mix(palette.body, BLACK, 0.6), 0.008)


def air_purifier(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a tower with slots, a display and a round outlet on top."""
    pen.rectangle((0.26, 0.06, 0.74, 0.96), palette.body, 0.08)
    pen.oval((0.28, 0.03, 0.72, 0.17), mix(palette.body, BLACK, 0.4))
    pen.disc((0.5, 0.32), 0.1, BLACK)
    pen.ring((0.5, 0.32), 0.08, _LED, 0.016)
    for row in range(8):
        y = 0.5 + row * 0.052
        pen.line([(0.32, y), (0.68, y)], mix(palette.body, BLACK, 0.35), 0.016)


def stick_vacuum(pen: Pen, palette: Palette, rng: random.Random) -> None:
    """Draw a cordless vacuum cleaner: motor above, long tube, floor head below."""
    lean = rng.uniform(-0.12, 0.12)
    pen.line([(0.5, 0.3), (0.5 + lean, 0.88)], palette.trim if palette.trim != WHITE else (150, 155, 165), 0.045)
    pen.rectangle((0.3 + lean, 0.86, 0.7 + lean, 0.95), palette.body, 0.03)
    pen.rectangle((0.4, 0.06, 0.64, 0.24), palette.body, 0.05)
    pen.rectangle((0.44, 0.18, 0.56, 0.36), mix(palette.body, BLACK, 0.45), 0.04)
    pen.arc((0.68, 0.22), 0.12, 180, 430, BLACK, 0.045)
    pen.disc((0.52, 0.14), 0.06, mix(palette.body, WHITE, 0.5))


PRODUCTS = (fan, robot_vacuum, air_purifier, stick_vacuum)
