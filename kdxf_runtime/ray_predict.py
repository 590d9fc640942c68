"""Predictions on a Ray cluster: its actors hold the runner, and Ray Data distributes the pictures."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdxf_runtime.bundle import Bundle
from kdxf_runtime.errors import UserError
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.io.addresses import is_address
from kdxf_runtime.predict import Answered, Key, Settings, answering_workers
from kdxf_runtime.prediction_parts import to_arrow, to_rows
from kdxf_runtime.predictions import Prediction
from kdxf_runtime.ray_group import RayGroup
from kdxf_runtime.workers import Workers

if TYPE_CHECKING:
    import pyarrow as pa


def answer_on_ray(
    group: RayGroup,
    bundle_path: str | Path,
    bundle: Bundle,
    images: Sequence[InputImage],
    settings: Settings,
    seen: Sequence[str],
    with_scores: bool,
) -> Iterator[tuple[int, Prediction]]:
    """Answer pictures, and yield the place and the prediction of each, in the order in which blocks are done.

    Every actor runs its runner in a separate process: Ray Data would retry a crashed task forever, but a picture that
    crashes native code must become a row.

    Args:
        group: The cluster.
        bundle_path: The bundle, under the same path on every machine of the cluster.
        bundle: The same, as it is here.
        images: The pictures, likewise.
        settings: How it answers.
        seen: Paths that every machine must see: the inputs that are there.
        with_scores: Whether the scores of all classes come back; else those but the best are 0.

    Raises:
        UserError: The machines do not see the bundle or the inputs, it is another one there, or Ray fails.
    """
    import pyarrow as pa

    arguments = (os.path.abspath(bundle_path), bundle.digest, settings, tuple(map(os.path.abspath, seen)), with_scores)
    group.ask(_open, *arguments[:2], arguments[3])
    paths = [image.path if is_address(image.path) else os.path.abspath(image.path) for image in images]
    keys = pa.table(
        {
            "place": range(len(paths)),
            "path": pa.array(map(os.fsencode, paths), pa.binary()),
            "columns": [json.dumps(image.columns) for image in images],
        }
    )
    for block in group.map(keys, _Answerer, *arguments):
        for place, label in to_rows(block, bundle.manifest.categories):
            yield int(place), label


def _open(bundle_path: str, digest: str, seen: tuple[str, ...]) -> Bundle:
    """Open the bundle on a machine of the cluster."""
    for path in (bundle_path, *seen):
        if not os.path.exists(path):
            raise UserError(f"{path}: a Ray worker does not see it; put it on storage that all machines share")
    bundle = Bundle.open(bundle_path)
    if bundle.digest != digest:
        raise UserError(f"{bundle_path}: is another bundle on a machine of the cluster; copy it there again")
    return bundle


class _Answerer:
    """Callable of a Ray actor that turns a block of paths into a block of rows.

    The runner starts with the first block: an error there ends the job with one line, an error in the constructor with
    pages of traceback.
    """

    def __init__(
        self, bundle_path: str, digest: str, settings: Settings, seen: tuple[str, ...], with_scores: bool
    ) -> None:
        self._arguments = (bundle_path, digest, seen)
        self._settings = settings
        self._with_scores = with_scores
        self._workers: Workers[Key, Answered] | None = None

    def __call__(self, keys: "pa.Table") -> "pa.Table":
        if self._workers is None:
            self._workers = answering_workers(_open(*self._arguments), self._settings, 1)
        paths = map(os.fsdecode, keys["path"].to_pylist())
        pictures = [
            (place, InputImage(str(place), path, path, json.loads(columns)))
            for place, path, columns in zip(keys["place"].to_pylist(), paths, keys["columns"].to_pylist(), strict=True)
        ]
        answers = [(str(answered.place), answered.prediction) for answered in self._workers.map(pictures)]
        return to_arrow(answers, self._with_scores)
