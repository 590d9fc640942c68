"""Predictions by class names and examples, as the same tables that a trained model gives."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.data.sampling import ranks_in_class
from kdxf.errors import UserError
from kdxf.io.annotations import label_indices, read_annotations, read_classes
from kdxf.io.class_names import names_of, read_class_names
from kdxf.io.predictions import Predictions, check_each_once, write_predictions
from kdxf.io.provenance import Provenance
from kdxf.zero_shot.class_vectors import by_examples, by_names, class_scores, joined
from kdxf.zero_shot.pair import Pair
from kdxf.zero_shot.prompts import read_prompts
from kdxf_runtime.categories import Categories
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.io.prediction_csv import open_replacing
from kdxf_runtime.predictions import Columns, Prediction, PredictionWriter
from kdxf_runtime.sources import list_sources

TOOL = "tools/zero_shot.py"
NAMES, EXAMPLES, BOTH = "names", "examples", "both"
_USUAL = Columns()


@dataclass(frozen=True)
class Listed:
    """A list of pictures.

    Attributes:
        file: The list, with labels or without.
        root: The folder that its paths are relative to.
    """

    file: Path
    root: Path = Path()


@dataclass(frozen=True)
class Examples:
    """Labelled pictures to learn the classes from.

    Attributes:
        listed: The list.
        per_class: How many of each class are taken, at random; None takes all.
        seed: Another seed takes others.
    """

    listed: Listed
    per_class: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class Report:
    """Result of :func:`zero_shot`; ``str()`` returns it as a text.

    Attributes:
        files: The files written.
        images: Pictures predicted.
        errors: Of how many the file cannot be read.
        examples: How many examples the classes were learnt from.
        top1: Share of the labelled pictures that is right, from 0 to 1; None where there are no labels.
    """

    files: Sequence[Path]
    images: int
    errors: int
    examples: int
    top1: float | None

    def __str__(self) -> str:
        lines = [f"{' and '.join(map(str, self.files))}: {self.images} images, {self.errors} with an error"]
        lines += [f"classes learnt from {self.examples} examples"] if self.examples else []
        lines += [] if self.top1 is None else [f"top-1 {100 * self.top1:.1f} % of the labelled images"]
        return "\n".join(lines)


def zero_shot(
    pair: Pair,
    classes_file: Path,
    images: Sequence[str | Path] | Listed,
    *,
    save_csv: str | Path | None = None,
    save_probs: str | Path | None = None,
    columns: Columns = _USUAL,
    excel: bool = False,
    class_names: str | Path | None = None,
    prompts: str | Path | None = None,
    examples: Examples | None = None,
    by: str = NAMES,
    workers: int = 0,
) -> Report:
    """Predict pictures by the names of the classes, by examples, or by both.

    Args:
        pair: The pretrained pair.
        classes_file: The class names, one a line.
        images: Pictures and folders, or a list.
        save_csv: The CSV to write, if any: one row per picture.
        save_probs: A file of predictions to write, if any (:mod:`kdxf.io.predictions`), with the labels of the list.
        columns: Columns of the CSV.
        excel: Whether a person opens the CSV in Excel.
        class_names: Readable names, in a file as :func:`kdxf.io.class_names.read_class_names` takes it, which the pair
            reads in place of the names in ``classes_file``.
        prompts: A file of prompts (:func:`kdxf.zero_shot.prompts.read_prompts`).
        examples: The examples.
        by: ``'names'``, ``'examples'`` or ``'both'``.
        workers: Processes that load pictures.

    Raises:
        UserError: A file cannot be read, examples are missing or not used, or there is nothing to write.
    """
    if save_csv is None and save_probs is None:
        raise UserError("nothing to write; give --save_csv, --save-probs, or both")
    if (examples is None) != (by == NAMES):
        raise UserError(f"--by {by}: give --examples, a labelled list" if examples is None else "--examples has no "
                        "effect with --by names; choose examples or both")  # fmt: skip
    classes = read_classes(classes_file)
    categories = Categories.named(classes)
    if class_names is not None:
        ids = [str(item) for item in categories.ids]
        categories = replace(categories, names=tuple(names_of(ids, read_class_names(class_names), class_names)))
    columns.check(categories)
    templates = None if prompts is None else read_prompts(prompts)
    inputs, labels = _read(images, classes)
    if save_probs is not None:
        check_each_once([image.image_id for image in inputs], "the images")
    learnt: tuple[list[str], np.ndarray] = ([], np.empty(0, np.int64))
    vectors = []
    if by != EXAMPLES:
        vectors.append(by_names(categories.names or (), pair.encode_texts, templates))
    if examples is not None:
        learnt = _read_examples(examples, classes)
        features, errors = pair.encode_images(learnt[0], workers)
        read = np.array([index not in errors for index in range(len(features))])
        vectors.append(by_examples(features[read], learnt[1][read], classes))
    features, errors = pair.encode_images([image.path for image in inputs], workers)
    scores = class_scores(features, vectors[0] if len(vectors) == 1 else joined(*vectors), pair.scale)
    if save_csv is not None:
        with open_replacing(save_csv, "--save_csv") as file:
            writer = PredictionWriter(file, categories, columns, excel)
            for index, (image, row) in enumerate(zip(inputs, scores, strict=True)):
                best = int(row.argmax())
                found = (categories.ids[best], categories.name(best), float(row[best]))
                writer.add(Prediction(image.image_id, *found, row, errors.get(index)))
    if save_probs is not None:
        source = Provenance(tool=TOOL).with_values(model=str(pair.folder), by=by, examples=len(learnt[0]))
        seen = np.isin([image.path for image in inputs], learnt[0]) if learnt[0] else None
        names = [image.image_id for image in inputs]
        write_predictions(
            Predictions(names, scores, tuple(classes), labels=labels, seen=seen, errors=errors, source=source),
            save_probs,
        )
    known = None if labels is None else labels >= 0
    top1 = None if known is None else float((scores.argmax(axis=1) == labels)[known].mean())
    files = [Path(file) for file in (save_csv, save_probs) if file is not None]
    return Report(files, len(inputs), len(errors), len(learnt[0]), top1)


def _read(images: Sequence[str | Path] | Listed, classes: Sequence[str]) -> tuple[list[InputImage], np.ndarray | None]:
    if not isinstance(images, Listed):
        return list_sources(images), None
    frame = read_annotations(images.file)
    labels = np.array(label_indices(frame["label"], classes, images.file), np.int64) if "label" in frame else None
    return [InputImage(name, str(images.root / name), name) for name in frame["image"]], labels


def _read_examples(examples: Examples, classes: Sequence[str]) -> tuple[list[str], np.ndarray]:
    listed = examples.listed
    frame = read_annotations(listed.file)
    if "label" not in frame:
        raise UserError(f"--examples {listed.file}: has no labels; examples are labelled pictures")
    labels = np.array(label_indices(frame["label"], classes, listed.file), np.int64)
    rows = first_of_each_class(frame["image"], labels, examples.per_class, examples.seed)
    return [str(listed.root / name) for name in frame["image"].iloc[rows]], labels[rows]


def first_of_each_class(images: pd.Series, labels: np.ndarray, count: int | None, seed: int) -> np.ndarray:
    """Return the rows of ``count`` random pictures of each class, int64, in their order; of all where it is None.

    A class with fewer has all of them. The pictures of a smaller count are among those of a larger one.
    """
    if count is None:
        return np.arange(len(labels))
    return np.flatnonzero(ranks_in_class(images, labels, seed) < count)
