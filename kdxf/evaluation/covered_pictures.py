"""A test pipeline that covers the same part of every picture."""

from collections.abc import Sequence

from kdxf.engine.config import type_name
from kdxf.errors import UserError

Region = tuple[float, float, float, float]
LOADERS = ("LoadImage", "LoadImageFromFile")


def covering_pictures(pipeline: Sequence[dict], region: Region) -> list[dict]:
    """Return the configs of a pipeline that covers a part of every picture right after loading it.

    A step that loads the stored feature of a picture (``LoadFeature``) gets the covered picture's, which no store has:
    it is computed at that moment.

    Args:
        pipeline: Configs of transforms.
        region: As of :class:`~kdxf.datasets.transforms.covering.CoverRegion`.

    Raises:
        UserError: The pipeline loads no picture.
    """
    covered, steps = False, []
    for step in pipeline:
        if type_name(step) == "LoadFeature":
            covered, step = True, {**step, "test_image": covering_pictures(step["test_image"], region)}
        steps.append(step)
        if type_name(step) in LOADERS:
            covered = True
            steps.append({"type": "kdxf.CoverRegion", "region": region})
    if not covered:
        raise UserError(f"the test pipeline has none of {', '.join((*LOADERS, 'LoadFeature'))}, so no picture to cover")
    return steps
