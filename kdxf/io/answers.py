"""Answers from elsewhere, such as of a vision-language model, as predictions that reports compare with others'.

A CSV with the columns ``image`` and ``answer`` (or ``label``), and perhaps ``confidence``. An answer is a class name as
it stands in the list of classes, or one that is the same in its normalized form; any other is unmatched.

===============  ==========================================================================================
normalized form  full-width letters as narrow ones, small letters, no accents, only letters and digits
``Oat_Milk``     ``oatmilk``; so are ``oat milk``, ``"Oat-Milk".`` and ``ＯＡＴ ＭＩＬＫ``
===============  ==========================================================================================
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.errors import UserError
from kdxf.io.annotations import label_indices, read_annotations
from kdxf.io.csv_tables import read_csv
from kdxf.io.predictions import Predictions, check_each_once
from kdxf.io.provenance import Provenance

TOOL = "tools/data/answers.py"
UNMATCHED = -1
_COLUMNS = ("answer", "label")
_SHOWN = 5


def normalized(text: str) -> str:
    """Return the letters and digits of a text: compatible forms, small letters, no accents."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(letter for letter in plain if letter.isalnum())


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers of a file, and what is known of their images.

    Attributes:
        file: The file.
        images: n paths, as in the list of the images, or as in the file.
        texts: n answers.
        confidences: float64 (n,), above 0 to 1.
        labels: int64 (n,), the true class; None where there is no list with labels.
    """

    file: Path
    images: list[str]
    texts: list[str]
    confidences: np.ndarray
    labels: np.ndarray | None = None


def read_answers(path: Path) -> Answers:
    """Read a file of answers.

    Raises:
        UserError: A column or an image is missing, an image stands there twice, or a confidence is no number above 0 to
            1.
    """
    frame = read_csv(path, ("image",))
    column = next((name for name in _COLUMNS if name in frame), None)
    if column is None:
        raise UserError(f"{path}: has no column 'answer' (or 'label'); name it in the header")
    images = frame["image"].tolist()
    if not images:
        raise UserError(f"{path}: has no answers below the header")
    check_each_once(images, path)
    confidences = np.ones(len(frame))
    if "confidence" in frame:
        confidences = pd.to_numeric(frame["confidence"], errors="coerce").to_numpy(np.float64)
        wrong = ~((confidences > 0) & (confidences <= 1))
        if wrong.any():
            row = int(wrong.argmax())
            raise UserError(
                f"{path}: data row {row + 1} has the confidence {frame['confidence'].iloc[row]!r}; give a number above "
                "0, up to 1, or leave the column out"
            )
    return Answers(path, images, frame[column].str.strip().tolist(), confidences)


def of_list(answers: Answers, listed: Path, classes: Sequence[str]) -> Answers:
    """Put answers into the order of a list of images, with its labels; answers of other images are left out.

    Args:
        answers: The answers.
        listed: The list.
        classes: K class names.

    Raises:
        UserError: An image of the list has no answer, or a label is no class.
    """
    frame = read_annotations(listed)
    rows = pd.Index(answers.images).get_indexer(pd.Index(frame["image"]))
    if (rows < 0).any():
        image = frame["image"].iloc[int((rows < 0).argmax())]
        raise UserError(
            f"{answers.file}: {(rows < 0).sum()} of {len(frame)} images of {listed} have no answer, such as {image}; "
            "ask for them as well, or give a list without them"
        )
    labels = np.array(label_indices(frame["label"], classes, listed), np.int64) if "label" in frame else None
    texts = [answers.texts[row] for row in rows]
    return Answers(answers.file, frame["image"].tolist(), texts, answers.confidences[rows], labels)


def read_meanings(path: Path, classes: Sequence[str]) -> dict[str, int]:
    """Read which class answers mean: a CSV with the columns ``answer`` and ``label``.

    Raises:
        UserError: A column is missing, a label is no class, or an answer stands there twice.
    """
    frame = read_csv(path, ("answer", "label"))
    again = frame["answer"].duplicated()
    if again.any():
        raise UserError(f"{path}: the answer {frame['answer'][again].iloc[0]!r} stands there twice; keep one row")
    return dict(zip(frame["answer"].str.strip(), label_indices(frame["label"], classes, path), strict=True))


def match(texts: Sequence[str], classes: Sequence[str], meanings: Mapping[str, int] | None = None) -> np.ndarray:
    """Find the class that each answer names.

    Args:
        texts: n answers.
        classes: K class names.
        meanings: The class of answers that are no names, which comes first.

    Returns:
        int64 (n,), :data:`UNMATCHED` where an answer is no class name, or in its normalized form that of several.
    """
    exact = {name: index for index, name in enumerate(classes)} | dict(meanings or {})
    forms = Counter(map(normalized, classes))
    loose = {form: index for index, name in enumerate(classes) if forms[form := normalized(name)] == 1 and form}
    return np.array([exact.get(text, loose.get(normalized(text), UNMATCHED)) for text in texts], np.int64)


def unmatched(answers: Answers, found: np.ndarray) -> pd.DataFrame:
    """Return the answers that are no class, the most frequent first: ``answer``, ``images`` and an empty ``label``."""
    counts = Counter(text for text, index in zip(answers.texts, found, strict=True) if index == UNMATCHED)
    rows = [(text, count, "") for text, count in counts.most_common()]
    return pd.DataFrame(rows, columns=["answer", "images", "label"])


def describe(missing: pd.DataFrame) -> str:
    """Return one line that names the first of the answers of :func:`unmatched`."""
    shown = ", ".join(f"{text!r} ({count})" for text, count in missing[["answer", "images"]].head(_SHOWN).to_numpy())
    return shown + (f" and {len(missing) - _SHOWN} others" if len(missing) > _SHOWN else "")


def predictions_of(answers: Answers, found: np.ndarray, classes: Sequence[str]) -> Predictions:
    """Turn answers into predictions.

    The class that an answer names gets its confidence c and a share of the rest, 1 - c, which is spread evenly over all
    K classes. An answer that names no class counts as wrong: all classes get the same score but the true one, which
    gets 0, and ``errors`` says what was answered.

    Args:
        answers: n answers.
        found: int64 (n,), of :func:`match`.
        classes: K class names.

    Raises:
        UserError: An unmatched answer cannot be told from a right one: its image has no label, or there is one class.
    """
    count, width = len(found), len(classes)
    lost = np.flatnonzero(found == UNMATCHED)
    if lost.size and (answers.labels is None or (answers.labels[lost] < 0).any() or width < 2):
        raise UserError(
            f"{answers.file}: an answer that is no class counts as wrong, for which the labels are needed; give the "
            "labelled list with --list"
        )
    scores = np.repeat((1 - answers.confidences)[:, None] / width, width, axis=1)
    named = np.flatnonzero(found != UNMATCHED)
    scores[named, found[named]] += answers.confidences[named]
    if lost.size and answers.labels is not None:
        scores[lost] = 1 / (width - 1)
        scores[lost, answers.labels[lost]] = 0
    return Predictions(
        answers.images,
        scores.astype(np.float32).reshape(count, width),
        tuple(classes),
        labels=answers.labels,
        errors={int(index): f"answered {answers.texts[index]!r}, which is no class" for index in lost},
        source=Provenance(tool=TOOL).with_values(answers=str(answers.file)),
    )
