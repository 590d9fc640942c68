"""Calibration as a function: from validation images to what the scores of a checkpoint mean."""

import copy
import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.logging import print_log

from kdxf.apis.stages import last_stage
from kdxf.apis.test import test
from kdxf.datasets.image_keys import image_keys, leaf_datasets, paths_of
from kdxf.engine.config import building
from kdxf.errors import UserError
from kdxf.evaluation.calibration.report import CalibrationReport, figures, repeated_halves
from kdxf.evaluation.calibration.stored import CALIBRATED_BY, write_calibration
from kdxf.evaluation.calibration.temperature import HIGHEST, LOWEST, choose_temperature, cross_fitted, fitter_of
from kdxf.evaluation.drift.stored import fingerprint_file, write_fingerprint
from kdxf.evaluation.missing_modality import has_both_modalities
from kdxf.evaluation.routing.fit import BUDGET, RoutingReport, fit_routing
from kdxf.evaluation.routing.stored import routing_file, write_routing
from kdxf.inference.pipeline import dataset_config, needs_ocr
from kdxf.io.class_tree import ClassTree, read_class_tree
from kdxf.io.predictions import Predictions, check_alike, check_each_once, concatenate, in_order, read_predictions
from kdxf.io.provenance import check_no_ranks, check_no_targets, check_unseen
from kdxf.registry import DATASETS
from kdxf_runtime.drift.fingerprint import sample, take_fingerprint
from kdxf_runtime.drift.response import Response
from kdxf_runtime.io.digests import file_digest, settings_digest
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.trust.back_off import fit_parents
from kdxf_runtime.trust.calibration import Calibration, sureness
from kdxf_runtime.trust.confidences import confidences
from kdxf_runtime.trust.conformal import DEFAULT, KINDS, fit_sets, least_images
from kdxf_runtime.trust.none_of_these import FALSE_ALARMS, fit_limit, spread
from kdxf_runtime.trust.temperature import Temperature, apply_temperature

FOLDS = 5
_SHOWN = 5
_ADVICE = "give predictions of images that it was not trained on, as of its validation list"


def calibrate(
    cfg: Config,
    checkpoint: str | Path,
    predictions: Sequence[str | Path] = (),
    *,
    level: float = 0.9,
    kind: str = DEFAULT,
    per_class: bool = False,
    budget: float = BUDGET,
    tta: bool = False,
    class_tree: str | Path | None = None,
    trust_checkpoint: bool = False,
) -> CalibrationReport:
    """Fit what the scores of a checkpoint mean, and write it beside the checkpoint.

    The fingerprint of the images (:mod:`kdxf_runtime.drift.fingerprint`) is written there as well, from those that
    are in the lists of the config; without any there is none. It has joint features and gates only where the model is
    run, not with files of predictions. Of a model that takes image and text the images are
    predicted once more without their text, and the routing (:mod:`kdxf.evaluation.routing`) is written there, too.

    Args:
        cfg: A config from :func:`kdxf.engine.config.load_config`; not changed. Of one with stages, the last counts.
        checkpoint: The weights, a local file.
        predictions: Files of predictions of this checkpoint, with labels, of images that it was not trained on; by
            default the list of ``val_dataloader`` is predicted now. Files of the same images that were predicted
            without text may be among them, for the routing; without any it is not fitted.
        level: The share of the sets that are to hold the true class.
        kind: A name of :data:`kdxf_runtime.trust.conformal.KINDS`.
        per_class: Keep that promise for each class by itself.
        budget: The accuracy, from 0 to 1, that may be lost where the text of an image is not read.
        tta: Predict with test-time augmentation, for predictions with it. Files say themselves.
        class_tree: A class tree (:mod:`kdxf.io.class_tree`), whose coarser classes may answer where the model is not
            sure of the class (:mod:`kdxf_runtime.trust.back_off`).
        trust_checkpoint: Load a checkpoint that runs code, see :mod:`kdxf.engine.checkpoint`.

    Raises:
        UserError: The config, the checkpoint or a file cannot be used: a file is of another checkpoint, of images
            that it was trained on, without labels, or calibrated already; an image may have several labels; or the
            predictions without text are of other images than those with it.
    """
    checkpoint = Path(checkpoint)
    if not checkpoint.is_file():
        raise UserError(f"checkpoint {checkpoint} does not exist here; the calibration is written beside a local file")
    if not 0 < level < 1:
        raise UserError(f"--level {level}: give a share between 0 and 1")
    if kind not in KINDS:
        raise UserError(f"--sets {kind}: give {' or '.join(KINDS)}")
    if not 0 <= budget < 1:
        raise UserError(f"--budget {100 * budget:g}: give points of accuracy from 0 to below 100, such as 0.5")
    cfg = last_stage(copy.deepcopy(cfg))
    responses: dict[str, Response] = {}
    if predictions:
        files = [_read(path, checkpoint) for path in predictions]
        ttas = {bool(file.source.tta) for file in files}
        if len(ttas) > 1:
            raise UserError("--predictions: some files are with test-time augmentation and some without; give one kind")
        (tta,) = ttas
        data = {str(path): file_digest(path) for path in predictions}
        without_text = [file for file in files if file.source.details.get("without")]
        files = [file for file in files if not file.source.details.get("without")]
        if not files:
            raise UserError("--predictions: all are without text; give predictions by image and text as well")
    else:
        files = [_predict(cfg, checkpoint, tta, trust_checkpoint, responses=responses)]
        without_text = []
        if has_both_modalities(cfg.model) and needs_ocr(dataset_config(cfg, "val_dataloader").pipeline):
            without_text = [_predict(cfg, checkpoint, tta, trust_checkpoint, without="text")]
        data = {"val_dataloader": settings_digest([files[0].images, _labels(files[0]).tolist()])}
    if len({file.classes for file in files}) > 1:
        raise UserError("--predictions: the files have different classes; give files of one model")
    name = " and ".join(map(str, predictions)) or "the validation list"
    joined = concatenate(files)
    check_each_once(joined.images, name)
    image_alone = _same_images(without_text, joined, name) if without_text else None
    if len(joined) < 2:
        raise UserError("calibration needs two images or more; some hundred are better")
    places = _places(cfg)
    keys, warnings = _keys(places, joined.images)
    tree = None if class_tree is None else read_class_tree(class_tree, joined.classes)
    report = _fit(joined, checkpoint, level, kind, per_class, tta, keys, warnings, data, tree)
    report = replace(report, routing=_route(joined, image_alone, report.calibration, checkpoint, budget))
    _write_fingerprint(joined.images, report.calibration.apply(joined.scores), places, responses, checkpoint)
    return report


