"""The runner: from the bytes of a picture to its label, with the graph and the steps of a bundle. K classes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from kdxf_runtime.bundle import GRAPH, MANIFEST, WRONG_VALUES, Bundle, GraphInput, in_one_line, stacked
from kdxf_runtime.denormals import flush_denormals
from kdxf_runtime.drift.fingerprint import Fingerprint, Measured, measure, parse_fingerprint, split_feature
from kdxf_runtime.drift.response import Response
from kdxf_runtime.errors import UserError
from kdxf_runtime.io.addresses import is_address, read_address
from kdxf_runtime.io.images import ImageReadError, decode_image, read_file
from kdxf_runtime.ocr.base import BaseOCREngine
from kdxf_runtime.ocr.record import OCRRecord, read_pixels
from kdxf_runtime.pipeline import Pipeline
from kdxf_runtime.predictions import GIVEN, NOT_READ, READ, Prediction
from kdxf_runtime.stopwatch import Stopwatch
from kdxf_runtime.table_columns import Row
from kdxf_runtime.trust.calibration import Calibration, parse_calibration
from kdxf_runtime.trust.routing import Routing, parse_routing

READING = ("always", "auto", "never")
"""When the text of a picture is read."""

_OUTPUTS = ("scores", "feature")
_ANEW = "export the bundle anew"
_ONNX_NAMES = {"float32": "float"}  # where NumPy's differ
# What tells tokens from padding, and what has the same length.
_LENGTHS = {
    "text_weight": ("text", "text_box"),
    "text_mask": ("text_ids", "text_boxes"),
    "ngram_weight": ("ngram_ids",),
}


@dataclass(frozen=True)
class Picture:
    """A picture to answer.

    Attributes:
        image_id: What it is called in the results.
        data: The bytes of its file.
        record: Its text, where that is known already.
        error: Why there are no bytes; it is answered as a blank picture then.
        pixels: uint8 (H, W, 3) in BGR order, which stand for the bytes where they are given.
        columns: The cells of its row of a table; None where there are none, which all count as missing.
    """

    image_id: str
    data: bytes
    record: OCRRecord | None = None
    error: str | None = None
    pixels: np.ndarray | None = None
    columns: Row | None = None

    @classmethod
    def read(cls, path: str, image_id: str, columns: Row | None = None) -> "Picture":
        """Read a picture: a file, a member of a tar shard, or what an address names; failures become ``error``.

        Raises:
            UserError: A package is missing that the address needs.
        """
        try:
            return cls(image_id, read_address(path) if is_address(path) else read_file(path), columns=columns)
        except OSError as error:
            return cls(image_id, b"", error=f"cannot open the address: {error}", columns=columns)
        except ImageReadError as error:
            return cls(image_id, b"", error=str(error), columns=columns)


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
        tta: Whether scores are means over views.
        read_text: When the text of a picture is read.
        categories: Ids and names of the classes.
        calibration: What the scores mean; None where they are as they come. With ``read_text='never'`` it is
            ``without_text``.
        without_text: What the scores of pictures mean whose text is not to count; None where they are as they come.
        routing: Which pictures need their text read; None where all do.
        fingerprint: What the pictures that the bundle was calibrated on are like; None where that is not known.
        watch: The seconds of the stages ``decode`` (with the steps that follow it), ``ocr`` and ``model``.

    Raises:
        UserError: The bundle has no views, no routing, a file that cannot be used, or OCR does not start.
    """

    def __init__(self, bundle: Bundle, *, tta: bool = False, read_text: str = "always", threads: int = 1) -> None:
        manifest = bundle.manifest
        if read_text not in READING:
            raise UserError(f"--read-text {read_text}: give {', '.join(READING[:-1])} or {READING[-1]}")
        if tta and manifest.views is None:
            raise UserError(f"--tta: {bundle.folder} has no views; export a model whose config has a tta_pipeline")
        self.bundle = bundle
        self.tta = tta
        self.read_text = read_text
        self.pipeline = Pipeline(manifest.views if tta and manifest.views else [manifest.steps], bundle)
        self.categories = manifest.categories
        with_text = read_text != "never" or not self.pipeline.needs_text
        self.calibration = calibration_of(bundle, tta, with_text=with_text)
        self.without_text = calibration_of(bundle, tta, with_text=False)
        self.routing = _routing(bundle, tta) if read_text == "auto" else None
        if self.routing is not None and not self.pipeline.needs_text:
            raise UserError(f"--read-text auto: {bundle.folder} takes no text; leave the option out")
        self.fingerprint = fingerprint_of(bundle)
        self.watch = Stopwatch()
        self._session = open_graph(bundle.path(GRAPH), manifest.inputs, len(manifest.classes), threads)
        self._engine: BaseOCREngine | None = None
        self._try()

    def _try(self) -> None:
        """Answer a picture with a word and an unreadable one, so that parts that do not fit are refused at once."""
        picture = Picture("", b"", pixels=np.zeros((64, 64, 3), np.uint8))
        boxes = np.array([[[8, 8], [24, 8], [24, 16], [8, 16]]], np.float32)
        record = OCRRecord("", ["a"], np.ones(1, np.float32), boxes, 64, 64, "", None, angle=0, angle_score=1.0)
        try:
            scores, features, _ = self._run([(picture, record), (Picture("", b""), OCRRecord.empty(""))])
            if scores.shape != (2, len(self.bundle.manifest.classes)) or features.ndim != 2:
                raise ValueError(f"the graph gives scores of {scores.shape} and features of {features.shape}")
        except UserError:
            raise
        except Exception as error:  # steps and onnxruntime raise whatever a wrong value leads to
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            raise UserError(f"{self.bundle.folder}: its parts do not fit together ({reason}); {_ANEW}") from error
        self.watch.take()

    @property
    def engine(self) -> BaseOCREngine:
        """The OCR engine, which starts when it is first needed."""
        if self._engine is None:
            self._engine = make_engine(self.bundle)
        return self._engine

    def answer(self, pictures: Sequence[Picture], *, with_text: bool = True) -> list[Answer]:
        """Answer pictures, as one batch; one that cannot be read is answered as a blank one, and has its error.

        Args:
            pictures: The pictures.
            with_text: Whether their text counts; without it none is read.
        """
        if not pictures:
            return []
        if not self.pipeline.needs_text:
            return self._answer(pictures, [None] * len(pictures), self.calibration)
        if not with_text or self.read_text == "never":
            nothing = [OCRRecord.empty(picture.image_id) for picture in pictures]
            return self._answer(pictures, nothing, self.without_text)
        if self.routing is not None:
            return self._route(pictures, self.routing)
        return self._answer(pictures, [self._text_of(picture) for picture in pictures], self.calibration)

    def scores(self, pictures: Iterable[Picture], calibration: Calibration | None) -> np.ndarray:
        """Return the scores of pictures with the text that they bring, as one batch; nothing is read.

        The pictures are taken one by one, so a generator keeps one of them in memory.

        Args:
            pictures: The pictures.
            calibration: What the scores mean; None leaves them as they come.

        Returns:
            float32 (N, K).
        """
        scores, _, _ = self._run((picture, picture.record) for picture in pictures)
        return scores if calibration is None else calibration.apply(scores)

    def measure(self, picture: Picture, answer: Answer, *, with_text: bool = True) -> Measured | None:
        """Measure a picture that was answered, to compare it with the fingerprint.

        Where the text does not count, or is read only as needed, scores and texts are of another kind than those of the
        fingerprint, so that only the picture is measured.

        Args:
            picture: The picture.
            answer: Its answer.
            with_text: Whether its text counted.

        Returns:
            None where it cannot be read, or there is no fingerprint.
        """
        if self.fingerprint is None:
            return None
        is_usual = self.routing is None and (not self.pipeline.needs_text or (with_text and self.read_text != "never"))
        response = None
        if is_usual and self.calibration is not None:
            features = split_feature(answer.feature, self.fingerprint)
            response = Response(answer.prediction.scores, features)
        try:
            return measure(picture.data, answer.record if is_usual else None, response)
        except ImageReadError:
            return None

    def _route(self, pictures: Sequence[Picture], routing: Routing) -> list[Answer]:
        """Answer by the picture alone where that is sure enough, and by both elsewhere."""
        scores, features, errors = self._run((one, OCRRecord.empty(one.image_id)) for one in pictures)
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
            calibration = routing.calibration if picture.record is None else self.calibration
            (answer,) = self._answer([picture], [self._text_of(picture)], calibration)
            label = replace(answer.prediction, text=READ if picture.record is None else GIVEN)
            answers[index] = replace(answer, prediction=label)
        return [answers[index] for index in range(len(pictures))]

    def _text_of(self, picture: Picture) -> OCRRecord:
        if picture.record is not None:
            return picture.record
        if picture.pixels is not None:
            return read_pixels(self.engine, picture.pixels, picture.image_id)
        if picture.error is not None:
            return OCRRecord.empty(picture.image_id, picture.error)
        try:
            with self.watch.measure("decode"):
                pixels = decode_image(picture.data)
        except ImageReadError as error:
            return OCRRecord.empty(picture.image_id, str(error))
        with self.watch.measure("ocr"):
            return read_pixels(self.engine, pixels, picture.image_id)

    def _answer(
        self, pictures: Sequence[Picture], texts: Sequence[OCRRecord | None], calibration: Calibration | None
    ) -> list[Answer]:
        if not pictures:
            return []
        scores, features, errors = self._run(zip(pictures, texts, strict=True))
        calibrated = scores if calibration is None else calibration.apply(scores)
        labels = self._predictions(pictures, calibrated, scores, errors, calibration)
        return [Answer(*parts) for parts in zip(labels, texts, features, strict=True)]

    def _run(
        self, pictures: Iterable[tuple[Picture, OCRRecord | None]]
    ) -> tuple[np.ndarray, np.ndarray, list[str | None]]:
        """Return the mean scores (N, K) and features (N, C) of the views, and what could not be read."""
        views, errors = self.prepare(pictures)
        with self.watch.measure("model"):
            ran = [self._session.run(_OUTPUTS, inputs) for inputs in views]
        scores, features = (sum(parts) / np.float32(len(ran)) for parts in zip(*ran, strict=True))
        return scores, features, errors

    def prepare(
        self, pictures: Iterable[tuple[Picture, OCRRecord | None]]
    ) -> tuple[list[dict[str, np.ndarray]], list[str | None]]:
        """Return the inputs of the graph for each view of a batch, and of each picture what could not be read.

        Args:
            pictures: The pictures, each with its text; None where the model takes none.
        """
        views: list[list[dict[str, Any]]] = []
        errors: list[str | None] = []
        for picture, record in pictures:
            results: dict[str, Any] = {"img_path": picture.image_id, "img_bytes": picture.data}
            if picture.pixels is not None:
                results["img_pixels"] = picture.pixels
            results["ocr"] = record or OCRRecord.empty(picture.image_id)
            results["columns"] = picture.columns or {}
            with self.watch.measure("decode"):
                views.append(self.pipeline(results))
            errors.append(picture.error or views[-1][0].get("error") or (record.error if record else None))
        return [self._inputs(view) for view in zip(*views, strict=True)], errors

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


