"""Where the calibration of a checkpoint is used, and where it is not. n images, K classes."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import print_log
from mmpretrain.structures import DataSample

from kdxf.evaluation.calibration.stored import calibration_file, read_calibration, used_images
from kdxf_runtime.trust.calibration import Calibration


def fitting_calibration(checkpoint: str | Path, *, tta: bool = False, without: str | None = None) -> Calibration | None:
    """Return the calibration of a checkpoint, if it has one and that is for predictions of this kind.

    Args:
        checkpoint: Path or URL of the checkpoint; a URL has none.
        tta: Whether the model averages several views of each image.
        without: The modality that is taken away, if any.

    Raises:
        UserError: As of :func:`kdxf.evaluation.calibration.stored.read_calibration`.
    """
    calibration = read_calibration(checkpoint)
    if calibration is None:
        return None
    if without is not None:
        _warn(
            f"{calibration_file(checkpoint)} is not for predictions without {without}: the scores are the model's own"
        )
        return None
    if calibration.tta != tta:
        made, now = ("with" if with_tta else "without" for with_tta in (calibration.tta, tta))
        _warn(
            f"{calibration_file(checkpoint)} was made {made} test-time augmentation, and this is {now} it: the scores "
            "are the model's own"
        )
        return None
    return calibration


def is_fair(calibration: Calibration, paths: Sequence[str]) -> bool:
    """Tell, with a warning, whether scores of images can be judged: none of them was calibrated on.

    Args:
        calibration: The calibration.
        paths: The images, as the pipeline opens them.
    """
    count = int(used_images(calibration, paths).sum())
    if count:
        _warn(
            f"{count} of {len(paths)} images were used to calibrate the checkpoint, so the scores here are the model's "
            "own; kdxf calibrate prints cross-fitted figures of its images"
        )
    return not count


def calibrate_steps(model: Any, calibration: Calibration) -> None:
    """Make ``model.test_step`` calibrate its scores; the labels stay, as the best class stays the best.

    Args:
        model: Its ``test_step`` takes a batch and returns samples with ``pred_score`` (K,).
        calibration: Of its K classes.
    """
    step = model.test_step

    def test_step(data: Any) -> list[DataSample]:
        samples = step(data)
        scores = torch.stack([sample.pred_score for sample in samples])
        calibrated = calibration.apply(scores.float().cpu().numpy())
        for sample, score in zip(samples, torch.from_numpy(np.ascontiguousarray(calibrated)), strict=True):
            sample.set_pred_score(score.to(scores.device))
        return samples

    model.test_step = test_step


def _warn(message: str) -> None:
    print_log(message, logger="current", level=logging.WARNING)