def _predict(
    cfg: Config,
    checkpoint: Path,
    tta: bool,
    trust: bool,
    without: str | None = None,
    responses: dict[str, Response] | None = None,
) -> Predictions:
    if cfg.get("val_dataloader") is None:
        raise UserError(f"config {cfg.filename} has no val_dataloader to calibrate on; give --predictions")
    cfg = copy.deepcopy(cfg)
    cfg.test_dataloader = cfg.val_dataloader
    cfg.test_evaluator = cfg.val_evaluator
    if cfg.get("test_cfg") is None:
        cfg.test_cfg = {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "val.parquet")
        test(
            cfg,
            checkpoint,
            out=out,
            tta=tta,
            without=without,
            trust_checkpoint=trust,
            calibrated=False,
            responses=responses,
        )
        found = read_predictions(out)
    return _checked(found, "the list of val_dataloader")


def _read(path: str | Path, checkpoint: Path) -> Predictions:
    found = read_predictions(path)
    digest = file_digest(checkpoint)
    if found.source.checkpoint_digest != digest or found.source.inputs:
        raise UserError(
            f"{path}: holds predictions of {found.source.checkpoint or 'several models'} as it was then, not those of "
            f"{checkpoint}; predict with this checkpoint"
        )
    if (without := found.source.details.get("without")) not in (None, "text"):
        raise UserError(f"{path}: was predicted without {without}; predict without --without")
    if CALIBRATED_BY in found.source.details:
        raise UserError(
            f"{path}: its scores are calibrated already; move the calibration beside {checkpoint} away, and predict "
            "again"
        )
    check_no_targets(found.source, path)
    check_no_ranks(found.source, path)
    return _checked(found, str(path))


def _checked(found: Predictions, name: str) -> Predictions:
    if found.multi_label:
        raise UserError(f"{name}: an image may have several labels; calibration is for one label per image")
    labels = _labels(found, name)
    check_unseen(found, name, advice=_ADVICE)
    if (totals := found.scores.sum(axis=1)).min() < 0.99 or totals.max() > 1.01:
        raise UserError(f"{name}: the scores of an image do not sum to 1; calibration needs a head with a softmax")
    return found if (labels >= 0).all() else found.take(np.flatnonzero(labels >= 0))


def _same_images(files: Sequence[Predictions], full: Predictions, name: str) -> Predictions:
    """Join predictions without text, in the order of those with it."""
    found = concatenate(files)
    check_each_once(found.images, f"without text, {name}")
    check_alike([("the predictions with text", full), ("those without text", found)])
    return in_order(found, full.images)


def _route(
    full: Predictions, image: Predictions | None, calibration: Calibration, checkpoint: Path, budget: float
) -> RoutingReport | None:
    """Fit and write the routing; an earlier one belongs to an earlier calibration."""
    if image is None:
        routing_file(checkpoint).unlink(missing_ok=True)
        return None
    sets, labels = calibration.sets, _labels(full)
    report = fit_routing(
        full.scores, image.scores, labels, calibration, budget, min(FOLDS, len(labels)),
        lambda part, truth: fit_sets(part, truth, sets.level, sets.kind, sets.too_few is not None),
    )  # fmt: skip
    write_routing(report.routing, checkpoint)
    return report


def _labels(found: Predictions, name: str = "") -> np.ndarray:
    if found.labels is None or not (found.labels >= 0).any():
        raise UserError(f"{name}: has no labels to calibrate by; give a labelled list")
    return found.labels