def calibration_of(bundle: Bundle, tta: bool, *, with_text: bool = True) -> Calibration | None:
    """Return what scores mean; None where they are as they come.

    Args:
        bundle: The bundle.
        tta: Of means over the views of test-time augmentation.
        with_text: Of pictures whose text counts; it does not matter to a model that takes none.
    """
    manifest = bundle.manifest
    if with_text or manifest.engine is None:
        content = manifest.calibration
        found = None if content is None else _read(bundle, "calibration", content, parse_calibration)
    else:
        found = None if manifest.routing is None else _read(bundle, "routing", manifest.routing, parse_routing).alone
    if found is None:
        return None
    _check_classes(bundle, found)
    return found if found.tta == tta else None


def fingerprint_of(bundle: Bundle) -> Fingerprint | None:
    """Return the fingerprint of a bundle; None where it has none."""
    content = bundle.manifest.fingerprint
    return None if content is None else _read(bundle, "fingerprint", content, lambda found, _: parse_fingerprint(found))


_Parsed = TypeVar("_Parsed")


def _read(
    bundle: Bundle, name: str, content: Mapping[str, Any], parse: Callable[[Mapping[str, Any], str], _Parsed]
) -> _Parsed:
    try:
        return parse(content, bundle.digest)
    except WRONG_VALUES as error:
        reason = f"its {name} cannot be read: {in_one_line(error)}"
        raise UserError(f"{bundle.folder / MANIFEST}: {reason}; export the bundle anew") from error


