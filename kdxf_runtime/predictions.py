"""Predictions, and the CSV that holds one row for each."""

from dataclasses import dataclass
from typing import TextIO

import numpy as np

from kdxf_runtime.categories import Categories
from kdxf_runtime.errors import UserError
from kdxf_runtime.io.prediction_csv import joined, row_writer
from kdxf_runtime.trust.back_off import BackOff

GIVEN, READ, NOT_READ = "given", "read", "not read"
"""The text of an image was at hand, was read now, or was not needed."""


@dataclass(frozen=True)
class Prediction:
    """The prediction of one image; K is the number of classes.

    Attributes:
        image_id: What the input is called.
        category_id: The id of the best class, see :class:`~kdxf_runtime.categories.Categories`.
        category_name: Its name; None if nobody named the classes.
        score: Its score, from 0 to 1.
        scores: float32 (K,), in class order.
        error: Why the image could not be read, in one line; None when it was.
        labels: The indices of the classes that a multi-label model gives, maybe none; None for other models.
        likely: The indices of the classes in the conformal set, best first, maybe none; None without a calibration.
        unlike: Whether the scores are spread as those of a picture of none of the classes; None without a calibration.
        text: Where texts are read only as needed: :data:`GIVEN`, :data:`READ` or :data:`NOT_READ`; else None.
    """

    image_id: str
    category_id: int
    category_name: str | None
    score: float
    scores: np.ndarray
    error: str | None
    labels: tuple[int, ...] | None = None
    likely: tuple[int, ...] | None = None
    unlike: bool | None = None
    text: str | None = None

    def decide(self, threshold: float, back_off: BackOff | None = None) -> tuple[str, str]:
        """Say whether to accept the prediction or to send it to a person, and why.

        Args:
            threshold: The least sureness to accept (:func:`kdxf_runtime.trust.calibration.sureness`).
            back_off: Which of the others are answered by the parent; None means none.

        Returns:
            ``'accept'`` and an empty reason, or ``'parent'`` or ``'review'`` and the reason.
        """
        if self.error is not None:
            return "review", "cannot be read"
        if self.score - bool(self.unlike) >= threshold:
            return "accept", ""
        decision = "review" if self.parent(back_off) is None else "parent"
        return decision, "maybe none of the classes" if self.unlike else f"score below {threshold:.3f}"

    def parent(self, back_off: BackOff | None) -> str | None:
        """Return the parent that answers if the class is not accepted; None where none is sure enough."""
        if back_off is None or self.error is not None:
            return None
        return back_off.answer(self.scores, bool(self.unlike))


@dataclass(frozen=True)
class Columns:
    """The columns of the CSV.

    ============  =========================================================================================
    always        ``image_id``, ``category_id`` first, ``error`` last
    with_name     ``category_name``
    with_score    ``score``
    topk=2        ``top2_id`` and, as for the best class, ``top2_name``, ``top2_score``
    per_class     in place of all of these but ``image_id``: one column per class, with its score
    with_set      ``set``, the ids of the classes that it may be, best first; with_name: ``set_names``
    threshold     ``decision``, ``accept`` or ``review``, and ``reason``, why not to accept
    back_off      the decision may be ``parent`` as well; then ``parent``, the name of the coarser class
    with_text     ``text``, ``given``, ``read`` or ``not read``
    ============  =========================================================================================

    Of a multi-label model ``category_id``, ``category_name`` and ``score`` are those of the classes that it gives,
    joined by ``|``, and empty where it gives none.

    Attributes:
        topk: How many classes are named, best first.
        with_name: Whether their names are written.
        with_score: Whether their scores are written.
        per_class: Whether there is a column for each class instead.
        with_set: Whether the conformal set is written.
        back_off: Whether the parent is written where it answers.
        threshold: As of :meth:`Prediction.decide`; None writes no decision.
        routed_threshold: The same for images whose text was not given, where texts are read only as needed: their
            scores are those of another system.
        with_text: Whether it is written what became of the text.
        parents: As of :meth:`Prediction.decide`, where ``back_off`` is asked for.
        routed_parents: The same for images whose text was not given.
    """

    topk: int = 1
    with_name: bool = False
    with_score: bool = False
    per_class: bool = False
    with_set: bool = False
    back_off: bool = False
    threshold: float | None = None
    routed_threshold: float | None = None
    with_text: bool = False
    parents: BackOff | None = None
    routed_parents: BackOff | None = None

    def check(self, categories: Categories) -> None:
        """Check that these categories have what the columns show.

        Raises:
            UserError: There are fewer than ``topk`` classes, or they have no names.
        """
        if not 1 <= self.topk <= len(categories):
            raise UserError(f"--topk {self.topk}: the model has {len(categories)} classes; give 1 to {len(categories)}")
        if categories.names is None and (self.with_name or self.per_class):
            option = "--per-class" if self.per_class else "--with-name"
            raise UserError(f"{option}: neither checkpoint nor config names the classes; name them with --class-names")


