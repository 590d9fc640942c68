"""Which pictures a person should look at first. n images, K classes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kdxf.data.cleaning.suspects import short_texts
from kdxf.errors import UserError
from kdxf.io.csv_tables import read_csv
from kdxf.io.predictions import Predictions, margins, read_predictions
from kdxf.io.provenance import check_no_ranks, check_no_targets, check_unseen
from kdxf.text.ocr.table import OCRTable
from kdxf_runtime.io.digests import file_digest, settings_digest

_GUESSES = 5


@dataclass(frozen=True)
class Question:
    """What a person is asked about a picture.

    Attributes:
        image: Its path, relative to the image root.
        label: The class that is right or not: that of the list, or what the model says where the list has none.
        labelled: Whether it is that of the list.
        guesses: The model's best classes with their scores, at most five, best first.
        reason: Why the picture is in doubt.
        text: The text in the picture, empty where it is not known.
    """

    image: str
    label: str
    labelled: bool
    guesses: tuple[tuple[str, float], ...]
    reason: str
    text: str = ""


@dataclass(frozen=True)
class Queue:
    """A part of the pictures in doubt.

    Attributes:
        questions: In order, the most doubtful first.
        start: How many come before them.
        total: How many there are in all parts.
        order: One of :data:`~kdxf.data.options.ORDERS`.
        classes: K class names.
        digest: Differs for other predictions and other pictures; 64 hexadecimal digits.
    """

    questions: tuple[Question, ...]
    start: int
    total: int
    order: str
    classes: tuple[str, ...]
    digest: str


def make_queue(
    file: Path,
    order: str | None = None,
    *,
    limit: int = 300,
    part: int = 1,
    inference: Path | None = None,
    ocr: OCRTable | None = None,
) -> Queue:
    """Put the images of a file of predictions in order of doubt.

    Images that could not be read come first. Of the others, by ``loss`` those first whose label the model finds least
    likely, which are probably labelled wrong; by ``margin`` those whose best two classes are closest.

    Args:
        file: Predictions of one label per image (:mod:`kdxf.io.predictions`).
        order: One of :data:`~kdxf.data.options.ORDERS`; by default ``loss`` where every image has a label, else
            ``margin``.
        limit: How many pictures a part has.
        part: Which part, from 1.
        inference: What ``tools/inference.py --review`` or ``--precision`` wrote for the same images: only those that it
            sends to a person are asked about.
        ocr: Has the text of the pictures.

    Raises:
        UserError: The file cannot be read or holds targets or ranks, has several labels per image, lacks labels for
            ``loss``, or comes from a model that learnt these labels; ``inference`` has other images or no decisions;
            or there is no such part.
    """
    predictions = read_predictions(file)
    if predictions.multi_label:
        raise UserError(f"{file}: predicts several labels per image; a review asks for one label per image")
    check_no_targets(predictions.source, file)
    check_no_ranks(predictions.source, file)
    known = np.full(len(predictions), -1) if predictions.labels is None else predictions.labels
    order = order or ("loss" if len(known) and (known >= 0).all() else "margin")
    if order == "loss" and (known < 0).any():
        raise UserError(
            f"--order loss: {(known < 0).sum()} of {len(known)} images of {file} have no label; take margin"
        )
    if order == "loss":
        check_unseen(predictions, str(file))
    sent = None if inference is None else _sent(inference, predictions.images, file)
    rows = _in_order(predictions, known, order)
    if sent is not None:
        rows = rows[[predictions.images[row] in sent for row in rows.tolist()]]
    start = (part - 1) * limit
    if start >= len(rows):
        raise UserError(
            f"--part {part}: {file} has {len(rows)} images to review, {limit} in each part; give a smaller one"
        )
    shown = rows[start : start + limit]
    questions = _questions(predictions, known, shown, order, sent or {}, ocr)
    digest = settings_digest([file_digest(file), [question.image for question in questions]])
    return Queue(questions, start, len(rows), order, predictions.classes, digest)


def _in_order(predictions: Predictions, known: np.ndarray, order: str) -> np.ndarray:
    scores = predictions.scores
    sure = margins(scores) if order == "margin" else scores[np.arange(len(scores)), known]
    readable = np.ones(len(scores), bool)
    readable[list(predictions.errors)] = False
    best = scores.max(axis=1)  # of equally doubtful ones, first what the model is surest of
    return np.lexsort((-best, sure, readable))


def _sent(inference: Path, images: list[str], file: Path) -> dict[str, str]:
    """Return the images that are sent to a person, and why."""
    if not inference.is_file():
        raise UserError(
            f"--inference {inference}: no such file; tools/inference.py --review 0.05 --save_csv writes one"
        )
    table = read_csv(
        inference, ("image_id", "decision", "reason"), "run tools/inference.py with --review or --precision"
    )
    table = table[table["decision"] == "review"]
    known = table["image_id"].isin(images)
    if not known.all():
        raise UserError(
            f"--inference {inference}: {table['image_id'][~known].iloc[0]} is not in {file}; give both files of one "
            "run of tools/inference.py, --save_csv and --save-probs"
        )
    return dict(zip(table["image_id"], table["reason"], strict=True))


def _questions(
    predictions: Predictions,
    known: np.ndarray,
    rows: np.ndarray,
    order: str,
    sent: Mapping[str, str],
    ocr: OCRTable | None,
) -> tuple[Question, ...]:
    scores, classes = predictions.scores[rows], predictions.classes
    best = np.argsort(-scores, axis=1, kind="stable")[:, :_GUESSES]
    images = [predictions.images[row] for row in rows.tolist()]
    questions = []
    for place, (row, image, text) in enumerate(zip(rows.tolist(), images, short_texts(images, ocr), strict=True)):
        guesses = tuple((classes[index], round(float(scores[place, index]), 4)) for index in best[place].tolist())
        label = classes[known[row]] if known[row] >= 0 else guesses[0][0]
        reason = predictions.errors.get(row) or sent.get(image) or _reason(label, guesses, order)
        questions.append(Question(image, label, bool(known[row] >= 0), guesses, reason, text))
    return tuple(questions)


def _reason(label: str, guesses: tuple[tuple[str, float], ...], order: str) -> str:
    said = [f"{name} ({score:.2f})" for name, score in guesses[:2]]
    if order == "margin":
        return f"model says {' or '.join(said)}"
    return f"model says {said[0]}, label says {label}"
