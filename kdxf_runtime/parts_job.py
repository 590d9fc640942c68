"""Predictions of very many pictures: into Parquet parts, resumed where they were, here or on Ray, and a CSV of them."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from kdxf_runtime.bundle import Bundle
from kdxf_runtime.errors import UserError
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.options import EXECUTORS
from kdxf_runtime.predict import (
    DEFAULT_SETTINGS,
    Report,
    Settings,
    Table,
    check_workers,
    list_images,
    watching_drift,
    write_table,
)
from kdxf_runtime.prediction_parts import MadeBy, PredictionParts, key_of
from kdxf_runtime.predictions import Prediction
from kdxf_runtime.ray_group import RayGroup
from kdxf_runtime.ray_predict import answer_on_ray
from kdxf_runtime.runner import Runner


@dataclass(frozen=True)
class Executor:
    """Where pictures are answered.

    Attributes:
        name: Of :data:`kdxf_runtime.options.EXECUTORS`: processes of this machine, or Ray.
        workers: Number of processes, or of Ray actors; by default one on this machine, or one per core of the cluster.
        ray_address: The Ray cluster to join; by default a private Ray on this machine.
    """

    name: str = "processes"
    workers: int | None = None
    ray_address: str | None = None


_HERE, _COUNT = Executor(), Table()


def predict_parts(
    bundle_path: str | Path,
    inputs: Sequence[str | Path],
    parts: str | Path,
    settings: Settings = DEFAULT_SETTINGS,
    *,
    executor: Executor = _HERE,
    table: Table = _COUNT,
    part_rows: int = 10_000,
    part_seconds: float = 30.0,
) -> Report:
    """Predict pictures into parts (:mod:`kdxf_runtime.prediction_parts`), but for those that the parts have.

    The job may be killed at any moment: only the part not yet written is lost, and the same call continues. A picture
    is known by its path: one that has been replaced since is not answered again.

    Args:
        bundle_path: The bundle, a folder or a file; with Ray under the same path on all machines, as the inputs are.
        inputs: Pictures, folders, lists, tar shards and addresses (:mod:`kdxf_runtime.sources`).
        parts: The folder of parts; created if missing.
        settings: How the bundle answers.
        executor: Where.
        table: The CSV to write in the end, with the rows that one process would write. The parts keep the scores of
            all classes if it shows more of them than the best, names parents, or if the model is a multi-label one.
        part_rows: Rows in a part.
        part_seconds: Age of a part's first row, in seconds, at which the part is written even if it is not full.

    Raises:
        UserError: An argument, the bundle, an input or the folder cannot be used, the folder belongs to another bundle
            or to other settings, or there is no such Ray cluster.
    """
    start = time.perf_counter()
    check_workers(1 if executor.workers is None else executor.workers)
    if executor.name not in EXECUTORS:
        raise UserError(f"--executor {executor.name}: give one of {', '.join(EXECUTORS)}")
    bundle = Bundle.open(bundle_path)
    images = list_images(bundle, inputs)
    keys = [key_of(image.path) for image in images]
    columns = table.columns
    shows = columns.per_class or columns.topk > 1 or columns.back_off or bundle.manifest.multi_label is not None
    made_by = MadeBy(bundle.digest, settings.tta, settings.read_text, shows)
    here = [str(source) for source in inputs if os.path.exists(source)]
    answered = 0

    def predictions(runner: Runner, report: Report) -> Iterator[Prediction]:
        nonlocal answered
        with PredictionParts(Path(parts), made_by, part_rows, part_seconds) as writer:
            todo = [images[place] for place in writer.missing(keys)]
            _fill(writer, _answers(executor, bundle_path, runner, report, todo, here, shows), todo, len(images))
            writer.flush()
            answered = len(todo)
            for image, label in zip(images, writer.predictions(keys, runner.categories), strict=True):
                yield replace(label, image_id=image.image_id)

    report = write_table(bundle, bundle_path, settings, table, predictions, start)
    report.parts, report.answered = Path(parts), answered
    return report


def _answers(
    executor: Executor,
    bundle_path: str | Path,
    runner: Runner,
    report: Report,
    images: Sequence[InputImage],
    seen: Sequence[str],
    with_scores: bool,
) -> Iterator[tuple[int, Prediction]]:
    if executor.name == "ray":
        with RayGroup(executor.workers, executor.ray_address) as group:
            settings = Settings(runner.tta, runner.read_text)
            yield from answer_on_ray(group, bundle_path, runner.bundle, images, settings, seen, with_scores)
    else:
        for answered in watching_drift(runner, images, executor.workers or 1, report):
            yield answered.place, answered.prediction


def _fill(
    writer: PredictionParts,
    answers: Iterator[tuple[int, Prediction]],
    images: Sequence[InputImage],
    total: int,
) -> None:
    """Add the answers to the parts; Ctrl-C saves those that are there."""
    done = total - len(images)
    with tqdm(total=total, initial=done, unit=" images", smoothing=0.05, disable=None) as bar:
        try:
            for place, label in answers:
                writer.add((key_of(images[place].path), label))
                done += 1
                bar.update()
        except KeyboardInterrupt:
            writer.flush()
            bar.close()
            print(f"stopped after {done} of {total} images; the same command continues", file=sys.stderr)
            raise
