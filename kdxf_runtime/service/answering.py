"""What a worker process does with a picture, and its answer as JSON values."""

import os
import signal
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kdxf_runtime.bundle import Bundle
from kdxf_runtime.categories import Categories
from kdxf_runtime.drift.fingerprint import Measured
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.predict import blamed
from kdxf_runtime.predictions import NOT_READ, READ, Prediction
from kdxf_runtime.runner import Picture, Runner
from kdxf_runtime.trust.calibration import Calibration
from kdxf_runtime.trust.decide import decide
from kdxf_runtime.trust.selective import for_precision

_NAME = "picture"  # its file name is no business of the workers


@dataclass(frozen=True)
class Settings:
    """How the service answers.

    Attributes:
        tta: Average over the views of test-time augmentation.
        read_text: As of :class:`kdxf_runtime.runner.Runner`.
        precision: Accept predictions so that this share of them is right, from 0 to 1.
        review: Accept them so that a person sees this share of the pictures, from 0 to 1.
    """

    tta: bool = False
    read_text: str = "always"
    precision: float | None = None
    review: float | None = None


@dataclass(frozen=True)
class Question:
    """A picture, and what is to be said of it.

    Attributes:
        data: The bytes of its file.
        topk: How many classes are named.
        with_text: Whether its text counts.
        explain: Whether to say why.
    """

    data: bytes
    topk: int = 5
    with_text: bool = True
    explain: bool = False


@dataclass(frozen=True, eq=False)
class Reply:
    """The answer to a question; K classes.

    Attributes:
        content: The prediction as the service returns it, without the name of the picture.
        scores: float32 (K,), of all classes.
        seconds: The time of each stage: ``decode``, ``ocr``, ``model``.
        measured: What is compared with the fingerprint of the bundle; None where there is nothing to compare.
    """

    content: dict[str, Any]
    scores: np.ndarray
    seconds: dict[str, float]
    measured: Measured | None = None


class Answerer:
    """Answers questions with a bundle.

    Args:
        bundle: The bundle, whose files were compared with their digests when it was opened.
        settings: How it answers.

    Raises:
        UserError: The bundle cannot answer so.
    """

    def __init__(self, bundle: Bundle, settings: Settings) -> None:
        self._runner = runner = Runner(bundle, tta=settings.tta, read_text=settings.read_text)
        where, shares = bundle.folder, (settings.precision, settings.review)
        accepted = decide(runner.calibration, where, *shares)
        routed = None if runner.routing is None else decide(runner.routing.calibration, where, *shares)
        self._accepted = None if accepted is None else accepted.threshold
        self._alone = _threshold(runner.without_text, settings)
        self._routed = None if routed is None else routed.threshold
        if settings.read_text != "never" and runner.pipeline.needs_text:
            _ = runner.engine  # starts now, and not with the first picture

    def __call__(self, question: Question) -> Reply:
        """Answer a question."""
        runner = self._runner
        picture = Picture(_NAME, question.data)
        runner.watch.take()
        (answer,) = runner.answer([picture], with_text=question.with_text)
        seconds = runner.watch.take()
        prediction, record = answer.prediction, answer.record if question.with_text else None
        threshold = self._routed if prediction.text in (READ, NOT_READ) else self._accepted
        if not question.with_text and runner.pipeline.needs_text:
            threshold = self._alone
        content = describe(prediction, record, runner.categories, question.topk, threshold)
        if question.explain and prediction.error is None:
            from kdxf_runtime.explain import explain

            content["explanation"] = explain(runner, picture, answer.record, with_text=question.with_text).to_json()
        measured = runner.measure(picture, answer, with_text=question.with_text)
        return Reply(content, prediction.scores, seconds, measured)


def _threshold(calibration: Calibration | None, settings: Settings) -> float | None:
    """Return the least sureness to accept; where no score gives the precision, nothing is accepted."""
    if calibration is None:
        return None
    if settings.precision is not None:
        return for_precision(calibration.sureness, calibration.right, settings.precision).threshold
    return None if settings.review is None else calibration.for_budget(settings.review).threshold


def start_answerer(bundle: Bundle, settings: Settings) -> Answerer:
    """Make an :class:`Answerer` in a worker process.

    The process leaves SIGINT and SIGTERM, which may reach a whole group of processes, to the service: it finishes what
    was accepted, and then ends its workers. It gives way to the service, so that refusals come at once while all
    workers are busy.
    """
    os.nice(5)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return Answerer(bundle, settings)


def categories_of(bundle: Bundle) -> Categories:
    """Return ids and names of the classes of a bundle, as its runner has them."""
    manifest = bundle.manifest
    named = Categories.named(manifest.classes)
    return named if manifest.names is None else replace(named, names=manifest.names)


def describe(
    prediction: Prediction, record: OCRRecord | None, categories: Categories, topk: int, threshold: float | None
) -> dict[str, Any]:
    """Return a prediction as JSON values.

    Args:
        prediction: The prediction.
        record: The text that was read; None where none was.
        categories: Ids and names of the classes.
        topk: How many classes to name, best first.
        threshold: The least sureness to accept; None decides nothing.
    """

    def names(indices: tuple[int, ...] | None) -> list[str] | None:
        return None if indices is None else [_name(categories, index) for index in indices]

    decision, reason = (None, "") if threshold is None else prediction.decide(threshold)
    scores = prediction.scores
    return {
        "error": prediction.error,
        "category_id": prediction.category_id,
        "category": prediction.category_name or str(prediction.category_id),
        "score": float(prediction.score),
        "top": [
            {"id": categories.ids[index], "name": _name(categories, index), "score": float(scores[index])}
            for index in np.argsort(-scores, kind="stable")[:topk].tolist()
        ],
        "labels": names(prediction.labels),
        "set": names(prediction.likely),
        "decision": decision,
        "reason": reason,
        "text": None if record is None or record.error is not None else _text(record),
        "explanation": None,
    }


def _name(categories: Categories, index: int) -> str:
    return categories.name(index) or str(categories.ids[index])


def _text(record: OCRRecord) -> dict[str, Any]:
    lines = zip(record.texts, record.scores.tolist(), record.boxes.tolist(), strict=True)
    return {
        "width": record.width,
        "height": record.height,
        "lines": [{"text": text, "score": score, "box": box} for text, score, box in lines],
    }


@dataclass(frozen=True)
class Blame:
    """Makes the reply to a question on which a worker died.

    Attributes:
        categories: Ids and names of the classes.
    """

    categories: Categories

    def __call__(self, question: Question, reason: str) -> Reply:
        """Return a reply with ``reason`` as its error."""
        prediction = blamed(self.categories, _NAME, reason)
        return Reply(describe(prediction, None, self.categories, question.topk, None), prediction.scores, {})
