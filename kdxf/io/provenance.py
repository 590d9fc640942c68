"""Where predictions come from, and what makes them fit to be learnt from.

A model reproduces what it was trained on, with a confidence that says nothing; a soft label of its own training image
passes the error on to the next model. So predictions of training images are refused wherever soft labels or
pseudo-labels are made or read, also for images without labels: a model that learnt its own pseudo-label would only
confirm it. Refused as well are files with the ground truth mixed in, which would count twice, and ranks.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from mmengine.logging import print_log

from kdxf.errors import UserError
from kdxf_runtime.io.digests import file_digest

if TYPE_CHECKING:
    from kdxf.io.predictions import Predictions

_SHOWN = 3
_ADVICE = "take predictions of models that have not seen them (tools/recipes/kfold.py makes them)"
TRAINING_DATA = "training_data"
"""Key of a checkpoint's ``meta``: its value is that of :attr:`Provenance.training_data`, as a list."""

MILLISECONDS = "milliseconds"
"""Key of :attr:`Provenance.details`: what was measured per image. ``predict`` is for loading and model, ``ocr`` for
reading text (None where it was read before); ``takes_text`` tells whether the model takes any."""


@dataclass(frozen=True)
class Input:
    """A file of predictions that others were made of.

    Attributes:
        file: Its path.
        digest: The SHA-256 of its bytes.
        unit: In an ensemble, the name of the model or group that it belongs to.
        weight: In an ensemble, how much it counts.
        source: Where its predictions come from.
    """

    file: str | None = None
    digest: str | None = None
    unit: str | None = None
    weight: float | None = None
    source: "Provenance" = field(default_factory=lambda: Provenance())

    @classmethod
    def of_file(cls, file: str | Path, source: "Provenance", **ensemble: Any) -> "Input":
        """Describe a file, with its digest; ``ensemble`` holds ``unit`` and ``weight``."""
        return cls(str(file), file_digest(file), source=source, **ensemble)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Input":
        """Read what :meth:`to_dict` wrote.

        Raises:
            ValueError: Something else wrote it.
        """
        known = {name: values.get(name) for name in ("file", "digest", "unit", "weight")}
        return cls(**known, source=Provenance.from_dict(values.get("source", {})))

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of ``inputs`` in a file's metadata."""
        return {**_given(self, "source"), "source": self.source.to_dict()}