def _check_classes(bundle: Bundle, calibration: Calibration) -> None:
    if calibration.classes != bundle.manifest.classes:
        raise UserError(f"{bundle.folder / MANIFEST}: its calibration is of other classes; export the bundle anew")


def _routing(bundle: Bundle, tta: bool) -> Routing:
    content = bundle.manifest.routing
    if content is None:
        raise UserError(f"--read-text auto: {bundle.folder} has no routing; run kdxf calibrate, and export it again")
    routing = _read(bundle, "routing", content, parse_routing)
    _check_classes(bundle, routing.calibration)
    if routing.calibration.tta != tta:
        raise UserError(f"--read-text auto: {bundle.folder} has the routing {'without' if tta else 'with'} --tta only")
    return routing


def make_engine(bundle: Bundle) -> BaseOCREngine:
    """Build the OCR engine of a bundle, with the bundle's models.

    Raises:
        UserError: The engine is not known here, or does not start.
    """
    options = dict(bundle.manifest.engine or {})
    kind, name = options.pop("type", None), options.pop("name", None)
    if kind != "RapidOCREngine":
        raise UserError(f"{bundle.folder}: reads text with {kind!r}, which the runner does not have; give the text")
    from kdxf_runtime.ocr.rapidocr_engine import RapidOCREngine

    params = dict(options.pop("params", None) or {})
    for key, value in params.items():
        if key.endswith("_path"):
            params[key] = str(bundle.path(value))
    engine = RapidOCREngine(params=params, **options)
    engine.name = name or engine.name  # that of the model's engine, which has not the paths of these copies
    return engine


