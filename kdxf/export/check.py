"""Whether a bundle answers as the model that it was made of, and where the first difference arises. K classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kdxf.engine.config import building
from kdxf.errors import UserError
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.inference.inputs import InputTexts, TextReader
from kdxf.inference.pipeline import InferenceDataset
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.io.text_files import shown
from kdxf_runtime.ocr.base import BaseOCREngine
from kdxf_runtime.ocr.record import OCRRecord, read_text
from kdxf_runtime.predictions import Prediction
from kdxf_runtime.runner import Answer, Picture, Runner

MOST = 1e-4
"""So much may a score differ, in float32: sums in another order."""

_BATCH = 32
_REFUSED = "the bundle does not answer as the model, so it is not written"


@dataclass(frozen=True)
class Agreement:
    """How well a bundle and the model agree.

    Attributes:
        images: How many were compared.
        other_labels: Of how many the label differs.
        largest: The largest difference of a score.
        where: Where the first difference that matters arises; None where there is none.
    """

    images: int
    other_labels: int
    largest: float
    where: str | None = None

    def __str__(self) -> str:
        text = f"{self.images} pictures: {self.other_labels} labels differ, scores by {self.largest:.1e} at most"
        return text if self.where is None else f"{text}; {self.where}"


def compare(
    inferencer: KDXFInferencer,
    pipeline: Sequence[dict[str, Any]],
    runner: Runner,
    images: Sequence[InputImage],
    texts: InputTexts | None,
) -> tuple[Agreement, list[Answer]]:
    """Answer pictures by both, from the same texts.

    Args:
        inferencer: The model.
        pipeline: Configs of the transforms that prepare the inputs of the graph.
        runner: The bundle.
        images: The pictures.
        texts: Their texts; None where the model takes none.

    Returns:
        How well they agree, and what the bundle answers.
    """
    expected = list(inferencer.predict(images, texts))
    answers: list[Answer] = []
    for start in range(0, len(images), _BATCH):
        rows = range(start, min(start + _BATCH, len(images)))
        pictures = [_picture(images[row], None if texts is None else texts[row]) for row in rows]
        answers += runner.answer(pictures)
    differences = np.array(
        [np.abs(one.scores - two.prediction.scores).max() for one, two in zip(expected, answers, strict=True)]
    )
    labels = np.array([_label(one) != _label(two.prediction) for one, two in zip(expected, answers, strict=True)])
    worst = int(np.lexsort((differences, labels))[-1])  # NaN is larger than any number
    where = None
    if labels[worst] or not differences[worst] <= MOST:
        image, said = images[worst], (expected[worst].error, answers[worst].prediction.error)
        if said[0] != said[1]:
            where = f"{image.path}: kdxf says {said[0] or 'no error'!r}, and the bundle {said[1] or 'no error'!r}"
        else:
            where = _first_difference(inferencer, pipeline, runner, image, None if texts is None else texts[worst])
    return Agreement(len(images), int(labels.sum()), float(differences.max()), where), answers


def _label(prediction: Prediction) -> tuple[Any, ...]:
    return prediction.category_id, prediction.labels, prediction.error


def _picture(image: InputImage, record: Any) -> Picture:
    picture = Picture.read(image.path, image.image_id)
    return Picture(picture.image_id, picture.data, record, picture.error, columns=image.columns)


def _first_difference(
    inferencer: KDXFInferencer, pipeline: Sequence[dict[str, Any]], runner: Runner, image: InputImage, record: Any
) -> str:
    """Return the first input of the graph that differs for a picture, else the graph."""
    texts = None if record is None else InputTexts([image], lambda index: record)
    with building(inferencer.cfg):
        packed = InferenceDataset([image], texts, pipeline)[0][0]["inputs"]
    picture = _picture(image, None)
    results = runner.pipeline(
        {"img_path": image.path, "img_bytes": picture.data, "ocr": record, "columns": image.columns or {}}
    )
    for view, theirs in zip(results, packed if isinstance(packed, list) else [packed], strict=True):
        if (found := _different_input(theirs if isinstance(theirs, Mapping) else {"img": theirs}, view)) is not None:
            return f"{image.path}: {found}"
    return f"{image.path}: the inputs of the graph are equal, so the graph differs"


def _different_input(expected: Mapping[str, Any], results: Mapping[str, Any]) -> str | None:
    """Name the first input of the graph that differs; None where all are equal."""
    for key, tensor in expected.items():
        ours = results[key].transpose(2, 0, 1) if key == "img" else results[key]
        theirs = tensor.numpy()
        kind = {"img": "decoding or resizing", "table": "the table"}.get(key, "the text")
        if ours.shape != theirs.shape:
            return f"{kind} differs ({key} is {theirs.shape} in kdxf and {ours.shape} in the bundle)"
        if not np.array_equal(ours, theirs):
            return f"{kind} differs ({key}, by {np.abs(ours.astype(float) - theirs).max():.3g} at most)"
    return None


def check_reading(reader: TextReader, engine: BaseOCREngine, images: Sequence[InputImage]) -> None:
    """Refuse a bundle whose copies of the OCR models do not read what the model's engine reads.

    Args:
        reader: Reads with the engine of the config.
        engine: That of the bundle.
        images: The pictures that both read now; what cannot be read has no text in either.

    Raises:
        UserError: A text, a box or a score differs.
    """
    expected = {record.image: record for record in reader.read([image.path for image in images], workers=0)}
    for image in images:
        if (found := _different_text(expected[image.path], read_text(engine, image.path, image.path))) is not None:
            raise UserError(f"{_REFUSED}: {image.path}: the text differs ({found})")


def _different_text(expected: OCRRecord, found: OCRRecord) -> str | None:
    if (expected.texts, expected.error) != (found.texts, found.error):
        said = [record.error or shown(record.texts) or "nothing" for record in (expected, found)]
        return f"the model's OCR engine reads {said[0]}, and the bundle's copy {said[1]}"
    for name, most in (("boxes", 0.1), ("scores", MOST)):  # pixels, probability
        one, other = getattr(expected, name), getattr(found, name)
        if len(one) and not (largest := float(np.abs(one - other).max())) <= most:
            return f"the {name} of its lines, by {largest:.3g} at most"
    return None


def check(agreement: Agreement, most: float = MOST) -> None:
    """Refuse a bundle that does not answer as the model.

    Raises:
        UserError: Labels differ, or scores by more than ``most``.
    """
    if agreement.other_labels or not agreement.largest <= most:  # NaN is refused as well
        raise UserError(f"{_REFUSED}: {agreement}")
