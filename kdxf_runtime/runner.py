"""The runner: from the bytes of a picture to its label, with the graph and the steps of a bundle. K classes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kdxf_runtime.bundle import GRAPH, Bundle, stacked
from kdxf_runtime.errors import UserError
from kdxf_runtime.io.addresses import is_address, read_address
from kdxf_runtime.io.images import ImageReadError, decode_image, read_file
from kdxf_runtime.ocr.base import BaseOCREngine
from kdxf_runtime.ocr.record import OCRRecord, read_pixels
from kdxf_runtime.pipeline import Pipeline
from kdxf_runtime.predictions import GIVEN, NOT_READ, READ, Prediction
from kdxf_runtime.trust.calibration import Calibration, parse_calibration
from kdxf_runtime.trust.routing import Routing, parse_routing

# What tells tokens from padding, and what has the same length.
_LENGTHS = {"text_weight": ("text", "text_box"), "text_mask": ("text_ids",), "ngram_weight": ("ngram_ids",)}


@dataclass(frozen=True)
class Picture:
    """A picture to answer.

    Attributes:
        image_id: What it is called in the results.
        data: The bytes of its file.
        record: Its text, where that is known already.
        error: Why there are no bytes; it is answered as a blank picture then.
    """

    image_id: str
    data: bytes
    record: OCRRecord | None = None
    error: str | None = None

    @classmethod
    def read(cls, path: str, image_id: str) -> "Picture":
        """Read a picture: a file, a member of a tar shard, or what an address names; failures become ``error``.

        Raises:
            UserError: A package is missing that the address needs.
        """
        try:
            return cls(image_id, read_address(path) if is_address(path) else read_file(path))
        except OSError as error:
            return cls(image_id, b"", error=f"cannot open the address: {error}")
        except ImageReadError as error:
            return cls(image_id, b"", error=str(error))


@dataclass(frozen=True, eq=False)
class Answer:
    """What the model says of a picture.

    Attributes:
        prediction: The label.
        record: The text that was used; None where none was read.
        feature: float32 (C,), what the head takes.
    """

    prediction: Prediction
    record: OCRRecord | None
    feature: np.ndarray


class Runner:
    """Answers pictures with a bundle.

    Args:
        bundle: An opened bundle.
        tta: Average over the views of test-time augmentation.
        read_text: ``'always'``, ``'auto'``, where only pictures that need it have their text read, or ``'never'``.
        threads: Of the graph.

    Attributes:
        bundle: The bundle.
        categories: Ids and names of the classes.
        calibration: What the scores mean; None where they are as they come.
        routing: Which pictures need their text read; None where all do.

    Raises:
        UserError: The bundle has no views, no routing, a file that cannot be used, or OCR does not start.
    """

    def __init__(self, bundle: Bundle, *, tta: bool = False, read_text: str = "always", threads: int = 1) -> None:
        manifest = bundle.manifest
        if tta and manifest.views is None:
            raise UserError(f"--tta: {bundle.folder} has no views; export a model whose config has a tta_pipeline")
        self.bundle = bundle
        self.pipeline = Pipeline(manifest.views if tta and manifest.views else [manifest.steps], bundle)
        self.categories = bundle.categories
        self.calibration = _calibration(bundle, tta)
        self.routing = _routing(bundle, tta) if read_text == "auto" else None
        self.read_text = read_text
        self._session = _session(bundle, threads)
        self._engine: BaseOCREngine | None = None

    @property
    def engine(self) -> BaseOCREngine:
        """The OCR engine, which starts when it is first needed."""
        if self._engine is None:
            self._engine = make_engine(self.bundle)
        return self._engine

    def answer(self, pictures: Sequence[Picture]) -> list[Answer]:
        """Answer pictures, as one batch; one that cannot be read is answered as a blank one, and has its error."""
        if not self.pipeline.needs_text:
            return self._answer(pictures, [None] * len(pictures), None)
        if self.read_text == "never":
            return self._answer(pictures, [OCRRecord.empty(picture.image_id) for picture in pictures], None)
        if self.routing is not None:
            return self._route(pictures, self.routing)
        return self._answer(pictures, [self._text_of(picture) for picture in pictures], None)

    def _route(self, pictures: Sequence[Picture], routing: Routing) -> list[Answer]:
        """Answer by the picture alone where that is sure enough, and by both elsewhere."""
        scores, features, errors = self._run(pictures, [OCRRecord.empty(picture.image_id) for picture in pictures])
        looked, by_image = routing.rule.look(scores)
        spared = by_image & np.array([picture.record is None for picture in pictures])
        spared &= np.array([error is None for error in errors])
        alone, both = np.flatnonzero(spared).tolist(), np.flatnonzero(~spared).tolist()
        first = self._predictions(
            [pictures[index] for index in alone], looked[alone], scores[alone], [None] * len(alone), routing.calibration
        )
        answers: dict[int, Answer] = {
            index: Answer(replace(label, text=NOT_READ), None, features[index])
            for index, label in zip(alone, first, strict=True)
        }
        for index in both:
            picture = pictures[index]
            calibration = routing.calibration if picture.record is None else None
            (answer,) = self._answer([picture], [self._text_of(picture)], calibration)
            label = replace(answer.prediction, text=READ if picture.record is None else GIVEN)
            answers[index] = replace(answer, prediction=label)
        return [answers[index] for index in range(len(pictures))]

    def _text_of(self, picture: Picture) -> OCRRecord:
        if picture.record is not None:
            return picture.record
        if picture.error is not None:
            return OCRRecord.empty(picture.image_id, picture.error)
        try:
            pixels = decode_image(picture.data)
        except ImageReadError as error:
            return OCRRecord.empty(picture.image_id, str(error))
        return read_pixels(self.engine, pixels, picture.image_id)

    def _answer(
        self, pictures: Sequence[Picture], texts: Sequence[OCRRecord | None], calibration: Calibration | None
    ) -> list[Answer]:
        if not pictures:
            return []
        scores, features, errors = self._run(pictures, texts)
        calibration = calibration or self.calibration
        calibrated = scores if calibration is None else calibration.apply(scores)
        labels = self._predictions(pictures, calibrated, scores, errors, calibration)
        return [Answer(*parts) for parts in zip(labels, texts, features, strict=True)]

    def _run(
        self, pictures: Sequence[Picture], texts: Sequence[OCRRecord | None]
    ) -> tuple[np.ndarray, np.ndarray, list[str | None]]:
        """Return the mean scores (N, K) and features (N, C) of the views, and what could not be read."""
        views: list[list[dict[str, Any]]] = []
        errors: list[str | None] = []
        for picture, record in zip(pictures, texts, strict=True):
            results: dict[str, Any] = {"img_path": picture.image_id, "img_bytes": picture.data}
            results["ocr"] = record or OCRRecord.empty(picture.image_id)
            views.append(self.pipeline(results))
            errors.append(picture.error or views[-1][0].get("error") or (record.error if record else None))
        ran = [self._session.run(["scores", "feature"], self._inputs(view)) for view in zip(*views, strict=True)]
        scores, features = (sum(parts) / np.float32(len(ran)) for parts in zip(*ran, strict=True))
        return scores, features, errors

    def _inputs(self, results: Sequence[dict[str, Any]]) -> dict[str, np.ndarray]:
        """Return the inputs of the graph, texts as long as the longest one."""
        results = [dict(one) for one in results]
        for one in results:
            if "img" in one:
                one["img"] = np.ascontiguousarray(one["img"].transpose(2, 0, 1))
        for weight, others in _LENGTHS.items():
            if weight in results[0]:
                used = np.stack([one[weight] > 0 for one in results]).any(axis=0).nonzero()[0]
                length = int(used.max()) + 1 if len(used) else 1
                for one in results:
                    one.update({key: one[key][:length] for key in (weight, *others) if key in one})
        return {item.name: stacked(item, [one[item.name] for one in results]) for item in self.bundle.manifest.inputs}

    def _predictions(
        self,
        pictures: Sequence[Picture],
        scores: np.ndarray,
        own: np.ndarray,
        errors: Sequence[str | None],
        calibration: Calibration | None,
    ) -> list[Prediction]:
        """Return labels by calibrated scores and the model's own ones."""
        inside = [None] * len(scores) if calibration is None else calibration.sets.of(scores)
        unlike = [None] * len(scores) if calibration is None else calibration.is_unlike(own)
        found = []
        for picture, row, members, strange, error in zip(pictures, scores, inside, unlike, errors, strict=True):
            index = int(row.argmax())
            likely = None if members is None else np.flatnonzero(members)
            found.append(
                Prediction(
                    picture.image_id,
                    self.categories.ids[index],
                    self.categories.name(index),
                    float(row[index]),
                    row,
                    error,
                    labels=self._labels(row),
                    likely=None if likely is None else tuple(likely[np.argsort(-row[likely], kind="stable")].tolist()),
                    unlike=None if strange is None else bool(strange),
                )
            )
        return found

    def _labels(self, scores: np.ndarray) -> tuple[int, ...] | None:
        rule = self.bundle.manifest.multi_label
        if rule is None:
            return None
        if rule.get("threshold") is not None:
            return tuple(np.flatnonzero(scores >= np.float32(rule["threshold"])).tolist())
        return tuple(np.argsort(-scores, kind="stable")[: rule["topk"]].tolist())


