"""A test pipeline that covers the same part of every picture."""

from collections.abc import Sequence
from typing import NamedTuple

from kdxf.engine.config import type_name
from kdxf.errors import UserError

LOADERS = ("LoadImage", "LoadImageFromFile")


class Cover(NamedTuple):
    """The part of a picture that is covered.

    Attributes:
        left: Its left edge, in fractions of the width.
        top: Its top edge, in fractions of the height.
        right: Its right edge.
        bottom: Its bottom edge.
        outside: Everything else is covered, and this part is not.
    """

    left: float
    top: float
    right: float
    bottom: float
    outside: bool = False


def covering_pictures(pipeline: Sequence[dict], cover: Cover) -> list[dict]:
    """Return the configs of a pipeline that covers a part of every picture right after loading it.

    A step that loads the stored feature of a picture (``LoadFeature``) gets the covered picture's, which no store has:
    it is computed at that moment.

    Args:
        pipeline: Configs of transforms.
        cover: The part to cover.

    Raises:
        UserError: The pipeline loads no picture, or turns what it loads.
    """
    covered, steps = False, []
    for step in pipeline:
        if type_name(step) == "LoadFeature":
            covered, step = True, {**step, "test_image": covering_pictures(step["test_image"], cover)}
        steps.append(step)
        if step.get("upright"):
            raise UserError(
                "a part of a picture cannot be covered that LoadImage(upright=True) turns; turn the pictures "
                "beforehand with tools/data/resize.py --ocr"
            )
        if type_name(step) in LOADERS:
            covered = True
            steps.append({"type": "kdxf.CoverRegion", "region": tuple(cover[:4]), "outside": cover.outside})
    if not covered:
        raise UserError(f"the test pipeline has none of {', '.join((*LOADERS, 'LoadFeature'))}, so no picture to cover")
    return steps