@dataclass(frozen=True)
class Provenance:
    """Where predictions come from, as the metadata of their file say it under ``source``.

    Attributes:
        tool: The tool that wrote the file.
        config: Path of the config.
        config_digest: Digest of the config's settings.
        checkpoint: Path or URL of the checkpoint.
        checkpoint_digest: The SHA-256 of its bytes; None of a URL.
        tta: Whether the model averaged several views of each image.
        mean: How several files were averaged, a name of :data:`kdxf.recipes.ensembles.average.MEANS`.
        ground_truth_ratio: The part of the ground truth, from 0 to 1. A file that has it holds finished targets, to be
            trained on as they are; other files hold predictions.
        training_data: For each training of the model, the digests of its files by what they are, such as
            ``soft_label_file``, and by path (:mod:`kdxf.engine.hooks.training_data_hook`).
        inputs: The files that these predictions were made of.
        details: Everything else that the tool notes, as JSON values by key.
    """

    tool: str | None = None
    config: str | None = None
    config_digest: str | None = None
    checkpoint: str | None = None
    checkpoint_digest: str | None = None
    tta: bool | None = None
    mean: str | None = None
    ground_truth_ratio: float | None = None
    training_data: tuple[Mapping[str, Mapping[str, str]], ...] = ()
    inputs: tuple[Input, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_model(cls, config: str, config_digest: str, checkpoint: str | Path, **values: Any) -> "Provenance":
        """Describe a model by its config and its checkpoint; a checkpoint that is no local file has no digest.

        Args:
            config: Path of the config.
            config_digest: See :func:`kdxf.engine.config.config_digest`.
            checkpoint: Path or URL.
            **values: Other attributes.
        """
        digest = file_digest(checkpoint) if Path(checkpoint).is_file() else None
        return cls(
            config=config, config_digest=config_digest, checkpoint=str(checkpoint), checkpoint_digest=digest, **values
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Provenance":
        """Read what :meth:`to_dict` wrote.

        Raises:
            ValueError: Something else wrote it.
        """
        _check(values)
        known = {name: values[name] for name in _KEYS if name in values}
        return cls(
            **known,
            training_data=tuple(values.get(TRAINING_DATA, ())),
            inputs=tuple(map(Input.from_dict, values.get("inputs", ()))),
            details={key: value for key, value in values.items() if key not in {*_KEYS, TRAINING_DATA, "inputs"}},
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object that stands in a file's metadata; what is not known is left out."""
        values = {**_given(self, TRAINING_DATA, "inputs", "details"), **self.details}
        if self.training_data:
            values[TRAINING_DATA] = list(self.training_data)
        if self.inputs:
            values["inputs"] = [part.to_dict() for part in self.inputs]
        return values

    def with_values(self, **values: Any) -> "Provenance":
        """Return this one with other values; names that are no attributes go to ``details``."""
        return Provenance.from_dict({**self.to_dict(), **values})

    def walk(self) -> Iterator["Provenance"]:
        """Yield this one and, through any number of files between, those of all inputs."""
        yield self
        for part in self.inputs:
            yield from part.source.walk()

    def checkpoint_digests(self) -> set[str]:
        """Return the digests of all checkpoints that the predictions come from."""
        return {source.checkpoint_digest for source in self.walk() if source.checkpoint_digest is not None}

    def target_ratio(self) -> float | None:
        """Return the part of the ground truth in the targets that a file holds, from 0; None of plain predictions.

        A mean of targets holds targets as well; then it is the largest part in one of them.
        """
        if self.ground_truth_ratio is not None:
            return self.ground_truth_ratio
        ratios = [part.source.target_ratio() for part in self.inputs]
        return max((ratio for ratio in ratios if ratio is not None), default=None)

    def holds_ranks(self) -> bool:
        """Tell whether the scores are a mean of ranks, or made of one: then they are no probabilities."""
        return any(source.mean == "rank" for source in self.walk())


def _check(values: Any) -> None:
    """Check the types of what a file says, which may come from a stranger."""
    if not isinstance(values, Mapping):
        raise ValueError("the source is not an object")
    for name, kinds in _KINDS.items():
        if values.get(name) is not None and not isinstance(values[name], kinds):
            raise ValueError(f"{name} of the source is {values[name]!r}")
    inputs, data = values.get("inputs", ()), values.get(TRAINING_DATA, ())
    if not isinstance(inputs, list | tuple) or not all(isinstance(part, Mapping) for part in inputs):
        raise ValueError("inputs of the source are not a list of objects")
    parts = data if isinstance(data, list | tuple) else [None]
    if not all(
        isinstance(part, Mapping) and all(isinstance(files, Mapping) for files in part.values()) for part in parts
    ):
        raise ValueError(f"{TRAINING_DATA} of the source is not a list of digests by file")


_KINDS: Mapping[str, Any] = {
    **dict.fromkeys(("tool", "config", "config_digest", "checkpoint", "checkpoint_digest", "mean"), str),
    "tta": bool,
    "ground_truth_ratio": int | float,
}
_KEYS = tuple(item.name for item in fields(Provenance) if item.name not in (TRAINING_DATA, "inputs", "details"))


def _given(values: Any, *without: str) -> dict[str, Any]:
    names = [item.name for item in fields(values) if item.name not in without]
    return {name: getattr(values, name) for name in names if getattr(values, name) is not None}


def check_unseen(
    predictions: "Predictions", path: str, rows: np.ndarray | None = None, *, advice: str = _ADVICE
) -> None:
    """Check that no model behind the predictions was trained on their images.

    Where the checkpoint does not say, a warning is logged.

    Args:
        predictions: n predictions.
        path: Their file, for messages.
        rows: bool (n,), those that matter; None means all.
        advice: What to do, for the message.

    Raises:
        UserError: A model was trained on one of them; names the model and the first image.
    """
    if predictions.seen is None:
        print_log(
            f"{path} does not say which images its model was trained on: nobody checks whether it saw them",
            logger="current",
            level=logging.WARNING,
        )
        return
    seen = predictions.seen if rows is None else predictions.seen & rows
    if seen.any():
        models = [source.checkpoint for source in predictions.source.walk() if source.checkpoint is not None]
        raise UserError(
            f"{path}: {_who(models)} was trained on {predictions.images[seen.argmax()]} ({seen.sum()} such images), "
            f"so what it says of them cannot be learnt from; {advice}"
        )


def _who(models: Sequence[str]) -> str:
    more = len(models) - _SHOWN
    names = [*models[:_SHOWN], *([f"{more} others"] if more > 0 else [])]
    return " ".join(["its model", " or ".join(names)]).strip()


def soft_label_warning(who: str, source: Provenance) -> str | None:
    """Say that models learnt soft labels, through which they indirectly saw labels of the images they are scored on.

    The model of a fold learns soft labels of its training images. Models of other folds made those, and these models
    were trained on the labels of the images that the first one is tested on.

    Args:
        who: The models, as the subject of the sentence.
        source: Where their predictions come from.

    Returns:
        A sentence without its full stop, or None where no soft labels were learnt, as far as is known.
    """
    trainings = (data for part in source.walk() for data in part.training_data)
    files = dict.fromkeys(file for data in trainings for file in data.get("soft_label_file", {}))
    if not files:
        return None
    return (
        f"{who} learnt soft labels ({', '.join(files)}), and the models that made those were as a rule trained on "
        "labels of the images scored here: labels seen at second hand, by which scores may be somewhat too high"
    )


def check_no_targets(source: Provenance, path: str | Path) -> None:
    """Check that a file holds predictions, and no targets.

    Raises:
        UserError: It holds targets, see :meth:`Provenance.target_ratio`.
    """
    if source.target_ratio() is not None:
        raise UserError(f"{path}: holds targets, with the ground truth in them; give predictions")


def check_no_ranks(source: Provenance, path: str | Path) -> None:
    """Check that a file's scores are probabilities, and no mean of ranks.

    Raises:
        UserError: They are ranks.
    """
    if source.holds_ranks():
        raise UserError(f"{path}: holds ranks, which are no probabilities; average with another --mean")