@dataclass(frozen=True)
class _Place:
    """Where an image is among the config's lists: its path, and its dataset and row there."""

    path: str
    dataset: Any
    row: int
    has_text: bool

    def record(self) -> OCRRecord | None:
        """Return its text; None where the model takes none."""
        return self.dataset.get_data_info(self.row).get("ocr") if self.has_text else None


def _places(cfg: Config) -> dict[str, _Place]:
    """Find the images of the config's lists, by the names that predictions give them."""
    places: dict[str, _Place] = {}
    for loader in ("val_dataloader", "test_dataloader"):
        if cfg.get(loader) is None:
            continue
        with building(cfg):
            dataset = DATASETS.build(cfg[loader].dataset)
            has_text = needs_ocr(dataset_config(cfg, loader).pipeline)
        root = os.path.join(getattr(dataset, "img_prefix", ""), "")
        for leaf in leaf_datasets(dataset):
            for row, path in enumerate(paths_of(leaf)):
                places.setdefault(path.removeprefix(root), _Place(path, leaf, row, has_text))
    return places


def _write_fingerprint(
    images: Sequence[str],
    scores: np.ndarray,
    places: Mapping[str, _Place],
    responses: Mapping[str, Response],
    checkpoint: Path,
) -> None:
    """Measure images of the lists: those that the model was watched with, or of files of predictions any."""
    known = [(places[image], row) for image, row in zip(images, scores, strict=True) if image in places]
    if responses:
        known = [(place, row) for place, row in known if place.path in responses]
    chosen = [known[index] for index in sample(len(known))]
    found = take_fingerprint(
        (place.path, place.record(), replace(responses.get(place.path, Response(row)), scores=row))
        for place, row in chosen
    )
    if found.images:
        write_fingerprint(found, checkpoint)
    else:  # an earlier one has the scores of an earlier calibration
        fingerprint_file(checkpoint).unlink(missing_ok=True)


def _keys(places: Mapping[str, _Place], images: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Find the files of the images among those of the config's lists, so that a test can tell that it is on them."""
    found = [places[image].path for image in images if image in places]
    if len(found) == len(images):
        return image_keys(found), []
    return image_keys(found) if found else np.empty(0, np.int64), [
        f"{len(images) - len(found)} images are in none of the config's lists: no test will notice that it is on them"
    ]


def _fit(
    found: Predictions,
    checkpoint: Path,
    level: float,
    kind: str,
    per_class: bool,
    tta: bool,
    keys: np.ndarray,
    warnings: list[str],
    data: dict[str, str],
    tree: ClassTree | None,
) -> CalibrationReport:
    scores, labels = found.scores, _labels(found)
    folds = min(FOLDS, len(labels))
    temperature = choose_temperature(scores, labels, folds)
    fit = fitter_of(temperature)
    fitted = cross_fitted(scores, labels, folds, fit=fit)
    calibrated = apply_temperature(scores, temperature)
    sets, limit = fit_sets(calibrated, labels, level, kind, per_class), fit_limit(scores)
    confidence, right = confidences(fitted, labels)
    unlike = spread(scores) > limit
    before, after = figures(scores, labels), figures(fitted, labels)
    coverage, size = repeated_halves(
        scores, labels, fit, lambda part, truth: fit_sets(part, truth, level, kind, per_class)
    )
    calibration = Calibration(
        classes=found.classes,
        temperature=temperature,
        sets=sets,
        spread_limit=limit,
        tta=tta,
        sureness=sureness(confidence, unlike),
        right=right,
        images=keys,
        about={
            "data": data,
            "settings": {"folds": folds, "level": level, "sets": kind, "per_class": per_class,
                         "false_alarms": FALSE_ALARMS},
            "before": before,
            "cross_fitted": after,
            "halves": {"coverage": None if np.isnan(coverage) else coverage, "size": None if np.isnan(size) else size},
        },
        parents=None if tree is None else fit_parents(tree.coarse_classes, tree.parents, fitted, labels, unlike),
    )  # fmt: skip
    warnings = [*warnings, *_doubts(temperature, sets.too_few, level, found)]
    file = write_calibration(calibration, checkpoint)
    for warning in warnings:
        print_log(f"{file}: {warning}", logger="current", level=logging.WARNING)
    return CalibrationReport(calibration, file, before, after, coverage, size, warnings)


def _doubts(temperature: Temperature, too_few: Sequence[int] | None, level: float, found: Predictions) -> list[str]:
    doubts = []
    if len(found) < 100:
        doubts.append(f"{len(found)} images tell little; some hundred are better")
    if np.min(temperature) <= LOWEST or np.max(temperature) >= HIGHEST:
        doubts.append("the temperature is at the end of its range: all images are right, or the scores say nothing")
    if too_few:
        names = ", ".join(found.classes[index] for index in too_few[:_SHOWN])
        more = f" and {len(too_few) - _SHOWN} more" if len(too_few) > _SHOWN else ""
        doubts.append(
            f"{len(too_few)} of {len(found.classes)} classes have fewer than {least_images(level)} images, so that "
            f"their sets are those of all classes, without a promise of their own: {names}{more}"
        )
    return doubts
