"""The comparison of images that a model predicts with the fingerprint of its checkpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from kdxf_runtime.drift.changes import LEAST_IMAGES, describe_changes
from kdxf_runtime.drift.fingerprint import Fingerprint, take_fingerprint
from kdxf_runtime.drift.response import Response
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.trust.calibration import Calibration


class Texts(Protocol):
    """The text of images by their number, such as :class:`kdxf.inference.inputs.InputTexts`."""

    def __getitem__(self, index: int, /) -> OCRRecord:
        """Return the text of an image."""


def describe_drift(
    before: Fingerprint,
    paths: Sequence[str],
    texts: Texts | None,
    responses: Mapping[int, Response | None],
    calibration: Calibration | None,
) -> str | None:
    """Say in one sentence in what images differ from those of a fingerprint; None where nothing is known to differ.

    Args:
        before: The fingerprint.
        paths: All images, as the pipeline opens them.
        texts: Their texts; None where the model takes none.
        responses: What the model made of those images that are to be compared, by their number, with scores of its own.
        calibration: The one that fits these predictions, as the fingerprint has calibrated scores. Without it they are
            of another kind, or of images that it was fitted on: only text and pictures are compared.
    """
    if len(responses) < LEAST_IMAGES:  # the engines are all that can be compared, without a look at the pictures
        engines: dict[str, int] = {}
        for name in [texts[index].engine for index in responses] if texts is not None else []:
            if name:
                engines[name] = engines.get(name, 0) + 1
        return describe_changes(before, Fingerprint(len(responses), engines, {}))
    rows = (
        (
            paths[index],
            None if texts is None else texts[index],
            None if calibration is None or response is None else _calibrated(response, calibration),
        )
        for index, response in responses.items()
    )
    return describe_changes(before, take_fingerprint(rows, before))


def _calibrated(response: Response, calibration: Calibration) -> Response:
    return replace(response, scores=calibration.apply(response.scores[None])[0])
