"""What a report is made of: predictions of a labelled list, and what the config knows about its images.

n images, K classes.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from mmengine.config import Config

from kdxf.analysis.baselines import Baseline, fit_baselines
from kdxf.analysis.config_baselines import LARGEST, LabelledList, read_list_of_config, with_features
from kdxf.apis.stages import last_stage
from kdxf.engine.config import building, leaf_dataset
from kdxf.errors import UserError
from kdxf.io.predictions import Predictions, in_order
from kdxf.registry import DATASETS
from kdxf_runtime.io.prediction_csv import joined
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.table_columns import Row

IMAGE_ALONE, TEXT_ALONE, SHUFFLED = "image alone", "text alone", "text of other images"
NO_TABLE = "without the table"
NO_CLASS = "none of the classes"


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that the sections of a report may show.

    Attributes:
        predictions: Of n images; each has a label, or where it may have several a known set of them.
        alone: The same model with less to see, by :data:`IMAGE_ALONE`, :data:`TEXT_ALONE`, :data:`SHUFFLED` and
            :data:`NO_TABLE`.
        files: The n image files.
        records: What OCR read in each image, with boxes; None where the list has no text.
        train: The training list; None where the config has none that can be read, and where images have several labels.
        baselines: What the plainest models say of the images; empty where they were left out.
        columns: The cells of each image's row of a table; None of an image without.
    """

    predictions: Predictions
    alone: Mapping[str, Predictions]
    files: Sequence[str]
    records: Sequence[OCRRecord] | None
    train: LabelledList | None
    baselines: Sequence[Baseline]
    columns: Sequence[Row | None] | None = None

    @property
    def labels(self) -> np.ndarray:
        """The true classes, int64 (n,); bool (n, K) where an image may have several."""
        labels = self.predictions.labels
        if labels is None:
            raise ValueError("a report's predictions have labels")
        return labels

    @cached_property
    def predicted(self) -> np.ndarray:
        """The model's answers, in the form of the labels."""
        return answers(self.predictions)

    @property
    def multi_label(self) -> bool:
        """Whether an image may have several classes, or none."""
        return self.predictions.multi_label

    @property
    def classes(self) -> tuple[str, ...]:
        """K names."""
        return self.predictions.classes

    @cached_property
    def right(self) -> np.ndarray:
        """Whether the answer is the label, all of it, bool (n,)."""
        return self.is_right(self.predictions)

    def is_right(self, part: Predictions) -> np.ndarray:
        """Return whether the answers of the model, or of it with less to see, are the labels, bool (n,)."""
        same = answers(part) == self.labels
        return same.all(axis=1) if self.multi_label else same

    def has(self, label: int) -> np.ndarray:
        """Return which images are of a class, bool (n,)."""
        return self.labels[:, label] if self.multi_label else self.labels == label

    def gives(self, label: int) -> np.ndarray:
        """Return for which images the model gives a class, bool (n,)."""
        return self.predicted[:, label] if self.multi_label else self.predicted == label

    def label(self, index: int) -> str:
        """Name the true class of an image, or its classes."""
        return self._named(self.labels[index])

    def answer(self, index: int, part: Predictions | None = None) -> str:
        """Name what the model, or the model with less to see, says of an image."""
        return self._named(answers(part or self.predictions)[index])

    def _named(self, value: np.ndarray) -> str:
        if not self.multi_label:
            return self.classes[int(value)]
        return joined(self.classes[place] for place in np.flatnonzero(value)) or NO_CLASS

    def text(self, index: int) -> str:
        """Return the lines of an image, joined by spaces."""
        return "" if self.records is None else " ".join(self.records[index].texts)


def answers(predictions: Predictions) -> np.ndarray:
    """Return the best classes, int64 (n,); where an image may have several the classes that are given, bool (n, K)."""
    if predictions.predicted is not None:
        return predictions.predicted
    return predictions.scores.argmax(axis=1)


def gather(
    cfg: Config,
    predictions: Predictions,
    alone: Mapping[str, Predictions],
    *,
    baselines: Path | None = None,
    workers: int = 1,
) -> Evidence:
    """Bring together what a report needs.

    Args:
        cfg: The config whose ``test_dataloader`` has the images.
        predictions: Of these images, in any order.
        alone: As in :class:`Evidence`; of the same images, in any order.
        baselines: The folder that keeps features for the baselines; None leaves the baselines out.
        workers: Processes that load images for them.

    Raises:
        UserError: The lists cannot be read; the predictions lack labels, or are of other images or classes than the
            list; an image has several labels, but the model gives one.
    """
    cfg = last_stage(cfg)
    labels = predictions.labels
    if labels is not None and (labels.ndim == 2) != predictions.multi_label:
        raise UserError(
            f"the test list of {cfg.filename} and its model do not fit: one has several labels per image, the other "
            "one; set multi_label of the list as the head has it"
        )
    if labels is None or (labels.ndim == 1 and (labels < 0).any()):
        raise UserError("a report needs a label for every image; predict a labelled list")
    with building(cfg):
        dataset = DATASETS.build({**leaf_dataset(cfg.test_dataloader), "pipeline": []})
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    root = os.path.join(getattr(dataset, "img_prefix", ""), "")
    rows = {info["img_path"].removeprefix(root): index for index, info in enumerate(infos)}
    if missing := [image for image in predictions.images if image not in rows]:
        raise UserError(
            f"{missing[0]}: is predicted, but not in the test list of {cfg.filename}, which the report takes the "
            "pictures from; give the config that the predictions were made with"
        )
    known = dataset.metainfo.get("classes")
    if known is not None and tuple(known) != predictions.classes:
        raise UserError(f"the predictions have other classes than the test list of {cfg.filename}")
    picked = [infos[rows[image]] for image in predictions.images]
    train = None if predictions.multi_label else _train_list(cfg)
    evidence = Evidence(
        predictions=predictions,
        alone={name: in_order(part, predictions.images) for name, part in alone.items()},
        files=[info["img_path"] for info in picked],
        records=[info["ocr"] for info in picked] if all("ocr" in info for info in picked) else None,
        train=train,
        baselines=(),
        columns=[info.get("columns") for info in picked],
    )
    if baselines is None or train is None or len(train.images) > LARGEST or len(set(train.labels)) < 2:
        return evidence
    return replace(evidence, baselines=_fit_baselines(evidence, train, baselines, workers))


def _train_list(cfg: Config) -> LabelledList | None:
    if cfg.get("train_dataloader") is None:
        return None
    try:
        return read_list_of_config(cfg, "train")
    except UserError as error:
        print(f"the report goes without the training list: {error}")
        return None


def _fit_baselines(evidence: Evidence, train: LabelledList, folder: Path, workers: int) -> list[Baseline]:
    texts = [evidence.text(index).casefold() for index in range(len(evidence.files))]
    test = LabelledList(list(evidence.files), evidence.labels.tolist(), texts, list(evidence.classes))
    fitted, tested = (with_features(part, folder, workers) for part in (train, test))
    return fit_baselines(fitted, replace(tested, images=evidence.predictions.images), evidence.classes)