def _calibration(bundle: Bundle, tta: bool) -> Calibration | None:
    content = bundle.manifest.calibration
    found = None if content is None else parse_calibration(content, bundle.digest)
    return found if found is not None and found.tta == tta else None


def _routing(bundle: Bundle, tta: bool) -> Routing:
    content = bundle.manifest.routing
    if content is None:
        raise UserError(f"--read-text auto: {bundle.folder} has no routing; run kdxf calibrate, and export it again")
    routing = parse_routing(content, bundle.digest)
    if routing.calibration.tta != tta:
        raise UserError(f"--read-text auto: {bundle.folder} has the routing {'without' if tta else 'with'} --tta only")
    return routing


def make_engine(bundle: Bundle) -> BaseOCREngine:
    """Build the OCR engine of a bundle, with the bundle's models.

    Raises:
        UserError: The engine is not known here, or does not start.
    """
    options = dict(bundle.manifest.engine or {})
    name = options.pop("type", None)
    if name != "RapidOCREngine":
        raise UserError(f"{bundle.folder}: reads text with {name!r}, which the runner does not have; give the text")
    from kdxf_runtime.ocr.rapidocr_engine import RapidOCREngine

    params = dict(options.pop("params", None) or {})
    for key, value in params.items():
        if key.endswith(".model_path"):
            params[key] = str(bundle.path(value))
    return RapidOCREngine(params=params, **options)


def _session(bundle: Bundle, threads: int) -> Any:
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    try:
        session = InferenceSession(str(bundle.path(GRAPH)), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has its own exceptions
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{bundle.path(GRAPH)}: cannot be loaded ({reason}); update onnxruntime") from error
    names = {item.name for item in session.get_inputs()}
    if names != {item.name for item in bundle.manifest.inputs}:
        raise UserError(f"{bundle.path(GRAPH)}: takes {', '.join(sorted(names))}, which the manifest does not describe")
    return session
