"""Parts of a picture that are covered to see whether an answer hangs on them."""

from kdxf.evaluation.covered_pictures import Cover

MIDDLE = Cover(0.2, 0.2, 0.8, 0.8)
"""Where a photograph shows what it is about: 36 % of its area."""

SURROUNDINGS = MIDDLE._replace(outside=True)
"""All but the middle."""

EDGES = {
    "left": Cover(0.0, 0.0, 0.2, 1.0),
    "top": Cover(0.0, 0.0, 1.0, 0.2),
    "right": Cover(0.8, 0.0, 1.0, 1.0),
    "bottom": Cover(0.0, 0.8, 1.0, 1.0),
}
"""Where watermarks and frames are: 20 % of the area each."""
