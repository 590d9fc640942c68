"""A pen that draws a product on a square, transparent layer."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from advertisements.colours import Colour

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom


class Pen:
    """Pen that draws opaque shapes in coordinates from 0 to 1, y downwards, so that products do not depend on pixels.

    Args:
        side: Edge of the layer in pixels.
    """

    def __init__(self, side: int) -> None:
        self.side = side
        self.layer = Image.new("RGBA", (side, side), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.layer)

    def rectangle(self, box: Box, fill: Colour, radius: float = 0.0) -> None:
        """Fill a rectangle with rounded corners."""
        self._draw.rounded_rectangle(self._scale(box), radius * self.side, fill)

    def oval(self, box: Box, fill: Colour) -> None:
        """Fill the ellipse inside ``box``."""
        self._draw.ellipse(self._scale(box), fill)

    def disc(self, centre: Point, radius: float, fill: Colour) -> None:
        """Fill a circle."""
        x, y = centre
        self.oval((x - radius, y - radius, x + radius, y + radius), fill)

    def ring(self, centre: Point, radius: float, colour: Colour, width: float) -> None:
        """Draw the outline of a circle."""
        self.arc(centre, radius, 0, 360, colour, width)

    def arc(self, centre: Point, radius: float, start: float, end: float, colour: Colour, width: float) -> None:
        """Draw a part of a circle's outline, from ``start`` to ``end`` degrees clockwise from 3 o'clock."""
        x, y = centre
        box = self._scale((x - radius, y - radius, x + radius, y + radius))
        self._draw.arc(box, start, end, colour, self._width(width))

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """Fill a polygon."""
        self._draw.polygon([(x * self.side, y * self.side) for x, y in points], fill)

    def mirrored(self, points: Sequence[Point], fill: Colour, axis: float = 0.5) -> None:
        """Fill a shape that is symmetric about the vertical line ``axis``; ``points`` are its right half."""
        left = [(2 * axis - x, y) for x, y in reversed(points)]
        self.polygon([*points, *left], fill)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """Draw a line with rounded bends."""
        scaled = [(x * self.side, y * self.side) for x, y in points]
        self._draw.line(scaled, colour, self._width(width), joint="curve")

    def star(self, centre: Point, radius: float, fill: Colour, points: int = 5, inner: float = 0.45) -> None:
        """Fill a star; ``inner`` is the radius of its notches as a share of ``radius``."""
        x, y = centre
        corners = []
        for step in range(2 * points):
            reach = radius if step % 2 == 0 else radius * inner
            angle = math.pi * step / points - math.pi / 2
            corners.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
        self.polygon(corners, fill)

    def _scale(self, box: Box) -> Box:
        left, top, right, bottom = box
        return left * self.side, top * self.side, right * self.side, bottom * self.side

    def _width(self, width: float) -> int:
        return max(1, round(width * self.side))