def open_graph(path: Path, inputs: Sequence[GraphInput], classes: int, threads: int = 1) -> Any:
    """Load a graph, and compare what it takes and gives with what is expected.

    Args:
        path: Its file.
        inputs: What it takes.
        classes: K, the number of its scores.
        threads: Of the session.

    Returns:
        onnxruntime's ``InferenceSession``, on the CPU.

    Raises:
        UserError: It cannot be loaded, for example because its op set is too new, or it is another graph.
    """
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    flush_denormals()  # before the first session: the detector of the text, which starts later, needs it
    try:
        session = InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        takes = sorted((item.name, item.type) for item in session.get_inputs())
        gives = {item.name: item.shape for item in session.get_outputs()}
    except Exception as error:  # onnxruntime has its own exceptions
        reason = " ".join(str(error).split())
        reason = f"... {reason[-250:]}" if len(reason) > 250 else reason  # the end says what is wrong
        raise UserError(f"{path}: cannot be loaded ({reason}); update onnxruntime") from error
    expected = sorted((item.name, f"tensor({_ONNX_NAMES.get(item.dtype, item.dtype)})") for item in inputs)
    if takes != expected:
        said = ", ".join(" ".join(f"{name} as {kind}".split()) for name, kind in takes)
        raise UserError(f"{path}: takes {said}, and the manifest says otherwise; export the bundle anew")
    if not set(_OUTPUTS) <= gives.keys() or gives["scores"][1:] != [classes]:
        raise UserError(f"{path}: does not give the scores of {classes} classes and a feature; export the bundle anew")
    return session
