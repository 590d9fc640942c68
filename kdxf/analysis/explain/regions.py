"""Parts of a picture that are covered to see whether an answer hangs on them."""

from kdxf.evaluation.covered_pictures import Region

CENTRE: Region = (0.2, 0.2, 0.8, 0.8)
"""The middle, where a photograph shows what it is about: 36 % of its area."""

EDGES: dict[str, Region] = {
    "top left corner": (0.0, 0.0, 0.4, 0.2),
    "top edge": (0.0, 0.0, 1.0, 0.2),
    "top right corner": (0.6, 0.0, 1.0, 0.2),
    "left edge": (0.0, 0.0, 0.2, 1.0),
    "right edge": (0.8, 0.0, 1.0, 1.0),
    "bottom left corner": (0.0, 0.8, 0.4, 1.0),
    "bottom edge": (0.0, 0.8, 1.0, 1.0),
    "bottom right corner": (0.6, 0.8, 1.0, 1.0),
}
"""Places of watermarks, borders and backgrounds."""
