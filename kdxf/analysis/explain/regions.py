"""Parts of a picture that are covered to see whether an answer hangs on them."""

from kdxf.evaluation.covered_pictures import Region

CENTRE: Region = (0.2, 0.2, 0.8, 0.8)
"""The middle, where a photograph shows what it is about: 36 % of its area."""

EDGES: dict[str, Region] = {
    "left": (0.0, 0.0, 0.2, 1.0),
    "top": (0.0, 0.0, 1.0, 0.2),
    "right": (0.8, 0.0, 1.0, 1.0),
    "bottom": (0.0, 0.8, 1.0, 1.0),
}
"""Where watermarks and frames are: 20 % of the area each."""