class PredictionWriter:
    """A writer of predictions as CSV rows.

    Args:
        file: Where to.
        categories: Ids and names of the classes.
        columns: What to write.
        excel: Whether a person opens it in Excel (:mod:`kdxf.io.csv_tables`).
    """

    def __init__(self, file: TextIO, categories: Categories, columns: Columns, excel: bool = False) -> None:
        self._categories = categories
        self._columns = columns
        self._write = row_writer(file, ["image_id", *self._header(), *self._trust_header(), "error"], excel)

    def add(self, prediction: Prediction) -> None:
        """Write a row."""
        self._write([prediction.image_id, *self._values(prediction), *self._trust(prediction), prediction.error])

    def _header(self) -> list[str]:
        if self._columns.per_class:
            return list(self._categories.names or ())
        header = self._fields("category_id", "category_name", "score")
        for rank in range(2, self._columns.topk + 1):
            header += self._fields(f"top{rank}_id", f"top{rank}_name", f"top{rank}_score")
        return header

    def _trust_header(self) -> list[str]:
        names = ["set", *(["set_names"] if self._columns.with_name else [])] if self._columns.with_set else []
        names += [] if self._columns.threshold is None else ["decision", "reason"]
        names += ["parent"] if self._columns.back_off else []
        return names + (["text"] if self._columns.with_text else [])

    def _trust(self, prediction: Prediction) -> list[str]:
        values, likely = [], prediction.likely or ()
        if self._columns.with_set:
            values.append(joined(self._categories.ids[index] for index in likely))
        if self._columns.with_set and self._columns.with_name:
            values.append(joined(self._categories.name(index) or "" for index in likely))
        if self._columns.threshold is not None:
            threshold, parents = self._columns.threshold, self._columns.parents
            if prediction.text in (READ, NOT_READ) and self._columns.routed_threshold is not None:
                threshold, parents = self._columns.routed_threshold, self._columns.routed_parents
            decision, reason = prediction.decide(threshold, parents)
            values += [decision, reason]
            if self._columns.back_off:
                values.append((prediction.parent(parents) or "") if decision == "parent" else "")
        if self._columns.with_text:
            values.append(prediction.text or "")
        return values

    def _values(self, prediction: Prediction) -> list[str]:
        scores = prediction.scores
        if self._columns.per_class:
            return [f"{score:.6f}" for score in scores]
        ranks = [[index] for index in np.argsort(-scores, kind="stable")[: self._columns.topk]]
        if prediction.labels is not None:
            ranks[0] = list(prediction.labels)
        values = []
        for indices in ranks:
            values += self._fields(
                joined(self._categories.ids[index] for index in indices),
                joined(self._categories.name(index) or "" for index in indices),
                joined(f"{scores[index]:.6f}" for index in indices),
            )
        return values

    def _fields(self, category: str, name: str, score: str) -> list[str]:
        return [category, *([name] if self._columns.with_name else []), *([score] if self._columns.with_score else [])]
